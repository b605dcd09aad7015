//! Addresses as the caller sees them.

use std::collections::BTreeMap;

use waxwing_soap::Address;

use crate::net::PageRequest;

/// The longest host with port that is taken from a header.
const MAX_HOST: usize = 260;
/// The longest prefix of paths that is taken from a header.
const MAX_PREFIX: usize = 256;

/// Which headers of a request decide about the addresses in its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SeenBy {
    /// `Host`.
    pub(super) host: bool,
    /// `Forwarded` and its older kin.
    pub(super) forwarded: bool,
    /// Ports of addresses of other schemes than the caller's, by scheme.
    pub(super) ports: BTreeMap<String, u16>,
}

/// How a caller sees the service. Equal ones get equal documents.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seen {
    /// The scheme that the request came with to this process, and where the caller thinks it went.
    origin: Option<(String, Origin)>,
    /// The port of addresses that name none (`:0`).
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Origin {
    scheme: String,
    /// With its port, if one was named.
    authority: String,
    /// What a front end takes off the path.
    prefix: String,
}

impl Seen {
    /// As it is configured, with the port that was chosen where an address names none.
    pub(super) fn at_port(port: Option<u16>) -> Self {
        Self { origin: None, port }
    }
}

impl SeenBy {
    /// Whether answers depend on the caller.
    pub(super) fn depends(&self) -> bool {
        self.host || self.forwarded
    }

    /// How the sender of a request sees the service.
    pub(super) fn seen(&self, request: &PageRequest, port: Option<u16>) -> Seen {
        let scheme = if request.protected { "https" } else { "http" };
        let named = request.host.as_deref().filter(|host| is_authority(host));
        let forwarded = self.forwarded.then(|| forwarded(request)).flatten();
        let of_host = || {
            let authority = named.filter(|_| self.host)?.to_owned();
            Some(Origin { scheme: scheme.to_owned(), authority, prefix: String::new() })
        };
        let port = port.or_else(|| Address::of(&format!("http://{}", named?)).port());
        let origin = match forwarded {
            Some(Forwarded { scheme: proto, host, prefix }) => {
                let authority = host.or_else(|| named.map(str::to_owned));
                let origin = authority.map(|authority| Origin {
                    scheme: proto.unwrap_or_else(|| scheme.to_owned()),
                    authority,
                    prefix: prefix.unwrap_or_default(),
                });
                origin.or_else(of_host)
            }
            None => of_host(),
        };
        Seen { origin: origin.map(|origin| (scheme.to_owned(), origin)), port }
    }

    /// An address as it is seen.
    pub(super) fn rewritten(&self, address: &str, seen: &Seen) -> String {
        let address = with_port(address, seen.port);
        let parsed = Address::of(&address);
        let (Some(scheme), Some(authority)) = (parsed.scheme(), parsed.authority()) else {
            return address;
        };
        let Some((of_request, origin)) = &seen.origin else { return address };
        let rest = &address[scheme.len() + "://".len() + authority.len()..];
        if scheme.eq_ignore_ascii_case(of_request) {
            let Origin { scheme, authority, prefix } = origin;
            return format!("{scheme}://{authority}{prefix}{rest}");
        }
        // Another scheme has another port.
        let asked = format!("http://{}", origin.authority);
        let host = Address::of(&asked).host().unwrap_or_default().to_owned();
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        let written = || authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let port = self.ports.get(&scheme.to_ascii_lowercase()).copied().or_else(written);
        match port {
            Some(port) => format!("{scheme}://{host}:{port}{rest}"),
            None => format!("{scheme}://{host}{rest}"),
        }
    }
}

/// An address whose port is any free one, with the one that it is.
fn with_port(address: &str, port: Option<u16>) -> String {
    let parsed = Address::of(address);
    match (port, parsed.scheme(), parsed.authority()) {
        (Some(port), Some(scheme), Some(authority)) if authority.ends_with(":0") => {
            let host = &authority[..authority.len() - ":0".len()];
            let rest = &address[scheme.len() + "://".len() + authority.len()..];
            format!("{scheme}://{host}:{port}{rest}")
        }
        _ => address.to_owned(),
    }
}

/// What a front end says of the request that it took.
struct Forwarded {
    scheme: Option<String>,
    host: Option<String>,
    prefix: Option<String>,
}

/// RFC 7239 §4, or the headers that were before it. Of several proxies the one that is next has said the last word: it is the one that
/// is trusted.
fn forwarded(request: &PageRequest) -> Option<Forwarded> {
    let prefix = last(request.header("x-forwarded-prefix")).filter(|prefix| is_prefix(prefix));
    let prefix = prefix.map(|prefix| prefix.trim_end_matches('/').to_owned());
    let found = match request.header("forwarded") {
        Some(value) => {
            let own = value.rsplit(',').next().unwrap_or_default();
            let pair = |name: &str| {
                let pairs = own.split(';').filter_map(|pair| pair.split_once('='));
                let mut pairs = pairs.map(|(key, value)| (key.trim(), value.trim()));
                let (_, value) = pairs.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
                Some(value.trim_matches('"').to_owned())
            };
            (pair("proto"), pair("host"))
        }
        None => {
            let text = |name| last(request.header(name)).map(str::to_owned);
            (text("x-forwarded-proto"), text("x-forwarded-host"))
        }
    };
    let (scheme, host) = found;
    let scheme = scheme.map(|scheme| scheme.to_ascii_lowercase());
    let scheme = scheme.filter(|scheme| ["http", "https"].contains(&scheme.as_str()));
    let host = host.filter(|host| is_authority(host));
    (scheme.is_some() || host.is_some() || prefix.is_some()).then_some(Forwarded {
        scheme,
        host,
        prefix,
    })
}

