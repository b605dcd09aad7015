//! Elements of the Security header that are signed: timestamp, signature confirmation, user name token
//! (WS-Security 1.1 §10, §8.5; Username Token Profile 1.0 §3.1).

use std::fmt;

use jiff::Timestamp;
use smallvec::SmallVec;
use zeroize::Zeroizing;

use super::super::SecuritySettings;
use super::super::ids::{Id, InPlace};
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
type Written = SmallVec<[u8; 24]>;

impl Stamp {
    /// A timestamp from now on, with an identifier of the process's own.
    pub(super) fn new(settings: &SecuritySettings, sources: &mut Sources<'_>) -> Self {
        Self::with_id((&*sources.ids.next_id()).into(), settings, sources.now)
    }

    /// A timestamp with a given identifier.
    pub(super) fn with_id(id: Id, settings: &SecuritySettings, now: Timestamp) -> Self {
        let expires = now.checked_add(settings.timestamp_validity).unwrap_or(now);
        let mut this = Self { id, created: Written::new(), expires: Written::new() };
        push_time(&mut InPlace(&mut this.created), now);
        push_time(&mut InPlace(&mut this.expires), expires);
        this
    }

    /// Writes the element, where its prefix is declared.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        push(out, &["<u:Timestamp u:Id=\"", &self.id, "\">"]);
        self.content(|piece| out.extend_from_slice(piece));
    }

    /// What is behind the start tag, which is the same in canonical form.
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
        SignedPart { id: self.id.clone(), digest: Digester::digest(settings, &canonical) }
    }
}

/// A time in UTC with milliseconds, as WCF writes it.
fn push_time(out: &mut impl fmt::Write, time: Timestamp) {
    let millisecond = time.as_millisecond();
    let truncated = Timestamp::from_millisecond(millisecond).unwrap_or(time);
    // Memory takes whatever is written.
    let _ = write!(out, "{truncated:.3}");
}

fn date_time(time: Timestamp) -> String {
    let mut written = String::with_capacity(24);
    push_time(&mut written, time);
    written
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
        Ok(SignedPart { id: self.id.clone(), digest })
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
