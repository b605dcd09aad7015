//! Addresses: what .NET's `System.Uri` makes of a text, and how WCF compares two of them.
//!
//! An [`Address`] is a text split as RFC 3986 §3 splits it; it borrows, so that each message can afford it. Splitting never
//! fails: files and peers write blanks, letters of every language, `{host}` and the wildcards `+` and `*` where the RFC has
//! none, and `Uri` takes most of it. No crate fits: those that keep to the RFC (`fluent-uri`, `iri-string`) refuse blanks,
//! braces and backslashes, and `url`, which keeps to browsers' rules, takes no relative address and gives back another text
//! (escapes, hosts in Punycode, no default port), while on the wire an address must stand as it is written in the file. What `Uri` itself refuses is said by [`Address::check`].

use std::net::Ipv6Addr;

/// Schemes whose addresses must have a host, with the port of each: .NET's table, without `file`.
const WITH_HOST: &[(&str, Option<u16>)] = &[
    ("http", Some(80)),
    ("https", Some(443)),
    ("ws", Some(80)),
    ("wss", Some(443)),
    ("ftp", Some(21)),
    ("net.tcp", Some(808)),
    ("net.pipe", None),
    ("gopher", Some(70)),
];
/// Longest text that `Uri` takes, in UTF-16 units.
const MAX_LENGTH: usize = 65_519;
/// Longest scheme.
const MAX_SCHEME: usize = 1024;
/// Longest label of a host name.
const MAX_LABEL: usize = 63;

/// A relative or absolute URI in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address<'a> {
    text: &'a str,
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

/// What .NET's `Uri` refuses; its text is that of the `UriFormatException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// More than 65,519 UTF-16 units.
    #[error("Invalid URI: The Uri string is too long.")]
    TooLong,
    /// A scheme of more than 1,024 characters.
    #[error("Invalid URI: The Uri scheme is too long.")]
    SchemeTooLong,
    /// A scheme that needs a host, and what stands there is none.
    #[error("Invalid URI: The hostname could not be parsed.")]
    Host,
    /// A port that is no number up to 65535.
    #[error("Invalid URI: Invalid port specified.")]
    Port,
    /// A backslash behind the host.
    #[error("Invalid URI: The Authority/Host cannot end with a backslash character ('\\').")]
    Backslash,
}

