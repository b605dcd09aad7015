//! What certificates and revocation lists say that the library does not tell: a reader of DER (X.690 §8, §10).

/// One element: its tag, its content, and its octets with the head.
#[derive(Clone, Copy)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
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
        let long: Vec<u8> = [&[0x04, 0x82, 0x01, 0x00][..], &[7; 256], &[0x05, 0x00]].concat();
        let found: Vec<_> = Elements::of(&long).map(|e| (e.tag, e.content.len())).collect();
        assert_eq!(found, [(4, 256), (5, 0)]);
    }
}
