//! Captured exchanges of `testdata/`: messages, the keys beside them, and what verifies them.
#![allow(dead_code, unreachable_pub, clippy::disallowed_methods)]

pub mod contracts;
pub mod two_way;
pub mod wsse_attacks;
pub mod wsse_mutate;
pub mod wsse_rebuild;
pub mod wsse_replay;

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;
use waxwing_crypto::{Certificate, PrivateKey};
use waxwing_security::AlgorithmSuite;
use waxwing_security::wsse::names::{WSSE, WSU};
use waxwing_security::wsse::{
    CertificateReference, ContextUse, Dialect, HeaderLayout, ProtectionOrder, SecuritySettings,
    TokenKey, TokenResolver, passes_security,
};
use waxwing_soap::encoder::{Binary, Compression, Decoder, mtom};
use waxwing_soap::http::ContentType;
use waxwing_soap::{Addressing, Envelope};
use waxwing_xml::{Element, Limits};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

/// One packed scenario; see `testdata/README.md`.
pub fn packed(peer: &str, name: &str) -> Value {
    let path = testdata().join(peer).join(format!("{name}.json.gz"));
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
    serde_json::from_str(&text).expect("JSON")
}

/// The names of every scenario of a peer (`wcf` or `metro`).
pub fn names(peer: &str) -> Vec<String> {
    let mut found: Vec<_> = std::fs::read_dir(testdata().join(peer))
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .filter_map(|name| name.strip_suffix(".json.gz").map(str::to_owned))
        .collect();
    found.sort();
    found
}

/// A file of the test PKI.
pub fn pki(name: &str) -> Vec<u8> {
    std::fs::read(testdata().join("pki").join(name)).expect("the file is there")
}

pub fn certificate(name: &str) -> Certificate {
    Certificate::from_pem(&pki(&format!("{name}.cert.pem"))).expect("a certificate").remove(0)
}

pub fn private_key(name: &str) -> PrivateKey {
    PrivateKey::from_pem(&pki(&format!("{name}.key.pem"))).expect("a private key")
}

pub fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "hexadecimal");
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hexadecimal"))
        .collect()
}

pub fn unbase64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text.trim()).expect("base64")
}

/// A message as it was captured.
pub struct Captured {
    pub name: String,
    /// The entity body.
    pub body: Vec<u8>,
    pub at: Timestamp,
    /// The body with everything decrypted, for messages with encrypted content.
    pub plain: Option<String>,
    /// There is a message; parts of a multipart one are in their places.
    pub is_text: bool,
    /// It came as MIME parts, of which no decrypted text was recorded.
    pub is_multipart: bool,
    /// It as it came, when it was binary; the body is the same as text then.
    pub binary: Option<Vec<u8>>,
}

impl Captured {
    pub fn is_request(&self) -> bool {
        self.name.contains("-request")
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    pub fn is_secured(&self) -> bool {
        self.is_text && self.text().contains(":Security ")
    }

    /// The same with another body.
    pub fn with_body(&self, body: Vec<u8>) -> Self {
        Self {
            name: self.name.clone(),
            body,
            at: self.at,
            plain: None,
            is_text: true,
            is_multipart: false,
            binary: None,
        }
    }

    /// The same with what it says when it is decrypted, where that was not recorded.
    pub fn with_plain(&self, plain: &Envelope) -> Self {
        let read = || {
            let mut plain = plain.clone();
            wsse_rebuild::keep_pairs(&mut plain);
            String::from_utf8(plain.to_bytes()).expect("UTF-8")
        };
        let plain = Some(self.plain.clone().unwrap_or_else(read));
        Self { plain, binary: self.binary.clone(), ..self.with_body(self.body.clone()) }
    }

    pub fn envelope(&self) -> Envelope {
        match &self.binary {
            Some(octets) => from_binary(octets),
            None => parse(&self.body),
        }
    }

    pub fn action(&self) -> String {
        Addressing::read(&self.envelope()).expect("addressing").action.unwrap_or_default()
    }

    /// What must come out: the plain text, which for a message without encrypted content is itself.
    pub fn expected(&self) -> &str {
        self.plain.as_deref().unwrap_or_else(|| self.text())
    }
}

pub fn parse(body: &[u8]) -> Envelope {
    Envelope::parse(body, &Limits::SOAP).expect("an envelope")
}

/// The same as an endpoint with message security reads it: its Security header is passed over where its text is known.
pub fn parse_passing(body: &[u8]) -> Envelope {
    Envelope::parse_passing(body, &Limits::SOAP, passes_security).expect("an envelope")
}

/// A binary message that stands by itself.
pub fn from_binary(octets: &[u8]) -> Envelope {
    let mut binary = Binary { limits: Limits::SOAP, compression: Compression::None };
    binary.read("", octets).expect("a binary message")
}

/// A line of a key record: what was derived from what.
#[derive(Clone)]
pub struct Derived {
    pub secret: Vec<u8>,
    pub label: String,
    pub seed: Vec<u8>,
    pub derived: Vec<u8>,
}

/// A scenario with its keys.
pub struct Scenario {
    pub name: String,
    pub messages: Vec<Captured>,
    /// The settings that both ends were started with, one by one (`suite`, `cred`, …).
    options: HashMap<String, String>,
    pub derived: Vec<Derived>,
    /// The keys of security contexts by identifier and generation.
    pub contexts: HashMap<(String, Option<String>), TokenKey>,
}

impl Scenario {
    /// A scenario of WCF's.
    pub fn wcf(name: &str) -> Self {
        Self::wcf_in("wcf", name)
    }

