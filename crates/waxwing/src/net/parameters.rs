//! The parameters of credentials (RFC 9110 §11.4): `name=token` or `name="text"`, with commas between.

use zeroize::Zeroizing;

/// The most parameters that are read.
const MOST: usize = 32;

/// Parameters by name, in small letters.
pub(super) struct Parameters(Vec<(String, Zeroizing<String>)>);

impl Parameters {
    /// Reads them; none when the text is not a list of them, or names one twice.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut found = Vec::new();
        let mut rest = text.trim_matches([' ', '\t', ',']);
        while !rest.is_empty() {
            let (name, after) = rest.split_once('=')?;
            let name = name.trim_matches([' ', '\t']).to_ascii_lowercase();
            let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
            let is_new = found.len() < MOST && found.iter().all(|(known, _)| *known != name);
            if !is_new || name.is_empty() || !name.chars().all(is_token) {
                return None;
            }
            let (value, after) = value(after.trim_start_matches([' ', '\t']))?;
            found.push((name, value));
            let after = after.trim_start_matches([' ', '\t']);
            if !after.is_empty() && !after.starts_with(',') {
                return None;
            }
            rest = after.trim_start_matches([' ', '\t', ',']);
        }
        Some(Self(found))
    }

    /// The value of this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A value, and what comes behind it.
fn value(text: &str) -> Option<(Zeroizing<String>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let value = text[..end].to_owned();
        return (!value.is_empty()).then(|| (Zeroizing::new(value), &text[end..]));
    };
    let mut value = Zeroizing::new(String::with_capacity(quoted.len()));
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// A text in quotation marks.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read() {
        let read = Parameters::read(
            "username=\"Zoë \\\"x\\\\\", realm=\"a, b=c\",nc=00000001 , ,QOP=auth,uri=\"/\"",
        );
        let read = read.expect("parameters");
        for (name, value) in [
            ("username", "Zoë \"x\\"),
            ("realm", "a, b=c"),
            ("nc", "00000001"),
            ("qop", "auth"),
            ("uri", "/"),
        ] {
            assert_eq!(read.get(name), Some(value), "{name}");
        }
        assert_eq!(read.get("nonce"), None);
        for bad in
            ["a", "=b", "a=\"b", "a=\"b\\", "a=b, A=c", "a=\"b\"c=d", "a=b c=d", "a b=c", "a="]
        {
            assert!(Parameters::read(bad).is_none(), "{bad}");
        }
        let many: String = (0..40).map(|n| format!("p{n}=x,")).collect();
        assert!(Parameters::read(&many).is_none());
    }

    #[test]
    fn what_is_quoted_is_read_again() {
        for text in ["", "plain", "a\"b\\c", "\\\\\"", "Zoë, b=c"] {
            let written = format!("x={}", quoted(text));
            assert_eq!(Parameters::read(&written).expect("one").get("x"), Some(text));
        }
    }
}
