//! References resolved against the document that holds them (RFC 3986 §5).

/// The scheme of an absolute URI as written.
pub(super) fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    (scheme.len() > 1 && begins && scheme.chars().all(is_scheme)).then_some(scheme)
}

/// Scheme, `://` and authority in small letters; a default port is left out.
pub(super) fn origin(text: &str) -> Option<String> {
    let scheme = scheme(text)?.to_ascii_lowercase();
    let rest = text[scheme.len()..].strip_prefix("://")?;
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let host = authority.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let default = match scheme.as_str() {
        "http" => ":80",
        "https" => ":443",
        "net.tcp" => ":808",
        _ => "",
    };
    let host = host.strip_suffix(default).filter(|_| !default.is_empty()).unwrap_or(&host);
    Some(format!("{scheme}://{host}"))
}

pub(super) fn join(base: &str, reference: &str) -> String {
    let reference = reference.trim();
    let reference = &reference[..reference.find('#').unwrap_or(reference.len())];
    if reference.is_empty() {
        return base.to_owned();
    }
    if let Some(own) = scheme(reference) {
        return match reference[own.len() + 1..].starts_with("//") {
            true => without_dots_in_url(reference),
            false => reference.to_owned(),
        };
    }
    match scheme(base) {
        Some(_) if base.contains("://") => join_url(base, reference),
        _ => join_path(base, reference),
    }
}

/// Scheme and authority, and what follows.
fn split_authority(url: &str) -> (&str, &str) {
    let begin = url.find("://").map_or(0, |i| i + 3);
    let end = url[begin..].find(['/', '?', '#']).map_or(url.len(), |i| begin + i);
    url.split_at(end)
}

fn without_query(text: &str) -> &str {
    &text[..text.find(['?', '#']).unwrap_or(text.len())]
}

fn without_dots_in_url(url: &str) -> String {
    let (head, rest) = split_authority(url);
    let path = without_query(rest);
    format!("{head}{}{}", without_dots(path, true), &rest[path.len()..])
}

fn join_url(base: &str, reference: &str) -> String {
    let (head, rest) = split_authority(base);
    if let Some(authority) = reference.strip_prefix("//") {
        let scheme = scheme(base).unwrap_or("http");
        return without_dots_in_url(&format!("{scheme}://{authority}"));
    }
    let path = without_query(rest);
    if reference.starts_with('?') {
        return format!("{head}{path}{reference}");
    }
    let own = without_query(reference);
    let query = &reference[own.len()..];
    let whole = match (own.starts_with('/'), path.rfind('/')) {
        (true, _) => own.to_owned(),
        (false, Some(end)) => format!("{}{own}", &path[..=end]),
        (false, None) => format!("/{own}"),
    };
    format!("{head}{}{query}", without_dots(&whole, true))
}

fn join_path(base: &str, reference: &str) -> String {
    if reference.starts_with('?') {
        return format!("{}{reference}", without_query(base));
    }
    let reference = percent_decoded(&reference.replace('\\', "/"));
    if reference.starts_with('/') || reference.get(1..3) == Some(":/") {
        return without_dots(&reference, false);
    }
    let whole = match base.rfind('/') {
        Some(end) => format!("{}{reference}", &base[..=end]),
        None => reference,
    };
    without_dots(&whole, false)
}

/// A path without `.` and `..` (RFC 3986 §5.2.4). Of a URL no step leads above the root; of a file those that would stay, so
/// that whoever checks the path sees them.
fn without_dots(path: &str, is_url: bool) -> String {
    let mut steps: Vec<&str> = Vec::new();
    let mut pieces = path.split('/').peekable();
    while let Some(piece) = pieces.next() {
        let is_last = pieces.peek().is_none();
        match piece {
            "." if is_last => steps.push(""),
            "." => {}
            ".." => {
                let is_step = |step: &&str| !step.is_empty() && *step != "..";
                let within = steps.last().is_some_and(is_step);
                if within {
                    steps.pop();
                } else if !is_url {
                    steps.push("..");
                }
                if is_last && is_url {
                    steps.push("");
                }
            }
            other => steps.push(other),
        }
    }
    steps.join("/")
}

fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            // A NUL is in no path.
            Some(byte) if byte != 0 => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3986 §5.4.
    #[test]
    fn references_are_resolved_as_the_rfc_has_it() {
        let base = "http://a/b/c/d;p?q";
        for (reference, expected) in [
            ("gg:h", "gg:h"),
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("g#s", "http://a/b/c/g"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            ("..g", "http://a/b/c/..g"),
            ("./../g", "http://a/b/g"),
            ("g/../h", "http://a/b/c/h"),
        ] {
            assert_eq!(join(base, reference), expected, "{reference}");
        }
        assert_eq!(join("http://a", "g"), "http://a/g");
        assert_eq!(join("http://a/calc?wsdl", "?xsd=xsd0"), "http://a/calc?xsd=xsd0");
    }

    #[test]
    fn paths_of_files_keep_what_leads_out_of_them() {
        for (base, reference, expected) in [
            ("a/b.wsdl", "c.xsd", "a/c.xsd"),
            ("b.wsdl", "./c.xsd", "c.xsd"),
            ("a/b.wsdl", "../c.xsd", "c.xsd"),
            ("a/b.wsdl", "../../c.xsd", "../c.xsd"),
            ("/x/a/b.wsdl", "../../../c.xsd", "/../c.xsd"),
            ("a/b.wsdl", r"types\My%20Types.xsd", "a/types/My Types.xsd"),
            ("a/b.wsdl", "%2e%2e/%2e%2e/c", "../c"),
            ("a/b.wsdl", "/etc/passwd", "/etc/passwd"),
            ("a/b.wsdl", "C:\\x.xsd", "C:/x.xsd"),
            ("C:/a/b.wsdl", "c.xsd", "C:/a/c.xsd"),
            ("a/b.wsdl", "http://h/c.xsd", "http://h/c.xsd"),
        ] {
            assert_eq!(join(base, reference), expected, "{base} {reference}");
        }
    }

    #[test]
    fn origins_leave_out_what_is_default() {
        assert_eq!(origin("HTTP://User@Host:80/x").as_deref(), Some("http://host"));
        assert_eq!(origin("https://h:8443?wsdl").as_deref(), Some("https://h:8443"));
        assert_eq!(origin("C:/x"), None);
        assert_eq!(origin("a/b"), None);
    }
}
