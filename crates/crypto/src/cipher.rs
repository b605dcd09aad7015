//! Block ciphers in CBC mode as XML Encryption §5.2 uses them: the initialization vector in front, and a padding
//! whose last octet is its length.

use std::sync::OnceLock;

use aes::cipher::consts::U16;
use aes::cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt,
    BlockSizeUser, InnerIvInit, KeyInit,
};
use aes::{Aes128Dec, Aes128Enc, Aes192Dec, Aes192Enc, Aes256Dec, Aes256Enc};
use openssl::symm::{Cipher, Crypter, Mode};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, ConstantTimeGreater};
use zeroize::Zeroizing;

use crate::error::{CryptoError, failed};
use crate::suite::BlockCipher;

/// A key of a block cipher, with its schedules once they are computed. Not shown by `Debug`.
pub struct CipherKey {
    cipher: BlockCipher,
    schedule: Schedule,
}

enum Schedule {
    Aes128(Schedules<16, Aes128Enc, Aes128Dec>),
    Aes192(Schedules<24, Aes192Enc, Aes192Dec>),
    Aes256(Schedules<32, Aes256Enc, Aes256Dec>),
    TripleDes(Zeroizing<Vec<u8>>),
}

/// What was decrypted where it is, whatever its padding.
#[derive(Clone, Copy)]
pub struct Decrypted<'o> {
    /// The plaintext. Where the padding is wrong, all but the last octet, as if the padding were of one.
    pub octets: &'o [u8],
    /// Whether the padding is right. Whoever does with the octets what is to be done before asking needs the same time for
    /// both.
    pub is_padded: bool,
}

impl std::fmt::Debug for Decrypted<'_> {
    /// Never the octets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { octets, is_padded } = self;
        write!(f, "Decrypted({} octets, padded: {is_padded})", octets.len())
    }
}

/// A key of AES. What encrypts and what decrypts are different schedules, as large as each other, and the keys of a session
/// serve for one of the two.
struct Schedules<const N: usize, E, D> {
    key: Zeroizing<[u8; N]>,
    encrypts: OnceLock<Box<E>>,
    decrypts: OnceLock<Box<D>>,
}

impl<const N: usize, E: KeyInit, D: KeyInit> Schedules<N, E, D> {
    /// None when the key does not have this length, or not that of the cipher.
    fn new(key: &[u8]) -> Option<Self> {
        let fits = N == E::key_size() && N == D::key_size();
        let key = Zeroizing::new(<[u8; N]>::try_from(key).ok().filter(|_| fits)?);
        Some(Self { key, encrypts: OnceLock::new(), decrypts: OnceLock::new() })
    }

    fn encrypts(&self) -> &E {
        self.encrypts.get_or_init(|| Box::new(E::new_from_slice(&*self.key).expect(LENGTH)))
    }

    fn decrypts(&self) -> &D {
        self.decrypts.get_or_init(|| Box::new(D::new_from_slice(&*self.key).expect(LENGTH)))
    }
}

const LENGTH: &str = "the key has the length of the cipher's keys";

impl std::fmt::Debug for CipherKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CipherKey({:?})", self.cipher)
    }
}

impl CipherKey {
    /// A key; `None` when it does not have the cipher's length.
    pub fn new(cipher: BlockCipher, key: &[u8]) -> Option<Self> {
        let schedule = match cipher {
            BlockCipher::Aes128 => Schedule::Aes128(Schedules::new(key)?),
            BlockCipher::Aes192 => Schedule::Aes192(Schedules::new(key)?),
            BlockCipher::Aes256 => Schedule::Aes256(Schedules::new(key)?),
            BlockCipher::TripleDes if key.len() == 24 => {
                Schedule::TripleDes(Zeroizing::new(key.to_vec()))
            }
            BlockCipher::TripleDes => return None,
        };
        Some(Self { cipher, schedule })
    }

    /// The cipher.
    pub fn cipher(&self) -> BlockCipher {
        self.cipher
    }

    /// Encrypts: the result is the initialization vector and the padded ciphertext.
    ///
    /// # Errors
    ///
    /// The initialization vector is not one block long, or the library refuses Triple DES.
    pub fn encrypt(&self, iv: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let block = self.cipher.block_length();
        if iv.len() != block {
            let reason = format!("the initialization vector has {} octets, not {block}", iv.len());
            return Err(CryptoError::Operation { what: "encryption", reason });
        }
        let mut out = Vec::with_capacity(2 * block + plaintext.len());
        out.extend_from_slice(iv);
        out.extend_from_slice(plaintext);
        self.encrypt_in_place(&mut out)?;
        Ok(out)
    }

