//! What a peer writes who has the keys of a session, and means ill: the Security header of a message, edited as the input says and
//! sealed anew, so that no MAC and no digest that is old hides what the text comes to. Read from that text, and read as a tree, it
//! must be the same message, or be refused for the same reason.
//!
//! The first byte chooses the message and who seals it ([`Choice`]); edits follow, six bytes each: of the header and of its
//! signature, or of anything.

#[path = "known_header/edits.rs"]
mod edits;

use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use waxwing_crypto::{BlockCipher, CipherKey, Digest, DigestAlgorithm, HmacKey, p_sha1};
use waxwing_security::wsse::names::{WSSE, WSU};
use waxwing_security::wsse::{
    CertificateReference, ContextToken, ContextUse, Dialect, Expectations, ExpectedToken,
    ProtectionPlan, ProtectionToken, SecuritySettings, SessionKeys, Sources, TokenKey,
    TokenPlacement, TokenResolver, UuidIds, Verified, passes_security, protect, verify,
};
use waxwing_security::{
    Direction, MessageProtection, ProtectionLevel, ProtectionRequirements, SecurityError,
};
use waxwing_soap::{AddressingVersion, Envelope, MessageVersion, RandomSource, SoapVersion};
use waxwing_xml::{Document, Element, Exclusive, Limits, Name, NodeId, canonicalize};

pub use edits::make;

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const EXC_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const CONTEXT: &str = "urn:uuid:a01d29c0-8d51-4aff-894a-7d7bc04633b4";
const ACTION: &str = "urn:act";
const SECRET: [u8; 32] = [7; 32];
const LABEL: &[u8] = b"WS-SecureConversationWS-SecureConversation";
/// Longer than any key that is derived.
const MOST_DERIVED: usize = 256;

/// What the first byte says.
struct Choice(u8);

impl Choice {
    fn dialect(&self) -> Dialect {
        Dialect::ALL[usize::from(self.0 & 1)]
    }

    /// Who seals the message once more: else its MAC and digests are those of the message as it was.
    fn is_sealed(&self) -> bool {
        self.0 & 2 != 0
    }

    /// Whether edits are of anything in the message, each of the place that its first three bits say; and all digests are those of
    /// what came of it.
    fn edits_anything(&self) -> bool {
        self.0 & 32 != 0
    }

    /// Whether they mostly leave the message well-formed.
    fn mends(&self) -> bool {
        self.0 & 64 != 0
    }

    /// Whether every other edit is of the signature, before it is encrypted.
    fn edits_signature(&self) -> bool {
        self.0 & 4 != 0
    }

    fn has_timestamp(&self) -> bool {
        self.0 & 8 == 0
    }

    /// Whether nothing is encrypted, the signature in clear.
    fn is_clear(&self) -> bool {
        self.0 & 16 != 0
    }
}

/// What a message came to, in both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// No message.
    Unreadable,
    /// Refused.
    Refused,
    /// Taken, its header read as a tree.
    Tree,
    /// Taken, and no tree was made of its header.
    Text,
}

struct Counter(u8);

impl RandomSource for Counter {
    fn fill(&mut self, octets: &mut [u8]) {
        for octet in octets {
            self.0 = self.0.wrapping_mul(13).wrapping_add(7);
            *octet = self.0;
        }
    }
}

struct Keys;

impl TokenResolver for Keys {
    fn context_key(&self, _: ContextUse, name: &str, _: Option<&str>) -> Option<TokenKey> {
        (name == CONTEXT).then(|| TokenKey::new(SECRET.to_vec()))
    }

    fn private_key(&self, _: &CertificateReference) -> Option<&waxwing_crypto::PrivateKey> {
        None
    }
}

/// What both ends know, and a message of theirs.
struct Ends {
    settings: SecuritySettings,
    requirements: ProtectionRequirements,
    text: String,
    /// Its signature and the content of its body, decrypted. None where nothing is encrypted.
    plain: Option<[String; 2]>,
}

static NOW: LazyLock<Timestamp> = LazyLock::new(|| "2026-11-24T12:00:00Z".parse().expect("a time"));

/// For each choice of a message.
static ENDS: [LazyLock<Ends>; 8] = [
    LazyLock::new(|| Ends::new(&Choice(0))),
    LazyLock::new(|| Ends::new(&Choice(1))),
    LazyLock::new(|| Ends::new(&Choice(8))),
    LazyLock::new(|| Ends::new(&Choice(9))),
    LazyLock::new(|| Ends::new(&Choice(16))),
    LazyLock::new(|| Ends::new(&Choice(17))),
    LazyLock::new(|| Ends::new(&Choice(24))),
    LazyLock::new(|| Ends::new(&Choice(25))),
];

