//! Where a proxy listens.

use std::fmt;

use waxwing_soap::{Address, percent_decoded};
use zeroize::Zeroizing;

/// A proxy: how it is reached, and what its address says of who asks.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyAddress {
    /// Whether the connection to the proxy itself is TLS (`https://`).
    pub secure: bool,
    /// Its host, without the brackets of an IPv6 literal.
    pub host: String,
    /// Its port; 80, or 443 over TLS, where the address has none.
    pub port: u16,
    /// `user:password@` of the address.
    pub credentials: Option<ProxyCredentials>,
}

/// A user name and password for a proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyCredentials {
    /// The user name.
    pub user_name: String,
    /// The password.
    pub password: Zeroizing<String>,
}

impl ProxyAddress {
    /// Reads `http://host:port`, `https://host:port`, or `host:port` alone; a path does not count.
    ///
    /// # Errors
    /// What is wrong with it, without the password that may stand in it.
    pub fn parse(text: &str) -> Result<ProxyAddress, String> {
        let text = text.trim();
        let with_scheme =
            if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let address = Address::of(&with_scheme);
        let secure = match address.scheme().map(str::to_ascii_lowercase).as_deref() {
            Some("http") => false,
            Some("https") => true,
            Some(scheme) if scheme.starts_with("socks") => {
                return Err("proxies of SOCKS are not supported; use one of HTTP".to_owned());
            }
            Some(scheme) => {
                return Err(format!("a proxy is spoken to with http or https, not with {scheme}"));
            }
            None => return Err("it has no host".to_owned()),
        };
        let host = address.host().unwrap_or_default().to_ascii_lowercase();
        if !is_host(&host) {
            return Err("it has no host".to_owned());
        }
        let port = address.port().filter(|port| *port != 0);
        let port = port.ok_or_else(|| "its port is none".to_owned())?;
        let credentials = user_info(&address).map(ProxyCredentials::of_user_info);
        Ok(ProxyAddress { secure, host, port, credentials })
    }

    /// Host and port as they stand in addresses: `proxy:3128`, `[::1]:3128`.
    pub fn place(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

/// Nothing that would end a line or a header.
fn is_host(host: &str) -> bool {
    let is_good = |c: char| !c.is_whitespace() && !c.is_control() && !"/\\?#@[]<>\"".contains(c);
    !host.is_empty() && host.chars().all(is_good)
}

fn user_info<'a>(address: &Address<'a>) -> Option<&'a str> {
    let (user, _) = address.authority()?.rsplit_once('@')?;
    Some(user).filter(|user| !user.is_empty())
}

impl ProxyCredentials {
    /// A user name and password.
    pub fn new(user_name: impl Into<String>, password: impl Into<String>) -> ProxyCredentials {
        ProxyCredentials { user_name: user_name.into(), password: Zeroizing::new(password.into()) }
    }

    /// `user:password`, either with escapes (RFC 3986 §3.2.1).
    fn of_user_info(text: &str) -> ProxyCredentials {
        let decoded = |text: &str| {
            let octets: Vec<u8> = percent_decoded(text).collect();
            String::from_utf8_lossy(&octets).into_owned()
        };
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        ProxyCredentials::new(decoded(user), decoded(password))
    }
}

impl fmt::Display for ProxyAddress {
    /// Without user name and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.place())
    }
}

impl fmt::Debug for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyAddress({self}")?;
        write!(f, "{})", if self.credentials.is_some() { ", with credentials" } else { "" })
    }
}

impl fmt::Debug for ProxyCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyCredentials(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_of_proxies() {
        let read = |text| ProxyAddress::parse(text).unwrap().to_string();
        assert_eq!(read("http://Proxy:3128/"), "http://proxy:3128");
        assert_eq!(read("proxy:3128"), "http://proxy:3128");
        assert_eq!(read("proxy"), "http://proxy:80");
        assert_eq!(read("https://proxy"), "https://proxy:443");
        assert_eq!(read("http://[::1]:8080/pac?x"), "http://[::1]:8080");
        assert_eq!(read("10.0.0.1:8080"), "http://10.0.0.1:8080");
        let with = ProxyAddress::parse("http://DOM%5cme:p%40ss:w@proxy:1").unwrap();
        let credentials = with.credentials.as_ref().unwrap();
        assert_eq!(credentials.user_name, "DOM\\me");
        assert_eq!(credentials.password.as_str(), "p@ss:w");
        for text in [with.to_string(), format!("{with:?}"), format!("{credentials:?}")] {
            assert!(!text.contains("p@ss") && !text.contains("p%40ss"), "{text}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_told_without_its_password() {
        for (text, says) in [
            ("socks5://me:secret@proxy:1080", "SOCKS"),
            ("ftp://me:secret@proxy", "ftp"),
            ("http://me:secret@", "no host"),
            ("http://me:secret@proxy:0", "port"),
            ("http://me:secret@proxy:99999", "port"),
            ("", "no host"),
            ("http://a b/", "no host"),
        ] {
            let error = ProxyAddress::parse(text).expect_err(text);
            assert!(error.contains(says) && !error.contains("secret"), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_one_place(text in "\\PC{0,60}") {
            if let Ok(proxy) = ProxyAddress::parse(&text) {
                let again = ProxyAddress::parse(&proxy.to_string()).unwrap();
                prop_assert_eq!(ProxyAddress { credentials: None, ..proxy.clone() }, again);
                prop_assert!(!proxy.place().contains(['\r', '\n', ' ', '/']));
            }
        }
    }
}
