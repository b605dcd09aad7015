//! Every way of WS-Security 1.0 and 1.1 to refer to a token that stands in the message, and the ways to abuse them.

#[path = "common/forge.rs"]
mod forge;
#[path = "common/nego.rs"]
mod nego;

use forge::{
    DSIG, Derivation, Forge, Signature, Signer, THUMBPRINT, WSSE, base64, by_identifier, by_uri,
    certificate_token, encrypted_key, reference,
};
use nego::legs::OLD;
use nego::{ADD, Credential, Pair, Setup, certificate, fault, key};
use waxwing_crypto::{Certificate, PrivateKey};

const X509: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0";
const ENCRYPTED_KEY_SHA1: &str =
    "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#EncryptedKeySHA1";
const OWN: [u8; 32] = [0x5a; 32];

fn issuer_serial(certificate: &Certificate) -> String {
    format!(
        "<X509Data xmlns=\"{DSIG}\"><X509IssuerSerial><X509IssuerName>{}</X509IssuerName><X509SerialNumber>{}</X509SerialNumber></X509IssuerSerial></X509Data>",
        certificate.issuer(),
        certificate.serial_number()
    )
}

fn x509_data(local: &str, octets: &[u8]) -> String {
    let value = base64(octets);
    format!("<X509Data xmlns=\"{DSIG}\"><{local}>{value}</{local}></X509Data>")
}

fn embedded(token: &str) -> String {
    reference(&format!("<o:Embedded>{token}</o:Embedded>"))
}

fn ski(certificate: &Certificate) -> &[u8] {
    certificate.subject_key_identifier().expect("a key identifier")
}

/// The styles that say which certificate it is without carrying it, by name.
fn naming(certificate: &Certificate) -> Vec<(&'static str, String)> {
    vec![
        ("thumbprint", by_identifier(THUMBPRINT, &certificate.thumbprint())),
        (
            "key identifier",
            by_identifier(&format!("{X509}#X509SubjectKeyIdentifier"), ski(certificate)),
        ),
        ("issuer and serial", reference(&issuer_serial(certificate))),
        ("issuer and serial in the KeyInfo", issuer_serial(certificate)),
        ("key identifier in the KeyInfo", x509_data("X509SKI", ski(certificate))),
    ]
}

/// The styles that carry it.
fn carrying(certificate: &Certificate) -> Vec<(&'static str, String)> {
    let token = certificate_token("inner", certificate).replacen(
        ' ',
        &format!(" xmlns:u=\"{}\" ", forge::WSU),
        1,
    );
    vec![
        ("embedded", embedded(&token)),
        ("in the KeyInfo", x509_data("X509Certificate", certificate.der())),
        ("in the reference", reference(&x509_data("X509Certificate", certificate.der()))),
        ("as key identifier", by_identifier(&format!("{X509}#X509v3"), certificate.der())),
    ]
}

/// A one-shot request that `who` endorses.
struct Request {
    /// How the service's certificate is referred to, and tokens before the key.
    recipient: String,
    before: String,
    /// How the key is referred to by what is derived from it.
    key: Option<String>,
    /// Tokens of the one who endorses.
    tokens: String,
    endorsing: Signature,
}

impl Request {
    fn new(who: PrivateKey, tokens: String, key_info: String) -> Self {
        let recipient = by_identifier(THUMBPRINT, &certificate("service").thumbprint());
        let endorsing = Signature { signer: Signer::Rsa(who), key_info };
        Self { recipient, before: String::new(), key: None, tokens, endorsing }
    }

    fn of_alice(key_info: String) -> Self {
        Self::new(key("alice"), certificate_token("cert", &certificate("alice")), key_info)
    }

