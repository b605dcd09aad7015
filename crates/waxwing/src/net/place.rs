//! Addresses as a listener takes them: places to listen on, paths.

use waxwing_soap::Address;

/// Host with port, and path, both as they are compared; none of an address without them.
pub(crate) fn place_of(address: &str) -> Option<(String, Vec<u8>)> {
    let address = Address::of(address);
    let host = match address.host()? {
        // WCF's wildcards stand for every name of the machine.
        _ if address.is_any_host() => "0.0.0.0".to_owned(),
        literal if literal.contains(':') => format!("[{literal}]"),
        name => name.to_ascii_lowercase(),
    };
    Some((format!("{host}:{}", address.port()?), address.path_key()))
}

/// What is wrong with an address for a binding of this scheme, where one is of HTTP and the other of HTTPS: what the
/// transport is to protect would go in the clear, or the other side expects that it does not. In WCF's words.
pub(crate) fn wrong_scheme(address: &str, expected: &str) -> Option<String> {
    const BOTH: [&str; 2] = ["http", "https"];
    let found = BOTH.into_iter().find(|scheme| Address::of(address).has_scheme(scheme))?;
    let differs = BOTH.contains(&expected) && found != expected;
    let advice = match expected {
        "https" => {
            "the binding has the security of the transport: write an https address, or another mode"
        }
        _ => {
            "the binding has no security of the transport: write an http address, or mode=\"Transport\""
        }
    };
    differs.then(|| {
        format!("The provided URI scheme '{found}' is invalid; expected '{expected}'. ({address}; {advice})")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_addresses() {
        let place = |address| place_of(address).unwrap();
        assert_eq!(
            place("http://LocalHost:8000/c%61lc/"),
            ("localhost:8000".into(), b"/calc".to_vec())
        );
        assert_eq!(place("http://example.org"), ("example.org:80".into(), Vec::new()));
        assert_eq!(place("http://+:8000/x"), ("0.0.0.0:8000".into(), b"/x".to_vec()));
        assert_eq!(place("HTTP://[::1]/x"), ("[::1]:80".into(), b"/x".to_vec()));
        assert_eq!(place("net.tcp://localhost/x"), ("localhost:808".into(), b"/x".to_vec()));
        for other in ["urn:x", "http://h:99999/x", "localhost:8000/x"] {
            assert_eq!(place_of(other), None, "{other}");
        }
    }
}