impl<'a> Address<'a> {
    /// Splits an address; white space around it does not count. As `Uri` sees it, `localhost:8000/calc` has the scheme
    /// `localhost`, `urn:x` is absolute, and what begins with a known scheme but lacks `//` is relative.
    pub fn of(text: &'a str) -> Address<'a> {
        let text = text.trim();
        let scheme = scheme_of(text);
        let rest = scheme.map_or(text, |scheme| &text[scheme.len() + 1..]);
        let (rest, fragment) = cut(rest, '#');
        let (rest, query) = cut(rest, '?');
        let below = scheme.and_then(|scheme| below_slashes(scheme, rest));
        let (authority, path) = match below {
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find(['/', '\\']).unwrap_or(rest.len()));
                (Some(authority), path)
            }
            None => (None, rest),
        };
        Address { text, scheme, authority, path, query, fragment }
    }

    /// The text, without white space around it.
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// The scheme as written; none of a relative address.
    pub fn scheme(&self) -> Option<&'a str> {
        self.scheme
    }

    /// Whether it has this scheme; upper and lower case are the same (RFC 3986 §3.1).
    pub fn has_scheme(&self, scheme: &str) -> bool {
        self.scheme.is_some_and(|own| own.eq_ignore_ascii_case(scheme))
    }

    /// Whether it has a scheme. That alone does not say where to send to: `urn:x` is absolute.
    pub fn is_absolute(&self) -> bool {
        self.scheme.is_some()
    }

    /// What stands between `//` and the path: user, host and port.
    pub fn authority(&self) -> Option<&'a str> {
        self.authority
    }

    /// Host, with brackets if it is an IPv6 literal, and the port behind it.
    pub fn place(&self) -> Option<&'a str> {
        // A lone `@` at the end is no user name.
        let authority = self.authority?;
        Some(authority.rsplit_once('@').map_or(authority, |(_, place)| place))
    }

    /// The host as written, without the brackets of an IPv6 literal; empty where the address leaves it out. The wildcards
    /// `+` and `*` of listening addresses are hosts, too.
    pub fn host(&self) -> Option<&'a str> {
        self.place().map(|place| host_and_port(place).0)
    }

    /// The port: as written, or the scheme's; none when what is written is no port.
    pub fn port(&self) -> Option<u16> {
        match self.written_port() {
            Some(port) => port.parse().ok(),
            None => default_port(self.scheme?),
        }
    }

    fn written_port(&self) -> Option<&'a str> {
        host_and_port(self.place()?).1.filter(|port| !port.is_empty())
    }

    /// The path, without query and fragment: `/` when there is a host and nothing behind it. Escapes are as written.
    pub fn path(&self) -> &'a str {
        if self.path.is_empty() && self.authority.is_some() { "/" } else { self.path }
    }

    /// What stands behind `?`.
    pub fn query(&self) -> Option<&'a str> {
        self.query
    }

    /// What stands behind `#`.
    pub fn fragment(&self) -> Option<&'a str> {
        self.fragment
    }

    /// Whether the host is one of the wildcards `+` and `*`: every name of the machine.
    pub fn is_any_host(&self) -> bool {
        matches!(self.host(), Some("+" | "*"))
    }

    /// Whether a scheme was forgotten: of `localhost:8000/calc` the host is taken for the scheme.
    pub fn is_host_and_port(&self) -> bool {
        let port = self.path.split('/').next().unwrap_or_default();
        let digits = port.bytes().all(|b| b.is_ascii_digit());
        self.is_absolute() && self.authority.is_none() && digits && port.parse::<u16>().is_ok()
    }

    /// Whether both are the same URI: scheme and host without regard to case, the scheme's own port as none, an empty path
    /// as `/`; everything else as written. So WCF compares the addresses of WS-ReliableMessaging.
    pub fn is_same(&self, other: &Address<'_>) -> bool {
        let same = |a: Option<&str>, b: Option<&str>| match (a, b) {
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            (a, b) => a == b,
        };
        let user = |address: &Self| -> Option<&'a str> {
            address.authority?.rsplit_once('@').map(|(user, _)| user)
        };
        let others = other.authority.and_then(|a| a.rsplit_once('@')).map(|(user, _)| user);
        same(self.scheme, other.scheme)
            && self.authority.is_some() == other.authority.is_some()
            && same(user(self), others)
            && same(self.host(), other.host())
            && self.port() == other.port()
            && (self.port().is_some() || same(self.written_port(), other.written_port()))
            && self.path() == other.path()
            && (self.query, self.fragment) == (other.query, other.fragment)
    }

    /// Whether the paths are the same: without regard to case, to escapes (each client escapes as it likes) and to slashes
    /// at the end. So a service of WCF knows its own address, whatever name of the machine was used; an address without
    /// host, like `urn:x`, is no place and has no such path.
    pub fn has_path_of(&self, other: &Address<'_>) -> bool {
        let is_path = |address: &Address<'_>| address.authority.is_some() || !address.is_absolute();
        is_path(self) && is_path(other) && comparable(self.path()).eq(comparable(other.path()))
    }

    /// Whether both are one place: scheme, host, port and path, compared as those are.
    pub fn is_place_of(&self, other: &Address<'_>) -> bool {
        let same_scheme =
            self.scheme().zip(other.scheme()).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
        let same_host =
            self.host().zip(other.host()).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
        same_scheme && same_host && self.port() == other.port() && self.has_path_of(other)
    }

    /// What paths are compared by in [`has_path_of`](Self::has_path_of), for tables.
    pub fn path_key(&self) -> Vec<u8> {
        comparable(self.path()).collect()
    }

    /// The address of something below a base address, as WCF adds a relative address to one: with exactly one slash between
    /// both, and the base address itself for an empty one. Absolute addresses stay as they are.
    pub fn below(&self, base: &Address<'_>) -> String {
        match (self.is_absolute(), self.text) {
            (true, text) => text.to_owned(),
            (false, "") => base.text.to_owned(),
            (false, text) => {
                format!("{}/{}", base.text.trim_end_matches('/'), text.trim_start_matches('/'))
            }
        }
    }

    /// The address with scheme, host and port in lower case, as a parser of URIs gives it back.
    pub fn with_lower_case_host(&self) -> String {
        let Some(authority) = self.authority else { return self.text.to_owned() };
        let head = self.scheme.map_or(0, str::len) + "://".len() + authority.len();
        format!("{}{}", self.text[..head].to_ascii_lowercase(), &self.text[head..])
    }

    /// The address with everything escaped behind the host that may not stand in a URI (RFC 3986 §2.1), as `Uri` does:
    /// configuration files have blanks and letters of every language in their paths.
    pub fn escaped(&self) -> String {
        let head = match (self.scheme, self.authority) {
            (Some(scheme), Some(authority)) => scheme.len() + "://".len() + authority.len(),
            _ => 0,
        };
        let mut out = self.text[..head].to_owned();
        for octet in self.text[head..].bytes() {
            match octet {
                b'!' | b'#'..=b';' | b'=' | b'?'..=b'[' | b']' | b'_' | b'a'..=b'z' | b'~' => {
                    out.push(char::from(octet));
                }
                _ => out.push_str(&format!("%{octet:02X}")),
            }
        }
        out
    }

    /// Whether `new Uri(text, UriKind.RelativeOrAbsolute)` takes the text: an address of a scheme of .NET Framework's table
    /// must have a host and, if any, a port; nearly everything else is a relative address, and paths may hold anything.
    ///
    /// # Errors
    /// What `Uri` would throw.
    pub fn check(&self) -> Result<(), AddressError> {
        if self.text.encode_utf16().count() > MAX_LENGTH {
            return Err(AddressError::TooLong);
        }
        let Some(scheme) = self.scheme else { return Ok(()) };
        if scheme.len() > MAX_SCHEME {
            return Err(AddressError::SchemeTooLong);
        }
        match self.authority {
            Some(authority) if must_have_host(scheme) => {
                check_place(authority)?;
                if self.path.starts_with('\\') { Err(AddressError::Backslash) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }
}

/// The octets that a text with percent-encoding (RFC 3986 §2.1) stands for. A per cent sign that begins no escape stands
/// for itself.
pub fn percent_decoded(text: &str) -> impl Iterator<Item = u8> {
    let bytes = text.as_bytes();
    let digit = move |i: usize| bytes.get(i).and_then(|b| char::from(*b).to_digit(16));
    let mut at = 0;
    std::iter::from_fn(move || {
        let byte = *bytes.get(at)?;
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                at += 3;
                Some((high * 16 + low) as u8)
            }
            _ => {
                at += 1;
                Some(byte)
            }
        }
    })
}

