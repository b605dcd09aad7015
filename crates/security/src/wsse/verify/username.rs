//! UsernameToken (Username Token Profile 1.0 §3.1) with a password in clear.

use waxwing_xml::Element;
use zeroize::Zeroizing;

use super::super::names::{PASSWORD_TEXT, WSSE, WSU};
use super::super::verified::ReceivedUsername;
use super::read::{at, elements, malformed, unexpected};
use crate::error::{Reason, Result};

/// Reads name and password; nonce and creation time are passed over, a password digest is refused.
pub(super) fn read(element: Element<'_>) -> Result<ReceivedUsername> {
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