    fn forge(&self, pair: &Pair) -> Forge {
        let (wrapped, sha1) = encrypted_key("ek", &certificate("service"), &OWN, &self.recipient);
        let signing = Derivation { nonce: vec![1; 16], ..Derivation::of_length(24) };
        let encryption = Derivation { nonce: vec![2; 16], ..Derivation::default() };
        let by_sha1 = by_identifier(ENCRYPTED_KEY_SHA1, &sha1);
        let base = match self.key.as_deref() {
            None => by_uri("#ek"),
            Some("SHA1") => by_sha1,
            Some(other) => other.to_owned(),
        };
        let signer = Signer::Hmac(signing.key(&OWN));
        let primary = Signature { signer, key_info: by_uri("#sk") };
        let body = "<Add xmlns=\"http://Microsoft.ServiceModel.Samples\">1</Add>";
        let mut forged = Forge::new(ADD, body, pair.now, primary);
        forged.tokens = format!(
            "{}{wrapped}{}{}",
            self.before,
            signing.token("sk", &base),
            encryption.token("enc", &base)
        );
        forged.supporting.clone_from(&self.tokens);
        forged.endorsing.push(self.endorsing.clone());
        forged.encryption = Some((encryption.key(&OWN), by_uri("#enc")));
        forged
    }
}

fn pair() -> Pair {
    Setup::by_certificate(OLD, Credential::Certificate("alice")).one_shot().build()
}

#[track_caller]
fn is_of_alice(name: &str, request: &Request) {
    let mut pair = pair();
    let forged = request.forge(&pair);
    let reply = match pair.service.receive(&forged.envelope(), pair.now) {
        waxwing_security::conversation::Incoming::Message(message) => {
            return assert_eq!(message.caller.certificate(), Some(&certificate("alice")), "{name}");
        }
        waxwing_security::conversation::Incoming::Reply(reply) => reply,
        other => panic!("{name}: {other:?}"),
    };
    panic!("{name}: {:?}", reply.error);
}

#[track_caller]
fn is_refused(name: &str, forged: &Forge, because: &str) {
    let mut pair = pair();
    let reply = pair.service.answer(&forged.envelope(), pair.now);
    assert_eq!(fault(&reply.envelope).0, "Sender/InvalidSecurity", "{name}: {:?}", reply.error);
    let error = reply.error.expect("refused").to_string();
    assert!(error.contains(because), "{name}: {error}");
}

/// A primary signature that is read from its text is endorsed in whatever form it is canonicalized to, and no other one is.
#[test]
fn what_is_endorsed_is_what_the_primary_signature_says() {
    let request = Request::of_alice(by_uri("#cert"));
    let c14n = "http://www.w3.org/2001/10/xml-exc-c14n#";
    let prefixes = |list: &str| {
        format!(
            "<Transform Algorithm=\"{c14n}\"><InclusiveNamespaces xmlns=\"{c14n}\" PrefixList=\"{list}\"></InclusiveNamespaces></Transform>"
        )
    };
    let plain = format!("<Transform Algorithm=\"{c14n}\"></Transform>");
    let comments = format!("<Transform Algorithm=\"{c14n}WithComments\"></Transform>");
    for is_usual in [true, false] {
        // Where the prefix `s` is rendered the canonical form is another one.
        for (transforms, is_right) in
            [(&plain, true), (&comments, true), (&prefixes("x"), true), (&prefixes("s"), false)]
        {
            let mut pair = pair();
            let mut forged = request.forge(&pair);
            (forged.transforms, forged.is_usual) = (transforms.clone(), is_usual);
            if is_right {
                let incoming = pair.service.receive(&forged.envelope(), pair.now);
                let waxwing_security::conversation::Incoming::Message(message) = incoming else {
                    panic!("{is_usual} {transforms}: {incoming:?}");
                };
                assert_eq!(message.caller.certificate(), Some(&certificate("alice")));
            } else {
                is_refused(transforms, &forged, "digest");
            }
        }
        // Endorsed is another one, under the same identifier: the sender of the message took another's endorsement.
        let pair = pair();
        let mut forged = request.forge(&pair);
        forged.is_usual = is_usual;
        forged.resigns = true;
        is_refused("another one", &forged, "digest");
    }
}

/// Eclipse Metro and WCF refer by id, Apache CXF by thumbprint; the others are the specification's.
#[test]
fn an_endorsing_certificate_is_found_however_it_is_referred_to() {
    let alice = certificate("alice");
    is_of_alice("by id", &Request::of_alice(by_uri("#cert")));
    for (name, key_info) in naming(&alice) {
        is_of_alice(name, &Request::of_alice(key_info.clone()));
        // A token that is never referred to by its id needs none.
        let token = certificate_token("cert", &alice).replace(" u:Id=\"cert\"", "");
        is_of_alice(name, &Request::new(key("alice"), token, key_info));
    }
    for (name, key_info) in carrying(&alice) {
        is_of_alice(name, &Request::new(key("alice"), String::new(), key_info));
    }
}

