//! Attacks on what proves a client over a protected transport: by whoever has a credential of his own, or got hold of
//! messages where TLS ended. Every signature is the one that the attacker can compute.

#[path = "common/forge_transport.rs"]
mod forge;
#[path = "common/nego.rs"]
mod nego;

use forge::{
    Signer, binary_token, context_token, envelope, message, signature, signed, timestamp,
    username_token,
};
use jiff::SignedDuration;
use nego::legs::OLD;
use nego::{
    ADD, ADDRESS, Credential, Pair, Rules, Service, Setup, altered, certificate, fault, key,
    moment, says, still, wire,
};
use waxwing_security::conversation::{
    CallerIdentity, ClientError, Incoming, ReplyKind, ServiceError, ServiceReply,
};
use waxwing_security::wsse::names;
use waxwing_security::{Link, Reason};
use waxwing_soap::{Envelope, Fault};

const ALICE: Credential = Credential::Certificate("alice");
const USER: Credential = Credential::UserName("secret");
const BODY: &str = "<Add xmlns=\"http://Microsoft.ServiceModel.Samples\">1</Add>";
const FAULT: &str = "An error occurred when verifying security for the message.";

fn one_shot(credential: Credential) -> Pair {
    Setup::over_transport(OLD, credential).one_shot().build()
}

fn session(credential: Credential) -> Pair {
    let mut pair = Setup::over_transport(OLD, credential).build();
    pair.open().unwrap();
    pair
}

fn rsa(name: &str) -> Signer {
    Signer::Rsa(key(name))
}

/// What the service says to a message that it must refuse: the uniform fault, without a Security header. Gives what the log
/// says.
#[track_caller]
fn refused(service: &mut Service, text: &str, now: jiff::Timestamp) -> String {
    let reply = answer(service, text, now);
    let (code, reason) = fault(&reply.envelope);
    assert_eq!((code.as_str(), reason.as_str()), ("Sender/InvalidSecurity", FAULT));
    reply.error.expect("a reason").to_string()
}

#[track_caller]
fn answer(service: &mut Service, text: &str, now: jiff::Timestamp) -> ServiceReply {
    let reply = match service.receive(&envelope(text), now) {
        Incoming::Reply(reply) => *reply,
        other => panic!("taken: {other:?}"),
    };
    assert_eq!(reply.kind, ReplyKind::Fault);
    assert!(reply.envelope.header_named(names::WSSE, "Security").is_none(), "unsecured");
    reply
}

/// A good message of alice's as anybody writes it who has her key; the attacks below change one thing each.
fn of_alice(now: jiff::Timestamp) -> String {
    let children = format!("{}{}", timestamp(now), binary_token(&certificate("alice")));
    signed(&message(ADD, ADDRESS, BODY, &children), &["_0", "_1"], &rsa("alice"), "bst")
}

#[test]
fn the_forger_can_write_what_is_taken() {
    let mut pair = one_shot(ALICE);
    let taken = pair.service.message(&envelope(&of_alice(pair.now)), pair.now);
    assert!(ALICE.is_caller(&taken.caller));
    // References beyond the demanded ones must be right, and are no fault: other peers sign more (WCF refuses them).
    let children = format!("{}{}", timestamp(pair.now), binary_token(&certificate("alice")));
    let text = message(ADD, ADDRESS, BODY, &children);
    let more = signed(&text, &["_0", "_1", "_m", "_b", "bst"], &rsa("alice"), "bst");
    pair.service.message(&envelope(&more), pair.now);
    let wrong = more.replacen(">1</Add>", ">2</Add>", 1);
    says(&refused(&mut pair.service, &wrong, pair.now), &["the digest of the part 'Body' differs"]);
}

