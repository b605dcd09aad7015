//! Elements of the Security header that are signed: timestamp, signature confirmation, user name token
//! (WS-Security 1.1 §10, §8.5; Username Token Profile 1.0 §3.1).

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::super::SecuritySettings;
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
    pub(super) text: Vec<u8>,
    canonical: Vec<u8>,
    pub(super) id: String,
}

impl Stamp {
    /// A timestamp from now on, with an identifier of the process's own.
    pub(super) fn new(settings: &SecuritySettings, sources: &mut Sources<'_>) -> Self {
        Self::with_id(sources.ids.next_id(), settings, sources.now)
    }

    /// A timestamp with a given identifier.
    pub(super) fn with_id(id: String, settings: &SecuritySettings, now: Timestamp) -> Self {
        let created = date_time(now);
        let expires = date_time(now.checked_add(settings.timestamp_validity).unwrap_or(now));
        let mut text = Vec::with_capacity(256);
        push(&mut text, &["<u:Timestamp u:Id=\"", &id, "\">"]);
        let mut canonical = Vec::with_capacity(384);
        push(&mut canonical, &["<u:Timestamp xmlns:u=\"", WSU, "\" u:Id=\"", &id, "\">"]);
        for out in [&mut text, &mut canonical] {
            push(out, &["<u:Created>", &created, "</u:Created>"]);
            push(out, &["<u:Expires>", &expires, "</u:Expires></u:Timestamp>"]);
        }
        Self { text, canonical, id }
    }

    /// Its reference in a signature.
    pub(super) fn signed(&self, settings: &SecuritySettings) -> SignedPart {
        let digest = Digester::digest(settings, &self.canonical);
        SignedPart { id: self.id.clone(), digest }
    }
}

/// A time in UTC with milliseconds, as WCF writes it.
fn date_time(time: Timestamp) -> String {
    let millisecond = time.as_millisecond();
    let truncated = Timestamp::from_millisecond(millisecond).unwrap_or(time);
    format!("{truncated:.3}")
}

/// An element of the Security header as text, with its identifier.
pub(super) struct Element {
    pub(super) text: Vec<u8>,
    pub(super) id: String,
}

impl Element {
    /// An element whose prefix of the utility schema is declared on the envelope, as if it stood by itself.
    pub(super) fn with_utility(text: &[u8], id: &str) -> Self {
        let text = String::from_utf8_lossy(text);
        let declared = text.replacen(" u:Id=", &format!(" xmlns:u=\"{WSU}\" u:Id="), 1);
        Self { text: declared.into_bytes(), id: id.to_owned() }
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
pub(super) fn confirmation(id: String, value: &[u8]) -> Element {
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
    Element { text, id: credential.id.to_string() }
}

/// What a password is digested with in one message; none where it is written in clear.
pub(super) fn salt(settings: &SecuritySettings, sources: &mut Sources<'_>) -> Option<Salt> {
    (settings.password_type == PasswordType::Digest).then(|| {
        let mut nonce = [0; 16];
        sources.random.fill(&mut nonce);
        Salt { nonce, created: date_time(sources.now) }
    })
}
