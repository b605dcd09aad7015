//! From octets to text: the encodings that metadata comes in.

/// The text of a document, and why there is none.
pub(super) fn decode(octets: &[u8]) -> Result<String, Undecodable> {
    let text = match octets {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest, 3)?,
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes, 2)?,
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes, 2)?,
        [b'<', 0, ..] => utf16(octets, u16::from_le_bytes, 0)?,
        [0, b'<', ..] => utf16(octets, u16::from_be_bytes, 0)?,
        _ => match declared(octets).as_deref() {
            None | Some("utf-8" | "utf8" | "utf-16" | "unicode") => utf8(octets, 0)?,
            Some("iso-8859-1" | "latin1" | "us-ascii" | "ascii") => {
                octets.iter().map(|b| char::from(*b)).collect()
            }
            Some("windows-1252" | "cp1252") => octets.iter().map(|b| windows_1252(*b)).collect(),
            Some(_) => match std::str::from_utf8(octets) {
                Ok(text) if text.is_ascii() => text.to_owned(),
                _ => return Err(Undecodable { encoding: declared(octets), offset: 0 }),
            },
        },
    };
    Ok(without_encoding(text))
}

/// Octets that are not the text that they should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Undecodable {
    /// The encoding that was declared and is not known; none for octets that are not what they should be.
    pub(super) encoding: Option<String>,
    /// The octet that is wrong.
    pub(super) offset: usize,
}

fn utf8(octets: &[u8], mark: usize) -> Result<String, Undecodable> {
    let wrong = |e: std::str::Utf8Error| mark + e.valid_up_to();
    let text = std::str::from_utf8(octets);
    text.map(str::to_owned).map_err(|e| Undecodable { encoding: None, offset: wrong(e) })
}

fn utf16(octets: &[u8], unit: fn([u8; 2]) -> u16, mark: usize) -> Result<String, Undecodable> {
    let units = octets.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let mut text = String::with_capacity(octets.len() / 2);
    let mut read = 0;
    for decoded in char::decode_utf16(units) {
        let wrong = Undecodable { encoding: None, offset: mark + read * 2 };
        let character = decoded.map_err(|_| wrong)?;
        read += character.len_utf16();
        text.push(character);
    }
    match octets.len() % 2 {
        0 => Ok(text),
        _ => Err(Undecodable { encoding: None, offset: mark + octets.len() - 1 }),
    }
}

/// The encoding that the XML declaration names, in small letters.
fn declared(octets: &[u8]) -> Option<String> {
    let head = &octets[..octets.len().min(256)];
    let head: String = head.iter().map(|b| char::from(*b)).collect();
    let (start, end) = encoding_value(&head)?;
    Some(head[start..end].to_ascii_lowercase())
}

/// Where the value of `encoding` stands in an XML declaration.
fn encoding_value(text: &str) -> Option<(usize, usize)> {
    let begin = text.len() - text.trim_start().len();
    let declaration = &text[begin..];
    let declaration = &declaration[..declaration.find("?>")?];
    if !declaration.starts_with("<?xml") {
        return None;
    }
    let name = declaration.find("encoding")?;
    let after = &declaration[name + "encoding".len()..];
    let open = after.find(['"', '\''])?;
    let quote = after[open..].chars().next()?;
    let value = begin + name + "encoding".len() + open + 1;
    let length = text[value..].find(quote)?;
    Some((value, value + length))
}

/// The text with blanks for what its declaration says of an encoding: it is text now. Lines and columns stay. A declaration
/// behind white space, which some scripts send, is blanked as a whole.
fn without_encoding(mut text: String) -> String {
    let begin = text.len() - text.trim_start().len();
    let is_declared = text[begin..].starts_with("<?xml") && !text[begin..].starts_with("<?xml-");
    let Some(end) = text.find("?>").filter(|_| is_declared) else { return text };
    let blank = |piece: &str| -> String {
        piece.chars().map(|c| if c == '\n' || !c.is_ascii() { c } else { ' ' }).collect()
    };
    if begin > 0 {
        let blanked = blank(&text[begin..end + 2]);
        text.replace_range(begin..end + 2, &blanked);
    } else if let Some((_, value_end)) = encoding_value(&text)
        && let Some(name) = text.find("encoding")
    {
        let blanked = blank(&text[name..=value_end]);
        text.replace_range(name..=value_end, &blanked);
    }
    text
}

/// 0x80 to 0x9F of windows-1252; what it leaves out is itself.
fn windows_1252(octet: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž',
        '\u{8F}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}',
        'ž', 'Ÿ',
    ];
    match octet {
        0x80..=0x9F => HIGH[usize::from(octet - 0x80)],
        other => char::from(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16le(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn encodings_are_told_by_mark_and_declaration() {
        let text = "<?xml version=\"1.0\" encoding=\"utf-8\"?><a>ä€</a>";
        let plain = "<?xml version=\"1.0\"                 ?><a>ä€</a>";
        assert_eq!(decode(text.as_bytes()).as_deref(), Ok(plain));
        let marked = [&[0xEF, 0xBB, 0xBF], text.as_bytes()].concat();
        assert_eq!(decode(&marked).as_deref(), Ok(plain));
        assert_eq!(decode(&utf16le(text)).as_deref(), Ok(plain));
        // A mark says more than a name.
        let marked = [&[0xFF, 0xFE][..], &utf16le(text)].concat();
        assert_eq!(decode(&marked).as_deref(), Ok(plain));
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe4</a>";
        let expected = "<?xml version='1.0'                      ?><a>ä</a>";
        assert_eq!(decode(latin).as_deref(), Ok(expected));
        let windows = b"<?xml version='1.0' encoding='windows-1252'?><a>\x80</a>";
        assert!(decode(windows).unwrap().ends_with("<a>€</a>"));
        assert_eq!(
            decode(b"\n <?xml version='1.0'?><a/>").as_deref(),
            Ok("\n                      <a/>")
        );
        assert_eq!(decode(b"<?xml-stylesheet href='x'?><a/>").as_deref().unwrap().len(), 31);
    }

    #[test]
    fn octets_that_are_no_text_say_which() {
        let wrong = |octets: &[u8]| decode(octets).unwrap_err().offset;
        assert_eq!(wrong(b"<a>\xff</a>"), 3);
        assert_eq!(wrong(&[0xFF, 0xFE, b'<', 0, 0x00, 0xD8, b'x', 0]), 4);
        assert_eq!(wrong(&[0xFE, 0xFF, 0, b'<', 0]), 4);
        let unknown = decode(b"<?xml version='1.0' encoding='shift_jis'?><a>\x83\x5c</a>");
        assert_eq!(unknown.unwrap_err().encoding.as_deref(), Some("shift_jis"));
    }
}
