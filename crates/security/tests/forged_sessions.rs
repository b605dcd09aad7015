//! Messages forged into a session by somebody who has only seen what is in clear: the identifier of its security
//! context, and the legs of its negotiation. Every MAC here is the one that the attacker can compute.

#[path = "common/forge.rs"]
mod forge;
#[path = "common/nego.rs"]
mod nego;

use forge::{Derivation, Forge, Signature, Signer, by_uri, context_token, encrypted_key};
use nego::legs::OLD;
use nego::{
    ADD, ADD_RESPONSE, Credential, Pair, Setup, altered, certificate, fault, moment, says, still,
    wire,
};
use waxwing_security::conversation::{Incoming, ServiceError};
use waxwing_security::negotiation::Transcript;
use waxwing_security::protection::{Direction, MessageProtection};
use waxwing_security::wsse::names;
use waxwing_soap::{Addressing, Envelope, MessageVersion};

const RM: &str = "http://schemas.xmlsoap.org/ws/2005/02/rm";

/// What anybody reads in a message of the session: the identifier of its context.
fn identifier_of(message: &Envelope) -> String {
    let security = message.header_named(names::WSSE, "Security").unwrap();
    let token = security.elements().find(|e| e.local_name() == "SecurityContextToken").unwrap();
    token.first_element().unwrap().text().trim().to_owned()
}

fn open(credential: Credential) -> (Pair, String) {
    let mut pair = Setup::by_certificate(OLD, credential).build();
    pair.open().unwrap();
    let (message, _) = pair.request("seen on the way");
    pair.service.message(&message, pair.now);
    let identifier = identifier_of(&message);
    (pair, identifier)
}

/// A request in the session under a key that the attacker supposes to be `key` when it is derived like that.
fn request(
    pair: &Pair,
    identifier: &str,
    (action, body): (&str, &str),
    derivation: &Derivation,
    key: &[u8],
) -> Forge {
    let signer = Signer::Hmac(key.to_vec());
    let primary = Signature { signer, key_info: by_uri("#dk") };
    let mut forged = Forge::new(action, body, pair.now, primary);
    let token = derivation.token("dk", &by_uri("#sct"));
    forged.tokens = format!("{}{token}", context_token("sct", identifier));
    forged
}

/// What can be done to a session by messages that are signed and not encrypted.
fn requests(identifier: &str) -> Vec<(String, String)> {
    let target = forge::reference(&format!(
        "<o:Reference URI=\"{identifier}\" ValueType=\"{}/sct\"/>",
        forge::CONVERSATION
    ));
    let trust = forge::TRUST;
    vec![
        (
            format!("{trust}/RST/SCT/Cancel"),
            format!(
                "<t:RequestSecurityToken xmlns:t=\"{trust}\"><t:RequestType>{trust}/Cancel</t:RequestType><t:CancelTarget>{target}</t:CancelTarget></t:RequestSecurityToken>"
            ),
        ),
        (
            format!("{RM}/CreateSequence"),
            format!("<r:CreateSequence xmlns:r=\"{RM}\">{target}</r:CreateSequence>"),
        ),
        (
            format!("{RM}/TerminateSequence"),
            format!(
                "<r:TerminateSequence xmlns:r=\"{RM}\"><r:Identifier>urn:x</r:Identifier></r:TerminateSequence>"
            ),
        ),
        (format!("{RM}/SequenceAcknowledgement"), String::new()),
        (format!("{RM}/LastMessage"), String::new()),
    ]
}

#[track_caller]
fn is_refused(pair: &mut Pair, forged: &Forge, what: &str) {
    let reply = match pair.service.receive(&forged.envelope(), pair.now) {
        Incoming::Reply(reply) => *reply,
        Incoming::Authenticate(authentication) => panic!("{what}: {authentication:?}"),
        Incoming::Ended(session) => panic!("{what}: ended: {session:?}"),
        Incoming::Message(message) => {
            panic!("{what}: handed up as a message of {}", message.caller)
        }
    };
    assert!(reply.error.is_some(), "{what}: done");
    assert_eq!(fault(&reply.envelope).0, "Sender/InvalidSecurity", "{what}: {:?}", reply.error);
}