impl Ends {
    fn of(choice: &Choice) -> &'static Self {
        &ENDS[usize::from(choice.0 & 1 | choice.0 >> 2 & 6)]
    }

    fn new(choice: &Choice) -> Self {
        let (dialect, include_timestamp) = (choice.dialect(), choice.has_timestamp());
        let settings =
            SecuritySettings { dialect, include_timestamp, ..SecuritySettings::default() };
        let parts = MessageProtection::body(match choice.is_clear() {
            true => ProtectionLevel::Sign,
            false => ProtectionLevel::EncryptAndSign,
        });
        let mut requirements = ProtectionRequirements::new();
        requirements.set(Direction::Request, ACTION, parts.clone());
        let (mut random, mut ids) = (Counter(3), UuidIds::with_guid("guid", 1));
        let (prefix, namespace) = (dialect.conversation_prefix(), dialect.conversation());
        let element = format!(
            "<{prefix}:SecurityContextToken u:Id=\"sct\" xmlns:{prefix}=\"{namespace}\"><{prefix}:Identifier>{CONTEXT}\
             </{prefix}:Identifier></{prefix}:SecurityContextToken>"
        );
        let context = ContextToken {
            dialect,
            identifier: CONTEXT.into(),
            instance: None,
            id: "sct".into(),
            element: element.into(),
            identifier_value: None,
            key: TokenKey::new(SECRET.to_vec()),
        };
        let placement = TokenPlacement::Attached;
        let keys = SessionKeys::new(context, placement, &settings, &mut random, &mut ids);
        let plan = ProtectionPlan::new(&settings, &parts, ProtectionToken::Session(&keys));
        let (soap, addressing) = (SoapVersion::Soap12, AddressingVersion::Addressing10);
        let mut envelope = Envelope::new(MessageVersion { soap, addressing });
        let action = envelope.append_header(Name::new("a", "Action", addressing.namespace()));
        envelope.document_mut().append_text(action, ACTION);
        let part = envelope.append_body_element(Name::new("", "Part", "urn:example"));
        envelope.document_mut().append_text(part, "content");
        let mut sources = Sources { now: *NOW, random: &mut random, ids: &mut ids };
        protect(&mut envelope, &plan, &mut sources).expect("protected");
        let text = String::from_utf8(envelope.to_bytes()).expect("text");
        let sealer = Sealer::of(&text).expect("its keys");
        let open = |value: Range<usize>| sealer.open(&text[value]).expect("encrypted");
        let plain = (!choice.is_clear()).then(|| values(&text).map(open));
        Self { settings, requirements, text, plain }
    }

    fn verify(&self, envelope: Envelope) -> Result<Verified, SecurityError> {
        let expect = Expectations {
            settings: &self.settings,
            requirements: &self.requirements,
            direction: Direction::Request,
            protection: ExpectedToken::AttachedContext,
            supporting: &[],
            confirmations: &[],
            now: *NOW,
            limits: &Limits::SOAP,
            replay: None,
        };
        verify(envelope, &expect, &Keys)
    }
}

/// Whoever has the keys that a header says, as it says them.
struct Sealer {
    signs: Vec<u8>,
    /// Where something is encrypted.
    encrypts: Option<CipherKey>,
    /// Identifier and digest of the timestamp.
    stamp: Option<(String, String)>,
    key_id: String,
}

impl Sealer {
    fn of(text: &str) -> Option<Self> {
        let envelope = Envelope::parse(text.as_bytes(), &Limits::SOAP).ok()?;
        let security = envelope.headers().find(|header| header.local_name() == "Security")?;
        let mut tokens = security.elements().filter(|e| e.local_name() == "DerivedKeyToken");
        let (signing, encryption) = (tokens.next()?, tokens.next());
        let stamp = security.elements().find(|e| e.local_name() == "Timestamp");
        let stamp = stamp.map(|stamp| {
            let mut digest = Digest::new(DigestAlgorithm::Sha1);
            digest.update(&canonical(stamp));
            (id(stamp), STANDARD.encode(digest.finish()))
        });
        let octets = encryption.and_then(|token| derived(token, 32));
        let encrypts = octets.and_then(|octets| CipherKey::new(BlockCipher::Aes256, &octets));
        Some(Self { signs: derived(signing, 32)?, encrypts, stamp, key_id: id(signing) })
    }

