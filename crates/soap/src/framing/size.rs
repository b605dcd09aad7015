//! Sizes: seven bits an octet, the least significant first (MC-NMF §2.2.2, RecordSize).

/// The most octets of a size: 31 bits.
const MOST: usize = 5;

/// Writes a size.
///
/// # Panics
/// It has more than 31 bits: no envelope of that size can be written.
pub(super) fn write_size(size: usize, out: &mut Vec<u8>) {
    let (octets, length) = size_octets(size);
    out.extend_from_slice(&octets[..length]);
}

fn size_octets(size: usize) -> ([u8; MOST], usize) {
    let mut left = u32::try_from(size).ok().filter(|size| *size <= i32::MAX as u32);
    let mut left = left.take().expect("a size has at most 31 bits");
    let (mut octets, mut length) = ([0; MOST], 0);
    loop {
        let low = (left & 0x7f) as u8;
        left >>= 7;
        octets[length] = if left == 0 { low } else { low | 0x80 };
        length += 1;
        if left == 0 {
            return (octets, length);
        }
    }
}

/// What stands before an envelope of so many octets: the type of its record and its size (MC-NMF §2.2.4.3), as an array with
/// the number of its octets that count.
///
/// # Panics
/// The size has more than 31 bits.
pub fn sized_header(size: usize) -> ([u8; 1 + MOST], usize) {
    let (octets, length) = size_octets(size);
    let mut header = [0; 1 + MOST];
    header[0] = 0x06;
    header[1..].copy_from_slice(&octets);
    (header, length + 1)
}

/// What stands before a chunk of so many octets: its size (MC-NMF §2.2.4.2), as an array with the number of its octets that
/// count. No chunk has no octets: that is the end of the envelope ([`Record::ChunksEnd`](super::Record::ChunksEnd)).
///
/// # Panics
/// The size has more than 31 bits.
pub fn chunk_header(size: usize) -> ([u8; MOST], usize) {
    size_octets(size)
}

/// A size that is being read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SizeReader {
    value: u32,
    read: usize,
}

/// What reading one octet of a size came to.
pub(super) enum SizeRead {
    More,
    Done(usize),
    /// It has more than 31 bits.
    TooLarge,
}

impl SizeReader {
    pub(super) fn read(&mut self, octet: u8) -> SizeRead {
        if self.read == MOST - 1 && octet & 0xf8 != 0 {
            return SizeRead::TooLarge;
        }
        self.value |= u32::from(octet & 0x7f) << (7 * self.read);
        self.read += 1;
        match octet & 0x80 {
            0 => SizeRead::Done(self.value as usize),
            _ => SizeRead::More,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(octets: &[u8]) -> Option<usize> {
        let mut reader = SizeReader::default();
        for (at, octet) in octets.iter().enumerate() {
            match reader.read(*octet) {
                SizeRead::More => {}
                SizeRead::Done(size) => {
                    assert_eq!(at + 1, octets.len());
                    return Some(size);
                }
                SizeRead::TooLarge => return None,
            }
        }
        None
    }

    #[test]
    fn sizes_are_what_they_were() {
        for size in [0, 1, 127, 128, 211, 16_383, 16_384, 65_536, i32::MAX as usize] {
            let mut octets = Vec::new();
            write_size(size, &mut octets);
            assert_eq!(read(&octets), Some(size));
            let (header, length) = sized_header(size);
            assert_eq!(header[..length], [&[6], &octets[..]].concat());
        }
        assert_eq!(sized_header(211), ([0x06, 0xd3, 0x01, 0, 0, 0], 3));
    }

    #[test]
    fn a_size_of_more_than_31_bits_is_none() {
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0x07]), Some(i32::MAX as usize));
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0x08]), None);
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0x87, 0x00]), None);
        // Longer than it must be, as WCF reads it, too.
        assert_eq!(read(&[0x81, 0x80, 0x00]), Some(1));
    }
}