/// The lengths at which a key has no secret, or one that can be guessed: the attacker tries every key.
#[test]
fn no_key_short_enough_to_be_guessed_signs_a_request() {
    let (mut pair, identifier) = open(Credential::Certificate("alice"));
    for (action, body) in requests(&identifier) {
        let empty = Derivation::of_length(0);
        let forged = request(&pair, &identifier, (&action, &body), &empty, &[]);
        is_refused(&mut pair, &forged, &format!("{action} under the empty key"));
        // One octet: one of these is right. (A generation of any number makes the offset of an empty key 0, too.)
        for guess in 0..=255 {
            let one = Derivation::of_length(1);
            let forged = request(&pair, &identifier, (&action, &body), &one, &[guess]);
            is_refused(&mut pair, &forged, &format!("{action} under the key {guess:02x}"));
        }
    }
    pair.call("the session goes on").unwrap();
    pair.cancel().unwrap();
}

/// The same at the client: acknowledgements and the end of the session in the service's name.
#[test]
fn no_key_short_enough_to_be_guessed_signs_a_reply() {
    let (mut pair, identifier) = open(Credential::Certificate("alice"));
    let (_, correlation) = pair.request("waits for its answer");
    let acknowledged = format!(
        "<r:SequenceAcknowledgement xmlns:r=\"{RM}\"><r:Identifier>urn:x</r:Identifier><r:AcknowledgementRange Lower=\"1\" Upper=\"9\"/></r:SequenceAcknowledgement>"
    );
    let replies =
        [("SequenceAcknowledgement", ""), ("TerminateSequence", "<x/>"), ("fault", "<x/>")];
    for (action, body) in replies {
        for guess in [None].into_iter().chain((0..=255u8).map(Some)) {
            let key: Vec<u8> = guess.into_iter().collect();
            let signer = Signer::Hmac(key.clone());
            let primary = Signature { signer, key_info: by_uri("#dk") };
            let mut forged = Forge::new(&format!("{RM}/{action}"), body, pair.now, primary);
            (forged.to, forged.message_id) = (None, None);
            forged.headers.push(acknowledged.clone());
            forged.tokens =
                Derivation::of_length(key.len() as u64).token("dk", &by_uri(&identifier));
            let result = pair.client.verify(forged.envelope(), &correlation, &still(pair.now));
            assert!(result.is_err(), "{action} under the key {guess:?}");
        }
    }
    pair.call("the session goes on").unwrap();
}

/// Everything but the suite's length is refused, even from somebody who has the key.
#[test]
fn derived_keys_have_the_lengths_of_the_suite() {
    let (mut pair, identifier) = open(Credential::None);
    // The client's own token element has no key in it; a renewal under known entropy is not needed: any
    // wrong length must be refused before the MAC is looked at, and the right one for its MAC.
    for length in (0..=40).filter(|length| *length != 24) {
        let derivation = Derivation::of_length(length);
        let key = vec![0; length as usize];
        let message = requests(&identifier).remove(1);
        let forged = request(&pair, &identifier, (&message.0, &message.1), &derivation, &key);
        let reply = pair.service.answer(&forged.envelope(), pair.now);
        let error = reply.error.expect("refused").to_string();
        assert!(error.contains("derived key"), "{length}: {error}");
    }
    let message = requests(&identifier).remove(1);
    let derivation = Derivation::of_length(24);
    let forged = request(&pair, &identifier, (&message.0, &message.1), &derivation, &[0; 24]);
    let error = pair.service.answer(&forged.envelope(), pair.now).error.expect("refused");
    assert!(error.to_string().contains("signature value is wrong"), "{error}");
}

/// A renewal with the attacker's own entropy: he makes the key for the service himself, and endorses with a key of
/// the victim's context that he can guess. With the answer he would have the session.
#[test]
fn an_anonymous_session_is_not_renewed_by_a_stranger() {
    let (mut pair, identifier) = open(Credential::None);
    for (length, guesses) in [(0, 1), (1, 256)] {
        for guess in 0..guesses {
            let guessed: Vec<u8> = std::iter::repeat_n(guess as u8, length).collect();
            let forged =
                renewal(&pair, &identifier, &Derivation::of_length(length as u64), &guessed);
            is_refused(&mut pair, &forged, &format!("renewal under the key {guessed:02x?}"));
        }
    }
    pair.renew().unwrap();
    pair.call("the session goes on with its owner's key").unwrap();
}

