//! Where something is fetched, and where nothing is.
//!
//! The URL stands in a certificate, and whoever wrote it is an authority that is trusted for certificates, not for telling
//! this machine whom to talk to.

use std::net::{IpAddr, Ipv4Addr};

use http::Uri;

/// An URL that may be asked.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) uri: Uri,
    /// Without the brackets of an IPv6 literal.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Place {
    /// Reads an URL.
    ///
    /// # Errors
    /// Why nobody is asked there.
    pub(super) fn of(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|error| format!("it is no URL: {error}"))?;
        if uri.scheme_str() != Some("http") {
            return Err("only http is asked".to_owned());
        }
        let authority = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
        if authority.contains('@') {
            return Err("it has a user name".to_owned());
        }
        let host = uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err("it has no host".to_owned());
        }
        let port = uri.port_u16().unwrap_or(80);
        if let Ok(address) = host.parse()
            && !is_asked(address)
        {
            return Err(not_asked(address));
        }
        Ok(Self { uri, host, port })
    }

    /// The authority as it stands in `Host`.
    pub(super) fn authority(&self) -> &str {
        self.uri.authority().map_or("", http::uri::Authority::as_str)
    }
}

/// Addresses where no authority is: those of the link, where clouds give their secrets away, of groups, and none at all.
/// Private networks and this machine are where private authorities are.
pub(super) fn is_asked(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let is_here = v4.octets()[0] == 0;
            !(v4.is_link_local() || v4.is_multicast() || is_here || v4 == Ipv4Addr::BROADCAST)
        }
        IpAddr::V6(v6) => {
            // AWS gives the secrets of its machines away here, too.
            let is_of_a_cloud = v6.segments()[..2] == [0xfd00, 0x0ec2];
            !(v6.is_unicast_link_local()
                || v6.is_multicast()
                || v6.is_unspecified()
                || is_of_a_cloud)
        }
    }
}

/// Why nobody is asked there.
pub(super) fn not_asked(address: IpAddr) -> String {
    format!("nobody is asked at {address}, which is no address of an authority")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_lead_astray_are_refused() {
        for (url, why) in [
            ("https://ca.example/a.crl", "only http"),
            ("file:///etc/passwd", "URL"),
            ("ftp://ca.example/a.crl", "only http"),
            ("/a.crl", "only http"),
            ("http://user@ca.example/a.crl", "user name"),
            ("http://169.254.169.254/latest/meta-data", "no address of an authority"),
            ("http://[fe80::1]/a.crl", "no address of an authority"),
            ("http://[::ffff:169.254.169.254]/", "no address of an authority"),
            ("http://[fd00:ec2::254]/", "no address of an authority"),
            ("http://0.0.0.0/", "no address of an authority"),
            ("http://224.0.0.1/", "no address of an authority"),
            ("http:// ca.example/", "no URL"),
        ] {
            let error = Place::of(url).unwrap_err();
            assert!(error.contains(why), "{url}: {error}");
        }
        let place = Place::of("http://[fd00::1]:8080/a.crl").unwrap();
        assert_eq!((place.host.as_str(), place.port), ("fd00::1", 8080));
        for url in ["http://ca.example/a.crl", "http://10.0.0.1/", "http://127.0.0.1:8080/ocsp"] {
            assert!(Place::of(url).is_ok(), "{url}");
        }
    }
}
