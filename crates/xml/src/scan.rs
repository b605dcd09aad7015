//! Finding the next byte that matters, many bytes at a time.

/// How many bytes are looked at together: the compiler makes vector instructions of the loop. Many where there are many.
const BLOCK: usize = 16;
const LARGE_BLOCK: usize = 64;
/// From so many bytes on many are looked at: most texts end before.
const NEAR: usize = 4 * BLOCK;

/// Bytes that stop a search, one by one.
type Stops = [bool; 256];

/// Those of a list, and control characters but for some.
const fn stops(listed: &[u8], controls: bool, but: &[u8]) -> Stops {
    let mut stops = [false; 256];
    let mut at = 0;
    while controls && at < b' ' as usize {
        stops[at] = true;
        at += 1;
    }
    let mut at = 0;
    while at < but.len() {
        stops[but[at] as usize] = false;
        at += 1;
    }
    let mut at = 0;
    while at < listed.len() {
        stops[listed[at] as usize] = true;
        at += 1;
    }
    stops
}

/// The place of the next byte of character data, from `at`, that is not plain: `<`, `&`, `]`, a
/// carriage return, a control character, or the first byte of what may be U+FFFE or U+FFFF.
pub(crate) fn text(bytes: &[u8], at: usize) -> usize {
    const STOPS: Stops = stops(b"<&]\xEF", true, b"\n\t");
    let one = |b: u8| {
        // Below a tab; from above a line feed on below a blank.
        let controls = b.saturating_sub(8).min(b.wrapping_sub(0x0B).saturating_sub(0x14));
        (b ^ b'<').min(b ^ b'&').min(b ^ b']').min(b ^ 0xEF).min(controls)
    };
    find(bytes, at, &STOPS, one, |eight| {
        let controls = eight.below(b' ') & !(eight.is(b'\n') | eight.is(b'\t'));
        eight.is(b'<') | eight.is(b'&') | eight.is(b']') | eight.is(0xEF) | controls
    })
}

/// The same in an attribute value: also quotes, tabs and line feeds.
pub(crate) fn attribute(bytes: &[u8], at: usize) -> usize {
    const STOPS: Stops = stops(b"<&\"'\xEF", true, b"");
    let one = |b: u8| {
        let quotes = (b ^ b'"').min(b ^ b'\'');
        (b ^ b'<').min(b ^ b'&').min(quotes).min(b ^ 0xEF).min(b.saturating_sub(0x1F))
    };
    find(bytes, at, &STOPS, one, |eight| {
        let quotes = eight.is(b'"') | eight.is(b'\'');
        eight.is(b'<') | eight.is(b'&') | quotes | eight.is(0xEF) | eight.below(b' ')
    })
}

/// The next byte that may be, or begin, what XML cannot carry: a control character, U+FFFE, U+FFFF.
pub(crate) fn control(bytes: &[u8], at: usize) -> usize {
    const STOPS: Stops = stops(b"\xEF", true, b"");
    let one = |b: u8| (b ^ 0xEF).min(b.saturating_sub(0x1F));
    find(bytes, at, &STOPS, one, |eight| eight.is(0xEF) | eight.below(b' '))
}

/// The next byte that canonical text does not have as it is (Canonical XML 1.0 §2.3).
pub(crate) fn escaped_text(bytes: &[u8], at: usize) -> usize {
    const STOPS: Stops = stops(b"<&>\r", false, b"");
    let one = |b: u8| (b ^ b'<').min(b ^ b'&').min(b ^ b'>').min(b ^ b'\r');
    find(bytes, at, &STOPS, one, |eight| {
        eight.is(b'<') | eight.is(b'&') | eight.is(b'>') | eight.is(b'\r')
    })
}

/// The same in an attribute value.
pub(crate) fn escaped_attribute(bytes: &[u8], at: usize) -> usize {
    const STOPS: Stops = stops(b"<&\"\t\n\r", false, b"");
    let one = |b: u8| {
        let white = (b ^ b'\t').min(b ^ b'\n').min(b ^ b'\r');
        (b ^ b'<').min(b ^ b'&').min(b ^ b'"').min(white)
    };
    find(bytes, at, &STOPS, one, |eight| {
        let white = eight.is(b'\t') | eight.is(b'\n') | eight.is(b'\r');
        eight.is(b'<') | eight.is(b'&') | eight.is(b'"') | white
    })
}

/// Eight bytes, and of each the highest bit in answers about them.
#[derive(Clone, Copy)]
struct Eight(u64);

impl Eight {
    const HIGH: u64 = Self::all(0x80);

    const fn all(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }

    /// Those that are this byte. (No sum is carried from one byte to the next.)
    #[inline(always)]
    fn is(self, byte: u8) -> u64 {
        let zero = self.0 ^ Self::all(byte);
        !(((zero & !Self::HIGH) + !Self::HIGH) | zero) & Self::HIGH
    }

