//! The one thing in which what is written here is not WCF's octets.

/// Whether the only difference is how elements end whose text did not fit into WCF's buffer of 512 octets: when their end
/// comes, the record has left already, and cannot be made one that ends the element.
pub(crate) fn same_but_for_ends(captured: &[u8], written: &[u8]) -> bool {
    let (mut captured, mut written) = (captured, written);
    loop {
        let same = captured.iter().zip(written).take_while(|(a, b)| a == b).count();
        (captured, written) = (&captured[same..], &written[same..]);
        let (size, start) = match captured {
            [] => return written.is_empty(),
            [0x98 | 0x9E, size, ..] => (usize::from(*size), 2),
            [0x9A | 0xA0, a, b, ..] => (usize::from(u16::from_le_bytes([*a, *b])), 3),
            [0x9C | 0xA2, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 5),
            _ => return false,
        };
        let end = start + size;
        let same = written.first() == Some(&(captured[0] | 1))
            && captured.get(1..end) == written.get(1..end)
            && captured.get(end) == Some(&0x01);
        if !same {
            return false;
        }
        (captured, written) = (&captured[end + 1..], &written[end..]);
    }
}
