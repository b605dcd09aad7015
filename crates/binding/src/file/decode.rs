//! From the bytes of a file to its text.

/// The bytes of a file are no text, or another one than they say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// They are neither UTF-8 nor UTF-16.
    #[error("the file is neither UTF-8 nor UTF-16; save it as UTF-8")]
    NoText,
    /// The XML declaration says UTF-16, but the file is not.
    #[error(
        "the file declares encoding=\"{0}\", but is not in UTF-16: write encoding=\"utf-8\" \
         (WCF: There is no Unicode byte order mark. Cannot switch to Unicode.)"
    )]
    NotUtf16(String),
    /// The file is UTF-16, but its XML declaration says something else.
    #[error(
        "the file is in UTF-16, but declares encoding=\"{0}\": save it in the encoding that it \
         declares (WCF: '.', hexadecimal value 0x00, is an invalid character.)"
    )]
    NotAsDeclared(String),
    /// An encoding that Waxwing does not read.
    #[error("the file declares encoding=\"{0}\", which Waxwing does not read; save it as UTF-8")]
    Encoding(String),
}

/// Names of UTF-16 in an XML declaration, as .NET's reader takes them.
const UTF_16: &[&str] = &["utf-16", "ucs-2", "iso-10646-ucs-2"];
/// Longest XML declaration that is looked for an encoding.
const MAX_DECLARATION: usize = 256;

/// Decodes the bytes of a configuration file as .NET does: UTF-16 by its byte order mark or its
/// first character; else what the XML declaration says (UTF-8, US-ASCII or ISO-8859-1), else UTF-8.
/// The mark is removed.
///
/// # Errors
/// The bytes are not in the encoding that they say, or in one that is not read.
pub fn decode(bytes: &[u8]) -> Result<String, DecodeError> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [b'<', 0, ..] => utf16(bytes, u16::from_le_bytes),
        [0, b'<', ..] => utf16(bytes, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => octets(rest),
        _ => octets(bytes),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, DecodeError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(DecodeError::NoText);
    }
    let text: String = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .collect::<Result<_, _>>()
        .map_err(|_| DecodeError::NoText)?;
    match declared(&text) {
        Some(name) if !is(UTF_16, &name) => Err(DecodeError::NotAsDeclared(name)),
        _ => Ok(text),
    }
}

/// One octet for each character of the declaration.
fn octets(bytes: &[u8]) -> Result<String, DecodeError> {
    let head: String = bytes.iter().take(MAX_DECLARATION).map(|b| char::from(*b)).collect();
    let name = declared(&head);
    match name.as_deref().map(str::to_ascii_lowercase).as_deref() {
        None | Some("utf-8") => String::from_utf8(bytes.to_vec()).map_err(|_| DecodeError::NoText),
        // .NET reads what is no ASCII as question marks; whoever wrote it meant something else.
        Some("us-ascii" | "ascii") if bytes.is_ascii() => {
            Ok(bytes.iter().map(|b| char::from(*b)).collect())
        }
        Some("iso-8859-1" | "latin1") => Ok(bytes.iter().map(|b| char::from(*b)).collect()),
        Some(name) if is(UTF_16, name) => Err(DecodeError::NotUtf16(name.to_owned())),
        Some(name) => Err(DecodeError::Encoding(name.to_owned())),
    }
}

fn is(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The encoding that the XML declaration names.
fn declared(text: &str) -> Option<String> {
    let declaration = text.strip_prefix("<?xml")?;
    let (declaration, _) = declaration.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (name, _) = value[1..].split_once(quote)?;
    Some(name.chars().take(MAX_DECLARATION).collect())
}
