//! Messages whose every octet the attacker chose.

use waxwing_crypto::Certificate;
use waxwing_security::conversation::{Incoming, ServiceError};

use crate::forge::{
    self, Forge, Signature, Signer, XENC, by_identifier, by_uri, certificate_token, encrypted_key,
};
use crate::nego::{self, ADD, Credential, Pair, Setup, certificate, fault, key, says};
use crate::{OLD, OWN, SKI, pair};

/// A request whose every octet the attacker chose; by default it is alice's as she would write it.
struct Request {
    tokens: String,
    signer: Signature,
    encryption: Option<(Vec<u8>, String)>,
    supporting: String,
    endorsing: Vec<Signature>,
}

impl Request {
    fn by(who: &str) -> Self {
        let (element, _) = key_for("service", &OWN);
        Self {
            tokens: certificate_token("cert", &certificate(who)) + &element,
            signer: Signature { signer: Signer::Rsa(key(who)), key_info: by_uri("#cert") },
            encryption: Some((OWN.to_vec(), by_uri("#ek"))),
            supporting: String::new(),
            endorsing: Vec::new(),
        }
    }

    fn forge(self, pair: &Pair) -> Forge {
        let body = "<Add xmlns=\"http://Microsoft.ServiceModel.Samples\">forged</Add>";
        Forge {
            tokens: self.tokens,
            supporting: self.supporting,
            encryption: self.encryption,
            endorsing: self.endorsing,
            to: Some(nego::ADDRESS.to_owned()),
            ..Forge::new(ADD, body, pair.now, self.signer)
        }
    }
}

/// A key that anybody can encrypt for the owner of a certificate.
fn key_for(who: &str, secret: &[u8]) -> (String, [u8; 20]) {
    let recipient = certificate(who);
    let info = by_identifier(SKI, recipient.subject_key_identifier().unwrap());
    encrypted_key("ek", &recipient, secret, &info)
}

#[track_caller]
fn is_refused(forged: &Forge, because: &str) {
    let mut pair = pair();
    let reply = match pair.service.receive(&forged.envelope(), pair.now) {
        Incoming::Reply(reply) => reply,
        other => panic!("accepted: {other:?}"),
    };
    says(reply.error.as_ref().unwrap(), &[because]);
    assert_eq!(fault(&reply.envelope).0, "Sender/InvalidSecurity", "{:?}", reply.error);
    assert!(pair.call("honest").is_ok());
}

#[test]
fn the_forger_is_believed_where_he_has_the_key() {
    // Or the refusals below would prove nothing.
    let mut pair = pair();
    let forged = Request::by("alice").forge(&pair);
    let message = pair.service.message(&forged.envelope(), pair.now);
    assert!(Credential::Certificate("alice").is_caller(&message.caller));
    // Bob is trusted, too, as bob.
    let forged = Request::by("bob").forge(&pair);
    let message = pair.service.message(&forged.envelope(), pair.now);
    assert!(Credential::Certificate("bob").is_caller(&message.caller));
    // And mallory is not.
    let forged = Request::by("mallory").forge(&pair);
    let reply = pair.service.answer(&forged.envelope(), pair.now);
    assert!(matches!(reply.error, Some(ServiceError::UntrustedClient { .. })), "{:?}", reply.error);
    assert_eq!(fault(&reply.envelope).0, "Sender/FailedAuthentication");
}

#[test]
fn nobody_signs_in_anothers_name() {
    let alice = certificate("alice");
    let thumbprint = by_identifier(forge::THUMBPRINT, &alice.thumbprint());
    let ski = by_identifier(SKI, alice.subject_key_identifier().unwrap());
    for key_info in [by_uri("#cert"), thumbprint, ski] {
        // Her certificate left in, his signature in the place of hers.
        let mut request = Request::by("alice");
        request.signer = Signature { signer: Signer::Rsa(key("bob")), key_info: key_info.clone() };
        is_refused(&request.forge(&pair()), "signature value is wrong");
        // Both certificates in the message.
        let mut request = Request::by("alice");
        request.tokens.push_str(&certificate_token("his", &certificate("bob")));
        request.signer = Signature { signer: Signer::Rsa(key("bob")), key_info };
        is_refused(&request.forge(&pair()), "signature value is wrong");
    }
    // His own signature, and hers under it or over it as if she endorsed.
    for who in ["alice", "bob"] {
        let mut request = Request::by("bob");
        request.supporting = certificate_token("hers", &certificate("alice"));
        let endorsing = Signature { signer: Signer::Rsa(key(who)), key_info: by_uri("#hers") };
        request.endorsing.push(endorsing);
        let mut pair = pair();
        let reply = pair.service.answer(&request.forge(&pair).envelope(), pair.now);
        assert_eq!(fault(&reply.envelope).0, "Sender/InvalidSecurity", "{:?}", reply.error);
    }
}

