//! Addresses: the anonymous one, and how two are compared.

use waxwing_soap::Address;

/// The endpoint that the codec writes as the anonymous one of the message's addressing version.
pub(crate) const ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";

/// Compares two addresses as URIs: scheme and host without case, an empty path as `/`, WCF echoes the host
/// in lower case.
pub(crate) fn same_uri(a: &str, b: &str) -> bool {
    Address::of(a).is_same(&Address::of(b))
}

/// The address as a URI parser gives it back: scheme and host in lower case.
pub(crate) fn as_uri(address: &str) -> String {
    Address::of(address).with_lower_case_host()
}

#[cfg(test)]
mod tests {
    use super::same_uri;

    #[test]
    fn addresses_are_compared_as_uris() {
        assert!(same_uri("http://Host:8000/a/B", "HTTP://host:8000/a/B"));
        assert!(same_uri("http://host", "http://host:80/"));
        assert!(same_uri("urn:a", "urn:a"));
        assert!(!same_uri("http://host/a", "http://host/a/"));
        assert!(!same_uri("http://host/a", "http://host/A"));
        assert!(!same_uri("http://host:81/a", "http://host/a"));
    }
}