#[test]
fn a_certificate_is_proven_by_its_key_alone() {
    let mut pair = one_shot(ALICE);
    let now = pair.now;
    let start = format!("{}{}", timestamp(now), binary_token(&certificate("alice")));
    let text = message(ADD, ADDRESS, BODY, &start);
    let public = certificate("alice").public_key_der().to_vec();
    let der = certificate("alice").der().to_vec();
    let cases = [
        // Nothing at all.
        (text.clone(), "the endorsing signature of a certificate is missing"),
        // Mallory's own key under alice's certificate.
        (signed(&text, &["_0", "_1"], &rsa("mallory"), "bst"), "the signature value is wrong"),
        // What everybody knows of alice, used as a secret.
        (signed(&text, &["_0", "_1"], &Signer::Hmac(public), "bst"), "uses the algorithm"),
        (signed(&text, &["_0", "_1"], &Signer::Hmac(der), "bst"), "uses the algorithm"),
        (signed(&text, &["_0", "_1"], &Signer::Hmac(Vec::new()), "bst"), "uses the algorithm"),
        // A token that is not there.
        (
            signed(&text, &["_0", "_1"], &rsa("alice"), "another"),
            "Unrecognized supporting token '#another' was encountered.",
        ),
    ];
    for (text, reason) in cases {
        says(&refused(&mut pair.service, &text, now), &[reason]);
    }
    // Mallory as himself: proven, and not trusted.
    let children = format!("{}{}", timestamp(now), binary_token(&certificate("mallory")));
    let text = message(ADD, ADDRESS, BODY, &children);
    let text = signed(&text, &["_0", "_1"], &rsa("mallory"), "bst");
    let reply = answer(&mut pair.service, &text, now);
    assert_eq!(fault(&reply.envelope).0, "Sender/FailedAuthentication");
    assert!(matches!(reply.error, Some(ServiceError::UntrustedClient { .. })));
}

/// Messages without WS-Addressing have no `To`. One that is there must be covered all the same.
#[test]
fn without_addressing_a_signature_covers_every_to_that_is_there() {
    let mut setup = Setup::over_transport(OLD, ALICE).one_shot();
    setup.client.settings.addressed = false;
    setup.service.settings.addressed = false;
    setup.service.bootstrap.addressed = false;
    setup.client.bootstrap.addressed = false;
    let mut pair = setup.build();
    let now = pair.now;
    let start = format!("{}{}", timestamp(now), binary_token(&certificate("alice")));
    let text = message(ADD, ADDRESS, BODY, &start);
    let without_to = without_to(&text);
    let good = signed(&without_to, &["_0"], &rsa("alice"), "bst");
    let taken = pair.service.message(&envelope(&good), now);
    assert!(ALICE.is_caller(&taken.caller));
    let other = good.replacen("urn:uuid:", "urn:uuid:9", 1);
    for (text, reason) in [
        (signed(&without_to, &["_m"], &rsa("alice"), "bst"), "the Timestamp is not signed"),
        (signed(&text, &["_0"], &rsa("alice"), "bst"), "has unsigned 'To' header."),
        (
            other.replacen("<s:Header>", "<s:Header><a:To>urn:x</a:To>", 1),
            "has unsigned 'To' header.",
        ),
    ] {
        says(&refused(&mut pair.service, &text, now), &[reason]);
    }
}

/// A message whose `To` is left out.
fn without_to(text: &str) -> String {
    let at = text.find("<a:To ").unwrap();
    let end = text.find("</a:To>").unwrap() + "</a:To>".len();
    format!("{}{}", &text[..at], &text[end..])
}

