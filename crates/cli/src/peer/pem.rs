//! A certificate in PEM with its key.

use std::path::Path;

use waxwing::certificates::certificates_of_file;
use waxwing::crypto::Identity;

/// The certificate of a file that was read with its key, which is in what was read, or in a file beside it as in a store:
/// `alice.key.pem` beside `alice.cert.pem`.
///
/// # Errors
/// There is no certificate, or no key. `given`: the key was to be found in a file of its own.
pub(super) fn of_pem(path: &Path, octets: &[u8], given: bool) -> Result<Identity, String> {
    let error = match Identity::from_pem(octets) {
        Ok(identity) => return Ok(identity),
        Err(error) => error.to_string(),
    };
    if given {
        return Err(error);
    }
    let mut all = certificates_of_file(path, None).map_err(|error| error.to_string())?;
    let Some(own) = all.iter().position(|stored| stored.key.is_some()) else {
        return Err(match all.is_empty() {
            true => error,
            false => "it has no private key, nor has a file beside it (NAME.key.pem beside NAME.cert.pem): give it by \
                      --client-key FILE"
                .to_owned(),
        });
    };
    let stored = all.swap_remove(own);
    let rest = all.into_iter().map(|other| other.certificate);
    match stored.key {
        Some(key) => {
            let chain = stored.chain.into_iter().chain(rest).collect();
            Ok(Identity { certificate: stored.certificate, key, chain })
        }
        None => Err(error),
    }
}
