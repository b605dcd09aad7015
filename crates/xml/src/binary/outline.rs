//! The shape of a document whose octets come in parts: which records begin and end elements, and how long each is.

use super::error::BinaryErrorKind;
use super::number::read_size;
use super::records as codes;

/// What a record is to the shape of its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outline<'o> {
    /// An element begins. Its attributes follow.
    Begin(LocalName<'o>),
    /// An attribute or a declaration of the element that has begun.
    Attribute,
    /// The innermost element ends.
    End,
    /// Content of the innermost element, or elements without content of their own.
    Content {
        /// The element ends with it.
        ends: bool,
    },
    /// A comment.
    Comment,
}

/// The local name of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalName<'o> {
    /// By its identifier on the wire: even of the static dictionary, odd of the session's (MC-NBFSE §2).
    Dictionary(u32),
    /// Written out, in what should be UTF-8.
    Written(&'o [u8]),
}

/// Whether the record with this code is an attribute or a declaration: a start tag is over where another one stands.
pub fn is_attribute(code: u8) -> bool {
    (codes::SHORT_ATTRIBUTE..codes::SHORT_ELEMENT).contains(&code)
}

/// The record at the front of `octets` with its length; none when more must come. Nothing is checked but what the length
/// needs.
///
/// # Errors
/// A code that no record has, or a size of more than 31 bits.
pub fn outline(octets: &[u8]) -> Result<Option<(Outline<'_>, usize)>, BinaryErrorKind> {
    let mut front = Front { octets, at: 0 };
    match front.record() {
        Ok(outline) => Ok(Some((outline, front.at))),
        Err(Stop::More) => Ok(None),
        Err(Stop::Wrong(kind)) => Err(kind),
    }
}

enum Stop {
    More,
    Wrong(BinaryErrorKind),
}

type Step<T> = Result<T, Stop>;

struct Front<'o> {
    octets: &'o [u8],
    at: usize,
}

fn misplaced<T>(code: u8, place: &'static str) -> Step<T> {
    Err(Stop::Wrong(BinaryErrorKind::Record { code, place }))
}

impl<'o> Front<'o> {
    fn octet(&mut self) -> Step<u8> {
        let octet = *self.octets.get(self.at).ok_or(Stop::More)?;
        self.at += 1;
        Ok(octet)
    }

    fn take(&mut self, count: usize) -> Step<&'o [u8]> {
        let taken = self.octets[self.at..].get(..count).ok_or(Stop::More)?;
        self.at += count;
        Ok(taken)
    }

    fn size(&mut self) -> Step<u32> {
        match read_size(&self.octets[self.at..]) {
            Some(Ok((size, len))) => {
                self.at += len;
                Ok(size)
            }
            Some(Err(())) => Err(Stop::Wrong(BinaryErrorKind::Size)),
            None => Err(Stop::More),
        }
    }

    fn string(&mut self) -> Step<&'o [u8]> {
        let size = self.size()? as usize;
        self.take(size)
    }

    fn record(&mut self) -> Step<Outline<'o>> {
        let code = self.octet()?;
        match code {
            codes::END_ELEMENT => Ok(Outline::End),
            codes::COMMENT => self.string().map(|_| Outline::Comment),
            codes::ARRAY => self.array(),
            code if is_attribute(code) => self.attribute(code),
            codes::SHORT_ELEMENT..=0x77 => self.element(code).map(Outline::Begin),
            codes::ZERO..=codes::LAST => {
                self.text(code & !1)?;
                Ok(Outline::Content { ends: code & 1 == 1 })
            }
            code => misplaced(code, "in a document"),
        }
    }

    fn element(&mut self, code: u8) -> Step<LocalName<'o>> {
        if matches!(code, codes::ELEMENT | codes::DICTIONARY_ELEMENT) {
            self.string()?;
        }
        match code {
            codes::SHORT_DICTIONARY_ELEMENT
            | codes::DICTIONARY_ELEMENT
            | codes::PREFIX_DICTIONARY_ELEMENT..codes::PREFIX_ELEMENT => {
                self.size().map(LocalName::Dictionary)
            }
            _ => self.string().map(LocalName::Written),
        }
    }

    fn attribute(&mut self, code: u8) -> Step<Outline<'o>> {
        use codes as c;
        if matches!(code, c::ATTRIBUTE | c::DICTIONARY_ATTRIBUTE | c::XMLNS | c::DICTIONARY_XMLNS) {
            self.string()?;
        }
        match code {
            c::SHORT_XMLNS | c::XMLNS => drop(self.string()?),
            c::SHORT_DICTIONARY_XMLNS | c::DICTIONARY_XMLNS => drop(self.size()?),
            c::SHORT_DICTIONARY_ATTRIBUTE
            | c::DICTIONARY_ATTRIBUTE
            | c::PREFIX_DICTIONARY_ATTRIBUTE..c::PREFIX_ATTRIBUTE => {
                self.size()?;
                self.value()?;
            }
            _ => {
                self.string()?;
                self.value()?;
            }
        }
        Ok(Outline::Attribute)
    }

    /// The value of an attribute: a text, or a list of them.
    fn value(&mut self) -> Step<()> {
        let code = self.octet()?;
        if code != codes::START_LIST {
            return self.text(code);
        }
        loop {
            match self.octet()? {
                codes::END_LIST => return Ok(()),
                code => self.text(code)?,
            }
        }
    }

    /// What follows the even code of a text.
    fn text(&mut self, code: u8) -> Step<()> {
        use codes as c;
        let length = match code {
            c::ZERO..=c::TRUE | c::EMPTY_TEXT => 0,
            c::DICTIONARY_TEXT => return self.size().map(drop),
            c::QNAME_DICTIONARY => {
                self.octet()?;
                return self.size().map(drop);
            }
            c::CHARS8..=c::BYTES32 | c::UNICODE_CHARS8..=c::UNICODE_CHARS32 if code & 1 == 0 => {
                let first = match code {
                    c::CHARS8..c::BYTES8 => c::CHARS8,
                    c::BYTES8..=c::BYTES32 => c::BYTES8,
                    _ => c::UNICODE_CHARS8,
                };
                let width = 1 << ((code - first) / 2);
                let sized = self.take(width)?;
                sized.iter().rev().fold(0, |length, octet| (length << 8) | usize::from(*octet))
            }
            code => match width(code) {
                Some(width) => width,
                None => return misplaced(code, "as a text"),
            },
        };
        self.take(length).map(drop)
    }

    /// Elements of one name with a value each (MC-NBFX §2.3.3).
    fn array(&mut self) -> Step<Outline<'o>> {
        match self.octet()? {
            code @ codes::SHORT_ELEMENT..=0x77 => self.element(code)?,
            code => return misplaced(code, "as the element of an array"),
        };
        loop {
            match self.octet()? {
                codes::END_ELEMENT => break,
                code if is_attribute(code) => drop(self.attribute(code)?),
                code => return misplaced(code, "in the element of an array"),
            }
        }
        let code = self.octet()?;
        let Some(width) = width(code & !1) else {
            return misplaced(code, "as the type of an array");
        };
        let count = self.size()? as usize;
        self.take(count.saturating_mul(width))?;
        Ok(Outline::Content { ends: false })
    }
}