/// A request to renew the session, protected by a key of the attacker's for the service's certificate.
fn renewal(pair: &Pair, identifier: &str, derivation: &Derivation, guessed: &[u8]) -> Forge {
    let own = [0x5a; 32];
    let service = certificate("service");
    let by_thumbprint = forge::by_identifier(forge::THUMBPRINT, &service.thumbprint());
    let (wrapped, _) = encrypted_key("ek", &service, &own, &by_thumbprint);
    let signing = Derivation { nonce: vec![1; 16], ..Derivation::of_length(24) };
    let encryption = Derivation { nonce: vec![2; 16], ..Derivation::default() };
    let trust = forge::TRUST;
    let target = forge::reference(&format!(
        "<o:Reference URI=\"{identifier}\" ValueType=\"{}/sct\"/>",
        forge::CONVERSATION
    ));
    let body = format!(
        "<t:RequestSecurityToken xmlns:t=\"{trust}\"><t:RequestType>{trust}/Renew</t:RequestType>\
         <t:Entropy><t:BinarySecret Type=\"{trust}/Nonce\">{}</t:BinarySecret></t:Entropy><t:KeySize>256</t:KeySize>\
         <t:RenewTarget>{target}</t:RenewTarget></t:RequestSecurityToken>",
        forge::base64(&[0x77; 32])
    );
    let signer = Signer::Hmac(signing.key(&own));
    let primary = Signature { signer, key_info: by_uri("#sk") };
    let mut forged = Forge::new(&format!("{trust}/RST/SCT/Renew"), &body, pair.now, primary);
    forged.tokens = format!(
        "{wrapped}{}{}",
        signing.token("sk", &by_uri("#ek")),
        encryption.token("ek2", &by_uri("#ek"))
    );
    forged.supporting =
        format!("{}{}", context_token("sct", identifier), derivation.token("dk", &by_uri("#sct")));
    forged.encryption = Some((encryption.key(&own), by_uri("#ek2")));
    let signer = Signer::Hmac(guessed.to_vec());
    forged.endorsing.push(Signature { signer, key_info: by_uri("#dk") });
    forged
}

/// The forged renewal is a good message but for its proof: with the key of the session it is granted.
#[test]
fn what_a_forged_renewal_lacks_is_the_key() {
    let (mut pair, identifier) = open(Credential::None);
    let derivation = Derivation::of_length(24);
    let forged = renewal(&pair, &identifier, &derivation, &[0; 24]);
    let error = pair.service.answer(&forged.envelope(), pair.now).error.expect("refused");
    assert!(error.to_string().contains("signature value is wrong"), "{error}");
    // Without any endorsing signature, and endorsed by the attacker's own key.
    let mut none = forged.clone();
    none.endorsing.clear();
    is_refused(&mut pair, &none, "no endorsing signature");
    let mut own = forged;
    let signing = Derivation { nonce: vec![1; 16], ..Derivation::of_length(24) };
    own.endorsing[0] =
        Signature { signer: Signer::Hmac(signing.key(&[0x5a; 32])), key_info: by_uri("#sk") };
    is_refused(&mut pair, &own, "endorsed by the protecting key");
}

/// The hash that ends a negotiation is P_SHA-1 under the token's key, like a derived key, and is in clear. Who sees
/// it must not be able to ask for the derived key that it is.
#[test]
fn the_hash_of_a_negotiation_is_no_derived_key() {
    let setup = Setup::negotiated(OLD, Credential::Certificate("alice")).one_shot();
    let mut pair = setup.build();
    let legs = pair.open().unwrap();
    let seen = Seen::of(&legs);
    for (label, nonce) in seen.splits() {
        let derivation = |length| Derivation {
            length,
            label: Some(label.clone()),
            nonce: nonce.clone(),
            ..Derivation::default()
        };
        let (signing, encryption) = (derivation(Some(24)), derivation(None));
        // The attacker knows what is derived like that, and nothing else.
        let primary =
            Signature { signer: Signer::Hmac(seen.hash[..24].to_vec()), key_info: by_uri("#sk") };
        let body =
            "<Add xmlns=\"http://Microsoft.ServiceModel.Samples\">forged in alice's name</Add>";
        let mut forged = Forge::new(ADD, body, pair.now, primary.clone());
        let tokens =
            |base: &str| format!("{}{}", signing.token("sk", base), encryption.token("ek", base));
        forged.tokens = context_token("sct", &seen.identifier) + &tokens(&by_uri("#sct"));
        forged.encryption = Some((seen.hash.clone(), by_uri("#ek")));
        is_refused(&mut pair, &forged, &format!("label {label:?}"));
        // The same towards the client.
        let (_, correlation) = pair.request("waits");
        let mut reply = Forge::new(ADD_RESPONSE, body, pair.now, primary);
        (reply.to, reply.message_id) = (None, None);
        reply.tokens = tokens(&by_uri(&seen.identifier));
        reply.encryption = forged.encryption.clone();
        let result = pair.client.verify(reply.envelope(), &correlation, &still(pair.now));
        assert!(result.is_err(), "label {label:?}: taken for the service's answer");
    }
    pair.call("goes on").unwrap();
}

