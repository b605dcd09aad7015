//! What HTTP says of a message beside it: media types (RFC 2045 §5.1, RFC 3902) and percent-encoding (RFC 3986 §2.1).

use crate::address::percent_decoded;
use crate::version::SoapVersion;

/// A `Content-Type` as far as SOAP looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType {
    /// Type and subtype in lower case, e.g. `application/soap+xml`.
    pub media_type: String,
    /// The parameters, names in lower case, values unquoted.
    pub parameters: Vec<(String, String)>,
}

impl ContentType {
    /// Reads a header value. None when it has no media type.
    pub fn parse(value: &str) -> Option<Self> {
        let mut pieces = split_outside_quotes(value).into_iter();
        let media_type = pieces.next()?.trim().to_ascii_lowercase();
        if !media_type.contains('/') {
            return None;
        }
        let parameters = pieces
            .filter_map(|piece| {
                let (name, value) = piece.split_once('=')?;
                Some((name.trim().to_ascii_lowercase(), unquote(value.trim())))
            })
            .collect();
        Some(Self { media_type, parameters })
    }

    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The SOAP version that the media type says. None for any other type.
    pub fn soap_version(&self) -> Option<SoapVersion> {
        [SoapVersion::Soap12, SoapVersion::Soap11]
            .into_iter()
            .find(|v| v.media_type() == self.media_type)
    }

    /// The `action` parameter, URL-decoded, when it is there and not empty.
    pub fn action(&self) -> Option<String> {
        let value = self.parameter("action")?;
        let action = percent_decode(value).unwrap_or_else(|| value.to_owned());
        Some(action).filter(|action| !action.is_empty())
    }
}

fn split_outside_quotes(value: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (i, c) in value.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                pieces.push(&value[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    pieces.push(&value[start..]);
    pieces
}

fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or('\\') } else { c });
    }
    out
}

/// Undoes percent-encoding (RFC 3986 §2.1). None when the octets are not UTF-8.
pub(crate) fn percent_decode(value: &str) -> Option<String> {
    String::from_utf8(percent_decoded(value).collect()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_as_peers_write_them() {
        let plain = ContentType::parse("application/soap+xml; charset=utf-8").unwrap();
        assert_eq!(plain.soap_version(), Some(SoapVersion::Soap12));
        assert_eq!((plain.parameter("charset"), plain.action()), (Some("utf-8"), None));
        let action = "Application/SOAP+XML;charset=UTF-8; action=\"urn:a;b%20c\"";
        let action = ContentType::parse(action).unwrap();
        assert_eq!(action.action().as_deref(), Some("urn:a;b c"));
        assert_eq!(ContentType::parse("nonsense"), None);
    }
}
