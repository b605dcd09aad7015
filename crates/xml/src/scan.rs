//! Finding the next byte that matters, many bytes at a time.

/// How many bytes are looked at together: the compiler makes vector instructions of the loop.
const BLOCK: usize = 16;

/// The place of the next byte of character data, from `at`, that is not plain: `<`, `&`, `]`, a
/// carriage return, a control character, or the first byte of what may be U+FFFE or U+FFFF.
pub(crate) fn text(bytes: &[u8], at: usize) -> usize {
    find(bytes, at, |b| {
        (b == b'<')
            | (b == b'&')
            | (b == b']')
            | (b == 0xEF)
            | ((b < b' ') & (b != b'\n') & (b != b'\t'))
    })
}

/// The same in an attribute value: also quotes, tabs and line feeds.
pub(crate) fn attribute(bytes: &[u8], at: usize) -> usize {
    find(bytes, at, |b| {
        (b == b'<') | (b == b'&') | (b == b'"') | (b == b'\'') | (b == 0xEF) | (b < b' ')
    })
}

/// The next byte that may be, or begin, what XML cannot carry: a control character, U+FFFE, U+FFFF.
pub(crate) fn control(bytes: &[u8], at: usize) -> usize {
    find(bytes, at, |b| (b == 0xEF) | (b < b' '))
}

/// The next byte that canonical text does not have as it is (Canonical XML 1.0 §2.3).
pub(crate) fn escaped_text(bytes: &[u8], at: usize) -> usize {
    find(bytes, at, |b| (b == b'<') | (b == b'&') | (b == b'>') | (b == b'\r'))
}

/// The same in an attribute value.
pub(crate) fn escaped_attribute(bytes: &[u8], at: usize) -> usize {
    find(bytes, at, |b| {
        (b == b'<') | (b == b'&') | (b == b'"') | (b == b'\t') | (b == b'\n') | (b == b'\r')
    })
}

#[inline(always)]
fn find(bytes: &[u8], mut at: usize, stop: impl Fn(u8) -> bool) -> usize {
    while let Some(block) = bytes.get(at..at + BLOCK) {
        if block.iter().fold(false, |found, b| found | stop(*b)) {
            break;
        }
        at += BLOCK;
    }
    while at < bytes.len() && !stop(bytes[at]) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

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