    /// Those below a byte of ASCII.
    #[inline(always)]
    fn below(self, byte: u8) -> u64 {
        !((self.0 | Self::HIGH) - Self::all(byte)) & !self.0 & Self::HIGH
    }
}

/// `stops`, `one` and `eight` say the same, each where it is the fastest: for one byte, for a block (a byte that stops is
/// made 0: compared one by one, few small numbers become a test of bits, which vector instructions are poor at), and for the
/// place in a block.
#[inline(always)]
fn find(
    bytes: &[u8],
    mut at: usize,
    stops: &Stops,
    one: impl Fn(u8) -> u8,
    eight: impl Fn(Eight) -> u64,
) -> usize {
    let any = |block: &[u8]| block.iter().fold(false, |found, b| found | (one(*b) == 0));
    let near = at + NEAR;
    while let Some(block) = bytes.get(at..at + BLOCK) {
        if any(block) {
            break;
        }
        at += BLOCK;
        if at == near {
            while bytes.get(at..at + LARGE_BLOCK).is_some_and(|block| !any(block)) {
                at += LARGE_BLOCK;
            }
        }
    }
    // Of less than a block mostly nothing stops, and nothing in front of it.
    if at + BLOCK > bytes.len() && bytes.last_chunk::<BLOCK>().is_some_and(|block| !any(block)) {
        return bytes.len();
    }
    while let Some(block) = bytes[at..].first_chunk() {
        let found = eight(Eight(u64::from_le_bytes(*block)));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += block.len();
    }
    match bytes[at..].iter().position(|b| stops[*b as usize]) {
        Some(len) => at + len,
        None => bytes.len(),
    }
}

/// Whether a text has nothing but visible characters of ASCII and blanks: what most texts of messages are.
#[inline]
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    const BLANKS: u64 = u64::from_ne_bytes([b' '; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    // Eight at a time: of a byte below a blank the difference has the highest bit, or borrows it from another one.
    let others = |eight: [u8; 8]| {
        let eight = u64::from_ne_bytes(eight);
        eight.wrapping_sub(BLANKS) | eight
    };
    let (eights, rest) = bytes.as_chunks();
    let found = match bytes.last_chunk() {
        // The last eight once more: they overlap.
        Some(last) => eights.iter().fold(others(*last), |found, eight| found | others(*eight)),
        None => {
            let plain = |byte: &u8| (b' '..0x80).contains(byte);
            if rest.iter().all(plain) { 0 } else { HIGH }
        }
    };
    found & HIGH == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_is_what_needs_no_closer_look() {
        for byte in 0..=255 {
            for len in 1..40 {
                for at in 0..len {
                    let mut bytes = vec![b' '; len];
                    bytes[at] = byte;
                    assert_eq!(is_plain(&bytes), (0x20..0x80).contains(&byte), "{byte} {len} {at}");
                }
            }
        }
        assert!(is_plain(b""));
    }

    #[test]
    fn one_byte_and_many_are_judged_alike() {
        for find in [text, attribute, control, escaped_text, escaped_attribute] {
            for byte in 0..=255 {
                let mut block = [b'x'; 3 * LARGE_BLOCK];
                let one = find(&[byte], 0);
                block[70] = byte;
                assert_eq!(find(&block, 0) == 70, one == 0, "{byte}");
                assert_eq!(find(&block[..80], 0) == 70, one == 0, "{byte}");
                // What lies before is not looked at, wherever the search begins and the bytes end.
                for len in [71, 72, 78, 86, 100] {
                    for at in 50..len {
                        let expected = if one == 0 && at <= 70 { 70 } else { len };
                        assert_eq!(find(&block[..len], at), expected, "{byte} {len} {at}");
                    }
                    assert_eq!(find(&block[..len], len), len);
                }
                for len in 0..20 {
                    let expected = if one == 0 && len > 0 { 0 } else { len };
                    assert_eq!(find(&block[70..70 + len], 0), expected, "{byte} {len}");
                }
            }
        }
    }

    #[test]
    fn the_first_byte_that_matters_is_found_at_every_distance() {
        for before in 0..200 {
            for (special, find) in [
                (b'<', text as fn(&[u8], usize) -> usize),
                (b'\r', text),
                (1, text),
                (b'\'', attribute),
                (b'\n', attribute),
                (b'>', escaped_text),
                (b'\t', escaped_attribute),
            ] {
                let mut bytes = vec![b'x'; before];
                assert_eq!(find(&bytes, 0), before);
                bytes.push(special);
                bytes.extend_from_slice(b"<yyyyyyyyyyyyyyyyyyyyyyyyyyyy<");
                assert_eq!(find(&bytes, 0), before, "{special}");
            }
        }
    }
}