fn last(value: Option<&str>) -> Option<&str> {
    value?.rsplit(',').next().map(str::trim).filter(|value| !value.is_empty())
}

/// A host with or without port, and nothing else.
fn is_authority(text: &str) -> bool {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    !text.is_empty()
        && text.len() <= MAX_HOST
        && text.chars().all(plain)
        && Address::of(&format!("http://{text}/")).host().is_some_and(|host| !host.is_empty())
}

/// A path that begins with a slash, without what would end it.
fn is_prefix(text: &str) -> bool {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '~' | '%');
    text.starts_with('/')
        && !text.starts_with("//")
        && text.len() <= MAX_PREFIX
        && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(host: &str, headers: &[(&str, &str)], protected: bool) -> PageRequest {
        let peer = "127.0.0.1:1".parse().unwrap();
        let request = PageRequest::new("/calc?wsdl", Some(host.to_owned()), peer).over(protected);
        headers.iter().fold(request, |request, (name, value)| request.with_header(name, *value))
    }

    #[test]
    fn addresses_follow_headers_only_where_that_is_wanted() {
        let address = "http://localhost:8000/calc";
        let headers: &[(&str, &str)] =
            &[("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=x")];
        let configured = SeenBy::default();
        let seen = configured.seen(&asked("evil.example", headers, false), None);
        assert_eq!(configured.rewritten(address, &seen), address);
        let of_host = SeenBy { host: true, ..SeenBy::default() };
        let seen = of_host.seen(&asked("calc.example:81", headers, false), None);
        assert_eq!(of_host.rewritten(address, &seen), "http://calc.example:81/calc");
        // Not a host.
        for bad in ["a b", "a/b", "<a>", "user@host", "", "a\"b"] {
            let seen = of_host.seen(&asked(bad, &[], false), None);
            assert_eq!(of_host.rewritten(address, &seen), address, "{bad}");
        }
    }

    #[test]
    fn addresses_of_another_scheme_have_the_host_and_a_port_of_their_own() {
        let ports = BTreeMap::from([("net.tcp".to_owned(), 9000)]);
        let by = SeenBy { host: true, ports, ..SeenBy::default() };
        let seen = by.seen(&asked("calc.example:81", &[], false), None);
        let rewritten = |address| by.rewritten(address, &seen);
        assert_eq!(rewritten("https://localhost:8443/calc"), "https://calc.example:8443/calc");
        assert_eq!(rewritten("https://localhost/calc"), "https://calc.example/calc");
        assert_eq!(rewritten("net.tcp://localhost:808/calc"), "net.tcp://calc.example:9000/calc");
    }

    #[test]
    fn a_front_end_says_where_the_caller_went() {
        let by = SeenBy { forwarded: true, ..SeenBy::default() };
        let address = "http://10.0.0.1:8000/calc";
        let of = |headers| {
            by.rewritten(address, &by.seen(&asked("10.0.0.1:8000", headers, false), None))
        };
        assert_eq!(
            of(&[(
                "Forwarded",
                "for=1.2.3.4;proto=http;host=liar, proto=https;host=\"calc.example\""
            )]),
            "https://calc.example/calc"
        );
        assert_eq!(
            of(&[
                ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-Host", "calc.example"),
                ("X-Forwarded-Prefix", "/apps/")
            ]),
            "https://calc.example/apps/calc"
        );
        assert_eq!(of(&[("X-Forwarded-Proto", "https")]), "https://10.0.0.1:8000/calc");
        // What is no scheme, no host and no path changes nothing.
        assert_eq!(
            of(&[("X-Forwarded-Proto", "javascript"), ("X-Forwarded-Prefix", "//evil.example")]),
            address
        );
        // One header twice: nobody knows who wrote which.
        assert_eq!(of(&[("X-Forwarded-Host", "a"), ("X-Forwarded-Host", "b")]), address);
    }

    #[test]
    fn any_free_port_is_told_as_the_one_that_it_is() {
        let by = SeenBy::default();
        let seen = by.seen(&asked("127.0.0.1:4711", &[], false), Some(4711));
        assert_eq!(by.rewritten("http://127.0.0.1:0/calc", &seen), "http://127.0.0.1:4711/calc");
        assert_eq!(by.rewritten("http://127.0.0.1:80/calc", &seen), "http://127.0.0.1:80/calc");
    }
}
