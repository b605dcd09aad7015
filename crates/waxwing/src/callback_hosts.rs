//! Which hosts a service calls its clients back at.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use waxwing_soap::Address;

/// The hosts at which a service of `wsDualHttpBinding` calls its clients back (`<callbacks allowedHosts="…"/>` of the section
/// `<waxwing>`, [`ServiceHostBuilder::callback_hosts`](crate::ServiceHostBuilder::callback_hosts)): its clients say where they
/// listen, and whoever may call the service has it post there.
///
/// As text, entries with spaces between them: a name (`client1`), every name below another (`*.clients.example`), an address
/// (`192.0.2.7`, `2001:db8::7`), a network (`10.0.0.0/8`, `2001:db8::/32`). Names are compared as the client wrote them, without
/// regard to case, and are not resolved: **networks are for clients whose address has no name**, and a name that is allowed is
/// trusted to lead where it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackHosts(Vec<Entry>);

/// A text that does not say which hosts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{entry}' names no host for callbacks: {why}")]
pub struct CallbackHostsError {
    entry: String,
    why: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Name(String),
    /// With the dot before it.
    Below(String),
    Network(IpAddr, u8),
}

impl CallbackHosts {
    /// Whether messages may be posted to an address.
    pub fn allow(&self, address: &str) -> bool {
        let address = Address::of(address);
        let Some(host) = address.host() else { return false };
        match literal(host) {
            Some(own) => self.0.iter().any(|entry| entry.has_address(own)),
            None => {
                let name = host.trim_end_matches('.').to_ascii_lowercase();
                self.0.iter().any(|entry| entry.has_name(&name))
            }
        }
    }
}

impl Entry {
    fn has_name(&self, name: &str) -> bool {
        match self {
            Self::Name(own) => own == name,
            Self::Below(end) => name.len() > end.len() && name.ends_with(end.as_str()),
            Self::Network(..) => false,
        }
    }

    fn has_address(&self, address: IpAddr) -> bool {
        let Self::Network(network, length) = self else { return false };
        match (network, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(*length)).unwrap_or(0);
                (own.to_bits() ^ other.to_bits()) & mask == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(*length)).unwrap_or(0);
                (own.to_bits() ^ other.to_bits()) & mask == 0
            }
            _ => false,
        }
    }
}

/// An address as it stands in a URI. What an IPv6 address says of IPv4 is that, and so are the spellings that resolvers take for
/// addresses: nobody gets past a network by writing `0x7f.1`.
fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|own| own.strip_suffix(']')).unwrap_or(host);
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Whether a resolver would take a name for an address: a last label that is a number.
fn is_like_an_address(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_hex =
        last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|c| c.is_ascii_hexdigit()));
    !last.is_empty() && (is_hex || last.bytes().all(|c| c.is_ascii_digit()))
}

impl FromStr for CallbackHosts {
    type Err = CallbackHostsError;

    fn from_str(text: &str) -> Result<Self, CallbackHostsError> {
        let entries: Result<Vec<_>, _> = text.split_whitespace().map(entry).collect();
        let entries = entries?;
        match entries.is_empty() {
            true => Err(CallbackHostsError { entry: String::new(), why: "there is none" }),
            false => Ok(Self(entries)),
        }
    }
}

fn entry(text: &str) -> Result<Entry, CallbackHostsError> {
    let refused = |why| CallbackHostsError { entry: text.to_owned(), why };
    if let Some((network, length)) = text.split_once('/') {
        let network =
            literal(network).ok_or_else(|| refused("before the slash stands no address"))?;
        let most = if network.is_ipv4() { 32 } else { 128 };
        let length = length.parse().ok().filter(|length| *length <= most);
        let length =
            length.ok_or_else(|| refused("behind the slash stands no length of a network"))?;
        return Ok(Entry::Network(network, length));
    }
    if let Some(address) = literal(text) {
        return Ok(Entry::Network(address, if address.is_ipv4() { 32 } else { 128 }));
    }
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    let (below, rest) = match name.strip_prefix("*.") {
        Some(rest) => (true, rest),
        None => (false, name.as_str()),
    };
    let is_label = |label: &str| {
        let is_fit = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
        !label.is_empty() && label.bytes().all(is_fit)
    };
    if is_like_an_address(rest) || !rest.split('.').all(is_label) {
        return Err(refused(
            "it is neither a name, nor an address or a network; a name has no port",
        ));
    }
    Ok(if below { Entry::Below(format!(".{rest}")) } else { Entry::Name(rest.to_owned()) })
}

impl fmt::Display for CallbackHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, entry) in self.0.iter().enumerate() {
            let space = if at == 0 { "" } else { " " };
            match entry {
                Entry::Name(name) => write!(f, "{space}{name}")?,
                Entry::Below(end) => write!(f, "{space}*{end}")?,
                Entry::Network(address, length) => write!(f, "{space}{address}/{length}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> CallbackHosts {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn names_and_networks() {
        let own = hosts("Client1 *.clients.example 10.0.0.0/8 192.0.2.7 2001:db8::/32");
        for allowed in [
            "http://client1/cb",
            "http://CLIENT1.:8001/cb",
            "http://a.clients.example/cb",
            "http://a.b.Clients.Example:1/cb",
            "http://10.255.0.1/cb",
            "http://[::ffff:10.1.2.3]/cb",
            "http://192.0.2.7:99/",
            "http://[2001:db8::7]:8001/cb",
        ] {
            assert!(own.allow(allowed), "{allowed}");
        }
        for other in [
            "http://client2/cb",
            "http://client1.evil.example/cb",
            "http://clients.example/cb",
            "http://evilclients.example/cb",
            "http://11.0.0.1/cb",
            "http://192.0.2.8/cb",
            "http://[2001:db9::7]/cb",
            "http://[::ffff:11.1.2.3]/cb",
            "http://client1@evil.example/cb",
            "http://0x0a.0.0.1/cb",
            "http://167772161/cb",
            "http://10.1/cb",
            "http://localhost/cb",
            "http:///cb",
            "urn:client1",
        ] {
            assert!(!own.allow(other), "{other}");
        }
        assert!(hosts("0.0.0.0/0").allow("http://127.0.0.1/"), "every address of IPv4");
        assert!(!hosts("0.0.0.0/0").allow("http://[::1]/"));
    }

    #[test]
    fn what_says_no_host_is_refused() {
        for text in [
            "",
            "  ",
            "10.0.0.0/33",
            "10.0.0.0/",
            "client/8",
            "a b:80",
            "http://client1",
            "*",
            "*.*",
            "x..y",
            "0x7f.1",
            "10.1",
            "::1/129",
        ] {
            let error = text.parse::<CallbackHosts>().expect_err(text).to_string();
            assert!(error.contains("names no host"), "{error}");
        }
        let own = hosts("A *.b 10.0.0.0/8 ::1");
        assert_eq!(hosts(&own.to_string()), own);
    }
}
