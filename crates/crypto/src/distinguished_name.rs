//! Distinguished names as Windows writes them, and as RFC 4514 does.

use std::fmt;

use openssl::asn1::Asn1ObjectRef;
use openssl::nid::Nid;
use openssl::x509::X509NameRef;

/// Attribute types by their short name on Windows; what is not here is written as `OID.x.y`.
const SHORT_NAMES: [(&str, &str); 14] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "S"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "T"),
    ("2.5.4.42", "G"),
    ("2.5.4.43", "I"),
    ("1.2.840.113549.1.9.1", "E"),
    ("0.9.2342.19200300.100.1.25", "DC"),
];

/// Names that others use for the same types (RFC 4514 §3, OpenSSL).
const ALIASES: [(&str, &str); 7] = [
    ("ST", "2.5.4.8"),
    ("TITLE", "2.5.4.12"),
    ("GN", "2.5.4.42"),
    ("GIVENNAME", "2.5.4.42"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
    ("EMAIL", "1.2.840.113549.1.9.1"),
    ("SURNAME", "2.5.4.4"),
];

/// A distinguished name: pairs of attribute type (a dotted OID) and value, the most specific first.
///
/// `Display` writes the form of Windows (`CN=alice, O=Example, S=Bavaria`); parsing takes that form and RFC 4514's.
/// Two names are equal when types and values are, in that order.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DistinguishedName(Vec<(String, String)>);

impl DistinguishedName {
    pub(crate) fn of(name: &X509NameRef) -> Self {
        let mut pairs: Vec<_> = name
            .entries()
            .map(|entry| {
                let value = match entry.data().to_string() {
                    Ok(text) => text.to_owned(),
                    Err(_) => String::from_utf8_lossy(entry.data().as_slice()).into_owned(),
                };
                (dotted(entry.object()), value)
            })
            .collect();
        pairs.reverse();
        Self(pairs)
    }

    /// Reads a name in the form of Windows or RFC 4514. `None` when it has neither.
    pub fn parse(text: &str) -> Option<Self> {
        let mut pairs = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (kind, after) = rest.split_once('=')?;
            let (value, after) = value(after)?;
            pairs.push((oid(kind.trim())?, value));
            rest = after.trim_start();
        }
        Some(Self(pairs))
    }

    /// The first value of a type by its dotted OID, the most specific.
    pub fn value(&self, oid: &str) -> Option<&str> {
        self.0.iter().find(|pair| pair.0 == oid).map(|pair| pair.1.as_str())
    }

    /// The common name.
    pub fn common_name(&self) -> Option<&str> {
        self.value("2.5.4.3")
    }

    /// All values, the most specific first.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|pair| pair.1.as_str())
    }
}

/// The value at the beginning, and what comes behind the separator.
fn value(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    let mut value = String::new();
    if let Some(quoted) = text.strip_prefix('"') {
        let mut chars = quoted.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' if chars.peek().is_some_and(|next| next.1 == '"') => {
                    chars.next();
                    value.push('"');
                }
                '"' => {
                    let rest = quoted[at + 1..].trim_start();
                    let behind = rest.strip_prefix([',', ';', '+']);
                    return Some((value, behind.or(rest.is_empty().then_some(""))?));
                }
                '\\' => value.push(chars.next()?.1),
                c => value.push(c),
            }
        }
        return None;
    }
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            ',' | ';' | '+' => return Some((value.trim_end().to_owned(), &text[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            c => value.push(c),
        }
    }
    Some((value.trim_end().to_owned(), ""))
}

