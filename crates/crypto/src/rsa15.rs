//! Removing the padding of RSA PKCS#1 v1.5 without telling whether it was right (RFC 8017 §7.2.2).

use subtle::{
    Choice, ConditionallySelectable, ConstantTimeEq, ConstantTimeGreater, ConstantTimeLess,
};
use zeroize::Zeroizing;

/// The message inside an encryption block `00 02 PS 00 M`, or `substitute` when the block is none or M does not
/// have the length of the substitute. Takes the same time for every block of one length.
pub(crate) fn unpad(block: &[u8], substitute: &[u8]) -> Zeroizing<Vec<u8>> {
    let length = substitute.len();
    let mut out = Zeroizing::new(substitute.to_vec());
    // The lengths are public: that of the RSA key and that of the suite's keys.
    if block.len() < length + 11 {
        return out;
    }
    let mut good: Choice = block[0].ct_eq(&0) & block[1].ct_eq(&2);
    let mut zero_at = 0u32;
    let mut found = Choice::from(0);
    for (place, octet) in block.iter().enumerate().skip(2) {
        let is_zero = octet.ct_eq(&0);
        zero_at = u32::conditional_select(&zero_at, &(place as u32), is_zero & !found);
        found |= is_zero;
    }
    let begin = (block.len() - length) as u32;
    good &= found & zero_at.ct_gt(&9) & zero_at.ct_lt(&begin) & zero_at.ct_eq(&(begin - 1));
    for (place, octet) in out.iter_mut().enumerate() {
        octet.conditional_assign(&block[begin as usize + place], good);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(message: &[u8]) -> Vec<u8> {
        let mut block = vec![0, 2];
        block.resize(128 - message.len() - 1, 7);
        block.push(0);
        block.extend_from_slice(message);
        block
    }

    #[test]
    fn a_good_block_gives_its_message_and_any_other_the_substitute() {
        let (message, substitute) = ([5; 32], [9; 32]);
        let good = block(&message);
        assert_eq!(unpad(&good, &substitute).as_slice(), message);
        let altered = |place: usize, octet: u8| {
            let mut bad = good.clone();
            bad[place] = octet;
            bad
        };
        let short_padding = altered(5, 0);
        let bad = [
            altered(0, 1),
            altered(1, 1),
            short_padding,
            altered(95, 3),
            block(&[5; 31]),
            block(&[5; 33]),
        ];
        for bad in bad {
            assert_eq!(unpad(&bad, &substitute).as_slice(), substitute);
        }
        assert_eq!(unpad(&good[..40], &substitute).as_slice(), substitute);
    }
}
