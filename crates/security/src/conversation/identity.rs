//! Who the service must be: the endpoint identity (WS-Addressing Identity; `<identity>` in
//! configuration).

use waxwing_crypto::Certificate;
use waxwing_soap::Address;

/// What is expected of the service's certificate.
#[derive(Debug, Clone)]
pub enum ExpectedIdentity {
    /// One of its DNS names is this one. Compared without regard to case; wildcards in the certificate
    /// stand for themselves only, and addresses in it do not count: WCF's rule.
    Dns(Box<str>),
    /// It is this certificate.
    Certificate(Certificate),
    /// Its RSA public key is this one (DER of the SubjectPublicKeyInfo, RFC 5280 §4.1.2.7).
    PublicKey(Vec<u8>),
}

/// The service's certificate is not what the endpoint identity demands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the service is not who it should be: expected {expected}, but its certificate says {found}. \
     If it is the right service, set the endpoint's identity to that"
)]
pub struct IdentityMismatch {
    /// What was expected, in words.
    pub expected: String,
    /// What the certificate says.
    pub found: String,
}

impl ExpectedIdentity {
    /// The identity that an endpoint without one expects: the host of its address as DNS name.
    pub fn of_address(address: &str) -> Self {
        ExpectedIdentity::Dns(Address::of(address).host().unwrap_or_default().into())
    }

    /// Checks the certificate of the service.
    ///
    /// # Errors
    /// When it does not have the expected property.
    pub fn check(&self, certificate: &Certificate) -> Result<(), IdentityMismatch> {
        match self {
            ExpectedIdentity::Dns(expected) => {
                let names = certificate.dns_names();
                if names.iter().any(|name| name.eq_ignore_ascii_case(expected)) {
                    return Ok(());
                }
                let found = match names.is_empty() {
                    true => "no DNS name".to_owned(),
                    false => format!("DNS name '{}'", names.join("', '")),
                };
                Err(IdentityMismatch { expected: format!("DNS name '{expected}'"), found })
            }
            ExpectedIdentity::Certificate(expected) => {
                same(expected.der() == certificate.der(), "the certificate", expected, certificate)
            }
            ExpectedIdentity::PublicKey(expected) => {
                if *expected == certificate.public_key_der() {
                    return Ok(());
                }
                let expected = "another RSA public key".to_owned();
                Err(IdentityMismatch { expected, found: describe(certificate) })
            }
        }
    }
}

fn same(
    equal: bool,
    what: &str,
    expected: &Certificate,
    found: &Certificate,
) -> Result<(), IdentityMismatch> {
    if equal {
        return Ok(());
    }
    let expected = format!("{what} {}", describe(expected));
    Err(IdentityMismatch { expected, found: describe(found) })
}

fn describe(certificate: &Certificate) -> String {
    let (subject, thumbprint) = (certificate.subject_windows(), certificate.thumbprint_hex());
    format!("'{subject}' (thumbprint {thumbprint})")
}

#[cfg(test)]
mod tests {
    use super::ExpectedIdentity;

    #[test]
    fn the_host_of_an_address_is_expected() {
        let cases = [
            ("http://service.example/calc", "service.example"),
            ("http://service.example:8000?x", "service.example"),
            ("http://user@[::1]:8000/calc", "::1"),
            ("https://127.0.0.1", "127.0.0.1"),
            ("urn:calc", ""),
        ];
        for (address, host) in cases {
            let expected = ExpectedIdentity::of_address(address);
            assert!(
                matches!(&expected, ExpectedIdentity::Dns(name) if **name == *host),
                "{address}"
            );
        }
    }
}