/// Whoever encrypts for the service has the key: no MAC under it says who he is, and none under what all know.
#[test]
fn a_symmetric_signature_proves_nothing_here() {
    let alice = certificate("alice");
    for (secret, key_info) in [
        (OWN.to_vec(), by_uri("#ek")),
        (OWN.to_vec(), by_uri("#cert")),
        (alice.der().to_vec(), by_uri("#cert")),
        (alice.public_key_der().to_vec(), by_uri("#cert")),
    ] {
        let mut request = Request::by("alice");
        request.signer = Signature { signer: Signer::Hmac(secret), key_info };
        let mut pair = pair();
        let reply = pair.service.answer(&request.forge(&pair).envelope(), pair.now);
        assert_eq!(fault(&reply.envelope).0, "Sender/InvalidSecurity", "{:?}", reply.error);
    }
    let mut by_hash = Request::by("alice");
    let (element, sha1) = key_for("service", &OWN);
    by_hash.tokens = certificate_token("cert", &alice) + &element;
    let kind =
        "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#EncryptedKeySHA1";
    let key_info = by_identifier(kind, &sha1);
    by_hash.signer = Signature { signer: Signer::Hmac(OWN.to_vec()), key_info };
    is_refused(&by_hash.forge(&pair()), "cannot be resolved");
}

/// The whole message of the other binding, made by who has a key that is trusted.
#[test]
fn neither_binding_takes_the_others_messages() {
    let symmetric = || Setup::by_certificate(OLD, Credential::Certificate("alice")).one_shot();
    let mut asymmetric_client = pair();
    asymmetric_client.service = symmetric().build().service;
    let (reply, _) = asymmetric_client.refused_call("x");
    assert_eq!(fault(&reply.envelope).0, "Sender/InvalidSecurity", "{:?}", reply.error);
    let mut symmetric_client = symmetric().build();
    symmetric_client.open().unwrap();
    symmetric_client.service = pair().service;
    let (reply, _) = symmetric_client.refused_call("x");
    assert_eq!(fault(&reply.envelope).0, "Sender/InvalidSecurity", "{:?}", reply.error);
}

fn with_identifier_of(other: &Certificate, own: &str) -> Certificate {
    forge::with_identifier_of(other, own, &nego::file(&format!("{own}.key.pem")))
}

/// Who makes a certificate writes any key identifier into it.
#[test]
fn a_key_identifier_is_nobodys_name() {
    let alice = certificate("alice");
    let same = with_identifier_of(&alice, "mallory");
    let ski = by_identifier(SKI, alice.subject_key_identifier().unwrap());
    for (first, second) in [(&alice, &same), (&same, &alice)] {
        for who in ["mallory", "alice"] {
            let mut request = Request::by("alice");
            request.tokens = certificate_token("a", first)
                + &certificate_token("b", second)
                + &key_for("service", &OWN).0;
            request.signer = Signature { signer: Signer::Rsa(key(who)), key_info: ski.clone() };
            is_refused(&request.forge(&pair()), "more than one token");
        }
    }
    // Alone in the message it is judged as what it is.
    let mut pair = pair();
    let mut request = Request::by("mallory");
    request.tokens = certificate_token("cert", &same) + &key_for("service", &OWN).0;
    request.signer.key_info = ski;
    let reply = pair.service.answer(&request.forge(&pair).envelope(), pair.now);
    assert!(matches!(reply.error, Some(ServiceError::UntrustedClient { .. })), "{:?}", reply.error);
}

#[test]
fn what_must_be_signed_is() {
    let forge = |change: &dyn Fn(&mut Forge)| {
        let mut forge = Request::by("alice").forge(&pair());
        change(&mut forge);
        forge
    };
    let header = "<r:AckRequested xmlns:r=\"http://schemas.xmlsoap.org/ws/2005/02/rm\"><r:Identifier>urn:x</r:Identifier></r:AckRequested>";
    is_refused(&forge(&|f| f.unsigned.1 = header.to_owned()), "AckRequested is not signed");
    let to = format!("<a:To>{}</a:To>", nego::ADDRESS);
    is_refused(
        &forge(&|f| {
            f.to = None;
            f.unsigned.1.clone_from(&to);
        }),
        "To is not signed",
    );
    is_refused(&forge(&|f| f.encryption = None), "signed only, but the contract demands");
    // A key that is there and not used, and what it lists.
    let mut without = Request::by("alice");
    without.encryption = None;
    let listing = format!(
        "<e:ReferenceList xmlns:e=\"{XENC}\"><e:DataReference URI=\"#_e\"/></e:ReferenceList></e:EncryptedKey>"
    );
    without.tokens = without.tokens.replace("</e:EncryptedKey>", &listing);
    is_refused(&without.forge(&pair()), "leads to no");
    // Two keys; one without the other's place.
    let mut two = Request::by("alice");
    two.tokens.push_str(&key_for("service", &[7; 32]).0.replace("\"ek\"", "\"other\""));
    is_refused(&two.forge(&pair()), "more than 1 EncryptedKey");
    // For another certificate.
    let mut bobs = Request::by("alice");
    bobs.tokens = certificate_token("cert", &certificate("alice")) + &key_for("bob", &OWN).0;
    is_refused(&bobs.forge(&pair()), "another certificate");
}