    /// Encrypts where it is: `octets` are the initialization vector and the plaintext, and then what
    /// [`encrypt`](Self::encrypt) gives. With room for one block more nothing is moved, so that no plaintext is left
    /// anywhere.
    ///
    /// # Errors
    ///
    /// There is not even an initialization vector, or the library refuses Triple DES.
    pub fn encrypt_in_place(&self, octets: &mut Vec<u8>) -> Result<(), CryptoError> {
        let block = self.cipher.block_length();
        let Some(plaintext) = octets.len().checked_sub(block) else {
            let reason = format!("{} octets hold no initialization vector", octets.len());
            return Err(CryptoError::Operation { what: "encryption", reason });
        };
        let padding = block - plaintext % block;
        octets.resize(octets.len() + padding, padding as u8);
        let (iv, blocks) = octets.split_at_mut(block);
        match &self.schedule {
            Schedule::Aes128(aes) => encrypt_aes(aes.encrypts(), iv, blocks),
            Schedule::Aes192(aes) => encrypt_aes(aes.encrypts(), iv, blocks),
            Schedule::Aes256(aes) => encrypt_aes(aes.encrypts(), iv, blocks),
            Schedule::TripleDes(key) => {
                let result = triple_des(Mode::Encrypt, key, iv, blocks)?;
                blocks.copy_from_slice(&result);
            }
        }
        Ok(())
    }

    /// Decrypts what [`encrypt`](Self::encrypt) makes. Of the padding only the last octet counts, as in XML
    /// Encryption. `None` when the length or padding is wrong; what to do then must not depend on which.
    pub fn decrypt(&self, octets: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (iv, blocks) = octets.split_at_checked(self.cipher.block_length())?;
        let mut out = Zeroizing::new(blocks.to_vec());
        let (length, is_padded) = self.decrypt_blocks(iv, &mut out)?;
        out.truncate(length);
        is_padded.then_some(out)
    }

    /// The same where it is, and without a judgement of the padding. `None` only where these are no whole blocks, which
    /// everybody sees. The caller wipes the octets, also when there is nothing.
    pub fn decrypt_in_place<'o>(&self, octets: &'o mut [u8]) -> Option<Decrypted<'o>> {
        let (iv, blocks) = octets.split_at_mut_checked(self.cipher.block_length())?;
        let (length, is_padded) = self.decrypt_blocks(iv, blocks)?;
        Some(Decrypted { octets: blocks.get(..length)?, is_padded })
    }

    /// Decrypts whole blocks and gives the length of the plaintext in them, and whether the padding is right.
    fn decrypt_blocks(&self, iv: &[u8], blocks: &mut [u8]) -> Option<(usize, bool)> {
        let block = self.cipher.block_length();
        if blocks.is_empty() || !blocks.len().is_multiple_of(block) {
            return None;
        }
        match &self.schedule {
            Schedule::Aes128(aes) => decrypt_aes(aes.decrypts(), iv, blocks),
            Schedule::Aes192(aes) => decrypt_aes(aes.decrypts(), iv, blocks),
            Schedule::Aes256(aes) => decrypt_aes(aes.decrypts(), iv, blocks),
            Schedule::TripleDes(key) => {
                let plain = triple_des(Mode::Decrypt, key, iv, blocks).ok()?;
                blocks.copy_from_slice(&plain);
            }
        }
        let padding = *blocks.last()?;
        let wrong: Choice = padding.ct_eq(&0) | padding.ct_gt(&(block as u8));
        let padding = u8::conditional_select(&padding, &1, wrong);
        Some((blocks.len() - usize::from(padding), bool::from(!wrong)))
    }
}

fn encrypt_aes<C>(cipher: &C, iv: &[u8], blocks: &mut [u8])
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let Ok(iv) = <&Array<u8, U16>>::try_from(iv) else { return };
    let mut mode = cbc::Encryptor::inner_iv_init(cipher, iv);
    mode.encrypt_blocks(Array::slice_as_chunks_mut(blocks).0);
}

fn decrypt_aes<C>(cipher: &C, iv: &[u8], blocks: &mut [u8])
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
{
    let Ok(iv) = <&Array<u8, U16>>::try_from(iv) else { return };
    let mut mode = cbc::Decryptor::inner_iv_init(cipher, iv);
    mode.decrypt_blocks(Array::slice_as_chunks_mut(blocks).0);
}