    fn open(&self, value: &str) -> Option<String> {
        let octets = STANDARD.decode(value).ok()?;
        String::from_utf8(self.encrypts.as_ref()?.decrypt(&octets)?.to_vec()).ok()
    }

    fn encrypted(&self, plain: &str) -> Option<String> {
        let octets = self.encrypts.as_ref()?.encrypt(&[5; 16], plain.as_bytes()).ok()?;
        Some(STANDARD.encode(octets))
    }

    /// The signature that is right for the header as it is: the digest of its timestamp, the key. `edited` is what is done to
    /// it before it is computed, with the content that the body has when it is decrypted.
    fn seal(
        &self,
        ends: &Ends,
        (text, body): (&mut String, &str),
        edited: impl FnOnce(&mut String, &str),
    ) -> Option<()> {
        let mut signature = match &ends.plain {
            Some([signature, _]) => signature.clone(),
            None => text[clear_signature(text)?].to_owned(),
        };
        if let (Some((id, digest)), Some(own)) = (&self.stamp, Self::of(&ends.text)?.stamp) {
            signature = signature.replace(&own.1, digest);
            signature = signature.replace(&format!("\"#{}\"", own.0), &format!("\"#{id}\""));
        }
        if let Some(at) = signature.rfind("URI=\"#") {
            let begin = at + "URI=\"#".len();
            let end = begin + signature[begin..].find('"')?;
            signature.replace_range(begin..end, &self.key_id);
        }
        edited(&mut signature, &decrypted(text, body));
        // In clear it has a prefix of the header around it.
        let alone = format!("<a xmlns:o=\"{WSSE}\">{signature}</a>");
        if let Ok(document) = Document::parse(alone, &Limits::SOAP)
            && let Some(info) = document.root().first_element().and_then(|e| e.first_element())
        {
            let value = value_of(&signature, "SignatureValue");
            let mac = HmacKey::new(DigestAlgorithm::Sha1, &self.signs).sign(&canonical(info));
            signature.replace_range(value, &STANDARD.encode(mac));
        }
        if ends.plain.is_none() {
            text.replace_range(clear_signature(text)?, &signature);
            return Some(());
        }
        let [of_header, of_body] = values(text);
        if of_header.end <= of_body.start {
            text.replace_range(of_body, &self.encrypted(body)?);
            text.replace_range(of_header, &self.encrypted(&signature)?);
        }
        Some(())
    }
}

/// The key that a DerivedKeyToken says.
fn derived(token: Element<'_>, usual: usize) -> Option<Vec<u8>> {
    let text = |local: &str| {
        let child = token.elements().find(|child| child.local_name() == local)?;
        Some(child.text().trim().to_owned())
    };
    let number = |local: &str, usual: usize| text(local).map_or(Some(usual), |n| n.parse().ok());
    let (offset, length) = (number("Offset", 0)?, number("Length", usual)?);
    let end = offset.checked_add(length).filter(|end| *end <= MOST_DERIVED)?;
    let label = text("Label").map_or(LABEL.to_vec(), String::into_bytes);
    let mut octets = vec![0; end];
    p_sha1(&SECRET, &[&label, &STANDARD.decode(text("Nonce")?).ok()?], &mut octets);
    Some(octets.split_off(offset))
}

/// The message as its signature is over it: this is the content of its body, which is encrypted.
fn decrypted(text: &str, body: &str) -> String {
    const END: &str = "</e:EncryptedData>";
    let mut text = text.to_owned();
    if let (Some(begin), Some(end)) = (text.rfind("<e:EncryptedData"), text.rfind(END))
        && begin < end
        && !body.is_empty()
    {
        text.replace_range(begin..end + END.len(), body);
    }
    text
}

/// Makes each digest in a signature that of what it refers to.
fn digest_again(signature: &mut String, message: &str) {
    const URI: &str = "URI=\"#";
    let Ok(envelope) = Envelope::parse(message.as_bytes(), &Limits::SOAP) else { return };
    let (root, mut at) = (envelope.document().root(), 0);
    while let Some(found) = signature[at..].find(URI) {
        let begin = at + found + URI.len();
        let Some(len) = signature[begin..].find('"') else { return };
        at = begin + len;
        let meant = &signature[begin..at];
        let has_id = |element: &Element<'_>| element.id() != root.id() && id(*element) == meant;
        let Some(element) = root.descendants_and_self().find(has_id) else { continue };
        let mut digest = Digest::new(DigestAlgorithm::Sha1);
        digest.update(&canonical(element));
        let value = value_of(&signature[at..], "DigestValue");
        let own = signature[at..].find(URI).is_none_or(|next| value.end < next);
        if own && !value.is_empty() {
            let value = at + value.start..at + value.end;
            signature.replace_range(value, &STANDARD.encode(digest.finish()));
        }
    }
}