#[test]
fn a_signature_covers_the_timestamp_and_to() {
    let mut pair = one_shot(ALICE);
    let now = pair.now;
    let good = of_alice(now);
    let start = format!("{}{}", timestamp(now), binary_token(&certificate("alice")));
    let text = message(ADD, ADDRESS, BODY, &start);
    let without_to = without_to(&text);
    let second_to = text.replacen("<a:To ", "<a:To>http://elsewhere/</a:To><a:To ", 1);
    let unsigned = "The message received over Transport security has unsigned 'To' header.";
    let cases = [
        (signed(&text, &["_1"], &rsa("alice"), "bst"), "the Timestamp is not signed, but must be"),
        (signed(&text, &["_0"], &rsa("alice"), "bst"), unsigned),
        (
            signed(&without_to, &["_0"], &rsa("alice"), "bst"),
            "The message received over Transport security was missing the 'To' header.",
        ),
        (signed(&second_to, &["_0", "_1"], &rsa("alice"), "bst"), unsigned),
        (good.replacen(ADDRESS, "http://elsewhere/calculator", 1), "the part 'To' differs"),
        (
            signed(&text, &["_0", "_1", "nothing"], &rsa("alice"), "bst"),
            "the reference 'nothing' leads to no",
        ),
        // The timestamp of another message.
        (
            good.replacen(&timestamp(now), &timestamp(now + SignedDuration::from_secs(1)), 1),
            "the digest of the part 'Timestamp' differs",
        ),
        // Two of everything.
        (good.replacen(&timestamp(now), &timestamp(now).repeat(2), 1), "more than 1 Timestamp"),
        (
            good.replacen("u:Id=\"_b\"", "u:Id=\"_0\"", 1),
            "the identifier '_0' occurs more than once",
        ),
        (
            good.replacen("u:Id=\"_b\"", "u:Id=\"_1\"", 1),
            "the identifier '_1' occurs more than once",
        ),
        (
            signed(&good, &["_0", "_1"], &rsa("alice"), "bst"),
            "More than one supporting signature was encountered using the same supporting token \
             'the certificate'.",
        ),
        (signed(&text.replacen(&timestamp(now), "", 1), &["_1"], &rsa("alice"), "bst"), {
            "Signing without primary signature requires timestamp."
        }),
    ];
    for (text, reason) in cases {
        says(&refused(&mut pair.service, &text, now), &[reason]);
    }
    // It stands after what it signs.
    let early = signature(&text, &["_0", "_1"], &rsa("alice"), "bst");
    let token = binary_token(&certificate("alice"));
    let early = text.replacen(&start, &format!("{token}{early}{}", timestamp(now)), 1);
    let reason = "Signing without primary signature requires timestamp.";
    says(&refused(&mut pair.service, &early, now), &[reason]);
    // It is too old, or of tomorrow.
    for minutes in [-11, 6] {
        let at = now + SignedDuration::from_mins(minutes);
        says(&refused(&mut pair.service, &of_alice(at), now), &["the timestamp is not acceptable"]);
    }
}

#[test]
fn nothing_is_slipped_in_beside() {
    let mut pair = one_shot(ALICE);
    let now = pair.now;
    let good = of_alice(now);
    let injected = |what: &str| good.replacen("</o:Security>", &format!("{what}</o:Security>"), 1);
    let cases = [
        (injected(&username_token("alice", "secret")), "UsernameToken"),
        (injected(&context_token("sct", "urn:uuid:1")), "SecurityContextToken"),
        (
            injected("<e:ReferenceList xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\"/>"),
            "ReferenceList",
        ),
        (injected("<o:Unknown/>"), "unexpected element"),
        (injected("text"), "unexpected text"),
    ];
    for (text, reason) in cases {
        says(&refused(&mut pair.service, &text, now), &[reason]);
    }
    let mut pair = one_shot(USER);
    let children = format!("{}{}", timestamp(now), username_token("alice", "secret"));
    let text = message(ADD, ADDRESS, BODY, &children);
    assert!(USER.is_caller(&pair.service.message(&envelope(&text), now).caller));
    let by_certificate =
        text.replacen("<o:User", &format!("{}<o:User", binary_token(&certificate("alice"))), 1);
    says(&refused(&mut pair.service, &by_certificate, now), &["BinarySecurityToken"]);
    let signed = signed(&text, &["_0"], &Signer::Hmac(vec![1; 32]), "user");
    let reason = "Supporting token signatures not expected.";
    says(&refused(&mut pair.service, &signed, now), &[reason]);
    let twice = username_token("alice", "secret").repeat(2).replacen("\"user\"", "\"other\"", 1);
    let text = message(ADD, ADDRESS, BODY, &format!("{}{twice}", timestamp(now)));
    says(&refused(&mut pair.service, &text, now), &["more than 1 UsernameToken"]);
    let bare = message(ADD, ADDRESS, BODY, &username_token("alice", "secret"));
    let reason = "Required timestamp missing in security header.";
    says(&refused(&mut pair.service, &bare, now), &[reason]);
}

