//! User names and passwords (Username Token Profile 1.0 §3.1), signed and encrypted: written with the password in clear, and
//! read. Whether the password is right is decided elsewhere; the caller is the owner of the name.

use std::fmt;

use waxwing_xml::Element;
use zeroize::Zeroizing;

use super::super::SecuritySettings;
use super::super::names::{PASSWORD_TEXT, WSSE, WSU};
use super::super::read::{at, elements, malformed, unexpected};
use super::super::text::{Place, push, push_escaped};
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
    /// The password, if there was one.
    pub password: Option<Zeroizing<String>>,
}

impl fmt::Debug for ReceivedUsername {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedUsername").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Writes the token, with the password in clear.
pub(in super::super) fn write(
    credential: &UsernameCredential,
    settings: &SecuritySettings,
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
    if let Some(password) = &credential.password {
        push(&mut text, &["<o:Password"]);
        if settings.basic_security_profile {
            push(&mut text, &[" Type=\"", PASSWORD_TEXT, "\""]);
        }
        push(&mut text, &[">"]);
        push_escaped(&mut text, password);
        push(&mut text, &["</o:Password>"]);
    }
    push(&mut text, &["</o:UsernameToken>"]);
    text
}

/// Reads name and password; nonce and creation time are passed over, a password digest is refused.
pub(in super::super) fn read(element: Element<'_>) -> Result<ReceivedUsername> {
    let (mut username, mut password) = (None, None);
    for child in elements(element)? {
        if child.is(WSSE, "Username") && username.is_none() {
            username = Some(child.text().into());
        } else if child.is(WSSE, "Password") && password.is_none() {
            if child.attribute("Type").is_some_and(|kind| kind != PASSWORD_TEXT) {
                return Err(at(Reason::Unsupported("a password of this Type"), child));
            }
            password = Some(Zeroizing::new(child.text().into_owned()));
        } else if !child.is(WSSE, "Nonce") && !child.is(WSU, "Created") {
            return Err(unexpected(child));
        }
    }
    let username = username.ok_or_else(|| malformed(element, "the token", "a Username"))?;
    Ok(ReceivedUsername { username, password })
}
