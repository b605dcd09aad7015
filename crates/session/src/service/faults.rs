//! Faults of WCF's dispatcher about addressing, versions and headers, with its texts.

use waxwing_reliable::FaultKind;
use waxwing_soap::{
    AddressingError, AddressingVersion, Envelope, Fault, FaultCode, MessageVersion, QName,
    SoapVersion,
};

/// The action of faults that WS-Addressing itself defines (SOAP Binding §6).
pub(super) fn addressing_action(version: AddressingVersion) -> &'static str {
    match version {
        AddressingVersion::August2004 => "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault",
        _ => "http://www.w3.org/2005/08/addressing/fault",
    }
}

/// SOAP 1.2 Part 1 §5.4.8, with WCF's words.
pub(super) fn must_understand(header: &QName) -> Fault {
    let QName { namespace, local } = header;
    let text = format!(
        "The header '{local}' from the namespace '{namespace}' was not understood by the recipient of this message, \
         causing the message to not be processed.  This error typically indicates that the sender of this message has \
         enabled a communication protocol that the receiver cannot process.  Please ensure that the configuration of \
         the client's binding is consistent with the service's binding."
    );
    Fault::new(FaultCode::MustUnderstand, text).with_not_understood(namespace, local)
}

/// WS-Addressing 1.0 SOAP Binding §6.4.1.
pub(super) fn addressing(
    error: &AddressingError,
    version: AddressingVersion,
) -> (Fault, &'static str) {
    let fault = Fault::new(FaultCode::Sender, error.to_string());
    let fault = fault.with_subcode(version.namespace(), "InvalidAddressingHeader");
    let fault = match (error, version) {
        (AddressingError::Cardinality(_), AddressingVersion::Addressing10) => {
            fault.with_subcode(version.namespace(), "InvalidCardinality")
        }
        _ => fault,
    };
    (fault, addressing_action(version))
}

/// WS-Addressing 1.0 SOAP Binding §6.4.3, with WCF's words.
pub(super) fn destination_unreachable(to: &str, version: AddressingVersion) -> Fault {
    let fault = Fault::new(FaultCode::Sender, mismatch(to));
    fault.with_subcode(version.namespace(), "DestinationUnreachable")
}

/// The same for a CreateSequence (WS-Addressing 1.0 SOAP Binding §6.4.4).
pub(super) fn endpoint_unavailable(to: &str, version: AddressingVersion) -> Fault {
    let fault = Fault::new(FaultCode::Sender, mismatch(to));
    fault.with_subcode(version.namespace(), "EndpointUnavailable")
}

fn mismatch(to: &str) -> String {
    format!(
        "The message with To '{to}' cannot be processed at the receiver, due to an AddressFilter mismatch at the \
         EndpointDispatcher.  Check that the sender and receiver's EndpointAddresses agree."
    )
}

/// Another SOAP version gets VersionMismatch (SOAP 1.2 Part 1 §5.4.7), other addressing headers a plain refusal. The
/// second is for the log.
pub(super) fn version_mismatch(
    found: MessageVersion,
    expected: MessageVersion,
) -> (Envelope, String) {
    let problem = format!(
        "the message is {} and {}; this endpoint speaks {} and {}",
        soap(found.soap),
        found.addressing.name(),
        soap(expected.soap),
        expected.addressing.name()
    );
    let same_soap = found.soap == expected.soap;
    let code = if same_soap { FaultCode::Sender } else { FaultCode::VersionMismatch };
    let fault = Fault::new(code, problem.clone());
    (fault.to_envelope(found, found.addressing.default_fault_action(), None), problem)
}

fn soap(version: SoapVersion) -> &'static str {
    match version {
        SoapVersion::Soap11 => "SOAP 1.1",
        SoapVersion::Soap12 => "SOAP 1.2",
    }
}

/// The name of an addressing version, for people.
trait VersionName {
    fn name(&self) -> &'static str;
}

impl VersionName for AddressingVersion {
    fn name(&self) -> &'static str {
        match self {
            AddressingVersion::None => "without addressing headers",
            AddressingVersion::August2004 => "WS-Addressing of August 2004",
            AddressingVersion::Addressing10 => "WS-Addressing 1.0",
        }
    }
}

/// Whether a fault refuses a message because it is outside of any sequence.
pub(super) fn is_outside(kind: &FaultKind) -> bool {
    matches!(kind, FaultKind::ActionNotSupported(_) | FaultKind::WsrmRequired)
}
