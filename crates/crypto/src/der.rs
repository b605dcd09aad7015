//! What certificates and revocation lists say that the library does not tell: a reader of DER (X.690 §8, §10).

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Object identifiers of extensions: their content in DER.
pub(crate) mod id {
    pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
    pub(crate) const LIST_NUMBER: &[u8] = &[0x55, 0x1d, 0x14];
    pub(crate) const DELTA_LIST: &[u8] = &[0x55, 0x1d, 0x1b];
    pub(crate) const ISSUING_DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1d, 0x1c];
    pub(crate) const DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 0x1f];
    pub(crate) const AUTHORITY_KEY: &[u8] = &[0x55, 0x1d, 0x23];
    pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
    /// Where to ask (RFC 5280 §4.2.2.1).
    pub(crate) const AUTHORITY_ACCESS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01];
    /// OCSP as such a place.
    pub(crate) const OCSP: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01];
    /// `id-pkix-ocsp-basic` (RFC 6960 §4.2.1).
    pub(crate) const OCSP_BASIC: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01];
    /// `id-kp-OCSPSigning` (RFC 6960 §4.2.2.2).
    pub(crate) const OCSP_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09];
    pub(crate) const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
}

/// One element: its tag, its content, and its octets with the head.
#[derive(Clone, Copy)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;

/// The elements one after another; the first that is malformed ends them.
pub(crate) struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    pub(crate) fn of(octets: &'a [u8]) -> Self {
        Self(octets)
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Tlv<'a>> {
        let octets = std::mem::take(&mut self.0);
        let (tag, first) = (*octets.first()?, usize::from(*octets.get(1)?));
        let (head, length) = match first {
            0..=0x7f => (2, first),
            0x81..=0x84 => {
                let head = 2 + (first & 0x7f);
                let length = octets.get(2..head)?;
                (head, length.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet)))
            }
            _ => return None,
        };
        let end = head.checked_add(length)?;
        let (content, whole) = (octets.get(head..end)?, octets.get(..end)?);
        self.0 = &octets[end..];
        Some(Tlv { tag, content, whole })
    }
}

/// It is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Elements of a structure, field by field; unlike [`Elements`] nothing that is malformed goes unseen.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn of(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// The fields of the only element of `octets`, which is of this tag.
    pub(crate) fn only(tag: u8, octets: &'a [u8]) -> Result<Self, Malformed> {
        let mut outer = Self(octets);
        let content = outer.content(tag)?;
        outer.end()?;
        Ok(Self(content))
    }

    /// The next element; none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Tlv<'a>>, Malformed> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let mut elements = Elements(self.0);
        let element = elements.next().ok_or(Malformed)?;
        self.0 = elements.0;
        Ok(Some(element))
    }

    /// The tag of the next element.
    pub(crate) fn tag(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next element, which is there and has this tag.
    pub(crate) fn element(&mut self, tag: u8) -> Result<Tlv<'a>, Malformed> {
        self.next()?.filter(|element| element.tag == tag).ok_or(Malformed)
    }

    /// Its content.
    pub(crate) fn content(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        self.element(tag).map(|element| element.content)
    }

    /// Its fields.
    pub(crate) fn fields(&mut self, tag: u8) -> Result<Self, Malformed> {
        self.content(tag).map(Self)
    }

    /// The content of the next element if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Malformed> {
        if self.tag() == Some(tag) { self.content(tag).map(Some) } else { Ok(None) }
    }

    /// There is nothing more.
    pub(crate) fn end(&self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    /// A time: UTCTime or GeneralizedTime in whole seconds of UTC (RFC 5280 §4.1.2.5).
    pub(crate) fn time(&mut self) -> Result<Timestamp, Malformed> {
        let element = self.next()?.ok_or(Malformed)?;
        time(element.tag, element.content).ok_or(Malformed)
    }
}

fn time(tag: u8, text: &[u8]) -> Option<Timestamp> {
    let number = |digits: &[u8]| {
        let add = |sum: i16, digit: &u8| {
            digit.is_ascii_digit().then(|| sum * 10 + i16::from(digit - b'0'))
        };
        digits.iter().try_fold(0, add)
    };
    let (year, rest) = match (tag, text.len()) {
        // 50 to 99 are of the last century.
        (UTC_TIME, 13) => {
            let year = number(text.get(..2)?)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, text.get(2..)?)
        }
        (GENERALIZED_TIME, 15) => (number(text.get(..4)?)?, text.get(4..)?),
        _ => return None,
    };
    let two = |at: usize| i8::try_from(number(rest.get(at..at + 2)?)?).ok();
    let (month, day, hour, minute, second) = (two(0)?, two(2)?, two(4)?, two(6)?, two(8)?);
    let whole = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    (rest.get(10..)? == b"Z").then(|| Offset::UTC.to_timestamp(whole).ok())?
}

