//! `NO_PROXY`: which hosts are reached without the proxy, as curl and its kin read the variable.

use std::net::IpAddr;

use super::bypass::Target;

/// The entries of the variable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct NoProxy(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    host: Hosts,
    /// None: every port.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    /// `*`
    All,
    /// A host and everything below it, in small letters and without a dot in front.
    Domain(String),
    /// An address, or those of a network: so many bits of it count.
    Network(IpAddr, u32),
}

impl NoProxy {
    /// Entries stand between commas or white space; what is no entry matches nothing.
    pub(super) fn parse(text: &str) -> NoProxy {
        let entries = text.split(|c: char| c == ',' || c.is_whitespace());
        NoProxy(entries.filter(|entry| !entry.is_empty()).filter_map(Entry::parse).collect())
    }

    pub(super) fn matches(&self, target: &Target) -> bool {
        self.0.iter().any(|entry| entry.matches(target))
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Entry> {
        let every_port = |host| Some(Entry { host, port: None });
        if text == "*" {
            return every_port(Hosts::All);
        }
        if let Some(network) = network(text) {
            return every_port(network);
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !text.ends_with(']') => (host, Some(port.parse().ok()?)),
            _ => (text, None),
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if let Some(network) = network(bare.unwrap_or(host)) {
            return Some(Entry { host: network, port });
        }
        if host == "*" {
            return Some(Entry { host: Hosts::All, port });
        }
        let domain = host.trim_start_matches("*.").trim_start_matches('.').trim_end_matches('.');
        let host = Hosts::Domain(domain.to_ascii_lowercase());
        (!domain.is_empty()).then_some(Entry { host, port })
    }

    fn matches(&self, target: &Target) -> bool {
        let port = self.port.is_none_or(|port| port == target.port);
        port && match &self.host {
            Hosts::All => true,
            Hosts::Domain(domain) => {
                let above = target.host.strip_suffix(domain.as_str());
                above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
            }
            Hosts::Network(network, bits) => {
                target.ip().is_some_and(|ip| is_within(ip, *network, *bits))
            }
        }
    }
}

/// An address, or one with the bits that count behind it (RFC 4632 §3.1).
fn network(text: &str) -> Option<Hosts> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(most);
    (bits <= most).then_some(Hosts::Network(address, bits))
}

fn is_within(ip: IpAddr, network: IpAddr, bits: u32) -> bool {
    // `::ffff:10.0.0.1` is 10.0.0.1.
    match (ip.to_canonical(), network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            let differ = u32::from(ip) ^ u32::from(network);
            differ.checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            let differ = u128::from(ip) ^ u128::from(network);
            differ.checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(list: &str, address: &str) -> bool {
        NoProxy::parse(list).matches(&Target::of(address).expect("an address"))
    }

    #[test]
    fn entries() {
        for (list, address) in [
            ("*", "http://anything/"),
            ("example.com", "http://example.com/"),
            ("example.com", "http://a.b.Example.COM/"),
            (".example.com", "http://example.com/"),
            ("*.example.com", "https://a.example.com/"),
            ("x, example.com.", "http://example.com./"),
            ("a b\texample.com", "http://example.com/"),
            ("example.com:8080", "http://example.com:8080/"),
            ("example.com:443", "https://example.com/"),
            ("*:8080", "http://example.com:8080/"),
            ("10.0.0.1", "http://10.0.0.1/"),
            ("10.0.0.0/8", "http://10.200.3.4/"),
            ("0.0.0.0/0", "http://10.200.3.4/"),
            ("10.0.0.1:81", "http://10.0.0.1:81/"),
            ("::1", "http://[::1]/"),
            ("[::1]", "http://[::1]:5/"),
            ("[::1]:81", "http://[::1]:81/"),
            ("fd00::/8", "http://[fd12::7]/"),
            ("10.0.0.0/8", "http://[::ffff:10.0.0.1]/"),
        ] {
            assert!(matches(list, address), "{list}: {address}");
        }
        for (list, address) in [
            ("", "http://example.com/"),
            ("example.com", "http://notexample.com/"),
            ("example.com", "http://example.com.evil/"),
            ("a.example.com", "http://example.com/"),
            ("example.com:8080", "http://example.com/"),
            ("example.com:x", "http://example.com/"),
            ("10.0.0.0/33", "http://10.0.0.0/"),
            ("10.0.0.0/8", "http://11.0.0.1/"),
            ("10.0.0.0/8", "http://10.0.0.1.example.com/"),
            ("0.0.0.0/0", "http://[fd00::1]/"),
            (".", "http://example.com/"),
            ("http://example.com", "http://example.com/"),
        ] {
            assert!(!matches(list, address), "{list}: {address}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(list in "[a-z0-9.:/*,\\[\\] -]{0,80}", host in "[a-z0-9.-]{1,30}", port in 1u16..) {
            if let Some(target) = Target::of(&format!("http://{host}:{port}/")) {
                let _ = NoProxy::parse(&list).matches(&target);
            }
        }

        /// What a network holds is what its first bits say, computed here bit by bit.
        #[test]
        fn networks(network: u32, ip: u32, bits in 0u32..=32) {
            let [net, other] = [network, ip].map(std::net::Ipv4Addr::from);
            let expected = (0..bits).all(|bit| (network >> (31 - bit)) & 1 == (ip >> (31 - bit)) & 1);
            prop_assert_eq!(matches(&format!("{net}/{bits}"), &format!("http://{other}/")), expected);
        }

        #[test]
        fn a_domain_holds_itself_and_what_is_below(labels in prop::collection::vec("[a-z]{1,5}", 1..5), at in 0usize..4) {
            let host = labels.join(".");
            let domain = labels[at.min(labels.len() - 1)..].join(".");
            let address = format!("http://{host}/");
            prop_assert!(matches(&domain, &address));
            let glued = format!("http://{}x{domain}/", "a");
            prop_assert!(!matches(&domain, &glued));
        }
    }
}
