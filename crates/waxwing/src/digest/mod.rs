//! HTTP Digest (RFC 7616, and RFC 2617 and 2069 for older peers): what is computed of a password, by either end. Challenges and
//! headers are read and written in `net`.

mod claim;
mod nonces;
mod response;
mod secret;

pub use self::claim::DigestClaim;
pub(crate) use self::claim::{Stated, Target};
pub(crate) use self::nonces::Nonces;
pub(crate) use self::response::{Algorithm, Protected, Response, same};
pub use self::secret::{DigestAlgorithm, DigestSecret};
