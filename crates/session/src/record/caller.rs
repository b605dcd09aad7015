//! Who called, as it is kept.

use std::sync::Arc;

use waxwing_crypto::Certificate;
use waxwing_security::conversation::{CallerIdentity, SavedCaller};

/// A caller, to be kept.
pub(super) fn saved(caller: &CallerIdentity) -> SavedCaller {
    match caller {
        CallerIdentity::Anonymous => SavedCaller::Anonymous,
        CallerIdentity::Certificate(certificate) => {
            SavedCaller::Certificate(certificate.der().to_vec())
        }
        CallerIdentity::UserName(name) => SavedCaller::UserName(name.to_string()),
    }
}

/// A caller that was kept.
pub(super) fn restored(saved: SavedCaller) -> Result<Arc<CallerIdentity>, String> {
    Ok(Arc::new(match saved {
        SavedCaller::Anonymous => CallerIdentity::Anonymous,
        SavedCaller::UserName(name) => CallerIdentity::UserName(name.into()),
        SavedCaller::Certificate(der) => {
            let certificate = Certificate::from_der(&der);
            CallerIdentity::Certificate(certificate.map_err(|error| error.to_string())?)
        }
    }))
}
