//! Addresses: the anonymous one, and how two are compared.

/// The endpoint that the codec writes as the anonymous one of the message's addressing version.
pub(crate) const ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";

/// Compares two addresses as URIs: scheme and host without case, an empty path as `/`, WCF echoes the host
/// in lower case.
pub(crate) fn same_uri(a: &str, b: &str) -> bool {
    fn split(uri: &str) -> (&str, &str) {
        let start = uri.find("://").map_or(0, |i| i + 3);
        let end = uri[start..].find(['/', '?', '#']).map_or(uri.len(), |i| start + i);
        let rest = &uri[end..];
        (&uri[..end], if rest.is_empty() && start > 0 { "/" } else { rest })
    }
    let ((authority_a, rest_a), (authority_b, rest_b)) = (split(a), split(b));
    without_default_port(authority_a).eq_ignore_ascii_case(without_default_port(authority_b))
        && rest_a == rest_b
}

fn without_default_port(authority: &str) -> &str {
    let is = |scheme: &str| {
        authority.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme))
    };
    let port = if is("http://") {
        ":80"
    } else if is("https://") {
        ":443"
    } else {
        return authority;
    };
    authority.strip_suffix(port).unwrap_or(authority)
}

/// The address as a URI parser gives it back: scheme and host in lower case.
pub(crate) fn as_uri(address: &str) -> String {
    let Some(start) = address.find("://").map(|i| i + 3) else { return address.to_owned() };
    let rest = &address[start..];
    let end = start + rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let mut uri = address[..end].to_ascii_lowercase();
    uri.push_str(&address[end..]);
    uri
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