/// An extension of a certificate, revocation list or answer (RFC 5280 §4.1).
#[derive(Clone, Copy)]
pub(crate) struct Extension<'a> {
    /// The content of its object identifier.
    pub(crate) id: &'a [u8],
    pub(crate) is_critical: bool,
    pub(crate) value: &'a [u8],
}

/// `Extensions`: a sequence of them; `octets` holds it and nothing else. None occurs twice (§4.2).
pub(crate) fn extensions(octets: &[u8]) -> Result<Vec<Extension<'_>>, Malformed> {
    /// More has no certificate.
    const MAX_EXTENSIONS: usize = 64;
    let mut all = Fields::only(SEQUENCE, octets)?;
    let mut found: Vec<Extension<'_>> = Vec::new();
    while all.tag().is_some() {
        let mut fields = all.fields(SEQUENCE)?;
        let id = fields.content(OBJECT_IDENTIFIER)?;
        let is_critical = fields.optional(BOOLEAN)?.is_some_and(|value| value != [0]);
        let value = fields.content(OCTET_STRING)?;
        fields.end()?;
        if found.len() == MAX_EXTENSIONS || found.iter().any(|other| other.id == id) {
            return Err(Malformed);
        }
        found.push(Extension { id, is_critical, value });
    }
    Ok(found)
}

/// The signature algorithm of a certificate or revocation list (RFC 5280 §4.1.1.2, §5.1.1.2): the content of its
/// AlgorithmIdentifier.
pub(crate) fn signature_algorithm(der: &[u8]) -> Option<&[u8]> {
    let signed = Elements::of(der).next().filter(|e| e.tag == SEQUENCE)?;
    let algorithm = Elements::of(signed.content).nth(1).filter(|e| e.tag == SEQUENCE)?;
    Some(algorithm.content)
}

/// Whether a certificate says that it is one of an authority (RFC 5280 §4.2.1.9): `BasicConstraints` with `cA`.
pub(crate) fn is_authority(der: &[u8]) -> bool {
    const BASIC_CONSTRAINTS: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x13];
    const EXTENSIONS: u8 = 0xa3;
    let found = || {
        let signed = Elements::of(der).next()?;
        let fields = Elements::of(signed.content).next()?;
        let holder = Elements::of(fields.content).find(|e| e.tag == EXTENSIONS)?;
        let extensions = Elements::of(holder.content).next()?;
        let named = |e: &Tlv<'_>| {
            Elements::of(e.content).next().is_some_and(|id| id.whole == BASIC_CONSTRAINTS)
        };
        let extension = Elements::of(extensions.content).find(named)?;
        let value = Elements::of(extension.content).find(|e| e.tag == OCTET_STRING)?;
        let constraints = Elements::of(value.content).next().filter(|e| e.tag == SEQUENCE)?;
        let authority = Elements::of(constraints.content).next().filter(|e| e.tag == BOOLEAN)?;
        Some(authority.content == [0xff])
    };
    found().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_malformed_is_nothing() {
        for bad in [
            &[][..],
            &[0x30],
            &[0x30, 0x05, 0x01],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
            &[0x30, 0x80, 0, 0],
        ] {
            assert!(Elements::of(bad).next().is_none(), "{bad:02x?}");
            assert!(signature_algorithm(bad).is_none() && !is_authority(bad));
        }
        assert!(extensions(&[0x30, 2, 0x30, 0]).is_err() && extensions(&[0x30, 0, 0]).is_err());
        let twice = [&[0x30, 18][..], &EXTENSION, &EXTENSION].concat();
        assert!(extensions(&twice[..]).is_err(), "the same extension twice");
        assert!(extensions(&[&[0x30, 9][..], &EXTENSION].concat()).unwrap()[0].value.is_empty());
        let long: Vec<u8> = [&[0x04, 0x82, 0x01, 0x00][..], &[7; 256], &[0x05, 0x00]].concat();
        let found: Vec<_> = Elements::of(&long).map(|e| (e.tag, e.content.len())).collect();
        assert_eq!(found, [(4, 256), (5, 0)]);
    }

    const EXTENSION: [u8; 9] = [0x30, 7, 0x06, 3, 0x55, 0x1d, 0x14, 0x04, 0];

    #[test]
    fn times_of_both_kinds() {
        let read = |tag: u8, text: &str| {
            let octets = [&[tag, text.len() as u8][..], text.as_bytes()].concat();
            Fields::of(&octets).time().map(|time| time.to_string())
        };
        assert_eq!(read(UTC_TIME, "491231235959Z").unwrap(), "2049-12-31T23:59:59Z");
        assert_eq!(read(UTC_TIME, "500101000000Z").unwrap(), "1950-01-01T00:00:00Z");
        assert_eq!(read(GENERALIZED_TIME, "20261129073719Z").unwrap(), "2026-11-29T07:37:19Z");
        for bad in ["20261329073719Z", "2026112907371Z", "20261129073719+", "2026112907x719Z", ""] {
            assert!(read(GENERALIZED_TIME, bad).is_err(), "{bad}");
        }
    }
}