#[test]
fn one_header_that_is_for_the_service() {
    let mut pair = one_shot(ALICE);
    let now = pair.now;
    let good = of_alice(now);
    let at = good.find("<o:Security ").unwrap();
    let end = good.find("</o:Security>").unwrap() + "</o:Security>".len();
    let header = &good[at..end];
    let empty = format!("<o:Security xmlns:o=\"{}\"/>", forge::WSSE);
    for two in [format!("{empty}{header}"), format!("{header}{empty}")] {
        let text = good.replacen(header, &two, 1);
        says(&refused(&mut pair.service, &text, now), &["two Security headers"]);
    }
    // One for somebody else is none for us.
    let role = " s:role=\"urn:somebody-else\"";
    let elsewhere = good.replacen("<o:Security ", &format!("<o:Security{role} "), 1);
    let reason = "Security processor was unable to find a security header in the message.";
    says(&refused(&mut pair.service, &elsewhere, now), &[reason]);
    // And it says nothing beside ours.
    let mallorys = header.replacen("<o:Security ", &format!("<o:Security{role} "), 1);
    let mallorys = mallorys.replace("u:Id=\"", "u:Id=\"other").replace("URI=\"#", "URI=\"#other");
    let beside = good.replacen(header, &format!("{mallorys}{header}"), 1);
    assert!(ALICE.is_caller(&pair.service.message(&envelope(&beside), now).caller));
}

fn identifier_of(pair: &mut Pair) -> String {
    let (message, _) = pair.request("seen where TLS ended");
    let security = message.header_named(names::WSSE, "Security").unwrap();
    let token = security.elements().find(|e| e.local_name() == "SecurityContextToken").unwrap();
    token.first_element().unwrap().text().trim().to_owned()
}

/// Somebody with a session of his own, and the identifier of alice's.
#[test]
fn a_message_is_of_the_session_whose_key_signs_it() {
    let mut pair = session(ALICE);
    let alices = identifier_of(&mut pair);
    let now = pair.now;
    let stranger = Signer::Hmac(vec![7; 32]);
    let start = format!("{}{}", timestamp(now), context_token("sct", &alices));
    let text = message(ADD, ADDRESS, BODY, &start);
    let cancel = "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/SCT/Cancel";
    let two = format!("{start}{}", context_token("own", "urn:uuid:of-the-stranger"));
    let two = message(ADD, ADDRESS, BODY, &two);
    let cases = [
        (text.clone(), "the endorsing signature of the security context is missing"),
        (signed(&text, &["_0"], &stranger, "sct"), "the signature value is wrong"),
        (signed(&text, &["_0"], &Signer::Hmac(Vec::new()), "sct"), "the signature value is wrong"),
        (
            signed(&text, &["_0"], &Signer::Hmac(alices.clone().into_bytes()), "sct"),
            "the signature value is wrong",
        ),
        (signed(&text, &["_0", "_1"], &rsa("mallory"), "sct"), "uses the algorithm"),
        (signed(&two, &["_0"], &stranger, "own"), "SecurityContextToken"),
        (
            signed(&message(cancel, ADDRESS, "", &start), &["_0"], &stranger, "sct"),
            "the signature value is wrong",
        ),
        (message(ADD, ADDRESS, BODY, &context_token("sct", &alices)), "Required timestamp missing"),
    ];
    for (text, reason) in cases {
        says(&refused(&mut pair.service, &text, now), &[reason]);
    }
    assert_eq!(pair.service.security.session_count(), 1);
    pair.call("the session goes on").unwrap();
}

/// A message of one session, put into another: the tokens are swapped, the signature is not.
#[test]
fn what_one_session_signed_is_good_for_no_other() {
    let setup = Setup::over_transport(OLD, ALICE);
    let mut first = setup.clone().build_seeded(1);
    first.open().unwrap();
    let own = identifier_of(&mut first);
    let (signed, _) = first.request("of the first");
    // A second client of the same service.
    let mut second = setup.build_seeded(2);
    std::mem::swap(&mut first.service, &mut second.service);
    second.open().unwrap();
    let other = identifier_of(&mut second);
    assert_ne!(own, other);
    let moved = altered(&signed, |text| text.replace(&own, &other));
    let reply = second.service.answer(&moved, second.now);
    says(&reply.error.unwrap(), &["the signature value is wrong"]);
    // As it is, it is of the first.
    let taken = second.service.message(&signed, second.now);
    assert_eq!(taken.session.unwrap().identifier(), own);
}

