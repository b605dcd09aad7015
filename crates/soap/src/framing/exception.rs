//! WCF's exceptions, by kind.

/// What WCF's client throws when a connection does not come about or does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FramingException {
    /// `CommunicationException`: the connection broke, or a quota is exceeded.
    Communication,
    /// `ProtocolException`: the two sides do not agree.
    Protocol,
    /// `EndpointNotFoundException`
    EndpointNotFound,
    /// `ServerTooBusyException`
    ServerTooBusy,
    /// `ServiceActivationException`
    ServiceActivation,
    /// `MessageSecurityException`: the upgrade of the stream was not granted.
    MessageSecurity,
    /// `QuotaExceededException` within a `CommunicationException`: what came in is larger than this side takes.
    QuotaExceeded,
}

impl FramingException {
    /// The name of WCF's class.
    pub fn name(self) -> &'static str {
        match self {
            Self::Communication | Self::QuotaExceeded => "CommunicationException",
            Self::Protocol => "ProtocolException",
            Self::EndpointNotFound => "EndpointNotFoundException",
            Self::ServerTooBusy => "ServerTooBusyException",
            Self::ServiceActivation => "ServiceActivationException",
            Self::MessageSecurity => "MessageSecurityException",
        }
    }
}
