//! What a session is waiting for, in words: for the log when a step takes long.

use super::attempt::Stage;
use super::state::{ClientSession, Phase};

impl ClientSession {
    /// What the session is waiting for, and how its last attempt failed.
    pub fn progress(&self) -> String {
        let waits = match &self.phase {
            Phase::New => "the channel is not open".to_owned(),
            Phase::Opening(opening) => match opening.stage {
                Stage::Handshake => "the security handshake is not answered".to_owned(),
                Stage::Pausing(_) => {
                    "the security handshake failed and will be tried again".to_owned()
                }
                Stage::Linking => "there is no connection yet".to_owned(),
                Stage::Creating => "CreateSequence is not answered".to_owned(),
            },
            Phase::Open if self.is_renewing() => "the session key is being renewed".to_owned(),
            Phase::Open => "the service has not answered".to_owned(),
            Phase::Closing { .. } => self.closing_progress(),
            Phase::Cancelling { .. } => "the security session is being cancelled".to_owned(),
            Phase::Ended(_) => "the channel has ended".to_owned(),
        };
        match &self.reached.transport {
            Some(failure) => format!("{waits}; the last attempt failed: {}", failure.reason),
            None => waits,
        }
    }

    fn closing_progress(&self) -> String {
        match self.status().filter(|status| status.outstanding + status.waiting > 0) {
            Some(status) => {
                format!("{} messages are not acknowledged", status.outstanding + status.waiting)
            }
            None => "the end of the session is not answered".to_owned(),
        }
    }
}