/// What is in clear in the legs of a negotiation.
struct Seen {
    identifier: String,
    hash: Vec<u8>,
    /// SHA-1 of the legs, which anybody can compute.
    digest: Vec<u8>,
}

impl Seen {
    fn of(legs: &[Envelope]) -> Self {
        let mut transcript = Transcript::new();
        let last = wire(&legs[3]);
        for leg in &legs[..3] {
            transcript.add(leg.payload().unwrap());
        }
        let responses: Vec<_> = last.payload().unwrap().elements().collect();
        transcript.add_final(responses[0], OLD);
        let find = |local: &str| {
            let mut all = last.payload().unwrap().descendants_and_self();
            all.find(|e| e.local_name() == local).unwrap().text().into_owned()
        };
        let digest = waxwing_crypto::sha1(transcript.octets()).to_vec();
        let decode = |text: String| {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD.decode(text).unwrap()
        };
        Self { identifier: find("Identifier"), hash: decode(find("CombinedHash")), digest }
    }

    /// The seed of the hash, cut into a label and a nonce wherever that can be done.
    fn splits(&self) -> Vec<(String, Vec<u8>)> {
        let label = "AUTH-HASH";
        (0..=label.len())
            .map(|at| {
                let (label, rest) = label.split_at(at);
                (label.to_owned(), [rest.as_bytes(), &self.digest].concat())
            })
            .collect()
    }
}

/// A one-shot message of an anonymous client, who makes the key for the service himself: the one thing a test can
/// sign as WCF does.
fn one_shot() -> (Pair, Forge, Derivation) {
    let own = [0x5a; 32];
    let service = certificate("service");
    let by_thumbprint = forge::by_identifier(forge::THUMBPRINT, &service.thumbprint());
    let (wrapped, _) = encrypted_key("ek", &service, &own, &by_thumbprint);
    let signing = Derivation::of_length(24);
    let encryption = Derivation { nonce: vec![2; 16], ..Derivation::default() };
    let pair = Setup::by_certificate(OLD, Credential::None).one_shot().build();
    let primary = Signature { signer: Signer::Hmac(signing.key(&own)), key_info: by_uri("#sk") };
    let body = "<Add xmlns=\"http://Microsoft.ServiceModel.Samples\">1</Add>";
    let mut message = Forge::new(ADD, body, pair.now, primary);
    message.tokens = format!(
        "{wrapped}{}{}",
        signing.token("sk", &by_uri("#ek")),
        encryption.token("enc", &by_uri("#ek"))
    );
    message.encryption = Some((encryption.key(&own), by_uri("#enc")));
    (pair, message, encryption)
}

/// What the tests above rely on: a message made like that with the right key is accepted, and with keys of other
/// lengths, under their own MACs, it is not.
#[test]
fn a_message_with_the_right_key_is_accepted() {
    let (mut pair, message, encryption) = one_shot();
    pair.service.message(&message.envelope(), pair.now);
    let own = [0x5a; 32];
    let wrapped = &message.tokens[..message.tokens.find("<c:DerivedKeyToken").unwrap()];
    for (signing_length, encryption_length) in [(16, 32), (32, 32), (23, 32), (24, 24), (24, 16)] {
        let signing = Derivation { nonce: vec![9; 16], ..Derivation::of_length(signing_length) };
        let encryption = Derivation { length: Some(encryption_length), ..encryption.clone() };
        let mut other = message.clone();
        other.tokens = format!(
            "{wrapped}{}{}",
            signing.token("sk", &by_uri("#ek")),
            encryption.token("enc", &by_uri("#ek"))
        );
        other.primary.signer = Signer::Hmac(signing.key(&own));
        let reply = pair.service.answer(&other.envelope(), pair.now);
        let ServiceError::Message(error) = reply.error.expect("refused") else {
            panic!("{signing_length}, {encryption_length}")
        };
        assert!(error.to_string().contains("derived key"), "{error}");
    }
}

