//! Where endpoints are: base addresses given in code, places to listen on, paths.

use waxwing_soap::http::percent_decoded;

use super::error::{HostError, incomplete};

/// Base addresses given in code, at most one of each scheme: what endpoints with relative addresses are below.
#[derive(Debug, Clone, Default)]
pub(super) struct BaseAddresses(Vec<String>);

impl BaseAddresses {
    /// # Errors
    /// WCF would refuse the address, or there is one of its scheme.
    pub(super) fn add(&mut self, address: &str) -> Result<(), HostError> {
        let address = address.trim();
        let Some((scheme, rest)) = address.split_once("://") else {
            return Err(incomplete(address, "Only an absolute Uri can be used as a base address."));
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let wrong = match () {
            () if rest.contains('#') => Some("fragment"),
            () if rest.contains('?') => Some("query string"),
            () if authority.contains('@') => Some("user info section"),
            () => None,
        };
        if let Some(part) = wrong {
            return Err(incomplete(
                address,
                format!("A base address cannot contain a Uri {part}."),
            ));
        }
        if self.of_scheme(scheme).is_some() {
            let text = format!(
                "This collection already contains an address with scheme {scheme}.  There can be at most one address per \
                 scheme in this collection."
            );
            return Err(incomplete(address, text));
        }
        self.0.push(address.to_owned());
        Ok(())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn of_scheme(&self, wanted: &str) -> Option<&str> {
        let scheme = |base: &str| base.split_once("://").map(|(scheme, _)| scheme.to_owned());
        self.iter().find(|base| scheme(base).is_some_and(|s| s.eq_ignore_ascii_case(wanted)))
    }

    /// The absolute address of an endpoint: as it is written, or below the base address of its binding's scheme.
    ///
    /// # Errors
    /// It is relative, and there is no such base address.
    pub(super) fn absolute(
        &self,
        address: &str,
        scheme: &str,
        binding: &str,
    ) -> Result<String, HostError> {
        let address = address.trim();
        if has_scheme(address) {
            return Ok(address.to_owned());
        }
        let Some(base) = self.of_scheme(scheme) else {
            let schemes: Vec<_> =
                self.iter().filter_map(|b| Some(b.split_once("://")?.0)).collect();
            let text = format!(
                "Could not find a base address that matches scheme {scheme} for the endpoint with binding {binding}. \
                 Registered base address schemes are [{}]. Give one (ServiceHostBuilder::base_address), or write the \
                 whole address",
                schemes.join(", ")
            );
            return Err(incomplete(address, text));
        };
        if address.is_empty() {
            return Ok(base.to_owned());
        }
        Ok(format!("{}/{}", base.trim_end_matches('/'), address.trim_start_matches('/')))
    }
}

/// Whether an address is absolute (RFC 3986 §3.1).
fn has_scheme(address: &str) -> bool {
    let Some((scheme, _)) = address.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// A path as it is compared: without the escapes of RFC 3986 §2.1, which each client uses as it likes, and without a
/// slash at its end.
pub(super) fn unescaped(path: &str) -> Vec<u8> {
    percent_decoded(path.trim_end_matches('/'))
}

/// Host with port, and path, of an http address.
pub(super) fn place_of(address: &str) -> Option<(String, String)> {
    let rest = address.strip_prefix("http://")?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    // WCF's wildcards stand for every name of the machine.
    let authority = match authority.strip_prefix(['+', '*']) {
        Some(port) => format!("0.0.0.0{port}"),
        None => authority.to_owned(),
    };
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let place = if has_port { authority } else { format!("{authority}:80") };
    Some((place, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{BaseAddresses, place_of, unescaped};

    #[test]
    fn paths_are_compared_without_escapes() {
        assert_eq!(unescaped("/my%20calc/"), b"/my calc");
        assert_eq!(unescaped("/Gr%C3%bc%C3%9fe"), "/Grüße".as_bytes());
        assert_eq!(unescaped("/100%/%4"), b"/100%/%4");
    }

    #[test]
    fn places_of_addresses() {
        let place = |address| place_of(address).unwrap();
        assert_eq!(place("http://localhost:8000/calc"), ("localhost:8000".into(), "/calc".into()));
        assert_eq!(place("http://example.org"), ("example.org:80".into(), "/".into()));
        assert_eq!(place("http://+:8000/x"), ("0.0.0.0:8000".into(), "/x".into()));
        assert_eq!(place_of("net.tcp://localhost/x"), None);
    }

    #[test]
    fn base_addresses_are_one_for_each_scheme() {
        let mut bases = BaseAddresses::default();
        bases.add("http://localhost:8000/calc/").unwrap();
        bases.add("net.tcp://localhost:808/calc").unwrap();
        let twice = bases.add("HTTP://other").unwrap_err().to_string();
        assert!(
            twice.contains(
                "This collection already contains an address with scheme HTTP.  \
                 There can be at most one address per scheme in this collection."
            ),
            "{twice}"
        );
        for (bad, text) in [
            ("localhost/calc", "Only an absolute Uri can be used as a base address."),
            ("http://h/?wsdl", "query"),
            ("http://h/#top", "fragment"),
            ("http://me@h/", "user info"),
        ] {
            let error = bases.clone().add(bad).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
        let below = |address| bases.absolute(address, "http", "WSHttpBinding").unwrap();
        assert_eq!(below("add"), "http://localhost:8000/calc/add");
        assert_eq!(below("/add"), "http://localhost:8000/calc/add");
        assert_eq!(below(""), "http://localhost:8000/calc/");
        assert_eq!(below("http://h/x"), "http://h/x");
        assert_eq!(below("urn:x"), "urn:x");
        let error = bases.absolute("add", "https", "WSHttpBinding").unwrap_err().to_string();
        assert!(
            error.contains(
                "Could not find a base address that matches scheme https for the endpoint with binding \
                 WSHttpBinding. Registered base address schemes are [http, net.tcp]."
            ),
            "{error}"
        );
    }
}
