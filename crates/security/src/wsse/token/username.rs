//! User names and passwords (Username Token Profile 1.0 §3.1), signed and encrypted: written with the password in clear, or
//! with a digest of it where that is agreed upon, and read. Whether the password is right is decided elsewhere; the caller
//! is the owner of the name.

use std::fmt;

use jiff::Timestamp;
use subtle::ConstantTimeEq as _;
use waxwing_crypto::sha1;
use waxwing_xml::Element;
use zeroize::Zeroizing;

use super::super::names::{BASE64_BINARY, PASSWORD_DIGEST, PASSWORD_TEXT, WSSE, WSU};
use super::super::read::{at, base64_content, date_time, elements, malformed, text, unexpected};
use super::super::settings::PasswordType;
use super::super::text::{Place, push, push_base64, push_escaped};
use super::super::{SecuritySettings, limits};
use crate::error::{Reason, Result};

/// A user name and password (Username Token Profile 1.0 §3), sent signed and encrypted.
#[derive(Clone)]
pub struct UsernameCredential {
    /// The `u:Id` of the token.
    pub id: Box<str>,
    /// The user name.
    pub username: Box<str>,
    /// The password in clear; without one the element is left out.
    pub password: Option<Zeroizing<String>>,
}

impl fmt::Debug for UsernameCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsernameCredential")
            .field("id", &self.id)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// A user name token that was signed and encrypted. **The password is not checked yet.**
#[derive(Clone)]
pub struct ReceivedUsername {
    /// The user name.
    pub username: Box<str>,
    /// The password, if there was one in clear.
    pub password: Option<Zeroizing<String>>,
    /// The digest of the password, where that is agreed upon.
    pub digest: Option<PasswordDigest>,
}

/// That somebody knows a password: the digest of it, with a nonce and the time at which it was made (Username Token Profile
/// 1.0 §3.1). **Not compared with anything yet.**
#[derive(Clone)]
pub struct PasswordDigest {
    value: [u8; 20],
    nonce: Box<[u8]>,
    /// `Created` as it is written, which is what was digested.
    written: Box<str>,
    created: Timestamp,
}

impl PasswordDigest {
    /// Whether it is of this password. It takes the same time whether it is or not.
    pub fn is_of(&self, password: &str) -> bool {
        digest(&self.nonce, &self.written, password)[..].ct_eq(&self.value).into()
    }

    /// When it was made, as its sender says.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// The digest itself: it is over nonce, time and password together, wherever the one ends and the other begins.
    pub(crate) fn value(&self) -> &[u8] {
        &self.value
    }
}

impl fmt::Debug for PasswordDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordDigest").field("created", &self.created).finish_non_exhaustive()
    }
}

/// What makes the digest in one message another one than that in the next.
pub(in super::super) struct Salt {
    pub(in super::super) nonce: [u8; 16],
    pub(in super::super) created: String,
}

/// SHA-1 of nonce, time and password, one after the other.
fn digest(nonce: &[u8], created: &str, password: &str) -> [u8; 20] {
    let pieces = [nonce, created.as_bytes(), password.as_bytes()];
    // In one piece: a buffer that grows leaves the password behind.
    let mut octets =
        Zeroizing::new(Vec::with_capacity(pieces.iter().map(|piece| piece.len()).sum()));
    pieces.iter().for_each(|piece| octets.extend_from_slice(piece));
    sha1(&octets)
}

