//! What a duplex session can be told.

use super::api::Links;
use crate::settings::{LossRecovery, ReliableSessionSettings, SettingsError};

/// The settings of a duplex session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuplexSettings {
    /// Those of every reliable session. `early_messages` does nothing here: a message that comes before its turn is always
    /// kept, as WCF does in this shape.
    pub reliable: ReliableSessionSettings,
    /// What the session knows of connections.
    pub links: Links,
    /// Whether both ends send: CreateSequence carries an Offer. False: a contract of one-way operations only.
    pub two_way: bool,
    /// Whether everything that is not acknowledged is sent again as soon as a new connection has taken the place of one that
    /// broke. WCF waits for the retransmission timer, of which the first run alone takes six seconds at a service; the peer
    /// sees the same messages, only earlier.
    pub resend_on_new_link: bool,
}

impl Default for DuplexSettings {
    fn default() -> Self {
        Self {
            reliable: ReliableSessionSettings::default(),
            links: Links::default(),
            two_way: true,
            resend_on_new_link: true,
        }
    }
}

impl DuplexSettings {
    /// Checks every range, and refuses what does not exist in duplex sessions.
    ///
    /// # Errors
    ///
    /// The first setting that is out of its range.
    pub fn validate(&self) -> Result<(), SettingsError> {
        self.reliable.validate()?;
        let refused = |setting: &'static str, value: &str, range: &'static str| {
            Err(SettingsError { setting, value: value.to_owned(), range })
        };
        if self.reliable.durable {
            let range = "false in a duplex session: durable duplex sessions are not built yet";
            return refused("durable", "true", range);
        }
        if self.reliable.loss_recovery == LossRecovery::Eager {
            let range =
                "Wcf in a duplex session: eager recovery counts exchanges, of which there are none";
            return refused("loss_recovery", "Eager", range);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_exist_is_refused_in_words() {
        let mut settings = DuplexSettings::default();
        assert_eq!(settings.validate(), Ok(()));
        settings.reliable.durable = true;
        let refusal = settings.validate().unwrap_err().to_string();
        assert!(refusal.contains("durable duplex sessions are not built yet"), "{refusal}");
        settings.reliable.durable = false;
        settings.reliable.loss_recovery = LossRecovery::Eager;
        let refusal = settings.validate().unwrap_err().to_string();
        assert!(refusal.starts_with("loss_recovery is Eager, but must be Wcf"), "{refusal}");
        settings.reliable.loss_recovery = LossRecovery::Wcf;
        settings.reliable.max_transfer_window_size = 0;
        assert_eq!(settings.validate().unwrap_err().setting, "MaxTransferWindowSize");
    }
}
