//! Faults: why a server does not go on (MC-NMF §2.2.5).

use super::exception::FramingException;

/// A fault that the protocol knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultCode {
    /// Nobody takes connections for this via.
    EndpointNotFound,
    /// Somebody does, but not now.
    EndpointUnavailable,
    /// Messages are encoded otherwise there.
    ContentTypeInvalid,
    /// The content type is too long.
    ContentTypeTooLong,
    /// The via is too long.
    ViaTooLong,
    /// An envelope is too large.
    MaxMessageSizeExceeded,
    /// The mode does not exist, or is not that of the endpoint.
    UnsupportedMode,
    /// The version of the protocol is another one.
    UnsupportedVersion,
    /// The stream is not upgraded there, or otherwise.
    UpgradeInvalid,
    /// Nothing new is taken.
    ServerTooBusy,
    /// The service could not be started.
    ServiceActivationFailed,
    /// The connection could not be given to the service.
    ConnectionDispatchFailed,
}

/// What all of their URIs begin with.
const BASE: &str = "http://schemas.microsoft.com/ws/2006/05/framing/faults/";

impl FaultCode {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::EndpointNotFound,
        Self::EndpointUnavailable,
        Self::ContentTypeInvalid,
        Self::ContentTypeTooLong,
        Self::ViaTooLong,
        Self::MaxMessageSizeExceeded,
        Self::UnsupportedMode,
        Self::UnsupportedVersion,
        Self::UpgradeInvalid,
        Self::ServerTooBusy,
        Self::ServiceActivationFailed,
        Self::ConnectionDispatchFailed,
    ];

    fn suffix(self) -> &'static str {
        match self {
            Self::EndpointNotFound => "EndpointNotFound",
            Self::EndpointUnavailable => "EndpointUnavailable",
            Self::ContentTypeInvalid => "ContentTypeInvalid",
            Self::ContentTypeTooLong => "ContentTypeTooLong",
            Self::ViaTooLong => "ViaTooLong",
            // Its name has the word, too.
            Self::MaxMessageSizeExceeded => "MaxMessageSizeExceededFault",
            Self::UnsupportedMode => "UnsupportedMode",
            Self::UnsupportedVersion => "UnsupportedVersion",
            Self::UpgradeInvalid => "UpgradeInvalid",
            Self::ServerTooBusy => "ServerTooBusy",
            Self::ServiceActivationFailed => "ServiceActivationFailed",
            Self::ConnectionDispatchFailed => "ConnectionDispatchFailed",
        }
    }

    /// Its URI, as it travels.
    pub fn uri(self) -> String {
        format!("{BASE}{}", self.suffix())
    }

    /// The fault of this URI.
    pub fn of(uri: &str) -> Option<Self> {
        let suffix = uri.strip_prefix(BASE)?;
        Self::ALL.into_iter().find(|code| code.suffix() == suffix)
    }

    /// What WCF's client makes of it, when it has asked for `via` with messages of this content type: the kind of the
    /// exception and its text.
    pub fn exception(self, via: &str, content_type: &str) -> (FramingException, String) {
        (self.kind(), self.text(via, content_type))
    }

    fn kind(self) -> FramingException {
        match self {
            Self::EndpointNotFound | Self::EndpointUnavailable => {
                FramingException::EndpointNotFound
            }
            Self::ContentTypeInvalid
            | Self::UnsupportedMode
            | Self::UnsupportedVersion
            | Self::UpgradeInvalid => FramingException::Protocol,
            Self::ContentTypeTooLong
            | Self::ViaTooLong
            | Self::MaxMessageSizeExceeded
            | Self::ConnectionDispatchFailed => FramingException::Communication,
            Self::ServerTooBusy => FramingException::ServerTooBusy,
            Self::ServiceActivationFailed => FramingException::ServiceActivation,
        }
    }

    /// WCF's text.
    fn text(self, via: &str, content_type: &str) -> String {
        match self {
            Self::EndpointNotFound => format!(
                    "There was no endpoint listening at {via} that could accept the message. This is often caused by an \
                     incorrect address or SOAP action. See InnerException, if present, for more details."
                ),
            Self::EndpointUnavailable => format!(
                    "The message could not be dispatched because the service at the endpoint address '{via}' is unavailable \
                     for the protocol of the address."
                ),
            Self::ContentTypeInvalid => format!(
                    "Content Type {content_type} was not supported by service {via}.  The client and service bindings may be \
                     mismatched."
                ),
            Self::ContentTypeTooLong => format!(
                    "Content type '{content_type}' is too long to be processed by the remote host. See the server logs for \
                     more details."
                ),
            Self::ViaTooLong => format!(
                    "Via '{via}' is too long to be processed by the remote host. See the server logs for more details."
                ),
            Self::MaxMessageSizeExceeded => "The maximum message size quota for incoming messages has been exceeded for the remote channel. See the \
                 server logs for more details."
                    .to_owned(),
            Self::UnsupportedMode => format!(
                    "The .Net Framing mode being used is not supported by '{via}'. See the server logs for more details."
                ),
            Self::UnsupportedVersion => format!(
                    "The .Net Framing version being used is not supported by '{via}'. See the server logs for more details."
                ),
            Self::UpgradeInvalid => format!(
                    "The requested upgrade is not supported by '{via}'. This could be due to mismatched bindings (for example \
                     security enabled on the client and not on the server)."
                ),
            Self::ServerTooBusy => format!("Server '{via}' is too busy to process this request. Try again later."),
            Self::ServiceActivationFailed => format!(
                    "The requested service, '{via}' could not be activated. See the server's diagnostic trace logs for more \
                     information."
                ),
            Self::ConnectionDispatchFailed => format!(
                    "The message could not be dispatched to the service at address '{via}'. Refer to the server Event Log for \
                     more details"
                ),
        }
    }
}