#[test]
fn the_services_certificate_is_found_however_it_is_referred_to() {
    let service = certificate("service");
    let mut all = naming(&service);
    all.extend(carrying(&service));
    all.push(("by id", by_uri("#service")));
    for (name, recipient) in all {
        let mut request = Request::of_alice(by_uri("#cert"));
        if name == "by id" {
            request.before = certificate_token("service", &service);
        }
        request.recipient = recipient;
        is_of_alice(name, &request);
    }
}

#[test]
fn a_key_of_the_message_is_found_by_its_hash() {
    let mut request = Request::of_alice(by_uri("#cert"));
    request.key = Some("SHA1".to_owned());
    is_of_alice("by hash", &request);
    request.key = Some(by_identifier(ENCRYPTED_KEY_SHA1, &[7; 20]));
    is_refused("by another hash", &request.forge(&pair()), "cannot be resolved");
}

#[test]
fn a_reference_leads_to_one_token_of_the_security_header_or_nowhere() {
    let (alice, bob) = (certificate("alice"), certificate("bob"));
    let thumbprint = by_identifier(THUMBPRINT, &alice.thumbprint());
    let token = certificate_token("cert", &alice);
    let none = Request::new(key("alice"), String::new(), thumbprint.clone());
    is_refused("a token that is nowhere", &none.forge(&pair()), "cannot be resolved");
    // It stands elsewhere: in a header, signed or not, or in the Body.
    let mut outside = none.forge(&pair());
    outside.headers.push(format!("<w:W xmlns:w=\"urn:w\" xmlns:o=\"{WSSE}\">{token}</w:W>"));
    is_refused("a token in a signed header", &outside, "cannot be resolved");
    let mut outside = none.forge(&pair());
    outside.unsigned.0 = token.replacen(' ', &format!(" xmlns:o=\"{WSSE}\" "), 1);
    is_refused("a token that is a header", &outside, "cannot be resolved");
    let mut outside = Request::new(key("alice"), String::new(), by_uri("#cert")).forge(&pair());
    outside.body.push_str(&token.replacen(' ', &format!(" xmlns:o=\"{WSSE}\" "), 1));
    is_refused("a token in the Body", &outside, "cannot be resolved");
    // Two that fit.
    let twice = format!("{token}{}", token.replace("\"cert\"", "\"again\""));
    let request = Request::new(key("alice"), twice, thumbprint.clone());
    is_refused("the same token twice", &request.forge(&pair()), "more than one token");
    let many = format!("{token}{}", certificate_token("b", &bob).repeat(2));
    let request = Request::new(key("alice"), many, thumbprint);
    is_refused("three tokens", &request.forge(&pair()), "more than 2 certificates");
    // Of what is not a certificate, and of more than one thing.
    let context = forge::context_token("inner", "urn:x").replace("u:Id", "Id");
    for (name, key_info, because) in [
        ("an embedded context", embedded(&context), "unexpected element"),
        ("nothing embedded", embedded(""), "exactly one token"),
        (
            "two embedded",
            embedded(&token.replace(" u:Id=\"cert\"", "").repeat(2)),
            "exactly one token",
        ),
        ("two references", by_uri("#cert").repeat(2), "unexpected element"),
        ("no certificate", x509_data("X509Certificate", b"abc"), "X.509 certificate"),
        ("a name", x509_data("X509SubjectName", b"abc"), "unexpected element"),
        ("a key", format!("<KeyName xmlns=\"{DSIG}\">alice</KeyName>"), "unexpected element"),
        ("nothing", String::new(), "is missing"),
    ] {
        is_refused(name, &Request::of_alice(key_info).forge(&pair()), because);
    }
}

