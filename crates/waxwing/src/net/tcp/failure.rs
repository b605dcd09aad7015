//! What failures of framing mean to the protocols above.

use waxwing_session::{TransportCause, TransportFailure};
use waxwing_soap::framing::{
    ClientFailure, FaultCode, FramingError, FramingException, FramingProblem, Refusal,
};

/// What the server has said, or what is wrong with what it sends.
pub(super) fn of_client(failure: &ClientFailure) -> TransportFailure {
    let cause = match (failure.fault, failure.exception) {
        (Some(FaultCode::ContentTypeInvalid), _) => TransportCause::MediaType,
        (Some(FaultCode::MaxMessageSizeExceeded), _) => TransportCause::RequestTooLarge,
        (_, FramingException::EndpointNotFound) => TransportCause::NotFound,
        // The service may be started by somebody meanwhile.
        (_, FramingException::ServerTooBusy | FramingException::ServiceActivation) => {
            TransportCause::Busy
        }
        (_, FramingException::QuotaExceeded) => TransportCause::AnswerTooLarge,
        (_, FramingException::MessageSecurity) => TransportCause::Tls,
        (Some(FaultCode::ConnectionDispatchFailed), _) => TransportCause::Broken,
        _ => TransportCause::Framing,
    };
    let advice = match (failure.fault, failure.exception) {
        (Some(FaultCode::EndpointNotFound), _) => {
            " The host is there and has no endpoint of this address: compare the path with the address that the service listens on."
        }
        (Some(FaultCode::ContentTypeInvalid), _) => {
            " Compare the encodings of the two bindings (binaryMessageEncoding, its compressionFormat, text, mtom)."
        }
        (Some(FaultCode::UpgradeInvalid), _) => {
            " Compare <security mode> of the two bindings: this one has the security of the transport."
        }
        (Some(FaultCode::UnsupportedMode), _) => {
            " Compare transferMode of the two bindings: one is Buffered, the other one is streamed."
        }
        (Some(FaultCode::MaxMessageSizeExceeded), _) => {
            " Raise maxReceivedMessageSize of the service's binding, or send less at a time."
        }
        (_, FramingException::MessageSecurity) => {
            " Does the service have <security mode=\"Transport\"> with a certificate?"
        }
        (None, FramingException::Protocol) => {
            " Does the service have the same <security mode>, and is it net.tcp that it speaks at this port?"
        }
        _ => "",
    };
    TransportFailure { cause, reason: format!("{}{advice}", failure.text) }
}

/// What is wrong with what a client sends.
pub(super) fn of_server(error: &FramingError) -> TransportFailure {
    let cause = match error.problem {
        FramingProblem::EnvelopeTooLarge(_) => TransportCause::AnswerTooLarge,
        FramingProblem::PrematureEnd => TransportCause::Broken,
        _ => TransportCause::Framing,
    };
    TransportFailure { cause, reason: Refusal::of(error).reason }
}