    /// A scenario of WCF's in another folder (`wcf-binary`, `wcf-mtom`).
    pub fn wcf_in(folder: &str, name: &str) -> Self {
        let packed = packed(folder, name);
        let derived = derived_lines(&packed);
        let options = options(packed["readme"].as_str().unwrap_or(""));
        let mut this = Self::new(name, &packed, options, derived);
        this.find_contexts();
        this
    }

    /// A scenario of WCF's under certificates and without addressing.
    pub fn wcf_basic(name: &str) -> Self {
        let packed = packed("wcf-basic", name);
        let options = options(packed["readme"].as_str().unwrap_or(""));
        Self::new(name, &packed, options, Vec::new())
    }

    /// A scenario of Metro's.
    pub fn metro(name: &str) -> Self {
        let packed = packed("metro", name);
        let mut this = Self::new(name, &packed, HashMap::new(), Vec::new());
        let keys: Value = serde_json::from_str(packed["keys"].as_str().unwrap_or("{}")).unwrap();
        for (identifier, context) in keys["contexts"].as_object().into_iter().flatten() {
            let secret = |value: &Value| TokenKey::new(unhex(value.as_str().expect("a secret")));
            this.contexts.insert((identifier.clone(), None), secret(&context["secret"]));
            for (instance, renewed) in context["instances"].as_object().into_iter().flatten() {
                let generation = (identifier.clone(), Some(instance.clone()));
                this.contexts.insert(generation, secret(renewed));
            }
        }
        this
    }

    /// Messages that are put together from a recording of another form.
    fn of(name: &str, packed: &Value, options: HashMap<String, String>) -> Self {
        let derived = derived_lines(packed);
        let mut this = Self::new(name, packed, options, derived);
        this.find_contexts();
        this
    }

    fn new(
        name: &str,
        packed: &Value,
        options: HashMap<String, String>,
        derived: Vec<Derived>,
    ) -> Self {
        let first = packed["captured"].as_str().unwrap_or("");
        let messages = packed["messages"].as_array().expect("messages");
        let messages = messages.iter().map(|m| captured(m, &packed["plain"], first)).collect();
        Self { name: name.to_owned(), messages, options, derived, contexts: HashMap::new() }
    }

    /// A setting, of either side.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    pub fn is_set(&self, name: &str) -> bool {
        self.option(name) == Some("true")
    }

    /// Whether the service's key was negotiated.
    pub fn is_negotiated(&self) -> bool {
        self.is_set("nego") || self.name.starts_with("tlsnego-") || self.name == "config-file"
    }

    /// Whether the transport protected the messages (TransportWithMessageCredential).
    pub fn is_over_transport(&self) -> bool {
        self.name.contains("https-") || self.name.starts_with("tcp-mixed")
    }

    /// Whether messages are secured one by one, without a session.
    pub fn is_one_shot(&self) -> bool {
        if self.is_over_transport() {
            return self.contexts.is_empty();
        }
        self.name.contains("oneshot") || self.name.contains("mutual") || self.name == "username"
    }

    /// Whether replies to messages under keys of their own confirm the signatures.
    pub fn confirms_signatures(&self) -> bool {
        let bare = self.is_negotiated() || self.is_over_transport();
        !bare && self.credential() != "UserName"
    }

    /// How the client proved who it is.
    pub fn credential(&self) -> &str {
        match self.option("cred") {
            Some(credential) => credential,
            None if self.option("scenario").is_some_and(|s| s.contains("username")) => "UserName",
            None if self.name.contains("username") || self.name.contains("password") => "UserName",
            None if self.name.ends_with("-sc-none") => "None",
            None if self.name.ends_with("sc13-none") => "None",
            None if self.name == "tlsnego-service-none-client-cert" => "None",
            None if self.name == "dual-sc-none-nego" => "None",
            None => "Certificate",
        }
    }

