//! Finding the next byte that matters, many bytes at a time.

/// How many bytes are looked at together: the compiler makes vector instructions of the loop. Many where there are many.
const BLOCK: usize = 16;
const LARGE_BLOCK: usize = 64;

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
    find(bytes, at, &STOPS, |b| {
        (b == b'<')
            | (b == b'&')
            | (b == b']')
            | (b == 0xEF)
            | ((b < b' ') & (b != b'\n') & (b != b'\t'))
    })
}

/// The same in an attribute value: also quotes, tabs and line feeds.
pub(crate) fn attribute(bytes: &[u8], at: usize) -> usize {
    const STOPS: Stops = stops(b"<&\"'\xEF", true, b"");
    find(bytes, at, &STOPS, |b| {
        (b == b'<') | (b == b'&') | (b == b'"') | (b == b'\'') | (b == 0xEF) | (b < b' ')
    })
}

/// The next byte that may be, or begin, what XML cannot carry: a control character, U+FFFE, U+FFFF.
pub(crate) fn control(bytes: &[u8], at: usize) -> usize {
    const STOPS: Stops = stops(b"\xEF", true, b"");
    find(bytes, at, &STOPS, |b| (b == 0xEF) | (b < b' '))
}

/// The next byte that canonical text does not have as it is (Canonical XML 1.0 §2.3).
pub(crate) fn escaped_text(bytes: &[u8], at: usize) -> usize {
    const STOPS: Stops = stops(b"<&>\r", false, b"");
    // Compared one by one, few small numbers become a test of bits, which has no vector instructions.
    find(bytes, at, &STOPS, |b| (b ^ b'<').min(b ^ b'&').min(b ^ b'>').min(b ^ b'\r') == 0)
}

/// The same in an attribute value.
pub(crate) fn escaped_attribute(bytes: &[u8], at: usize) -> usize {
    const STOPS: Stops = stops(b"<&\"\t\n\r", false, b"");
    find(bytes, at, &STOPS, |b| {
        let white = (b ^ b'\t').min(b ^ b'\n').min(b ^ b'\r');
        (b ^ b'<').min(b ^ b'&').min(b ^ b'"').min(white) == 0
    })
}

/// `stops` and `stop` say the same: a table is faster for one byte, comparing for a block of them.
#[inline(always)]
fn find(bytes: &[u8], mut at: usize, stops: &Stops, stop: impl Fn(u8) -> bool) -> usize {
    let any = |block: &[u8]| block.iter().fold(false, |found, b| found | stop(*b));
    while let Some(block) = bytes.get(at..at + LARGE_BLOCK) {
        if any(block) {
            break;
        }
        at += LARGE_BLOCK;
    }
    while let Some(block) = bytes.get(at..at + BLOCK) {
        if any(block) {
            break;
        }
        at += BLOCK;
    }
    match bytes[at..].iter().position(|b| stops[*b as usize]) {
        Some(len) => at + len,
        None => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_and_many_are_judged_alike() {
        for find in [text, attribute, control, escaped_text, escaped_attribute] {
            for byte in 0..=255 {
                let mut block = [b'x'; 3 * LARGE_BLOCK];
                let one = find(&[byte], 0);
                block[70] = byte;
                assert_eq!(find(&block, 0) == 70, one == 0, "{byte}");
                assert_eq!(find(&block[..80], 0) == 70, one == 0, "{byte}");
            }
        }
    }

    #[test]
    fn the_first_byte_that_matters_is_found_at_every_distance() {
        for before in 0..70 {
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
                bytes.extend_from_slice(b"yyyyyyyyyyyyyyyyyyyyyyyyyyyy<");
                assert_eq!(find(&bytes, 0), before, "{special}");
            }
        }
    }
}
