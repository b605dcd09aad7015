//! What a reliable session can be told: WCF's settings with WCF's defaults and ranges.

use std::time::Duration;

use waxwing_soap::Mint;

/// The largest window that the wire allows (`MaxTransferWindowSize`, `BufferRemaining`).
pub const MAX_TRANSFER_WINDOW: u32 = 4096;

/// The most sessions that may wait to be accepted (`MaxPendingChannels`).
pub const MAX_PENDING_CHANNELS: u32 = 16_384;

/// The most acknowledgement ranges that are kept and written: WCF's limit. A message that would create one
/// more is not accepted, so a peer cannot make the list grow.
pub const MAX_SEQUENCE_RANGES: usize = 128;

/// How lost messages are found and sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LossRecovery {
    /// As WCF does: one timer, the head of the window only, doubling, slow start afterwards.
    #[default]
    Wcf,
    /// Sender-side refinement for one-way pipelines over links that lose messages: a message that later
    /// acknowledgements leave out is sent again at once, and as many copies are sent as the measured loss
    /// demands. The receiver sees duplicates, which every receiver has to drop. Costs bandwidth.
    Eager,
}

/// What the first estimate of the round trip is taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RoundTripEstimate {
    /// As WCF does: from the whole of Open, with connecting, security handshake and lost attempts. After a slow Open
    /// lost messages are sent again very late.
    #[default]
    WholeOpen,
    /// From the exchange that brought the CreateSequenceResponse. The peer sees no difference but earlier
    /// repetitions.
    Exchange,
}

/// What a service does with a message of an ordered request/reply session that comes before its turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EarlyMessages {
    /// Holds it, within the window, and answers its exchange when it was executed. It is acknowledged when its turn
    /// has come, not before.
    #[default]
    Hold,
    /// Refuses it, as WCF does: its exchange is answered with nothing, and the client has to send it again.
    Refuse,
}

/// The settings of a reliable session. The first seven are WCF's, by the names of its configuration
/// (`reliableSession`); the rest are timeouts of the binding that the protocol consumes, and refinements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReliableSessionSettings {
    /// `Ordered`: deliver in the order of numbers.
    pub ordered: bool,
    /// `InactivityTimeout`: how long without anything from the peer until the session faults. More than zero.
    pub inactivity_timeout: Duration,
    /// `AcknowledgementInterval`: more than zero. Does nothing in shapes whose
    /// acknowledgements ride answers, since each goes out at once.
    pub acknowledgement_interval: Duration,
    /// `MaxTransferWindowSize`: 1 to 4096 messages.
    pub max_transfer_window_size: u32,
    /// `MaxRetryCount`: resends of one message until the session faults; at least 1.
    pub max_retry_count: u32,
    /// `FlowControlEnabled`: obey the peer's `BufferRemaining`.
    pub flow_control_enabled: bool,
    /// `MaxPendingChannels`: sessions that may wait to be accepted; 1 to 16384. Who asks for one more is refused
    /// (`ConnectionLimitReached`), by a durable service told to come again.
    pub max_pending_channels: u32,
    /// `SendTimeout` of the binding: half of it bounds the fast polling interval.
    pub send_timeout: Duration,
    /// How long after the start of an attempt CreateSequence, CloseSequence and TerminateSequence are
    /// repeated. WCF's fixed value is 10 s.
    pub request_interval: Duration,
    /// What a service does with messages that come before their turn (ordered request/reply sessions).
    pub early_messages: EarlyMessages,
    /// How lost messages are found.
    pub loss_recovery: LossRecovery,
    /// What the first estimate of the round trip is taken from.
    pub round_trip_estimate: RoundTripEstimate,
    /// Whether the engine says `Persist` before whatever it promises, and waits for `Persisted`.
    pub durable: bool,
    /// Makes the identifiers of a service's sequences. One in a security context says the same shard as that.
    pub mint: Mint,
}

impl Default for ReliableSessionSettings {
    fn default() -> Self {
        Self {
            ordered: true,
            inactivity_timeout: Duration::from_secs(600),
            acknowledgement_interval: Duration::from_millis(200),
            max_transfer_window_size: 8,
            max_retry_count: 8,
            flow_control_enabled: true,
            max_pending_channels: 4,
            send_timeout: Duration::from_secs(60),
            request_interval: Duration::from_secs(10),
            early_messages: EarlyMessages::Hold,
            loss_recovery: LossRecovery::Wcf,
            round_trip_estimate: RoundTripEstimate::WholeOpen,
            durable: false,
            mint: Mint::default(),
        }
    }
}

/// A setting outside its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting} is {value}, but must be {range}")]
pub struct SettingsError {
    /// WCF's name of the setting.
    pub setting: &'static str,
    /// What it was.
    pub value: String,
    /// What it must be.
    pub range: &'static str,
}

impl ReliableSessionSettings {
    /// Checks every range of WCF's `reliableSession` element. The engines take only checked settings: their
    /// constructors call this.
    ///
    /// # Errors
    ///
    /// The first setting that is out of its range.
    pub fn validate(&self) -> Result<(), SettingsError> {
        positive("InactivityTimeout", self.inactivity_timeout)?;
        positive("AcknowledgementInterval", self.acknowledgement_interval)?;
        positive("SendTimeout", self.send_timeout)?;
        positive("request_interval", self.request_interval)?;
        between(
            "MaxTransferWindowSize",
            self.max_transfer_window_size,
            MAX_TRANSFER_WINDOW,
            "1 to 4096",
        )?;
        between("MaxRetryCount", self.max_retry_count, u32::MAX, "at least 1")?;
        between("MaxPendingChannels", self.max_pending_channels, MAX_PENDING_CHANNELS, "1 to 16384")
    }
}

fn positive(setting: &'static str, value: Duration) -> Result<(), SettingsError> {
    if value.is_zero() {
        return Err(SettingsError {
            setting,
            value: format!("{value:?}"),
            range: "more than zero",
        });
    }
    Ok(())
}

fn between(
    setting: &'static str,
    value: u32,
    most: u32,
    range: &'static str,
) -> Result<(), SettingsError> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    Err(SettingsError { setting, value: value.to_string(), range })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_legal_and_ranges_are_wcfs() {
        let good = ReliableSessionSettings::default();
        assert_eq!(good.validate(), Ok(()));
        type Change = fn(&mut ReliableSessionSettings);
        let bad: [(Change, &str); 7] = [
            (|s| s.inactivity_timeout = Duration::ZERO, "InactivityTimeout"),
            (|s| s.acknowledgement_interval = Duration::ZERO, "AcknowledgementInterval"),
            (|s| s.max_transfer_window_size = 0, "MaxTransferWindowSize"),
            (|s| s.max_transfer_window_size = 4097, "MaxTransferWindowSize"),
            (|s| s.max_retry_count = 0, "MaxRetryCount"),
            (|s| s.max_pending_channels = 0, "MaxPendingChannels"),
            (|s| s.max_pending_channels = 16_385, "MaxPendingChannels"),
        ];
        for (change, name) in bad {
            let mut settings = good.clone();
            change(&mut settings);
            assert_eq!(settings.validate().unwrap_err().setting, name);
        }
    }
}