/// Headers that somebody adds on the way and that would change what the signed ones mean.
#[test]
fn headers_that_nobody_signed_say_nothing() {
    let old_addressing = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
    let new_rm = "http://docs.oasis-open.org/ws-rx/wsrm/200702";
    let header =
        |namespace: &str, local: &str| format!("<x:{local} xmlns:x=\"{namespace}\">x</x:{local}>");
    let mut added = vec![
        header(old_addressing, "Anything"),
        header(old_addressing, "To"),
        header(forge::ADDRESSING, "From"),
        header(forge::ADDRESSING, "FaultTo"),
        header(forge::ADDRESSING, "RelatesTo"),
        header(forge::ADDRESSING, "Action"),
    ];
    for namespace in [RM, new_rm] {
        for local in [
            "Sequence",
            "SequenceAcknowledgement",
            "AckRequested",
            "UsesSequenceSTR",
            "UsesSequenceSSL",
            "Later",
        ] {
            added.push(header(namespace, local));
        }
    }
    for header in &added {
        for first in [true, false] {
            let (mut pair, mut message, _) = one_shot();
            let place = if first { &mut message.unsigned.0 } else { &mut message.unsigned.1 };
            place.push_str(header);
            is_refused(&mut pair, &message, header);
        }
    }
    // What no layer reads may come along, and is known not to be signed.
    let (mut pair, mut message, _) = one_shot();
    message.unsigned.1.push_str(&header("urn:tracing", "Trace"));
    let message = pair.service.message(&message.envelope(), pair.now);
    let envelope = message.received.envelope();
    assert!(!message.received.is_trusted(envelope.header_named("urn:tracing", "Trace").unwrap()));
    assert!(message.received.is_trusted(envelope.header_named(forge::ADDRESSING, "To").unwrap()));
}

/// A message of the protocol with an action that both ends know, as the layers above make it.
fn protocol_message(local: &str) -> Envelope {
    let mut envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
    let action = Some(format!("{RM}/{local}"));
    Addressing { action, ..Addressing::default() }.write(&mut envelope);
    envelope
}

/// Both directions of a session have one key, and the token that tells requests from replies is not signed: it can be
/// added and taken away. What an end wrote itself it must not take for the other's.
#[test]
fn no_end_takes_its_own_messages_for_the_others() {
    let (mut pair, identifier) = open(Credential::None);
    let (request, correlation) = pair.request("x");
    let handed = pair.service.message(&request, pair.now);
    let acknowledgement = protocol_message("SequenceAcknowledgement");
    let security = &pair.service.security;
    let answer = security
        .protect_reply(
            &handed.reply,
            acknowledgement,
            &mut moment(pair.now, &mut pair.service.random),
        )
        .unwrap();
    let back = altered(&answer, |text| {
        let token = format!("</u:Timestamp>{}", context_token("sct", &identifier));
        text.replacen("</u:Timestamp>", &token, 1)
    });
    let reply = match pair.service.receive(&back, pair.now) {
        Incoming::Reply(reply) => reply,
        _ => panic!("the service takes its own message for the client's"),
    };
    says(reply.error.as_ref().expect("refused"), &["sent back"]);
    // The same at the client.
    let terminate = protocol_message("TerminateSequence");
    let (own, _) = pair.client.protect(terminate, &mut moment(pair.now, &mut pair.random)).unwrap();
    let back = altered(&own, |text| {
        let (before, rest) = text.split_once("<c:SecurityContextToken").unwrap();
        let (token, after) = rest.split_once("</c:SecurityContextToken>").unwrap();
        let id = token.split("u:Id=\"").nth(1).unwrap().split('"').next().unwrap();
        let after = after.replace(&format!("URI=\"#{id}\""), &format!("URI=\"{identifier}\""));
        format!("{before}{after}")
    });
    let error =
        pair.client.verify(back, &correlation, &still(pair.now)).expect_err("its own message");
    says(&error, &["sent back"]);
    pair.call("goes on").unwrap();
}

/// Without a session every message has derived keys of its own. Where a contract takes every action, an answer with its
/// token put back would be a request in the client's name.
#[test]
fn an_answer_sent_back_is_no_request() {
    let mut setup = Setup::negotiated(OLD, Credential::Certificate("alice")).one_shot();
    setup.service.requirements.wildcard(Direction::Request, MessageProtection::default());
    let mut pair = setup.build();
    pair.open().unwrap();
    let (request, _) = pair.request("a question");
    let handed = pair.service.message(&request, pair.now);
    let identifier = identifier_of(&request);
    let answer = pair.echo(handed);
    let back = altered(&answer, |text| {
        let token = format!("</u:Timestamp>{}", context_token("sct", &identifier));
        text.replacen("</u:Timestamp>", &token, 1)
    });
    match pair.service.receive(&back, pair.now) {
        Incoming::Reply(reply) => says(reply.error.as_ref().expect("refused"), &["sent back"]),
        other => panic!("handed up: {other:?}"),
    }
    pair.call("goes on").unwrap();
}
