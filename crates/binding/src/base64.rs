//! Base64 as .NET reads it (`Convert.FromBase64String`): blanks and line ends count nothing, padding
//! must be there, bits left over at the end may be anything.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// A text that is no base64; in .NET's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Base64Error {
    /// Its length is no multiple of four characters.
    #[error("Invalid length for a Base-64 char array or string.")]
    Length,
    /// It holds something else than base64.
    #[error(
        "The input is not a valid Base-64 string as it contains a non-base 64 character, more than \
         two padding characters, or an illegal character among the padding characters."
    )]
    Character,
}

/// The octets of a base64 text as .NET reads it, `encodedValue` of an identity for example.
///
/// # Errors
/// It is none.
pub fn decode_base64(text: &str) -> Result<Vec<u8>, Base64Error> {
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')).collect();
    ENGINE.decode(&plain).map_err(|_| match plain.len() % 4 {
        0 => Base64Error::Character,
        _ => Base64Error::Length,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_net_reads() {
        for text in ["", "AQID", "AQ ID\r\n\t", "AQI=", "AQ==", "AR=="] {
            assert!(decode_base64(text).is_ok(), "{text}");
        }
        assert_eq!(decode_base64("AQID"), Ok(vec![1, 2, 3]));
        for text in ["AQI", "A", "AQID="] {
            assert_eq!(decode_base64(text), Err(Base64Error::Length), "{text}");
        }
        for text in ["A===", "AQ-D", "=AQI", "ÄÄ", "AQ=I"] {
            assert_eq!(decode_base64(text), Err(Base64Error::Character), "{text}");
        }
    }
}