/// The port that a scheme means when an address has none.
fn default_port(scheme: &str) -> Option<u16> {
    let mut all = WITH_HOST.iter();
    all.find(|(known, _)| known.eq_ignore_ascii_case(scheme)).and_then(|(_, port)| *port)
}

fn must_have_host(scheme: &str) -> bool {
    WITH_HOST.iter().any(|(known, _)| known.eq_ignore_ascii_case(scheme))
}

fn scheme_of(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    let legal = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    (legal && (!must_have_host(scheme) || below_slashes(scheme, rest).is_some())).then_some(scheme)
}

/// What follows `//`, which may be written with backslashes before the host of a known scheme.
fn below_slashes<'a>(scheme: &str, rest: &'a str) -> Option<&'a str> {
    if must_have_host(scheme) {
        let slash = ['/', '\\'];
        return rest.strip_prefix(slash)?.strip_prefix(slash);
    }
    rest.strip_prefix("//")
}

/// What stands before and behind the first of a character.
fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, behind)| (before, Some(behind)))
}

/// The host without brackets, and what stands behind its colon.
fn host_and_port(place: &str) -> (&str, Option<&str>) {
    match place.strip_prefix('[').and_then(|literal| literal.split_once(']')) {
        Some((literal, rest)) => (literal, rest.strip_prefix(':')),
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    }
}