/// The canonical form, which is the same when each part of the element is looked at for itself.
fn canonical(element: Element<'_>) -> Vec<u8> {
    let written = |omit: &[NodeId]| {
        let mut octets = Vec::new();
        canonicalize(element, &Exclusive { omit, ..Exclusive::default() }, &mut octets);
        octets
    };
    let octets = written(&[]);
    // What is somewhere else is left out.
    let elsewhere = element.parent().map(|parent| parent.id());
    assert_eq!(
        String::from_utf8_lossy(&octets),
        String::from_utf8_lossy(&written(elsewhere.as_slice()))
    );
    octets
}

/// The identifier that an element seems to have.
fn id(element: Element<'_>) -> String {
    let id = element.attributes().find(|attribute| attribute.local_name() == "Id");
    id.map(|id| id.value().to_owned()).unwrap_or_default()
}

/// Where the content of the first element of this name is; nothing at the end where there is none.
fn value_of(text: &str, name: &str) -> Range<usize> {
    let tag = format!("<{name}>");
    let begin = text.find(&tag).map_or(text.len(), |at| at + tag.len());
    begin..text[begin..].find('<').map_or(text.len(), |at| begin + at)
}

/// Where the signature and the body are.
fn values(text: &str) -> [Range<usize>; 2] {
    let first = value_of(text, "e:CipherValue");
    let behind = value_of(&text[first.end..], "e:CipherValue");
    let second = first.end + behind.start..first.end + behind.end;
    [first, second]
}

/// Where a signature in clear is.
fn clear_signature(text: &str) -> Option<Range<usize>> {
    let begin = text.find("<Signature ")?;
    let end = begin + text[begin..].find("</Signature>")?;
    Some(begin..end + "</Signature>".len())
}

/// Edits and seals a message, and reads it in both ways.
pub fn run(data: &[u8]) -> Outcome {
    let [choice, edits @ ..] = data else { return Outcome::Unreadable };
    let choice = Choice(*choice);
    let ends = Ends::of(&choice);
    let mut text = ends.text.clone();
    let mut body = ends.plain.as_ref().map_or(String::new(), |[_, body]| body.clone());
    let (edits, _) = edits.as_chunks::<6>();
    let places = edits.iter().enumerate().map(|(at, edit)| (at, choice.place(at, edit), edit));
    let (of_signature, others): (Vec<_>, Vec<_>) =
        places.partition(|(_, place, _)| *place == Place::Signature);
    for (at, place, edit) in others {
        let edited =
            if place == Place::Content && !body.is_empty() { &mut body } else { &mut text };
        let range = place.within(edited, at);
        choice.edit(edited, *edit, range);
    }
    if choice.is_sealed()
        && let Some(sealer) = Sealer::of(&text)
    {
        let edited = |signature: &mut String, message: &str| {
            for (_, _, edit) in of_signature {
                let end = signature.len();
                choice.edit(signature, *edit, 0..end);
            }
            if choice.edits_anything() {
                digest_again(signature, message);
            }
        };
        // Where there is no place for it, it stays as it is.
        let _ = sealer.seal(ends, (&mut text, &body), edited);
    }
    both_ways(ends, &text)
}

/// What is edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Anywhere,
    /// In front of the Security header.
    Headers,
    Security,
    /// What the body holds, decrypted.
    Content,
    /// Before it is encrypted.
    Signature,
}

impl Place {
    /// Where that is in the text; it is the edit of this number.
    fn within(self, text: &str, number: usize) -> Range<usize> {
        let find = |piece: &str| text.find(piece);
        match self {
            Self::Headers => {
                let begin = find("<s:Header").unwrap_or(0);
                begin..find("<o:Security").unwrap_or(text.len()).max(begin)
            }
            Self::Security => {
                let begin = find("<o:Security").unwrap_or(0);
                // The value is nearly all of it, and whoever seals it puts another one there.
                let end = find("<e:CipherValue>").unwrap_or(text.len()).max(begin);
                let body = text[end..].find("<s:Body").map_or(end, |at| end + at);
                begin..if number == 0 { end } else { body }
            }
            Self::Anywhere | Self::Content | Self::Signature => 0..text.len(),
        }
    }
}