#[test]
fn nobody_signs_with_anothers_certificate() {
    let alice = certificate("alice");
    let token = certificate_token("cert", &alice);
    // Mallory's key under every reference to alice's certificate.
    let mut all = naming(&alice);
    all.push(("by id", by_uri("#cert")));
    for (name, key_info) in &all {
        let request = Request::new(key("mallory"), token.clone(), key_info.clone());
        is_refused(name, &request.forge(&pair()), "signature value is wrong");
    }
    for (name, key_info) in carrying(&alice) {
        let request = Request::new(key("mallory"), String::new(), key_info);
        is_refused(name, &request.forge(&pair()), "signature value is wrong");
    }
    // A certificate of mallory's that has alice's key identifier, beside hers and instead of it.
    let same = forge::with_identifier_of(&alice, "mallory", &nego::file("mallory.key.pem"));
    assert_eq!(ski(&same), ski(&alice));
    let by_ski = by_identifier(&format!("{X509}#X509SubjectKeyIdentifier"), ski(&alice));
    for (first, second) in [(&alice, &same), (&same, &alice)] {
        let both = certificate_token("a", first) + &certificate_token("b", second);
        for who in ["mallory", "alice"] {
            let request = Request::new(key(who), both.clone(), by_ski.clone());
            is_refused(who, &request.forge(&pair()), "more than one token");
        }
    }
    let mut pair = pair();
    let forged =
        Request::new(key("mallory"), certificate_token("cert", &same), by_ski).forge(&pair);
    let reply = pair.service.answer(&forged.envelope(), pair.now);
    assert_eq!(fault(&reply.envelope).0, "Sender/FailedAuthentication", "{:?}", reply.error);
}

/// A public key is no secret: no MAC under its octets counts, whatever its reference leads to.
#[test]
fn public_keys_are_no_secrets() {
    let alice = certificate("alice");
    let token = certificate_token("cert", &alice);
    let guesses =
        [alice.der().to_vec(), alice.public_key_der().to_vec(), alice.thumbprint().to_vec()];
    let mut references = naming(&alice);
    references.push(("by id", by_uri("#cert")));
    for (name, key_info) in &references {
        for guess in &guesses {
            let signer = Signer::Hmac(guess.clone());
            let mut request = Request::new(key("alice"), token.clone(), key_info.clone());
            request.endorsing.signer = signer.clone();
            is_refused(name, &request.forge(&pair()), "algorithm");
            // And as the primary signature, where the certificate stands before it.
            let mut primary = Request::of_alice(by_uri("#cert")).forge(&pair());
            primary.primary = Signature { signer, key_info: key_info.clone() };
            is_refused(name, &primary, "wrong kind");
        }
        // An RSA signature by her own key is no primary signature either: it says nothing of who may read.
        let mut primary = Request::of_alice(by_uri("#cert")).forge(&pair());
        let signer = Signer::Rsa(key("alice"));
        primary.primary = Signature { signer, key_info: key_info.clone() };
        is_refused(name, &primary, "wrong kind");
        // Nor is what was encrypted under it decrypted.
        let mut data = Request::of_alice(by_uri("#cert")).forge(&pair());
        data.encryption = Some((vec![7; 32], key_info.clone()));
        is_refused(name, &data, "wrong kind");
    }
}

/// Derived keys come from tokens, not from each other, and not from certificates.
#[test]
fn derived_keys_form_no_chains_and_no_circles() {
    for (name, base) in [
        ("of itself", by_uri("#sk")),
        ("of the one behind it", by_uri("#enc")),
        ("of a certificate", by_identifier(THUMBPRINT, &certificate("alice").thumbprint())),
        ("of a certificate by id", by_uri("#cert")),
        ("of a URI", by_uri("urn:uuid:1")),
        (
            "of something embedded",
            embedded(&Derivation::of_length(24).token("in", &by_uri("#ek")).replace("u:Id", "Id")),
        ),
    ] {
        let mut request = Request::of_alice(by_uri("#cert"));
        request.before = std::mem::take(&mut request.tokens);
        request.key = Some(base);
        let mut pair = pair();
        let reply = pair.service.answer(&request.forge(&pair).envelope(), pair.now);
        assert_eq!(fault(&reply.envelope).0, "Sender/InvalidSecurity", "{name}");
    }
}