impl fmt::Debug for ReceivedUsername {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedUsername").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Writes the token, with the password in clear or, with a salt, digested.
pub(in super::super) fn write(
    credential: &UsernameCredential,
    settings: &SecuritySettings,
    salt: Option<&Salt>,
    place: Place,
) -> Vec<u8> {
    // Room for every character escaped: a buffer that grows leaves the password behind.
    let characters =
        credential.username.len() + credential.password.as_ref().map_or(0, |p| p.len());
    let mut text = Vec::with_capacity(1024 + credential.id.len() + 6 * characters);
    push(&mut text, &["<o:UsernameToken u:Id=\"", &credential.id, "\""]);
    if place == Place::Elsewhere {
        push(&mut text, &[" xmlns:o=\"", WSSE, "\" xmlns:u=\"", WSU, "\""]);
    }
    push(&mut text, &["><o:Username>"]);
    push_escaped(&mut text, &credential.username);
    push(&mut text, &["</o:Username>"]);
    match (&credential.password, salt) {
        (Some(password), Some(salt)) => push_digest(&mut text, password, salt),
        (Some(password), None) => {
            push(&mut text, &["<o:Password"]);
            if settings.basic_security_profile {
                push(&mut text, &[" Type=\"", PASSWORD_TEXT, "\""]);
            }
            push(&mut text, &[">"]);
            push_escaped(&mut text, password);
            push(&mut text, &["</o:Password>"]);
        }
        (None, _) => {}
    }
    push(&mut text, &["</o:UsernameToken>"]);
    text
}

fn push_digest(text: &mut Vec<u8>, password: &str, salt: &Salt) {
    push(text, &["<o:Password Type=\"", PASSWORD_DIGEST, "\">"]);
    push_base64(text, &digest(&salt.nonce, &salt.created, password));
    push(text, &["</o:Password><o:Nonce EncodingType=\"", BASE64_BINARY, "\">"]);
    push_base64(text, &salt.nonce);
    push(text, &["</o:Nonce><u:Created>", &salt.created, "</u:Created>"]);
}

/// Reads name and password, shown as it is agreed upon and in no other way. Where it is in clear, nonce and creation time are
/// passed over. **When a digest was made is not judged here.**
pub(in super::super) fn read(
    element: Element<'_>,
    expected: PasswordType,
) -> Result<ReceivedUsername> {
    // Whatever becomes of it, there may be a password.
    element.document().hold_secret();
    let mut found: [Option<Element<'_>>; 4] = [None; 4];
    let names = [(WSSE, "Username"), (WSSE, "Password"), (WSSE, "Nonce"), (WSU, "Created")];
    for child in elements(element)? {
        let place = names.iter().position(|(namespace, local)| child.is(namespace, local));
        let place = place.ok_or_else(|| unexpected(child))?;
        let passed_over = place > 1 && expected == PasswordType::Text;
        if found[place].replace(child).is_some() && !passed_over {
            return Err(unexpected(child));
        }
    }
    let [username, password, nonce, created] = found;
    let username = username.ok_or_else(|| malformed(element, "the token", "a Username"))?;
    let mut received =
        ReceivedUsername { username: username.text().into(), password: None, digest: None };
    match (expected, password) {
        (PasswordType::Text, Some(password)) => {
            let kind = password.attribute("Type");
            if kind.is_some_and(|kind| kind != PASSWORD_TEXT) {
                return Err(at(Reason::Unsupported(not_in_clear(kind)), password));
            }
            received.password = Some(Zeroizing::new(password.text().into_owned()));
        }
        (PasswordType::Text, None) => {}
        (PasswordType::Digest, Some(password)) => {
            received.digest = Some(read_digest(password, nonce, created)?);
        }
        (PasswordType::Digest, None) => {
            return Err(at(Reason::Missing("the digest of the password"), element));
        }
    }
    Ok(received)
}

fn not_in_clear(kind: Option<&str>) -> &'static str {
    match kind {
        Some(PASSWORD_DIGEST) => "a PasswordDigest where no store of passwords is set up for it",
        _ => "a password of this Type",
    }
}

fn read_digest(
    password: Element<'_>,
    nonce: Option<Element<'_>>,
    created: Option<Element<'_>>,
) -> Result<PasswordDigest> {
    if password.attribute("Type") != Some(PASSWORD_DIGEST) {
        let what = "a password in clear, or of another Type, where a PasswordDigest is agreed upon";
        return Err(at(Reason::Unsupported(what), password));
    }
    let missing = |what| at(Reason::Missing(what), password);
    let nonce = nonce.ok_or_else(|| missing("the Nonce of the password's digest"))?;
    let created = created.ok_or_else(|| missing("the Created of the password's digest"))?;
    if nonce.attribute("EncodingType").is_some_and(|encoding| encoding != BASE64_BINARY) {
        return Err(at(Reason::Unsupported("a Nonce of this EncodingType"), nonce));
    }
    let value = base64_content(password)?;
    let value = value.try_into().map_err(|_| malformed(password, "the digest", "20 octets"))?;
    let octets = base64_content(nonce)?;
    if octets.is_empty() || octets.len() > limits::PASSWORD_NONCE_OCTETS {
        return Err(malformed(nonce, "the nonce", "1 to 128 octets"));
    }
    let written = text(created)?.into();
    let created = date_time(created)?;
    Ok(PasswordDigest { value, nonce: octets.into(), written, created })
}

#[cfg(test)]
mod tests {
    use waxwing_xml::{Document, Limits};

    use super::*;

    #[test]
    fn who_reads_a_password_has_the_document_wiped() {
        let token = |inner: &str| {
            let text = format!("<o:UsernameToken xmlns:o=\"{WSSE}\">{inner}</o:UsernameToken>");
            Document::parse(text, &Limits::SOAP).expect("XML")
        };
        let name = "<o:Username>alice</o:Username><o:Password>secret</o:Password>";
        for (inner, is_read) in [(name.to_owned(), true), (format!("{name}<o:other/>"), false)] {
            let document = token(&inner);
            let read = read(document.root(), PasswordType::Text);
            assert_eq!((read.is_ok(), document.holds_secret()), (is_read, true));
        }
    }
}
