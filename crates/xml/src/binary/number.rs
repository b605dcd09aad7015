//! Sizes and identifiers: seven bits an octet, the lowest first (MC-NBFX §2.1.2). The octets of UUIDs.

/// The most octets of a size: 31 bits.
pub const MAX_SIZE_OCTETS: usize = 5;

/// Appends a size.
#[inline]
pub fn push_size(out: &mut Vec<u8>, size: u32) {
    // What nearly every size looks like.
    match size {
        ..0x80 => out.push(size as u8),
        _ => push_long_size(out, size),
    }
}

#[inline(never)]
fn push_long_size(out: &mut Vec<u8>, mut size: u32) {
    while size >= 0x80 {
        out.push(size as u8 | 0x80);
        size >>= 7;
    }
    out.push(size as u8);
}

/// Reads a size from the front of octets: the size and how many octets it took. `None` where the octets end inside it.
///
/// # Errors
/// More than 31 bits, which nobody may write: the octets that come after cannot be read then.
#[allow(clippy::result_unit_err, reason = "there is one reason")]
pub fn read_size(octets: &[u8]) -> Option<Result<(u32, usize), ()>> {
    // What nearly every size looks like.
    if let Some(size @ ..0x80) = octets.first() {
        return Some(Ok((u32::from(*size), 1)));
    }
    let mut size = 0;
    for at in 0..MAX_SIZE_OCTETS {
        let octet = *octets.get(at)?;
        // The fifth octet has room for three bits.
        if at == MAX_SIZE_OCTETS - 1 && octet > 7 {
            return Some(Err(()));
        }
        size |= u32::from(octet & 0x7F) << (7 * at);
        if octet < 0x80 {
            return Some(Ok((size, at + 1)));
        }
    }
    Some(Err(()))
}

/// How many octets a size takes.
pub(super) fn size_len(size: u32) -> usize {
    (32 - (size | 1).leading_zeros()).div_ceil(7) as usize
}

/// From the order of .NET, whose first three fields have the lowest octet first, to that of the text; and back.
pub(super) fn dot_net_uuid(mut octets: [u8; 16]) -> [u8; 16] {
    octets[..4].reverse();
    octets[4..6].reverse();
    octets[6..8].reverse();
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_written() {
        for size in [
            0,
            1,
            0x7F,
            0x80,
            0x3FFF,
            0x4000,
            0x1F_FFFF,
            0x20_0000,
            0x0FFF_FFFF,
            0x1000_0000,
            0x7FFF_FFFF,
        ] {
            let mut octets = Vec::new();
            push_size(&mut octets, size);
            assert_eq!(octets.len(), size_len(size), "{size}");
            assert_eq!(read_size(&octets), Some(Ok((size, octets.len()))));
            assert_eq!(read_size(&octets[..octets.len() - 1]), None, "{size}");
        }
        // Longer than it need be is legal; more than 31 bits is not.
        assert_eq!(read_size(&[0x81, 0x80, 0x00]), Some(Ok((1, 3))));
        assert_eq!(read_size(&[0xFF, 0xFF, 0xFF, 0xFF, 0x08]), Some(Err(())));
        assert_eq!(read_size(&[0x80, 0x80, 0x80, 0x80, 0x80]), Some(Err(())));
    }
}