impl Choice {
    /// What the edit of this number is of.
    fn place(&self, number: usize, edit: &[u8; 6]) -> Place {
        match (self.edits_anything(), edit[0] >> 5) {
            (true, 0) => Place::Anywhere,
            (true, 1 | 2) => Place::Headers,
            (true, 3 | 4) => Place::Security,
            (true, 5 | 6) => Place::Content,
            (true, _) => Place::Signature,
            (false, _) if self.edits_signature() && number % 2 == 1 => Place::Signature,
            (false, _) => Place::Security,
        }
    }

    fn edit(&self, text: &mut String, edit: [u8; 6], within: Range<usize>) {
        let how = if self.mends() { edits::mend } else { edits::edit };
        how(text, edit, within.start, within.end);
    }
}

fn both_ways(ends: &Ends, text: &str) -> Outcome {
    let limits = &Limits::SOAP;
    let read = Envelope::parse(text.as_bytes(), limits);
    let passed = Envelope::parse_passing(text.as_bytes(), limits, passes_security);
    let (read, passed) = match (read, passed) {
        (Ok(read), Ok(passed)) => (read, passed),
        (Err(read), Err(passed)) => {
            assert_eq!(read, passed, "{text}");
            return Outcome::Unreadable;
        }
        ways => panic!("{ways:?} of {text}"),
    };
    let mut whole = passed.clone();
    whole.document_mut().read_unread();
    assert_eq!(whole.to_bytes(), read.to_bytes());
    let was_passed = passed.document().unread().is_some();
    match (ends.verify(read), ends.verify(passed)) {
        (Ok(read), Ok(passed)) => {
            assert_eq!(said(&read), said(&passed), "{text}");
            assert!(passed.body_protection().signed);
            assert_signed(&passed);
            let security = passed.envelope().headers().find(|h| h.local_name() == "Security");
            match was_passed && security.is_some_and(|security| security.is_empty()) {
                true => Outcome::Text,
                false => Outcome::Tree,
            }
        }
        (Err(read), Err(passed)) => {
            assert_eq!(read, passed, "{text}");
            Outcome::Refused
        }
        ways => panic!("{ways:?} of {text}"),
    }
}

/// The signature has the digest of each part that is said to be signed, whatever was remembered of messages before.
fn assert_signed(verified: &Verified) {
    let whole = verified.whole();
    let text = String::from_utf8_lossy(&whole.to_bytes()).into_owned();
    let security = whole.headers().find(|header| header.local_name() == "Security");
    let signature = security.and_then(|security| security.child(DSIG, "Signature"));
    let info = signature.and_then(|signature| signature.child(DSIG, "SignedInfo"));
    let children = info.iter().flat_map(Element::elements);
    let references: Vec<_> = children.filter(|child| child.is(DSIG, "Reference")).collect();
    let envelope = verified.envelope();
    let signed = envelope.headers().filter(|header| verified.is_signed(header.id()));
    for part in signed.chain([envelope.body()]) {
        let to = part.attribute_ns(WSU, "Id").map(|id| format!("#{id}"));
        let own =
            references.iter().find(|one| one.attribute("URI") == to.as_deref()).expect("one to it");
        let transforms: Vec<_> =
            own.elements().flat_map(|child| child.elements().collect::<Vec<_>>()).collect();
        if transforms
            .iter()
            .any(|one| !one.is_empty() || one.attribute("Algorithm") != Some(EXC_C14N))
        {
            continue;
        }
        let mut digest = Digest::new(DigestAlgorithm::Sha1);
        digest.update(&canonical(part));
        let said = own.child(DSIG, "DigestValue").map(|value| value.text().into_owned());
        assert_eq!(
            said.map(|said| said.split_ascii_whitespace().collect::<String>()),
            Some(STANDARD.encode(digest.finish())),
            "{text}"
        );
    }
}

/// All that a verified message tells.
fn said(verified: &Verified) -> String {
    let headers = verified.envelope().headers().map(|h| (h.id(), h.local_name().to_owned()));
    let protection = headers.map(|(id, name)| (verified.protection(id), name));
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        String::from_utf8_lossy(&verified.whole().to_bytes()),
        protection.collect::<Vec<_>>(),
        verified.action(),
        verified.body_protection(),
        verified.token(),
        verified.created(),
        verified.signatures().iter().map(|s| (&s.value, s.encrypted)).collect::<Vec<_>>(),
    )
}
