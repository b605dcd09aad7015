//! What an `x509FindType` looks for.

use waxwing_binding::{CertificateReference, X509FindType};
use waxwing_crypto::{Certificate, DistinguishedName};

use super::CertificateError;

/// What a certificate must have.
pub(super) enum Criterion {
    Thumbprint(String),
    SubjectPart(String),
    Subject(String),
    IssuerPart(String),
    Issuer(String),
    SerialNumber(String),
    SubjectKeyIdentifier(String),
}

impl Criterion {
    pub(super) fn of(reference: &CertificateReference) -> Result<Self, CertificateError> {
        let value = reference.find_value.trim();
        Ok(match reference.x509_find_type {
            X509FindType::FindByThumbprint => Self::Thumbprint(hexadecimal(value)),
            X509FindType::FindBySubjectName => Self::SubjectPart(value.to_lowercase()),
            X509FindType::FindBySubjectDistinguishedName => Self::Subject(normal(value)),
            X509FindType::FindByIssuerName => Self::IssuerPart(value.to_lowercase()),
            X509FindType::FindByIssuerDistinguishedName => Self::Issuer(normal(value)),
            X509FindType::FindBySerialNumber => Self::SerialNumber(hexadecimal(value)),
            X509FindType::FindBySubjectKeyIdentifier => {
                Self::SubjectKeyIdentifier(hexadecimal(value))
            }
            other => {
                return Err(CertificateError::Unsupported(format!(
                    "x509FindType=\"{other}\" of {reference} cannot be looked up in folders; use FindByThumbprint or \
                     FindBySubjectName"
                )));
            }
        })
    }

    pub(super) fn fits(&self, certificate: &Certificate) -> bool {
        match self {
            Self::Thumbprint(hex) => certificate.thumbprint_hex() == *hex,
            Self::SubjectPart(part) => certificate.subject_windows().to_lowercase().contains(part),
            Self::Subject(name) => normal(&certificate.subject_windows()) == *name,
            Self::IssuerPart(part) => {
                certificate.issuer().to_string().to_lowercase().contains(part)
            }
            Self::Issuer(name) => normal(&certificate.issuer().to_string()) == *name,
            Self::SerialNumber(number) => {
                let decimal = certificate.serial_number();
                decimal == number || serial_hexadecimal(decimal) == number.trim_start_matches('0')
            }
            Self::SubjectKeyIdentifier(hex) => {
                certificate.subject_key_identifier().is_some_and(|id| {
                    id.iter().map(|o| format!("{o:02X}")).collect::<String>() == *hex
                })
            }
        }
    }
}

/// The value of the reference's kind that is nearest to the one looked for.
pub(super) fn nearest<'a>(
    reference: &CertificateReference,
    certificates: impl Iterator<Item = &'a Certificate>,
) -> Option<String> {
    let value = reference.find_value.trim();
    let of = |certificate: &Certificate| -> Vec<String> {
        match reference.x509_find_type {
            X509FindType::FindByThumbprint => vec![certificate.thumbprint_hex()],
            X509FindType::FindBySubjectName => {
                let mut names = certificate.dns_names();
                names.extend(certificate.subject().common_name().map(str::to_owned));
                names
            }
            X509FindType::FindByIssuerName => {
                certificate.issuer().common_name().map(str::to_owned).into_iter().collect()
            }
            X509FindType::FindByIssuerDistinguishedName => vec![certificate.issuer().to_string()],
            X509FindType::FindBySubjectDistinguishedName => vec![certificate.subject_windows()],
            _ => Vec::new(),
        }
    };
    let all: Vec<String> = certificates.flat_map(of).collect();
    // A subject name where a whole subject is looked for is the commonest slip.
    let part = all.iter().find(|name| {
        let (name, value) = (name.to_lowercase(), value.to_lowercase());
        !value.is_empty() && (name.contains(&value) || value.contains(&name))
    });
    part.cloned().or_else(|| waxwing_binding::nearest(value, all.iter().map(String::as_str)))
}

/// Hexadecimal digits without what people paste along: blanks, colons, invisible marks.
fn hexadecimal(value: &str) -> String {
    value.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_uppercase()
}

/// A name in one form: parsed where it can be, in small letters.
fn normal(name: &str) -> String {
    DistinguishedName::parse(name).map_or_else(|| name.to_owned(), |n| n.to_string()).to_lowercase()
}

/// A decimal number in hexadecimal digits, without leading zeros.
fn serial_hexadecimal(decimal: &str) -> String {
    let mut digits: Vec<u8> = vec![0];
    for digit in decimal.bytes().filter(u8::is_ascii_digit) {
        let mut carry = u32::from(digit - b'0');
        for octet in &mut digits {
            let value = u32::from(*octet) * 10 + carry;
            *octet = value as u8;
            carry = value >> 8;
        }
        if carry > 0 {
            digits.push(carry as u8);
        }
    }
    let text: String = digits.iter().rev().map(|octet| format!("{octet:02X}")).collect();
    text.trim_start_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_serial_numbers_in_hexadecimal() {
        let cases = [
            ("0", ""),
            ("255", "FF"),
            ("256", "100"),
            ("340282366920938463463374607431768211455", "F"),
        ];
        for (decimal, hex) in &cases[..3] {
            assert_eq!(serial_hexadecimal(decimal), *hex);
        }
        assert_eq!(serial_hexadecimal(cases[3].0), "F".repeat(32));
    }

    #[test]
    fn a_pasted_thumbprint_is_cleaned() {
        assert_eq!(hexadecimal("\u{200e}3f 0a:C2"), "3F0AC2");
    }
}
