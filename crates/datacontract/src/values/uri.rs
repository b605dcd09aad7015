//! `Uri`: written in its canonical, escaped form.

use std::fmt;
use std::str::FromStr;

use super::ValueError;

/// A `System.Uri`, kept in the form that goes on the wire.
///
/// Of an absolute URI the scheme and host are in lower case, a default port is gone, an empty path of a URI with host is `/`, dot
/// segments are resolved, and what a URI cannot hold is escaped. A relative URI stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uri(String);

/// .NET's own bound for a URI: `Uri` refuses 65,520 characters and more.
const MAX_LENGTH: usize = 65_519;

impl Uri {
    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Uri {
    type Err = ValueError;

    /// # Errors
    /// More than 65,519 characters.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        if text.len() > MAX_LENGTH {
            return Err(ValueError::Range("Uri"));
        }
        Ok(Self(canonical(text.trim()).unwrap_or_else(|| text.to_owned())))
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The canonical form of an absolute URI; nothing for a relative one.
fn canonical(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':')?;
    let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if !valid {
        return None;
    }
    let scheme = scheme.to_ascii_lowercase();
    let Some(rest) = rest.strip_prefix("//") else {
        return Some(format!("{scheme}:{}", escaped(rest)));
    };
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(authority_end);
    let path_end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (path, query) = rest.split_at(path_end);
    let path = if path.is_empty() { "/".to_owned() } else { without_dots(path) };
    let host = canonical_authority(&scheme, authority);
    Some(format!("{scheme}://{host}{}{}", escaped(&path), escaped(query)))
}

/// The authority with its host in lower case and without the scheme's default port.
fn canonical_authority(scheme: &str, authority: &str) -> String {
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (format!("{user}@"), host),
        None => (String::new(), authority),
    };
    let default = match scheme {
        "http" => ":80",
        "https" => ":443",
        "ftp" => ":21",
        "net.tcp" => ":808",
        _ => ":",
    };
    let host = host.to_lowercase();
    format!("{user}{}", host.strip_suffix(default).unwrap_or(&host))
}

/// Resolves `.` and `..` segments (RFC 3986 §5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    for (at, &segment) in segments.iter().enumerate() {
        let last = at + 1 == segments.len();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

/// Escapes what is neither reserved nor unreserved in RFC 3986, and a per cent sign that starts no escape.
fn escaped(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut escaped = String::with_capacity(text.len());
    for (at, &byte) in bytes.iter().enumerate() {
        let escape = byte == b'%'
            && bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        let plain = byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte);
        if plain || escape {
            escaped.push(byte as char);
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_uris_are_canonical() {
        for (text, expected) in [
            ("http://Example.org/a b", "http://example.org/a%20b"),
            ("HTTP://example.org", "http://example.org/"),
            ("http://example.org:80/x", "http://example.org/x"),
            ("http://example.org:8080?q=ä#f", "http://example.org:8080/?q=%C3%A4#f"),
            ("http://u:P@EXAMPLE.org/A/../b/./c%20d%", "http://u:P@example.org/b/c%20d%25"),
            ("urn:Waxwing:x y", "urn:Waxwing:x%20y"),
            ("x/y", "x/y"),
            ("/a b", "/a b"),
            ("", ""),
        ] {
            assert_eq!(text.parse::<Uri>().unwrap().as_str(), expected, "{text}");
        }
        assert!("x".repeat(70_000).parse::<Uri>().is_err());
    }
}