/// The octets of a value of a fixed size.
fn width(code: u8) -> Option<usize> {
    Some(match code {
        codes::INT8 | codes::BOOL => 1,
        codes::INT16 => 2,
        codes::INT32 | codes::FLOAT => 4,
        codes::INT64 | codes::DOUBLE | codes::DATE_TIME | codes::TIME_SPAN | codes::UINT64 => 8,
        codes::DECIMAL | codes::UNIQUE_ID | codes::UUID => 16,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_has_its_length() {
        let written: [(&[u8], Outline<'_>); 9] = [
            (&[0x56, 0x02], Outline::Begin(LocalName::Dictionary(2))),
            (b"\x40\x03Add", Outline::Begin(LocalName::Written(b"Add"))),
            (b"\x41\x01p\x03Add", Outline::Begin(LocalName::Written(b"Add"))),
            (&[0x0B, 1, b's', 0x04], Outline::Attribute),
            (&[0x1E, 0x00, 0x82], Outline::Attribute),
            (&[0x04, 1, b'a', 0xA4, 0x88, 1, 0x88, 2, 0xA6], Outline::Attribute),
            (&[0xA1, 2, 0, 7, 8], Outline::Content { ends: true }),
            (&[0x03, 0x40, 1, b'a', 0x01, 0x8B, 2, 1, 0, 2, 0], Outline::Content { ends: false }),
            (&[0xAB, 0x9A, 0x05], Outline::Content { ends: true }),
        ];
        for (octets, expected) in written {
            let more = [octets, &[0x01, 0x01]].concat();
            assert_eq!(outline(&more), Ok(Some((expected, octets.len()))), "{octets:02x?}");
            for short in 0..octets.len() {
                assert_eq!(outline(&octets[..short]), Ok(None), "{octets:02x?} up to {short}");
            }
        }
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for octets in [&[0x78][..], &[0xBE], &[0x00], &[0x04, 0, 0x01], &[0x03, 0x01]] {
            assert!(
                matches!(outline(octets), Err(BinaryErrorKind::Record { .. })),
                "{octets:02x?}"
            );
        }
        assert_eq!(outline(&[0x40, 0xff, 0xff, 0xff, 0xff, 0x08]), Err(BinaryErrorKind::Size));
        // What is announced and has not come costs nothing.
        assert_eq!(outline(&[0xA3, 0xff, 0xff, 0xff, 0x7f]), Ok(None));
        assert_eq!(outline(b"\x03\x40\x01a\x01\x95\xff\xff\xff\xff\x07"), Ok(None));
    }
}
