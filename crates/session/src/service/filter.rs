//! Which messages are for an endpoint, by their `To` (WCF's address filters).

use waxwing_soap::Address;

/// How `To` is compared with an address (`ServiceBehaviorAttribute.AddressFilterMode`; WCF has no attribute of a
/// configuration file for it). The name of the host plays no part: a machine has many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AddressFilterMode {
    /// Scheme, port and path are the address's. Case, escapes and slashes at the end of the path make no difference, nor does
    /// a query.
    #[default]
    Exact,
    /// Scheme and port are the address's, and the path begins with its segments.
    Prefix,
    /// Whatever it is.
    Any,
}

/// The addresses that messages for an endpoint may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressFilter {
    mode: AddressFilterMode,
    addresses: Vec<String>,
}

impl AddressFilter {
    /// Takes what is for this address, an absolute URI. Where it has port 0, which is no port to send to, any port is right.
    pub fn new(address: impl Into<String>) -> Self {
        Self { mode: AddressFilterMode::Exact, addresses: vec![address.into()] }
    }

    /// The same, comparing in this way.
    #[must_use]
    pub fn with_mode(self, mode: AddressFilterMode) -> Self {
        Self { mode, ..self }
    }

    /// The same, taking what is for this address, too: it is how clients know the endpoint before a front end rewrites scheme,
    /// port or path.
    #[must_use]
    pub fn with_public(mut self, address: impl Into<String>) -> Self {
        self.addresses.push(address.into());
        self
    }

    /// How addresses are compared.
    pub fn mode(&self) -> AddressFilterMode {
        self.mode
    }

    /// Whether a message with this `To` is for the endpoint.
    pub fn matches(&self, to: &str) -> bool {
        // As it is written, it is itself in every mode: that is what most messages have.
        if self.mode == AddressFilterMode::Any || self.addresses.iter().any(|own| own == to) {
            return true;
        }
        let to = Address::of(to);
        self.addresses.iter().any(|own| self.is(&Address::of(own), &to))
    }

    fn is(&self, own: &Address<'_>, to: &Address<'_>) -> bool {
        // `urn:x` is no place: it is itself, or not.
        let (Some(scheme), Some(_)) = (own.scheme(), own.authority()) else {
            return own.is_same(to);
        };
        let is_port = own.port() == Some(0) || own.port() == to.port();
        if to.authority().is_none() || !to.has_scheme(scheme) || !is_port {
            return false;
        }
        match self.mode {
            AddressFilterMode::Prefix => is_below(&to.path_key(), &own.path_key()),
            _ => to.has_path_of(own),
        }
    }
}

/// Whether a path is another one or below it, segment by segment; both as [`Address::path_key`] has them.
fn is_below(path: &[u8], folder: &[u8]) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "http://inner:8080/calc/v1/";

    fn filter(mode: AddressFilterMode) -> AddressFilter {
        AddressFilter::new(OWN).with_mode(mode)
    }

    #[test]
    fn modes_compare_as_wcf_s() {
        use AddressFilterMode::{Any, Exact, Prefix};
        for (to, exact, prefix) in [
            (OWN, true, true),
            ("http://other.example:8080/CALC/v1", true, true),
            ("HTTP://inner:8080/c%61lc/v1//?wsdl", true, true),
            ("http://inner:8080/calc/v1/add", false, true),
            ("http://inner:8080/calc/v10", false, false),
            ("http://inner:8080/calc", false, false),
            ("http://inner:8080/x/calc/v1", false, false),
            ("http://inner:8081/calc/v1", false, false),
            ("http://inner/calc/v1", false, false),
            ("https://inner:8080/calc/v1", false, false),
            ("urn:calc", false, false),
            ("/calc/v1", false, false),
            ("", false, false),
        ] {
            assert_eq!(filter(Exact).matches(to), exact, "exact: {to}");
            assert_eq!(filter(Prefix).matches(to), prefix, "prefix: {to}");
            assert!(filter(Any).matches(to), "any: {to}");
        }
    }

    #[test]
    fn ports_that_are_not_written() {
        let filter = AddressFilter::new("https://inner/calc");
        assert!(filter.matches("https://x:443/calc") && filter.matches("https://x/calc"));
        assert!(!filter.matches("http://x:443/calc"));
        let somewhere = AddressFilter::new("http://inner:0/calc");
        assert!(somewhere.matches("http://x:4711/calc") && somewhere.matches("http://x/calc"));
        assert!(!somewhere.matches("https://x:4711/calc") && !somewhere.matches("http://x/other"));
    }

    #[test]
    fn logical_addresses_are_themselves() {
        let filter = AddressFilter::new("urn:services:calc");
        assert!(filter.matches("urn:services:calc"));
        assert!(!filter.matches("urn:services:other") && !filter.matches(OWN));
    }

    #[test]
    fn public_addresses_are_taken_beside() {
        let filter = filter(AddressFilterMode::Exact).with_public("https://shop.example/api/calc");
        assert!(filter.matches("https://shop.example/api/calc") && filter.matches(OWN));
        assert!(!filter.matches("https://shop.example/calc/v1"));
        let below = filter.with_mode(AddressFilterMode::Prefix);
        assert!(below.matches("https://shop.example/api/calc/add"));
    }
}
