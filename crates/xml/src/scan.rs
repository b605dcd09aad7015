//! Finding the next byte that matters, many bytes at a time.

/// How many bytes are looked at together: the compiler makes vector instructions of the loop. Many where there are many.
const BLOCK: usize = 16;
const LARGE_BLOCK: usize = 64;
/// So many blocks are looked at one by one: most texts end there.
const NEAR: usize = 4;

/// The place of the next byte of character data, from `at`, that is not plain: `<`, `&`, `]`, a
/// carriage return, a control character, or the first byte of what may be U+FFFE or U+FFFF.
#[inline(always)]
pub(crate) fn text(bytes: &[u8], at: usize) -> usize {
    near(bytes, at, in_text, text_far)
}

#[inline(never)]
fn text_far(bytes: &[u8], at: usize) -> usize {
    far(bytes, at, in_text, beyond_base64)
}

/// Up to where there is nothing but what base64 consists of, and other letters and digits without blanks, in whole large
/// blocks. That is seen sooner than what stops a text.
#[inline(always)]
fn beyond_base64(bytes: &[u8], at: usize) -> usize {
    // Controls, blanks and the ampersand are below it, and what is beyond ASCII is negative.
    const LEAST: i8 = b'\'' as i8;
    let is_other = |b: u8| (b.cast_signed() < LEAST) | (b == b'<') | (b == b']');
    let is_other =
        |block: &[u8; LARGE_BLOCK]| block.iter().fold(false, |any, b| any | is_other(*b));
    let (blocks, _) = bytes[at..].as_chunks();
    at + LARGE_BLOCK * blocks.iter().take_while(|block| !is_other(block)).count()
}

/// There is nothing that a search passes over at once.
#[inline(always)]
fn no_more(_: &[u8], at: usize) -> usize {
    at
}

/// What a byte of character data is to a search: see [`near`].
#[inline(always)]
fn in_text(b: u8) -> u8 {
    // Below a tab; from above a line feed on below a blank.
    let controls = b.saturating_sub(8).min(b.wrapping_sub(0x0B).saturating_sub(0x14));
    (b ^ b'<').min(b ^ b'&').min(b ^ b']').min(b ^ 0xEF).min(controls)
}

/// The same in an attribute value: also quotes, tabs and line feeds.
#[inline(always)]
pub(crate) fn attribute(bytes: &[u8], at: usize) -> usize {
    near(bytes, at, in_attribute, attribute_far)
}

#[inline(never)]
fn attribute_far(bytes: &[u8], at: usize) -> usize {
    far(bytes, at, in_attribute, no_more)
}

#[inline(always)]
fn in_attribute(b: u8) -> u8 {
    let quotes = (b ^ b'"').min(b ^ b'\'');
    (b ^ b'<').min(b ^ b'&').min(quotes).min(b ^ 0xEF).min(b.saturating_sub(0x1F))
}

/// The next byte that does not stand within a name of ASCII: also a colon, and all beyond ASCII.
#[inline(always)]
pub(crate) fn name(bytes: &[u8], at: usize) -> usize {
    near(bytes, at, in_name, name_far)
}

#[inline(never)]
fn name_far(bytes: &[u8], at: usize) -> usize {
    far(bytes, at, in_name, no_more)
}

#[inline(always)]
fn in_name(b: u8) -> u8 {
    let letter = 26u8.saturating_sub((b | 0x20).wrapping_sub(b'a'));
    // From '-' to '9' there is nothing else but the slash.
    let digit = 13u8.saturating_sub(b.wrapping_sub(b'-')).min(b ^ b'/');
    letter.max(digit).max(u8::from(b == b'_'))
}

/// The next byte that may be, or begin, what XML cannot carry: a control character, U+FFFE, U+FFFF.
pub(crate) fn control(bytes: &[u8], at: usize) -> usize {
    const STOPS: Stops = table(b"\xEF", true, b"");
    let one = |b: u8| (b ^ 0xEF).min(b.saturating_sub(0x1F));
    find(bytes, at, &STOPS, one, |eight| eight.is(0xEF) | eight.below(b' '))
}

/// The next byte that canonical text does not have as it is (Canonical XML 1.0 §2.3).
pub(crate) fn escaped_text(bytes: &[u8], at: usize) -> usize {
    const STOPS: Stops = table(b"<&>\r", false, b"");
    let one = |b: u8| (b ^ b'<').min(b ^ b'&').min(b ^ b'>').min(b ^ b'\r');
    find(bytes, at, &STOPS, one, |eight| {
        eight.is(b'<') | eight.is(b'&') | eight.is(b'>') | eight.is(b'\r')
    })
}