fn oid(kind: &str) -> Option<String> {
    let upper = kind.to_ascii_uppercase();
    let dotted = upper.strip_prefix("OID.").unwrap_or(&upper);
    if !dotted.is_empty() && dotted.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Some(dotted.to_owned());
    }
    let known = SHORT_NAMES.iter().find(|(_, short)| *short == upper).map(|(oid, _)| *oid);
    let alias = ALIASES.iter().find(|(name, _)| *name == upper).map(|(_, oid)| *oid);
    known.or(alias).map(str::to_owned)
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (oid, value)) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(", ")?;
            }
            match SHORT_NAMES.iter().find(|(known, _)| known == oid) {
                Some((_, short)) => [*short, "="].iter().try_for_each(|text| f.write_str(text))?,
                None => write!(f, "OID.{oid}=")?,
            }
            let special =
                |c: char| matches!(c, ',' | '+' | '=' | '"' | '\n' | '<' | '>' | '#' | ';');
            let outer = value.starts_with(' ') || value.ends_with(' ') || value.is_empty();
            if outer || value.contains(special) {
                write!(f, "\"{}\"", value.replace('"', "\"\""))?;
            } else {
                f.write_str(value)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{self}'")
    }
}

/// The dotted text of the type of an attribute. The library has it only for types that it does not know by name.
fn dotted(object: &Asn1ObjectRef) -> String {
    let known = KNOWN.iter().find(|(nid, _)| *nid == object.nid());
    known.map_or_else(|| object.to_string(), |(_, oid)| (*oid).to_owned())
}

const KNOWN: [(Nid, &str); 22] = [
    (Nid::COMMONNAME, "2.5.4.3"),
    (Nid::SURNAME, "2.5.4.4"),
    (Nid::SERIALNUMBER, "2.5.4.5"),
    (Nid::COUNTRYNAME, "2.5.4.6"),
    (Nid::LOCALITYNAME, "2.5.4.7"),
    (Nid::STATEORPROVINCENAME, "2.5.4.8"),
    (Nid::STREETADDRESS, "2.5.4.9"),
    (Nid::ORGANIZATIONNAME, "2.5.4.10"),
    (Nid::ORGANIZATIONALUNITNAME, "2.5.4.11"),
    (Nid::TITLE, "2.5.4.12"),
    (Nid::DESCRIPTION, "2.5.4.13"),
    (Nid::BUSINESSCATEGORY, "2.5.4.15"),
    (Nid::POSTALCODE, "2.5.4.17"),
    (Nid::NAME, "2.5.4.41"),
    (Nid::GIVENNAME, "2.5.4.42"),
    (Nid::INITIALS, "2.5.4.43"),
    (Nid::GENERATIONQUALIFIER, "2.5.4.44"),
    (Nid::DNQUALIFIER, "2.5.4.46"),
    (Nid::PSEUDONYM, "2.5.4.65"),
    (Nid::USERID, "0.9.2342.19200300.100.1.1"),
    (Nid::PKCS9_EMAILADDRESS, "1.2.840.113549.1.9.1"),
    (Nid::DOMAINCOMPONENT, "0.9.2342.19200300.100.1.25"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use openssl::x509::X509Name;

    fn name(pairs: &[(&str, &str)]) -> DistinguishedName {
        let mut builder = X509Name::builder().unwrap();
        for (kind, value) in pairs {
            builder.append_entry_by_text(kind, value).unwrap();
        }
        DistinguishedName::of(&builder.build())
    }

    #[test]
    fn windows_writes_the_most_specific_first_and_quotes() {
        let name =
            name(&[("C", "DE"), ("ST", "Bayern"), ("O", "Müller, \"Söhne\""), ("CN", "alice")]);
        assert_eq!(name.to_string(), "CN=alice, O=\"Müller, \"\"Söhne\"\"\", S=Bayern, C=DE");
        assert_eq!(DistinguishedName::parse(&name.to_string()), Some(name));
    }

    #[test]
    fn rfc_4514_and_windows_mean_the_same() {
        let one = DistinguishedName::parse("CN=a\\,b,ST=X,emailAddress=q@x").unwrap();
        let two = DistinguishedName::parse("CN=\"a,b\", S=X, E=q@x").unwrap();
        assert_eq!(one, two);
        assert_ne!(one, DistinguishedName::parse("E=q@x, S=X, CN=\"a,b\"").unwrap());
        assert_eq!(DistinguishedName::parse("OID.1.2.3=x").unwrap().to_string(), "OID.1.2.3=x");
        for bad in ["CN", "WHAT=x", "CN=\"open"] {
            assert_eq!(DistinguishedName::parse(bad), None, "{bad}");
        }
    }
}
