//! What a peer writes who has the keys of a session, and means ill: the Security header of a message, edited as the input says and
//! sealed anew, so that no MAC and no digest that is old hides what the text comes to. Read from that text, and read as a tree, it
//! must be the same message, or be refused for the same reason.
//!
//! The first byte chooses the message and who seals it ([`Choice`]); edits of the header and of its signature follow, six bytes each.

use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use waxwing_crypto::{BlockCipher, CipherKey, Digest, DigestAlgorithm, HmacKey, p_sha1};
use waxwing_security::wsse::names::WSSE;
use waxwing_security::wsse::{
    CertificateReference, ContextToken, ContextUse, Dialect, Expectations, ExpectedToken,
    ProtectionPlan, ProtectionToken, SecuritySettings, SessionKeys, Sources, TokenKey,
    TokenPlacement, TokenResolver, UuidIds, Verified, passes_security, protect, verify,
};
use waxwing_security::{
    Direction, MessageProtection, ProtectionLevel, ProtectionRequirements, SecurityError,
};
use waxwing_soap::{AddressingVersion, Envelope, MessageVersion, RandomSource, SoapVersion};
use waxwing_xml::{Document, Element, Exclusive, Limits, Name, canonicalize};

const CONTEXT: &str = "urn:uuid:a01d29c0-8d51-4aff-894a-7d7bc04633b4";
const ACTION: &str = "urn:act";
const SECRET: [u8; 32] = [7; 32];
const LABEL: &[u8] = b"WS-SecureConversationWS-SecureConversation";
/// Longer than any key that is derived.
const MOST_DERIVED: usize = 256;

/// What is put in the place of something else, or beside it.
const PIECES: [&str; 40] = [
    "",
    " ",
    "\n",
    "'",
    "\"",
    ">",
    "/>",
    "<!---->",
    "<?p?>",
    "<![CDATA[]]>",
    "&#49;",
    "&amp;",
    "&x;",
    "\u{e9}",
    "#",
    "0",
    "00",
    "18446744073709551616",
    "=",
    "AAAA",
    "_0",
    "_1",
    "sct",
    " u:Id=\"_9\"",
    " xml:id=\"_0\"",
    " Id=\"_0\"",
    " xmlns:u=\"urn:other\"",
    " xmlns:c=\"urn:other\"",
    " URI=\"#_0\"",
    " ValueType=\"urn:other\"",
    " c:Instance=\"1\"",
    "<c:Instance>1</c:Instance>",
    "<c:Generation>0</c:Generation>",
    "<c:Label>a</c:Label>",
    "<e:DataReference URI=\"#_9\"/>",
    "</o:Security>",
    "<o:Security>",
    "<u:Expires>2026-11-24T12:05:00.000Z</u:Expires>",
    "<o:x xmlns:o=\"urn:o\"/>",
    "2026-11-24T12:00:00Z",
];

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
    /// it before it is computed.
    fn seal(&self, ends: &Ends, text: &mut String, edited: impl FnOnce(&mut String)) -> Option<()> {
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
        edited(&mut signature);
        // In clear it has a prefix of the header around it.
        let alone = format!("<a xmlns:o=\"{WSSE}\">{signature}</a>");
        if let Ok(document) = Document::parse(alone, &Limits::SOAP)
            && let Some(info) = document.root().first_element().and_then(|e| e.first_element())
        {
            let value = value_of(&signature, "SignatureValue");
            let mac = HmacKey::new(DigestAlgorithm::Sha1, &self.signs).sign(&canonical(info));
            signature.replace_range(value, &STANDARD.encode(mac));
        }
        let Some([_, body]) = &ends.plain else {
            text.replace_range(clear_signature(text)?, &signature);
            return Some(());
        };
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

fn canonical(element: Element<'_>) -> Vec<u8> {
    let mut octets = Vec::new();
    canonicalize(element, &Exclusive::default(), &mut octets);
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

/// One edit of a text: what is cut out, and what stands there then.
fn edit(text: &mut String, edit: [u8; 6], begin: usize, end: usize) {
    let [how, high, low, cut, what, length] = edit.map(usize::from);
    let mut end = end.min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let within = |place: usize| {
        let mut place = begin + place % (end - begin).max(1);
        while !text.is_char_boundary(place) {
            place -= 1;
        }
        place
    };
    let mut place = within(high << 8 | low);
    if how & 1 != 0 {
        // Where something begins or ends.
        let marks = ['<', '>', '"', ' '];
        let next = text[place..end].find(marks).map_or(end, |at| place + at);
        place = if how & 2 != 0 { (next + 1).min(end) } else { next };
    }
    let cut = within(place - begin + cut % 64).max(place);
    let piece = match how >> 2 & 3 {
        // What stands elsewhere in it, or in another place.
        0 => text[within(what * 8)..].chars().take(length).collect(),
        1 => char::from(what as u8 & 0x7F).to_string(),
        _ => PIECES[what % PIECES.len()].to_owned(),
    };
    text.replace_range(place..if how & 16 != 0 { cut } else { place }, &piece);
}

/// Edits and seals a message, and reads it in both ways.
pub fn run(data: &[u8]) -> Outcome {
    let [choice, edits @ ..] = data else { return Outcome::Unreadable };
    let choice = Choice(*choice);
    let ends = Ends::of(&choice);
    let mut text = ends.text.clone();
    let (edits, _) = edits.as_chunks::<6>();
    let of_signature = |at: usize| choice.edits_signature() && at % 2 == 1;
    for (at, one) in edits.iter().enumerate().filter(|(at, _)| !of_signature(*at)) {
        let begin = text.find("<o:Security").unwrap_or(0);
        // The value is nearly all of it, and whoever seals it puts another one there.
        let end = text.find("<e:CipherValue>").unwrap_or(text.len()).max(begin);
        let end = if at == 0 { end } else { text[end..].find("<s:Body").map_or(end, |n| end + n) };
        edit(&mut text, *one, begin, end);
    }
    if choice.is_sealed()
        && let Some(sealer) = Sealer::of(&text)
    {
        let edited = |signature: &mut String| {
            for (_, one) in edits.iter().enumerate().filter(|(at, _)| of_signature(*at)) {
                let end = signature.len();
                edit(signature, *one, 0, end);
            }
        };
        // Where there is no place for it, it stays as it is.
        let _ = sealer.seal(ends, &mut text, edited);
    }
    both_ways(ends, &text)
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

/// An input of a few edits, most of them of what stands between tags and quotes; `below` gives any number below another.
pub fn make(mut below: impl FnMut(usize) -> usize) -> Vec<u8> {
    let mut made = vec![below(256) as u8];
    for _ in 0..below(3) {
        let how = [0x0b, 0x1b, 0x08, 0x07, 0x13, 0x18, below(256)][below(7)];
        let cut = [0, 1, 2, below(256)][below(4)];
        let edit = [how, below(256), below(256), cut, below(256), below(40)];
        made.extend(edit.map(|octet| octet as u8));
    }
    made
}