/// The same in an attribute value.
pub(crate) fn escaped_attribute(bytes: &[u8], at: usize) -> usize {
    const STOPS: Stops = table(b"<&\"\t\n\r", false, b"");
    let one = |b: u8| {
        let white = (b ^ b'\t').min(b ^ b'\n').min(b ^ b'\r');
        (b ^ b'<').min(b ^ b'&').min(b ^ b'"').min(white)
    };
    find(bytes, at, &STOPS, one, |eight| {
        let white = eight.is(b'\t') | eight.is(b'\n') | eight.is(b'\r');
        eight.is(b'<') | eight.is(b'&') | eight.is(b'"') | white
    })
}

/// The place of the next byte, from `at`, that stops: of which `stop` is 0. (Compared one by one, few small numbers become a
/// test of bits, which vector instructions are poor at.) The first block is looked at where the search is called, and others
/// are by `far`: most names and values are short.
#[inline(always)]
fn near(
    bytes: &[u8],
    at: usize,
    stop: impl Fn(u8) -> u8,
    far: impl Fn(&[u8], usize) -> usize,
) -> usize {
    match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(block) => first(block, stop).map_or_else(|| far(bytes, at + BLOCK), |len| at + len),
        None => far(bytes, at),
    }
}

/// The same, all of it. After some blocks `skip` may pass over what it sees sooner that nothing stops in.
#[inline(always)]
fn far(
    bytes: &[u8],
    mut at: usize,
    stop: impl Fn(u8) -> u8,
    skip: impl Fn(&[u8], usize) -> usize,
) -> usize {
    let (blocks, rest) = bytes[at..].as_chunks();
    if blocks.is_empty() {
        return at + tail(bytes, rest, stop);
    }
    for block in blocks.iter().take(NEAR) {
        if let Some(len) = first(block, &stop) {
            return at + len;
        }
        at += BLOCK;
    }
    at = skip(bytes, at);
    let any = |block: &&[u8; LARGE_BLOCK]| block.iter().fold(false, |any, b| any | (stop(*b) == 0));
    let (blocks, _) = bytes[at..].as_chunks();
    at += LARGE_BLOCK * blocks.iter().take_while(|block| !any(block)).count();
    let (blocks, rest) = bytes[at..].as_chunks();
    for block in blocks {
        if let Some(len) = first(block, &stop) {
            return at + len;
        }
        at += BLOCK;
    }
    at + tail(bytes, rest, stop)
}

/// The same in what is left of the bytes when it is less than a block: counted from there.
#[inline(always)]
fn tail(bytes: &[u8], rest: &[u8], stop: impl Fn(u8) -> u8) -> usize {
    let len = rest.len();
    // The last block is looked at once more, and what was there before is shifted out.
    if let Some(block) = bytes.last_chunk() {
        let stops = stops(block, &stop).checked_shr(8 * (BLOCK - len) as u32);
        return match stops.unwrap_or_default() {
            0 => len,
            stops => stops.trailing_zeros() as usize / 8,
        };
    }
    rest.iter().take_while(|b| stop(**b) != 0).count()
}

/// The number of the first byte that stops.
#[inline(always)]
fn first(block: &[u8; BLOCK], stop: impl Fn(u8) -> u8) -> Option<usize> {
    let stops = stops(block, stop);
    let (low, high) = (stops as u64, (stops >> 64) as u64);
    match (low, high) {
        (0, 0) => None,
        (0, high) => Some(8 + high.trailing_zeros() as usize / 8),
        (low, _) => Some(low.trailing_zeros() as usize / 8),
    }
}

/// Of each byte of a block, the first one lowest, whether it stops: all bits, or none.
#[inline(always)]
fn stops(block: &[u8; BLOCK], stop: impl Fn(u8) -> u8) -> u128 {
    let mut stops = [0; BLOCK];
    for (stops, byte) in stops.iter_mut().zip(block) {
        *stops = if stop(*byte) == 0 { u8::MAX } else { 0 };
    }
    u128::from_le_bytes(stops)
}

/// Bytes that stop a search, one by one.
type Stops = [bool; 256];

/// Those of a list, and control characters but for some.
const fn table(listed: &[u8], controls: bool, but: &[u8]) -> Stops {
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

/// A search that mostly finds nothing up to the end, in texts that lie by themselves. (Of [`stops`] the compiler makes no vectors
/// where `stop` does little.) `stops`, `one` and `eight` say the same, each where it is the fastest: for one byte, for a block (a byte that stops is
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
    let near = at + NEAR * BLOCK;
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
        for find in [text, attribute, control, escaped_text, escaped_attribute, name] {
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
    fn short_texts_are_searched_to_their_ends_and_not_beyond() {
        for find in [text, attribute, control, escaped_text, escaped_attribute, name] {
            for len in 0..3 * BLOCK {
                let mut bytes = vec![b'x'; len];
                for at in (0..len).rev() {
                    // All behind the first one may stop, too.
                    bytes[at] = if find(b">", 0) == 0 { b'>' } else { b'\r' };
                    assert_eq!(find(&bytes, 0), at, "{len}");
                    for from in 0..=at {
                        assert_eq!(find(&bytes, from), at, "{len} {from}");
                    }
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