/// A renewal is of whoever has both the credential and the key.
#[test]
fn nobody_renews_the_session_of_another() {
    let mut pair = session(ALICE);
    let alices = identifier_of(&mut pair);
    let now = pair.now;
    let action = "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/SCT/Renew";
    let bobs = format!("{}{}", timestamp(now), binary_token(&certificate("bob")));
    let both = format!("{bobs}{}", context_token("sct", &alices));
    let alone = signed(&message(action, ADDRESS, BODY, &bobs), &["_0", "_1"], &rsa("bob"), "bst");
    let reason = "the endorsing signature of the security context is missing";
    says(&refused(&mut pair.service, &alone, now), &[reason]);
    let text = message(action, ADDRESS, BODY, &both);
    let text = signed(&text, &["_0", "_1"], &rsa("bob"), "bst");
    says(&refused(&mut pair.service, &text, now), &[reason]);
    let forged = signed(&text, &["_0"], &Signer::Hmac(vec![0; 32]), "sct");
    says(&refused(&mut pair.service, &forged, now), &["the signature value is wrong"]);
    // The context signs for the certificate: one signature is not two.
    let twice = signed(&text, &["_0", "_1"], &rsa("bob"), "bst");
    says(&refused(&mut pair.service, &twice, now), &["More than one supporting signature"]);
    pair.renew().unwrap();
    pair.call("under the new key").unwrap();
}