fn check_place(authority: &str) -> Result<(), AddressError> {
    // A lone `@` at the end is no user name.
    let place = match authority.split_once('@') {
        Some((_, place)) if !place.is_empty() => place,
        _ => authority,
    };
    if let Some(literal) = place.strip_prefix('[') {
        let (literal, rest) = literal.split_once(']').ok_or(AddressError::Host)?;
        let address = literal.split_once('%').map_or(literal, |(address, _)| address);
        address.parse::<Ipv6Addr>().map_err(|_| AddressError::Host)?;
        if !rest.is_empty() && !rest.starts_with(':') {
            return Err(AddressError::Host);
        }
    } else if !is_host_name(host_and_port(place).0) {
        return Err(AddressError::Host);
    }
    let Some(port) = host_and_port(place).1.filter(|port| !port.is_empty()) else { return Ok(()) };
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    let number = port.trim_start_matches('0');
    let fits = digits && (number.is_empty() || number.parse::<u16>().is_ok());
    if fits { Ok(()) } else { Err(AddressError::Port) }
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

/// The octets of a path without escapes, case and slashes at the end.
fn comparable(path: &str) -> impl Iterator<Item = u8> {
    percent_decoded(path.trim_end_matches('/')).map(|octet| octet.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_parts() {
        let text = " HTTP://u:p@Host.example:8000/a%20b/c?d=e?#f?g ";
        let address = Address::of(text);
        assert_eq!(address.as_str(), text.trim());
        assert!(address.has_scheme("http") && address.is_absolute());
        assert_eq!(address.authority(), Some("u:p@Host.example:8000"));
        assert_eq!((address.host(), address.port()), (Some("Host.example"), Some(8000)));
        assert_eq!(address.path(), "/a%20b/c");
        assert_eq!((address.query(), address.fragment()), (Some("d=e?"), Some("f?g")));
        for (text, host, port, path) in [
            ("http://h", Some("h"), Some(80), "/"),
            ("https://h?x", Some("h"), Some(443), "/"),
            ("net.tcp://h/x", Some("h"), Some(808), "/x"),
            ("net.pipe://h/x", Some("h"), None, "/x"),
            ("soap.udp://*:3702/x", Some("*"), Some(3702), "/x"),
            ("http://user@[::1]:8000/calc", Some("::1"), Some(8000), "/calc"),
            ("http://[fe80::1%3]/", Some("fe80::1%3"), Some(80), "/"),
            ("http:\\\\h/x", Some("h"), Some(80), "/x"),
            ("http://h:/x", Some("h"), Some(80), "/x"),
            ("http://h:99999/x", Some("h"), None, "/x"),
            ("urn:a:b/c", None, None, "a:b/c"),
            ("localhost:8000/calc", None, None, "8000/calc"),
            ("calc/x?y", None, None, "calc/x"),
            ("http:calc", None, None, "http:calc"),
            ("", None, None, ""),
        ] {
            let address = Address::of(text);
            assert_eq!(
                (address.host(), address.port(), address.path()),
                (host, port, path),
                "{text}"
            );
        }
        assert!(
            Address::of("http://+:80/").is_any_host() && !Address::of("http://h/").is_any_host()
        );
        assert_eq!(Address::of("http://u@[::1]:8000/x").place(), Some("[::1]:8000"));
        assert!(Address::of("localhost:8000/calc").is_host_and_port());
        for other in ["urn:x", "http://h:1/", "calc", "h:+1/x", "h:70000", "h:"] {
            assert!(!Address::of(other).is_host_and_port(), "{other}");
        }
    }

    #[test]
    fn knows_absolute_addresses() {
        assert_eq!(Address::of(" http://h/x ").scheme(), Some("http"));
        assert_eq!(Address::of("msmq.formatname:DIRECT=OS:q").scheme(), Some("msmq.formatname"));
        assert_eq!(Address::of("localhost:8000/calc").scheme(), Some("localhost"));
        for relative in ["", "calc", "/calc:x", "http:calc", "http:/calc", "C:\\x", "1:x"] {
            assert_eq!(Address::of(relative).scheme(), None, "{relative}");
        }
    }

    #[test]
    fn the_same_uri() {
        let same = |a: &str, b: &str| Address::of(a).is_same(&Address::of(b));
        assert!(same("http://Host:8000/a/B", "HTTP://host:8000/a/B"));
        assert!(same("http://host", "http://host:80/"));
        assert!(same("https://host:443", "https://HOST/"));
        assert!(same("http://host:080/", "http://host/"));
        assert!(same("urn:a", "urn:a"));
        assert!(!same("urn:a", "urn:A"));
        assert!(!same("http://host/a", "http://host/a/"));
        assert!(!same("http://host/a", "http://host/A"));
        assert!(!same("http://host/a", "http://host/a?"));
        assert!(!same("http://host:81/a", "http://host/a"));
        assert!(!same("http://u@host/a", "http://host/a"));
        assert!(!same("http://host:99998/a", "http://host:99999/a"));
        assert!(!same("http://host/a", "https://host/a"));
    }

    #[test]
    fn the_same_path() {
        let same = |a: &str, b: &str| Address::of(a).has_path_of(&Address::of(b));
        assert!(same("http://h:1/a/b?x", "https://i/A/b/"));
        assert!(same("http://h", "http://h/"));
        assert!(same("http://h/my%20calc", "/my calc/"));
        assert!(same("http://h/Gr%C3%bc%C3%9fe", "/Grüße"));
        assert!(same("http://h/100%/%4", "/100%/%4"));
        assert!(!same("http://h/a", "http://h/ab"));
        assert!(!same("urn:x", "http://h/"));
        assert!(!same("urn:x", "urn:x"));
        assert!(!same("http://h/a%2", "http://h/a"));
        assert_eq!(Address::of("http://h/My%20Calc/").path_key(), b"/my calc");
    }

    #[test]
    fn addresses_are_put_together() {
        let below = |address: &str, base: &str| Address::of(address).below(&Address::of(base));
        assert_eq!(below("", " http://h/b/ "), "http://h/b/");
        assert_eq!(below("calc", "http://h"), "http://h/calc");
        assert_eq!(below("/calc/x", "http://h/b/"), "http://h/b/calc/x");
        assert_eq!(below("net.tcp://h/x", "http://h/b/"), "net.tcp://h/x");
        let lower = |address: &str| Address::of(address).with_lower_case_host();
        assert_eq!(lower("HTTP://User@Host:8000/A?B"), "http://user@host:8000/A?B");
        assert_eq!(lower("http://H?Q"), "http://h?Q");
        assert_eq!(lower("urn:A"), "urn:A");
        let escaped = |address: &'static str| Address::of(address).escaped();
        let there = "http://h:8000/a%20b/c+d;e=f?g=[1]&h='~'";
        assert_eq!(escaped(there), there);
        assert_eq!(escaped("http://h/my calc/Grüße|x"), "http://h/my%20calc/Gr%C3%BC%C3%9Fe%7Cx");
        assert_eq!(escaped("http://h"), "http://h");
    }

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
            assert_eq!(Address::of(text).check(), Ok(()), "{text}");
        }
    }

    #[test]
    fn refuses_what_uri_refuses() {
        use AddressError::{Backslash, Host, Port, SchemeTooLong, TooLong};
        for (text, why) in [
            ("http://", Host),
            ("http:///x", Host),
            ("http://my host/", Host),
            ("https://*:443/", Host),
            ("http://+/x", Host),
            ("http://{host}/x", Host),
            ("http://a..b/", Host),
            ("net.tcp://:808/x", Host),
            ("http://[::1/x", Host),
            ("http://[zz]/x", Host),
            ("http://[::1]x/", Host),
            ("http://h:port/x", Port),
            ("http://h:65536/", Port),
            ("http://h:-1/", Port),
            ("http://h\\x", Backslash),
        ] {
            assert_eq!(Address::of(text).check(), Err(why), "{text}");
        }
        assert_eq!(Address::of(&"x".repeat(MAX_LENGTH + 1)).check(), Err(TooLong));
        let scheme = format!("{}:x", "a".repeat(MAX_SCHEME + 1));
        assert_eq!(Address::of(&scheme).check(), Err(SchemeTooLong));
    }

    /// Found by the property below.
    #[test]
    fn what_is_no_port_has_no_case_either() {
        let address = Address::of("http://net tcp:netAtcp:");
        assert!(address.is_same(&Address::of(&address.with_lower_case_host())));
        assert!(!address.is_same(&Address::of("http://net tcp:other")));
    }

    proptest::proptest! {
        /// Whatever the text is, its parts are pieces of it, and nothing panics.
        #[test]
        fn any_text_has_parts(text in "(\\PC|[:/?#@\\[\\]\\\\%. ]|http://|net.tcp:)*") {
            let address = Address::of(&text);
            let _ = (address.check(), address.port(), address.is_host_and_port());
            let mut whole = String::new();
            if let Some(scheme) = address.scheme() {
                whole.push_str(scheme);
                whole.push(':');
            }
            if let Some(authority) = address.authority() {
                whole.push_str(&address.as_str()[whole.len()..whole.len() + 2]);
                whole.push_str(authority);
            }
            whole.push_str(address.path);
            if let Some(query) = address.query() {
                whole.push('?');
                whole.push_str(query);
            }
            if let Some(fragment) = address.fragment() {
                whole.push('#');
                whole.push_str(fragment);
            }
            proptest::prop_assert_eq!(&whole, address.as_str());
            let lower = address.with_lower_case_host();
            proptest::prop_assert!(lower.eq_ignore_ascii_case(address.as_str()));
            proptest::prop_assert!(address.is_same(&Address::of(&lower)) || !text.is_ascii() || address.authority().is_none());
            let escaped = address.escaped();
            let decoded = |text: &str| percent_decoded(text).collect::<Vec<_>>();
            proptest::prop_assert_eq!(decoded(&escaped), decoded(address.as_str()));
        }
    }
}
