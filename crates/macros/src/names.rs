//! Names: from Rust's habits to .NET's, and to what XML can hold.

use proc_macro2::Ident;
use syn::ext::IdentExt as _;

/// How names that are not given are made of Rust's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// `first_name` → `FirstName`.
    Pascal,
    /// `first_name` → `firstName`.
    Camel,
    /// As in Rust.
    Same,
}

impl Case {
    /// The name of an identifier in this case.
    pub(crate) fn name(self, ident: &Ident) -> String {
        let text = ident.unraw().to_string();
        if self == Self::Same {
            return text;
        }
        let words = text.split('_').filter(|word| !word.is_empty()).enumerate();
        let name: String = words
            .map(|(index, word)| match self {
                Self::Camel if index == 0 => first(word, |c| c.to_lowercase().collect()),
                _ => first(word, |c| c.to_uppercase().collect()),
            })
            .collect();
        // Nothing but underscores.
        if name.is_empty() { text } else { name }
    }
}

/// Changes the first character.
fn first(word: &str, change: impl Fn(char) -> String) -> String {
    let mut characters = word.chars();
    let head = characters.next().map(change).unwrap_or_default();
    head + characters.as_str()
}

/// `calculator` and `Calculator` → `CALCULATOR`, `OrderDesk` → `ORDER_DESK`.
pub(crate) fn constant_case(ident: &Ident) -> String {
    let mut name = String::new();
    let mut before: Option<char> = None;
    for c in ident.unraw().to_string().chars() {
        if c.is_uppercase()
            && before.is_some_and(|before| before.is_lowercase() || before.is_ascii_digit())
        {
            name.push('_');
        }
        name.extend(c.to_uppercase());
        before = Some(c);
    }
    name
}

/// Escapes what an XML name cannot hold, as .NET's `XmlConvert.EncodeLocalName`: `with space` → `with_x0020_space`.
///
/// The same as `encode_local_name` of the data contract crate, which a macro cannot call: the order of members depends on it.
pub(crate) fn encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for (at, c) in name.char_indices() {
        let escape = c == '_' && is_escape(&name.as_bytes()[at..]);
        let fits = if at == 0 { is_start(c) } else { is_start(c) || is_inner(c) };
        if fits && !escape {
            encoded.push(c);
        } else if u32::from(c) <= 0xFFFF {
            encoded.push_str(&format!("_x{:04X}_", u32::from(c)));
        } else {
            encoded.push_str(&format!("_x{:08X}_", u32::from(c)));
        }
    }
    encoded
}

/// Compares as .NET's ordinal comparison: by UTF-16 code units.
pub(crate) fn ordinal(left: &str, right: &str) -> std::cmp::Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

fn is_escape(text: &[u8]) -> bool {
    text.len() >= 7
        && text[1] == b'x'
        && text[2..6].iter().all(u8::is_ascii_hexdigit)
        && text[6] == b'_'
}

/// `NCNameStartChar` of Namespaces in XML, within the Basic Multilingual Plane: .NET escapes the rest.
fn is_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}')
}

/// What may follow: `NCNameChar`.
fn is_inner(c: char) -> bool {
    matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    #[test]
    fn names_follow_dot_net() {
        let name = |case: Case, text: &str| case.name(&Ident::new_raw(text, Span::call_site()));
        assert_eq!(name(Case::Pascal, "first_name"), "FirstName");
        assert_eq!(name(Case::Camel, "first_name"), "firstName");
        assert_eq!(name(Case::Same, "first_name"), "first_name");
        assert_eq!(name(Case::Pascal, "type"), "Type");
        assert_eq!(name(Case::Camel, "n1"), "n1");
        assert_eq!(name(Case::Pascal, "__"), "__");
        let ident = |text: &str| constant_case(&Ident::new(text, Span::call_site()));
        assert_eq!(ident("Calculator"), "CALCULATOR");
        assert_eq!(ident("OrderDesk2Go"), "ORDER_DESK2_GO");
        assert_eq!(ident("HTTPThing"), "HTTPTHING");
    }

    #[test]
    fn names_are_escaped_and_sorted() {
        assert_eq!(encode("with space"), "with_x0020_space");
        assert_eq!(encode("1st"), "_x0031_st");
        assert_eq!(encode("a_x0020_b"), "a_x005F_x0020_b");
        assert_eq!(encode("first-name"), "first-name");
        let mut names = ["b", "a_", "_x", "C"];
        names.sort_by(|left, right| ordinal(left, right));
        assert_eq!(names, ["C", "_x", "a_", "b"]);
    }
}