    /// The settings of the binding.
    pub fn settings(&self) -> SecuritySettings {
        let mut settings = SecuritySettings::default();
        let named = self.name.split_once("-suite-").map(|(_, suite)| suite);
        let named = named.filter(|suite| *suite != "mismatch");
        let named = if self.name == "sc-rm11-sha256" { Some("Basic256Sha256") } else { named };
        if let Some(suite) = self.option("suite").or(named) {
            settings.suite = suite.parse::<AlgorithmSuite>().expect("a suite");
        }
        let newer = ["sc13", "2007", "sc-rm11", "mutual12"];
        if self.is_set("ws2007") || newer.iter().any(|part| self.name.contains(part)) {
            settings.dialect = Dialect::Version13;
        }
        if self.option("layout") == Some("Lax") {
            settings.layout = HeaderLayout::Lax;
        }
        settings.order = match self.option("order") {
            Some("SignBeforeEncrypt") => ProtectionOrder::SignBeforeEncrypt,
            Some("EncryptBeforeSign") => ProtectionOrder::EncryptBeforeSign,
            _ => ProtectionOrder::SignBeforeEncryptAndEncryptSignature,
        };
        // netTcpBinding does not ask for the Basic Security Profile.
        settings.basic_security_profile = !self.name.starts_with("tcp-");
        // requireDerivedKeys changes nothing over a protected transport.
        settings.derived_keys =
            self.option("derived") != Some("false") && !self.is_over_transport();
        settings
    }

    /// Every context whose keys were derived under a nonce that is recorded; without derived keys the
    /// one combined key.
    fn find_contexts(&mut self) {
        let mut found = HashMap::new();
        if self.is_over_transport() {
            return self.contexts = self.contexts_over_transport();
        }
        for message in self.messages.iter().filter(|m| m.is_secured()) {
            let envelope = message.envelope();
            let Some(security) = envelope.header_named(WSSE, "Security") else { continue };
            for token in security.elements().filter(|e| e.local_name() == "DerivedKeyToken") {
                let (Some(context), Some(nonce)) = (context_of(token), nonce_of(token)) else {
                    continue;
                };
                if let Some(line) = self.derived.iter().find(|line| line.seed == nonce) {
                    found.entry(context).or_insert_with(|| TokenKey::new(line.secret.clone()));
                }
            }
            for token in security.elements().filter(|e| e.local_name() == "SecurityContextToken") {
                let combined = self.derived.iter().find(|line| line.label.is_empty());
                if let (Some(combined), false) = (combined, self.settings().derived_keys) {
                    found
                        .entry(identity_of(token))
                        .or_insert_with(|| TokenKey::new(combined.derived.clone()));
                }
            }
        }
        self.contexts = found;
    }
}

impl Scenario {
    /// The contexts in the order of their first use, each with the key that was combined in that order.
    fn contexts_over_transport(&self) -> HashMap<(String, Option<String>), TokenKey> {
        let mut combined: Vec<Vec<u8>> = Vec::new();
        for line in self.derived.iter().filter(|line| line.label.is_empty()) {
            if !combined.contains(&line.derived) {
                combined.push(line.derived.clone());
            }
        }
        let mut contexts = Vec::new();
        for message in self.messages.iter().filter(|m| m.is_secured()) {
            let envelope = message.envelope();
            let Some(security) = envelope.header_named(WSSE, "Security") else { continue };
            for token in security.elements().filter(|e| e.local_name() == "SecurityContextToken") {
                let context = identity_of(token);
                if !contexts.contains(&context) {
                    contexts.push(context);
                }
            }
        }
        contexts.into_iter().zip(combined.into_iter().map(TokenKey::new)).collect()
    }
}

fn captured(message: &Value, plain: &Value, first: &str) -> Captured {
    let name = message["name"].as_str().expect("a name").to_owned();
    let body = match (message["body"].as_str(), message["body_base64"].as_str()) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(octets)) => unbase64(octets),
        (None, None) => Vec::new(),
    };
    let content_type = message["content_type"].as_str().unwrap_or("");
    let multipart = ContentType::parse(content_type).filter(mtom::is_mtom);
    // What is recorded as plain text of a multipart message still has its parts outside.
    let plain = plain[&name].as_str().map(str::to_owned).filter(|_| multipart.is_none());
    let is_multipart = multipart.is_some();
    let is_binary = content_type == "application/soap+msbin1";
    let binary = is_binary.then(|| body.clone());
    let body = match (multipart, &binary) {
        (Some(kind), _) => {
            mtom::parse(&kind, &body, &Limits::SOAP).expect("a multipart message").to_bytes()
        }
        (None, Some(octets)) => from_binary(octets).to_bytes(),
        (None, None) => body,
    };
    let is_text = !body.is_empty();
    let at = message["captured_at"].as_str().or_else(|| created(&body)).unwrap_or(first);
    let at = at.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    Captured { name, body, at, plain, is_text, is_multipart, binary }
}

