//! Elements of the Security header that are signed: timestamp, signature confirmation, user name token
//! (WS-Security 1.1 §10, §8.5; Username Token Profile 1.0 §3.1).

use jiff::Timestamp;
use smallvec::SmallVec;
use waxwing_xml::values::timestamp_text;
use zeroize::Zeroizing;

use super::super::SecuritySettings;
use super::super::ids::Id;
use super::super::key::Digester;
use super::super::names::{WSSE, WSSE11, WSU};
use super::super::plan::Sources;
use super::super::settings::PasswordType;
use super::super::text::{Place, push, push_base64};
use super::super::token::UsernameCredential;
use super::super::token::username::{self, Salt};
use super::signature::{SignedPart, digest_of_child};
use crate::error::Result;

/// The timestamp of a message.
pub(super) struct Stamp {
    pub(super) id: Id,
    created: Written,
    expires: Written,
}

/// A time as it is written.
type Written = [u8; 24];

impl Stamp {
    /// A timestamp from now on, with an identifier of the process's own.
    pub(super) fn new(settings: &SecuritySettings, sources: &mut Sources<'_>) -> Self {
        Self::with_id((&*sources.ids.next_id()).into(), settings, sources.now)
    }

    /// A timestamp with a given identifier.
    pub(super) fn with_id(id: Id, settings: &SecuritySettings, now: Timestamp) -> Self {
        let expires = now.checked_add(settings.timestamp_validity).unwrap_or(now);
        Self { id, created: written(now), expires: written(expires) }
    }

    /// Writes the element, where its prefix is declared.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        push(out, &["<u:Timestamp u:Id=\"", &self.id, "\">"]);
        self.content(|piece| out.extend_from_slice(piece));
    }

    /// What is behind the start tag, which is the same in canonical form.
    #[inline(always)]
    fn content(&self, mut push: impl FnMut(&[u8])) {
        push(b"<u:Created>");
        push(&self.created);
        push(b"</u:Created><u:Expires>");
        push(&self.expires);
        push(b"</u:Expires></u:Timestamp>");
    }

    /// Its reference in a signature.
    pub(super) fn signed(&self, settings: &SecuritySettings) -> SignedPart {
        // No longer than this, but for identifiers that are not ours.
        let mut canonical: SmallVec<[u8; 512]> = SmallVec::new();
        for piece in ["<u:Timestamp xmlns:u=\"", WSU, "\" u:Id=\"", &self.id, "\">"] {
            canonical.extend_from_slice(piece.as_bytes());
        }
        self.content(|piece| canonical.extend_from_slice(piece));
        SignedPart::new(self.id.clone(), &Digester::digest(settings, &canonical))
    }
}

/// A time in UTC with milliseconds, as WCF writes it, which knows the years 1 to 9999.
fn written(time: Timestamp) -> Written {
    /// From the beginning of the year 1 to that of 1970, in milliseconds.
    const BEFORE: i64 = 719_162 * 86_400_000;
    timestamp_text((time.as_millisecond() + BEFORE) * 10_000)
}

fn date_time(time: Timestamp) -> String {
    String::from_utf8_lossy(&written(time)).into_owned()
}

/// An element of the Security header as text, with its identifier.
pub(super) struct Element {
    pub(super) text: Vec<u8>,
    pub(super) id: Id,
}

impl Element {
    /// An element whose prefix of the utility schema is declared on the envelope, as if it stood by itself.
    pub(super) fn with_utility(text: &[u8], id: &str) -> Self {
        let text = String::from_utf8_lossy(text);
        let declared = text.replacen(" u:Id=", &format!(" xmlns:u=\"{WSU}\" u:Id="), 1);
        Self { text: declared.into_bytes(), id: id.into() }
    }

    /// Its reference in a signature.
    pub(super) fn signed(&self, settings: &SecuritySettings) -> Result<SignedPart> {
        // It may hold a password.
        let mut text = Zeroizing::new(Vec::with_capacity(self.text.len() + 256));
        push(&mut text, &["<o:Security xmlns:o=\"", WSSE, "\">"]);
        text.extend_from_slice(&self.text);
        push(&mut text, &["</o:Security>"]);
        let digest = digest_of_child(&text, settings)?;
        Ok(SignedPart::new(self.id.clone(), &digest))
    }
}

/// A SignatureConfirmation of a request's signature value.
pub(super) fn confirmation(id: Id, value: &[u8]) -> Element {
    let mut text = Vec::with_capacity(768);
    push(&mut text, &["<k:SignatureConfirmation u:Id=\"", &id, "\" Value=\""]);
    push_base64(&mut text, value);
    push(&mut text, &["\" xmlns:k=\"", WSSE11, "\" xmlns:u=\"", WSU, "\"/>"]);
    Element { text, id }
}

/// A UsernameToken.
pub(super) fn username_token(
    credential: &UsernameCredential,
    settings: &SecuritySettings,
    sources: &mut Sources<'_>,
) -> Element {
    let salt = salt(settings, sources);
    let text = username::write(credential, settings, salt.as_ref(), Place::Elsewhere);
    Element { text, id: (&*credential.id).into() }
}

/// What a password is digested with in one message; none where it is written in clear.
pub(super) fn salt(settings: &SecuritySettings, sources: &mut Sources<'_>) -> Option<Salt> {
    (settings.password_type == PasswordType::Digest).then(|| {
        let mut nonce = [0; 16];
        sources.random.fill(&mut nonce);
        Salt { nonce, created: date_time(sources.now) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_their_library_writes_them() {
        for time in [
            "0001-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999Z",
            "1970-01-01T00:00:00Z",
            "2000-02-29T12:34:56.789012345Z",
            "2026-11-30T16:17:27.05Z",
            "9999-12-30T22:00:00.5Z",
        ] {
            let time: Timestamp = time.parse().unwrap();
            assert_eq!(date_time(time), format!("{time:.3}"));
        }
    }
}
