//! The words of a name.

/// Undoes .NET's `XmlConvert.EncodeLocalName`: `with_x0020_space` becomes `with space`.
///
/// What is no escape, or stands for no character, stays as it is.
pub fn decode(name: &str) -> String {
    let mut decoded = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find("_x") {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        match escape(rest) {
            Some((c, length)) => {
                decoded.push(c);
                rest = &rest[length..];
            }
            None => {
                decoded.push('_');
                rest = &rest[1..];
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

/// The character of an escape at the start of `text`, and how many bytes it takes. Surrogates come as two escapes.
fn escape(text: &str) -> Option<(char, usize)> {
    if let Some(code) = digits(text, 8) {
        return char::from_u32(code).map(|c| (c, 11));
    }
    let code = digits(text, 4)?;
    if let Some(c) = char::from_u32(code) {
        return Some((c, 7));
    }
    let low = digits(text.get(7..)?, 4)?;
    let pair = [u16::try_from(code).ok()?, u16::try_from(low).ok()?];
    let c = char::decode_utf16(pair).next()?.ok()?;
    Some((c, 14))
}

/// The number of `_xHHHH_` with so many digits.
fn digits(text: &str, count: usize) -> Option<u32> {
    let inner = text.strip_prefix("_x")?;
    let hex = inner.get(..count)?;
    let ends = inner.as_bytes().get(count) == Some(&b'_');
    let digits = hex.bytes().all(|b| b.is_ascii_hexdigit());
    (ends && digits).then(|| u32::from_str_radix(hex, 16).ok()).flatten()
}

/// The words of a name: escapes undone, split where the case changes and at every character that no identifier can hold.
///
/// Digits stay with the word before them (`n1`, `Sha256Hash` → `Sha256`, `Hash`), a plural `s` with its capitals (`userIDs` →
/// `user`, `IDs`).
pub fn words(name: &str) -> Vec<String> {
    let characters: Vec<char> = decode(name).chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (at, &c) in characters.iter().enumerate() {
        if c == '_' || !unicode_ident::is_xid_continue(c) {
            words.extend(take(&mut word));
            continue;
        }
        if !word.is_empty() && begins_word(&characters, at) {
            words.extend(take(&mut word));
        }
        word.push(c);
    }
    words.extend(take(&mut word));
    words
}

fn take(word: &mut String) -> Option<String> {
    (!word.is_empty()).then(|| std::mem::take(word))
}

/// Whether a word begins at `at`, inside a run of characters of identifiers.
fn begins_word(characters: &[char], at: usize) -> bool {
    let (c, before) = (characters[at], characters[at - 1]);
    if !c.is_uppercase() {
        return false;
    }
    if !before.is_uppercase() {
        return true;
    }
    let next = characters.get(at + 1).copied().unwrap_or_default();
    next.is_lowercase() && !is_plural(characters, at + 1)
}

/// An `s` after at least two capitals, with which the word ends: `IDs`, `URLsOf`.
fn is_plural(characters: &[char], at: usize) -> bool {
    let after = characters.get(at + 1).copied().unwrap_or_default();
    characters[at] == 's' && !after.is_lowercase() && !after.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_dot_net_are_undone() {
        assert_eq!(decode("with_x0020_space"), "with space");
        assert_eq!(decode("_x0031_st"), "1st");
        assert_eq!(decode("a_x005F_x0020_b"), "a_x0020_b");
        assert_eq!(decode("_xD83D__xDE00_!"), "\u{1F600}!");
        assert_eq!(decode("_x0001F600_"), "\u{1F600}");
        for same in ["_x", "_x12_", "_xZZZZ_", "_xD83D_", "_xD83D__x0041", "x_", "", "_x0041"] {
            assert_eq!(decode(same), same);
        }
    }

    #[test]
    fn names_fall_into_words() {
        let joined = |name: &str| words(name).join("|");
        assert_eq!(joined("IPAddress"), "IP|Address");
        assert_eq!(joined("XMLData"), "XML|Data");
        assert_eq!(joined("ID"), "ID");
        assert_eq!(joined("userIDs"), "user|IDs");
        assert_eq!(joined("URLsOfIt"), "URLs|Of|It");
        assert_eq!(joined("ISession"), "I|Session");
        assert_eq!(joined("n1"), "n1");
        assert_eq!(joined("Sha256Hash"), "Sha256|Hash");
        assert_eq!(joined("a-b.c_d e"), "a|b|c|d|e");
        assert_eq!(joined("ArrayOfint"), "Array|Ofint");
        assert_eq!(joined("__"), "");
        assert_eq!(joined("größteMenge"), "größte|Menge");
        assert_eq!(joined("first_x0020_Name"), "first|Name");
    }
}