/// The time at which a message says that it was made.
fn created(body: &[u8]) -> Option<&str> {
    let (_, rest) = std::str::from_utf8(body).ok()?.split_once("Created>")?;
    Some(rest.split_once('<')?.0)
}

fn derived_lines(packed: &Value) -> Vec<Derived> {
    let sides = ["keys_client", "keys_service"];
    let lines = sides.iter().filter_map(|side| packed[side].as_str()).flat_map(str::lines);
    lines.filter_map(derived_line).collect()
}

/// `psha1 secret=… label=… seed=… offset=… length=… derived=…`.
fn derived_line(line: &str) -> Option<Derived> {
    let fields: HashMap<_, _> =
        line.strip_prefix("psha1 ")?.split(' ').filter_map(|f| f.split_once('=')).collect();
    Some(Derived {
        secret: unhex(fields.get("secret")?),
        label: (*fields.get("label")?).to_owned(),
        seed: unhex(fields.get("seed")?),
        derived: unhex(fields.get("derived")?),
    })
}

/// The settings in the scenario's description: `settings: `rm=true S:nego=true``.
fn options(readme: &str) -> HashMap<String, String> {
    let settings = ["settings: `", "Settings: `"].iter().find_map(|start| {
        let rest = readme.split(start).nth(1)?;
        rest.split('`').next()
    });
    settings
        .unwrap_or("")
        .split([' ', '{', '}'])
        .filter_map(|setting| setting.split_once('='))
        .map(|(name, value)| {
            let name = name.split_once(':').map_or(name, |(_, name)| name);
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

fn child<'a>(parent: Element<'a>, local: &str) -> Option<Element<'a>> {
    parent.elements().find(|e| e.local_name() == local)
}

/// The identifier and generation of a SecurityContextToken.
pub fn identity_of(token: Element<'_>) -> (String, Option<String>) {
    let text = |local| child(token, local).map(|e| e.text().trim().to_owned());
    (text("Identifier").expect("an identifier"), text("Instance"))
}

/// The context that a DerivedKeyToken refers to, in its message or by URI.
fn context_of(derived: Element<'_>) -> Option<(String, Option<String>)> {
    let reference = child(child(derived, "SecurityTokenReference")?, "Reference")?;
    let uri = reference.attribute("URI")?;
    let Some(id) = uri.strip_prefix('#') else {
        let instance = reference.attributes().find(|a| a.name().local == "Instance");
        return Some((uri.to_owned(), instance.map(|a| a.value().to_owned())));
    };
    let tokens = derived.parent()?.elements();
    let mut tokens = tokens.filter(|e| e.local_name() == "SecurityContextToken");
    tokens.find(|e| e.attribute_ns(WSU, "Id") == Some(id)).map(identity_of)
}

/// The nonce of a DerivedKeyToken.
pub fn nonce_of(derived: Element<'_>) -> Option<Vec<u8>> {
    Some(unbase64(&child(derived, "Nonce")?.text()))
}

/// Knows the contexts of a scenario and the private keys of some of the test PKI.
pub struct Tokens<'a> {
    pub contexts: &'a HashMap<(String, Option<String>), TokenKey>,
    pub identities: Vec<(Certificate, PrivateKey)>,
}

impl<'a> Tokens<'a> {
    /// With the private keys of these names.
    pub fn new(scenario: &'a Scenario, identities: &[&str]) -> Self {
        let identities = identities.iter().map(|n| (certificate(n), private_key(n))).collect();
        Self { contexts: &scenario.contexts, identities }
    }
}

impl TokenResolver for Tokens<'_> {
    fn context_key(
        &self,
        _: ContextUse,
        identifier: &str,
        instance: Option<&str>,
    ) -> Option<TokenKey> {
        self.contexts.get(&(identifier.to_owned(), instance.map(str::to_owned))).cloned()
    }

    fn private_key(&self, reference: &CertificateReference) -> Option<&PrivateKey> {
        self.identities.iter().find(|(c, _)| reference.is_of(c)).map(|(_, key)| key)
    }
}
