//! What .NET's `Uri` takes: the converter of URI-valued attributes, and what an address is made of.
//!
//! The rules are those of `new Uri(text, UriKind.RelativeOrAbsolute)` with .NET Framework's table
//! of schemes: an address of a scheme that it knows must have a host and, if any, a port; nearly
//! everything else is a relative address, and paths may hold anything.

/// Schemes whose addresses must have a host: .NET's table, without `file`.
const WITH_HOST: &[&str] = &["http", "https", "ws", "wss", "ftp", "net.tcp", "net.pipe", "gopher"];
/// Longest text that `Uri` takes, in UTF-16 units.
const MAX_LENGTH: usize = 65_519;
/// Longest scheme.
const MAX_SCHEME: usize = 1024;
/// Longest label of a host name.
const MAX_LABEL: usize = 63;

const TOO_LONG: &str = "Invalid URI: The Uri string is too long.";
const SCHEME_TOO_LONG: &str = "Invalid URI: The Uri scheme is too long.";
const BAD_HOST: &str = "Invalid URI: The hostname could not be parsed.";
const BAD_PORT: &str = "Invalid URI: Invalid port specified.";
const BACKSLASH: &str =
    "Invalid URI: The Authority/Host cannot end with a backslash character ('\\').";

/// The scheme of an absolute address, as `Uri` sees it: `localhost:8000/calc` has the scheme
/// `localhost`, and `urn:x` is absolute. `None` for relative addresses, and for those of a known
/// scheme without `//`, which `Uri` takes for relative ones.
pub(crate) fn scheme(address: &str) -> Option<&str> {
    let (scheme, rest) = address.trim().split_once(':')?;
    let legal = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    (legal && (!must_have_host(scheme) || authority(rest).is_some())).then_some(scheme)
}

/// Whether a scheme was forgotten: of `localhost:8000/calc` the host is taken for the scheme.
pub(crate) fn is_host_and_port(address: &str) -> bool {
    let Some(host) = scheme(address) else { return false };
    let rest = &address.trim()[host.len() + 1..];
    let port = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !port.starts_with('+') && port.parse::<u16>().is_ok()
}

fn must_have_host(scheme: &str) -> bool {
    WITH_HOST.iter().any(|known| known.eq_ignore_ascii_case(scheme))
}

/// What follows `//`, which may be written with backslashes.
fn authority(rest: &str) -> Option<&str> {
    let slash = ['/', '\\'];
    rest.strip_prefix(slash)?.strip_prefix(slash)
}

/// Whether `Uri` takes the text, relative or absolute.
///
/// # Errors
/// The text of the `UriFormatException`.
pub(crate) fn check(text: &str) -> Result<(), &'static str> {
    if text.encode_utf16().count() > MAX_LENGTH {
        return Err(TOO_LONG);
    }
    let text = text.trim();
    let Some(scheme) = scheme(text) else { return Ok(()) };
    if scheme.len() > MAX_SCHEME {
        return Err(SCHEME_TOO_LONG);
    }
    match authority(&text[scheme.len() + 1..]) {
        Some(rest) if must_have_host(scheme) => host_and_port(rest),
        _ => Ok(()),
    }
}

fn host_and_port(rest: &str) -> Result<(), &'static str> {
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    // A lone `@` at the end is no user name.
    let host = match authority.split_once('@') {
        Some((_, host)) if !host.is_empty() => host,
        _ => authority,
    };
    let (host, port) = match host.strip_prefix('[') {
        Some(v6) => {
            let (v6, rest) = v6.split_once(']').ok_or(BAD_HOST)?;
            let address = v6.split_once('%').map_or(v6, |(address, _)| address);
            address.parse::<std::net::Ipv6Addr>().map_err(|_| BAD_HOST)?;
            match rest.strip_prefix(':') {
                _ if rest.is_empty() => ("", None),
                Some(port) => ("", Some(port)),
                None => return Err(BAD_HOST),
            }
        }
        None => {
            let (host, port) = host.split_once(':').map_or((host, None), |(h, p)| (h, Some(p)));
            if !is_host_name(host) {
                return Err(BAD_HOST);
            }
            (host, port)
        }
    };
    let _ = host;
    if let Some(port) = port.filter(|port| !port.is_empty()) {
        let digits = port.bytes().all(|b| b.is_ascii_digit());
        let number = digits.then(|| port.trim_start_matches('0'));
        let fits = number.is_some_and(|n| n.is_empty() || n.parse::<u16>().is_ok());
        if !fits {
            return Err(BAD_PORT);
        }
    }
    if after.starts_with('\\') { Err(BACKSLASH) } else { Ok(()) }
}

/// A DNS name, an IPv4 address, or a name of Windows' network, which may begin with anything that
/// may stand in one. Names in other scripts are legal.
fn is_host_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let label = |label: &str| {
        !label.is_empty()
            && label.chars().count() <= MAX_LABEL
            && label
                .chars()
                .all(|c| !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    !host.is_empty() && host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_uri_takes() {
        for text in [
            "",
            "calc",
            "/calc",
            "../x y",
            "http://h",
            "HTTP://my_host:80/a b?c#d",
            "http://h:/x",
            "http://user:pw@h:1/",
            "http://[::1]:8000/",
            "http://10.0.0.1/",
            "http:\\\\h/x",
            "http://zürich.example/",
            "urn:a b",
            "msmq.formatname:DIRECT=OS:.\\private$\\q",
            "soap.udp://*:1/",
            "sb://{ns}.example/",
            "net.pipe://localhost/x",
            "http:/x",
            "http:",
            "localhost:8000/calc",
            "C:\\x",
            " http://h/ ",
            "http://h/{0}",
            "http://h.example./",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn refuses_what_uri_refuses() {
        for (text, why) in [
            ("http://", BAD_HOST),
            ("http:///x", BAD_HOST),
            ("http://my host/", BAD_HOST),
            ("https://*:443/", BAD_HOST),
            ("http://+/x", BAD_HOST),
            ("http://{host}/x", BAD_HOST),
            ("http://a..b/", BAD_HOST),
            ("net.tcp://:808/x", BAD_HOST),
            ("http://[::1/x", BAD_HOST),
            ("http://[zz]/x", BAD_HOST),
            ("http://h:port/x", BAD_PORT),
            ("http://h:65536/", BAD_PORT),
            ("http://h:-1/", BAD_PORT),
            ("http://h\\x", BACKSLASH),
        ] {
            assert_eq!(check(text), Err(why), "{text}");
        }
        assert_eq!(check(&"x".repeat(MAX_LENGTH + 1)), Err(TOO_LONG));
        assert_eq!(check(&format!("{}:x", "a".repeat(MAX_SCHEME + 1))), Err(SCHEME_TOO_LONG));
    }

    #[test]
    fn knows_absolute_addresses() {
        assert_eq!(scheme(" http://h/x "), Some("http"));
        assert_eq!(scheme("msmq.formatname:DIRECT=OS:q"), Some("msmq.formatname"));
        assert_eq!(scheme("localhost:8000/calc"), Some("localhost"));
        for relative in ["", "calc", "/calc:x", "http:calc", "http:/calc", "C:\\x", "1:x"] {
            assert_eq!(scheme(relative), None, "{relative}");
        }
    }
}