fn triple_des(
    mode: Mode,
    key: &[u8],
    iv: &[u8],
    blocks: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let what = "Triple DES";
    let mut crypter =
        Crypter::new(Cipher::des_ede3_cbc(), mode, key, Some(iv)).map_err(failed(what))?;
    crypter.pad(false);
    let mut out = Zeroizing::new(vec![0; blocks.len() + 8]);
    let mut length = crypter.update(blocks, &mut out).map_err(failed(what))?;
    length += crypter.finalize(&mut out[length..]).map_err(failed(what))?;
    out.truncate(length);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CIPHERS: [BlockCipher; 4] =
        [BlockCipher::Aes128, BlockCipher::Aes192, BlockCipher::Aes256, BlockCipher::TripleDes];

    /// NIST SP 800-38A F.2.5, the first block.
    #[test]
    fn a_known_answer() {
        let key: Vec<u8> = [
            0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73, 0xae, 0xf0, 0x85, 0x7d,
            0x77, 0x81, 0x1f, 0x35, 0x2c, 0x07, 0x3b, 0x61, 0x08, 0xd7, 0x2d, 0x98, 0x10, 0xa3,
            0x09, 0x14, 0xdf, 0xf4,
        ]
        .into();
        let iv: Vec<u8> = (0..16).collect();
        let plain = [
            0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93,
            0x17, 0x2a,
        ];
        let expected = [
            0xf5, 0x8c, 0x4c, 0x04, 0xd6, 0xe5, 0xf1, 0xba, 0x77, 0x9e, 0xab, 0xfb, 0x5f, 0x7b,
            0xfb, 0xd6,
        ];
        let out = CipherKey::new(BlockCipher::Aes256, &key).unwrap().encrypt(&iv, &plain).unwrap();
        assert_eq!(out[..16], iv);
        assert_eq!(out[16..32], expected);
    }

    proptest! {
        #[test]
        fn what_is_encrypted_is_decrypted(
            plain in proptest::collection::vec(any::<u8>(), 0..200),
            key in proptest::collection::vec(any::<u8>(), 32),
            which in 0usize..4,
        ) {
            let cipher = CIPHERS[which];
            let key = CipherKey::new(cipher, &key[..cipher.key_length()]).unwrap();
            let out = key.encrypt(&vec![7; cipher.block_length()], &plain).unwrap();
            let decrypted = key.decrypt(&out).unwrap();
            prop_assert_eq!(decrypted.as_slice(), plain.as_slice());
            let mut in_place = vec![7; cipher.block_length()];
            in_place.extend_from_slice(&plain);
            key.encrypt_in_place(&mut in_place).unwrap();
            prop_assert_eq!(&in_place, &out);
            let decrypted = key.decrypt_in_place(&mut in_place).unwrap();
            prop_assert!(decrypted.is_padded);
            prop_assert_eq!(decrypted.octets, plain.as_slice());
        }

        #[test]
        fn any_octets_are_decrypted_or_refused(octets in proptest::collection::vec(any::<u8>(), 0..100), which in 0usize..4) {
            let cipher = CIPHERS[which];
            let key = CipherKey::new(cipher, &vec![1; cipher.key_length()]).unwrap();
            let plain = key.decrypt(&octets);
            if let Some(plain) = &plain {
                prop_assert!(plain.len() < octets.len());
            }
            let mut in_place = octets.clone();
            let decrypted = key.decrypt_in_place(&mut in_place);
            let block = cipher.block_length();
            prop_assert_eq!(decrypted.is_some(), octets.len() > block && octets.len() % block == 0);
            let padded = decrypted.filter(|decrypted| decrypted.is_padded);
            prop_assert_eq!(padded.map(|d| d.octets), plain.as_ref().map(|p| p.as_slice()));
            if let Some(Decrypted { octets: all, is_padded: false }) = decrypted {
                prop_assert_eq!(all.len(), octets.len() - block - 1);
            }
        }
    }

    #[test]
    fn too_few_octets_are_no_vector() {
        let key = CipherKey::new(BlockCipher::Aes128, &[9; 16]).unwrap();
        assert!(key.encrypt(&[0; 15], b"x").is_err());
        assert!(key.encrypt_in_place(&mut vec![0; 15]).is_err());
        assert!(key.decrypt_in_place(&mut [0; 15]).is_none());
        assert!(key.decrypt_in_place(&mut [0; 16]).is_none(), "there is at least one block");
    }

    #[test]
    fn only_the_last_octet_of_the_padding_counts() {
        let key = CipherKey::new(BlockCipher::Aes128, &[9; 16]).unwrap();
        let arbitrary = [b'x', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        let mut out = key.encrypt(&[0; 16], &arbitrary).unwrap();
        out.truncate(32);
        assert_eq!(key.decrypt(&out).unwrap().as_slice(), b"x");
    }
}