/// Message security at an endpoint that leaves it to the transport, the other way round, and no transport at all.
#[test]
fn there_is_no_way_down() {
    for conversation in [false, true] {
        let build = |setup: Setup| if conversation { setup } else { setup.one_shot() }.build();
        let mut secured = build(Setup::by_certificate(OLD, ALICE));
        let mut over = build(Setup::over_transport(OLD, ALICE));
        let first = |pair: &mut Pair| -> Envelope {
            let (now, random) = (pair.now, &mut pair.random);
            match pair.client.open(&mut moment(now, random)).unwrap() {
                waxwing_security::conversation::Step::Send(request) => *request,
                _ => pair.request("of the application").0,
            }
        };
        let by_message = first(&mut secured);
        let by_transport = first(&mut over);
        let reply = over.service.answer(&by_message, over.now);
        assert_eq!(fault(&reply.envelope).0, "Sender/InvalidSecurity");
        says(&reply.error.unwrap(), &["unexpected element", "EncryptedKey"]);
        let reply = secured.service.answer(&by_transport, secured.now);
        assert_eq!(fault(&reply.envelope).0, "Sender/InvalidSecurity");
        says(&reply.error.unwrap(), &["the primary signature uses a token of the wrong kind"]);
        // The same message, over a connection that protects nothing.
        let plain = Link { protected: false, ..Link::default() };
        let (now, mut random) = (over.now, nego::Seeded(5));
        let at = &mut moment(now, &mut random);
        match over.service.security.receive(wire(&by_transport), plain, at) {
            Incoming::Reply(reply) => {
                let (code, text) = fault(&reply.envelope);
                assert_eq!((code.as_str(), text.as_str()), ("Sender/InvalidSecurity", FAULT));
                says(&reply.error.unwrap(), &["protects nothing", "allowInsecureTransport"]);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(over.service.security.session_count(), 0);
    }
}

/// Somebody in front of the service ends TLS.
#[test]
fn a_trusted_front_end_is_allowed_by_name() {
    use waxwing_security::conversation::ServiceBinding;
    let mut setup = Setup::over_transport(OLD, ALICE).one_shot();
    setup.service.binding = Some(ServiceBinding::Transport { allow_insecure: true });
    let mut pair = setup.build();
    let (request, _) = {
        pair.open().unwrap();
        pair.request("through a proxy")
    };
    let (now, mut random) = (pair.now, nego::Seeded(5));
    let mut at = moment(now, &mut random);
    let incoming = pair.service.security.receive(wire(&request), Link::default(), &mut at);
    let Incoming::Authenticate(authentication) = incoming else { panic!("{incoming:?}") };
    let verdict = Rules::default().judge(authentication.evidence(), now);
    let taken = pair.service.security.authenticated(authentication, verdict, &mut at);
    let Incoming::Message(message) = taken else { panic!("{taken:?}") };
    assert!(matches!(&*message.caller, CallerIdentity::Certificate(_)));
}

/// Where it is set, a signature is good once: WCF never looks.
#[test]
fn a_message_is_taken_once_where_that_is_set() {
    let mut setup = Setup::over_transport(OLD, ALICE).one_shot();
    setup.service.detect_replays = true;
    let mut pair = setup.build();
    let good = of_alice(pair.now);
    pair.service.message(&envelope(&good), pair.now);
    let elsewhere = good.replacen(">1</Add>", ">2</Add>", 1);
    for again in [good, elsewhere] {
        says(&refused(&mut pair.service, &again, pair.now), &["received before"]);
    }
}

fn reply_of(pair: &mut Pair) -> (Envelope, waxwing_security::conversation::Correlation) {
    let (request, correlation) = pair.request("a call");
    let message = pair.service.message(&request, pair.now);
    (pair.echo(message), correlation)
}

/// A reply has a timestamp that is fresh, and nothing else.
#[test]
fn a_reply_is_what_the_service_sends() {
    for mut pair in [one_shot(USER), session(ALICE)] {
        pair.open().ok();
        let now = pair.now;
        let (reply, correlation) = reply_of(&mut pair);
        let stranger = timestamp(now - SignedDuration::from_mins(11));
        let security = |text: &str| {
            let at = text.find("<o:Security ").unwrap();
            let end = text.find("</o:Security>").unwrap() + "</o:Security>".len();
            text[at..end].to_owned()
        };
        let beside = |what: &str| {
            altered(&reply, |t| t.replacen("</o:Security>", &format!("{what}</o:Security>"), 1))
        };
        let cases = [
            altered(&reply, |text| text.replacen(&security(&text), "", 1)),
            altered(&reply, |text| {
                let own = security(&text);
                let start = own.find("<u:Timestamp").unwrap();
                let end = own.find("</u:Timestamp>").unwrap() + "</u:Timestamp>".len();
                text.replacen(&own[start..end], &stranger, 1)
            }),
            beside(&context_token("sct", "urn:uuid:1")),
            beside(&username_token("mallory", "x")),
            beside(&binary_token(&certificate("mallory"))),
            beside("<o:Unknown/>"),
        ];
        for changed in cases {
            let error = pair.client.verify(wire(&changed), &correlation, &still(now)).unwrap_err();
            assert!(matches!(error, ClientError::Unverifiable(_)), "{error}");
            assert!(!error.ends_session());
        }
        let text = String::from_utf8(reply.to_bytes()).unwrap();
        let signed = signed(&text, &["_0"], &Signer::Hmac(vec![1; 32]), "sct");
        let error = pair.client.verify(envelope(&signed), &correlation, &still(now)).unwrap_err();
        assert!(
            matches!(nego::reason_of(&error).reason(), Reason::SignatureNotExpected),
            "{error}"
        );
        let received = pair.client.verify(wire(&reply), &correlation, &still(now)).unwrap();
        let relates = received.envelope().headers().find(|h| h.local_name() == "RelatesTo");
        assert!(received.is_trusted(relates.unwrap()), "the transport protects all of it");
    }
}

/// As WCF: an unsecured fault is told with what it says, and ends the session.
#[test]
fn an_unsecured_fault_is_the_inner_one() {
    let mut pair = session(ALICE);
    let (request, correlation) = pair.request("a call");
    let session = pair.service.message(&request, pair.now).session.expect("a session");
    pair.service.security.end_session(&session);
    let (request, _) = pair.request("another");
    let (reply, error) = pair.refused(&request, &correlation);
    assert_eq!(Fault::read(&reply.envelope).unwrap().subcode().unwrap().local, "BadContextToken");
    says(&error, &["unsecured fault", "BadContextToken"]);
    assert!(error.ends_session() && error.fault().is_some());
}
