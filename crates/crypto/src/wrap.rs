//! AES Key Wrap (RFC 3394; XML Encryption §5.6.2).

use openssl::aes::{AesKey, unwrap_key as unwrap, wrap_key as wrap};
use zeroize::Zeroizing;

use crate::error::CryptoError;

/// Wraps `key` (16 octets or more, a multiple of 8) under a key of 16, 24 or 32 octets.
///
/// # Errors
///
/// A length is not one of those.
pub fn wrap_key(kek: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let failed =
        || CryptoError::Operation { what: "key wrap", reason: "a key has a wrong length".into() };
    check(key.len()).then_some(()).ok_or_else(failed)?;
    let kek = AesKey::new_encrypt(kek).map_err(|_| failed())?;
    let mut out = vec![0; key.len() + 8];
    wrap(&kek, None, &mut out, key).map_err(|_| failed())?;
    Ok(out)
}

/// The key inside what [`wrap_key`] made; `None` when it was not made under `kek`.
pub fn unwrap_key(kek: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let length = wrapped.len().checked_sub(8).filter(|l| check(*l))?;
    let kek = AesKey::new_decrypt(kek).ok()?;
    let mut out = Zeroizing::new(vec![0; length]);
    unwrap(&kek, None, &mut out, wrapped).ok()?;
    Some(out)
}

/// Keys of more than 512 bits are nobody's.
fn check(length: usize) -> bool {
    (16..=64).contains(&length) && length.is_multiple_of(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3394 §4.1.
    #[test]
    fn known_answer_and_round_trip() {
        let kek: Vec<u8> = (0..16).collect();
        let key: Vec<u8> = (0..16).map(|n| n * 0x11).collect();
        let wrapped = wrap_key(&kek, &key).unwrap();
        assert_eq!(wrapped[..8], [0x1f, 0xa6, 0x8b, 0x0a, 0x81, 0x12, 0xb4, 0x47]);
        assert_eq!(unwrap_key(&kek, &wrapped).unwrap().as_slice(), key);
        let mut altered = wrapped.clone();
        altered[3] ^= 1;
        assert!(unwrap_key(&kek, &altered).is_none());
        assert!(unwrap_key(&kek, &wrapped[..7]).is_none());
        assert!(wrap_key(&kek, &key[..9]).is_err());
    }
}
