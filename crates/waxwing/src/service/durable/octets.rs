//! What stands around the records of the session: whose they are.

use bytes::Bytes;
use zeroize::Zeroizing;

/// The version of the frame. Records of the session begin with theirs, below 128.
const FRAME: u8 = 0x81;

/// A record of the endpoint with this name. What it holds is wiped when the last of these octets are dropped.
pub(super) fn framed(endpoint: &str, record: &[u8]) -> Bytes {
    let name = endpoint.as_bytes();
    let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
    let name = &name[..usize::from(length)];
    let mut all = Zeroizing::new(Vec::with_capacity(3 + name.len() + record.len()));
    all.push(FRAME);
    all.extend_from_slice(&length.to_be_bytes());
    all.extend_from_slice(name);
    all.extend_from_slice(record);
    Bytes::from_owner(all)
}

/// The name of the endpoint, and the record.
pub(in crate::service) fn unframed(octets: &[u8]) -> Option<(&str, &[u8])> {
    let rest = octets.strip_prefix(&[FRAME])?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (name, record) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    Some((std::str::from_utf8(name).ok()?, record))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_found_again() {
        for name in ["", "/calc", &"x".repeat(500)] {
            let framed = framed(name, b"record");
            assert_eq!(unframed(&framed), Some((name, &b"record"[..])));
            for end in 0..3 + name.len() {
                assert_eq!(unframed(&framed[..end]), None, "{end}");
            }
        }
        assert_eq!(unframed(&[1, 3]), None);
    }
}
