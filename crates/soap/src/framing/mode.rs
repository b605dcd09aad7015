//! Modes and encodings (MC-NMF §2.2.3.2, §2.2.3.4).

use std::borrow::Cow;

/// What a connection is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Mode {
    /// One message in chunks, and one back.
    Singleton = 1,
    /// Any number of messages both ways.
    Duplex = 2,
    /// Any number of messages one way; nobody speaks it over TCP.
    Simplex = 3,
    /// One message that is all the rest; nobody speaks it over TCP.
    SingletonSized = 4,
}

impl Mode {
    /// The mode of this number.
    pub fn of(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Singleton),
            2 => Some(Self::Duplex),
            3 => Some(Self::Simplex),
            4 => Some(Self::SingletonSized),
            _ => None,
        }
    }
}

/// The content types of the known encodings, by their number, as WCF has them.
const ENCODINGS: [&str; 9] = [
    "text/xml; charset=utf-8",
    "text/xml; charset=utf16",
    "text/xml; charset=unicodeFFFE",
    "application/soap+xml; charset=utf-8",
    "application/soap+xml; charset=utf16",
    "application/soap+xml; charset=unicodeFFFE",
    "multipart/related",
    "application/soap+msbin1",
    "application/soap+msbinsession1",
];

/// The content type of a known encoding. Of numbers that are none, a text that no endpoint takes.
pub fn content_type_of_encoding(number: u8) -> Cow<'static, str> {
    match ENCODINGS.get(usize::from(number)) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(format!("unknown{number}")),
    }
}

/// The number of an encoding that has one.
pub fn known_encoding(content_type: &str) -> Option<u8> {
    let at = ENCODINGS.iter().position(|known| *known == content_type)?;
    u8::try_from(at).ok()
}
