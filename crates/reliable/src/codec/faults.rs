//! The protocol's faults as SOAP faults (WS-RM 2005 §4, 1.1 §4; SOAP 1.1 in a `SequenceFault` header).

use waxwing_soap::{
    AddressingVersion, Envelope, Fault, FaultCode, MessageVersion, QName, SoapVersion,
};
use waxwing_xml::{Document, Element, Name};

use super::acknowledgement::acknowledgement_content;
use super::headers;
use super::text::identifier;
use crate::fault::{Blame, FaultKind, SequenceFault};
use crate::message::Body;
use crate::ranges::MAX_MESSAGE_NUMBER;
use crate::version::{NETRM_NAMESPACE, ReliableMessagingVersion};

/// The body of a message that is a fault outside any sequence.
pub(super) fn read(envelope: &Envelope, version: ReliableMessagingVersion) -> Body<()> {
    let Some(fault) = Fault::read(envelope) else {
        let unreadable = Fault::new(FaultCode::Receiver, "a fault without code");
        return Body::SoapFault(Box::new(unreadable));
    };
    let kind = match envelope.version().soap {
        SoapVersion::Soap12 => kind12(&fault, envelope, version),
        SoapVersion::Soap11 => kind11(&fault, envelope, version),
    };
    match kind {
        Some((blame, kind)) => {
            let reason = fault.text().to_owned();
            Body::Fault(Box::new(SequenceFault { blame, kind, reason }))
        }
        None => Body::SoapFault(Box::new(fault)),
    }
}

fn blame(code: &FaultCode) -> Option<Blame> {
    match code {
        FaultCode::Sender => Some(Blame::Sender),
        FaultCode::Receiver => Some(Blame::Receiver),
        _ => None,
    }
}

fn kind12(
    fault: &Fault,
    envelope: &Envelope,
    version: ReliableMessagingVersion,
) -> Option<(Blame, FaultKind)> {
    let blame = blame(&fault.code)?;
    let subcode = fault.subcode().filter(|q| q.namespace == version.namespace())?;
    let limit =
        fault.subcodes.get(1).is_some_and(|q| q.is(NETRM_NAMESPACE, "ConnectionLimitReached"));
    if let Some(kind) = without_detail(&subcode.local, limit) {
        return Some((blame, kind));
    }
    let soap = SoapVersion::Soap12.namespace();
    let detail = envelope.payload().and_then(|p| p.child(soap, "Detail"));
    Some((blame, with_detail(&subcode.local, detail, version)?))
}

fn kind11(
    fault: &Fault,
    envelope: &Envelope,
    version: ReliableMessagingVersion,
) -> Option<(Blame, FaultKind)> {
    if let FaultCode::Other(name) = &fault.code {
        let local = Some(&name.local).filter(|_| name.namespace == version.namespace())?;
        return Some((Blame::Sender, without_detail(local, false)?));
    }
    let blame = blame(&fault.code)?;
    let namespace = version.namespace();
    let header = envelope.header_named(namespace, "SequenceFault")?;
    let code = header.child(namespace, "FaultCode")?;
    let text = code.text();
    let (ns, local) = code.resolve_qname(&text)?;
    if ns != namespace {
        return None;
    }
    let holder = match version {
        ReliableMessagingVersion::February2005 => Some(header),
        ReliableMessagingVersion::V11 => header.child(namespace, "Detail"),
    };
    Some((blame, with_detail(local, holder, version)?))
}

/// The faults that need no detail.
fn without_detail(local: &str, connection_limit: bool) -> Option<FaultKind> {
    match local {
        "CreateSequenceRefused" => Some(FaultKind::CreateSequenceRefused { connection_limit }),
        "WsrmRequired" => Some(FaultKind::WsrmRequired),
        _ => None,
    }
}

/// The faults whose detail is mandatory for recognition; an unknown name is taken without.
fn with_detail(
    local: &str,
    detail: Option<Element<'_>>,
    version: ReliableMessagingVersion,
) -> Option<FaultKind> {
    let child = |name: &str| detail.and_then(|d| d.child(version.namespace(), name));
    let named = |kind: fn(_) -> FaultKind| child("Identifier").and_then(identifier).map(kind);
    match local {
        "UnknownSequence" => named(FaultKind::UnknownSequence),
        "SequenceTerminated" => named(FaultKind::SequenceTerminated),
        "MessageNumberRollover" => named(FaultKind::MessageNumberRollover),
        "LastMessageNumberExceeded" => named(FaultKind::LastMessageNumberExceeded),
        "SequenceClosed" => named(FaultKind::SequenceClosed),
        "InvalidAcknowledgement" => {
            let ack = headers::acknowledgement(child("SequenceAcknowledgement")?, version).ok()?;
            Some(FaultKind::InvalidAcknowledgement(Box::new(ack)))
        }
        unknown => Some(FaultKind::Unrecognized(unknown.to_owned())),
    }
}

/// The action of a fault.
pub(super) fn action(
    kind: &FaultKind,
    version: ReliableMessagingVersion,
    addressing: AddressingVersion,
) -> &'static str {
    match kind {
        FaultKind::MustUnderstand { .. } | FaultKind::EndpointUnavailable => {
            addressing.default_fault_action()
        }
        FaultKind::ActionNotSupported(_)
        | FaultKind::AddressingHeaderRequired(_)
        | FaultKind::InvalidAddressingHeader(_) => addressing.fault_action(),
        _ => version.fault_action(addressing),
    }
}

/// The action of a SOAP fault that is none of the protocol's.
pub(super) fn soap_action(fault: &Fault, addressing: AddressingVersion) -> &'static str {
    match fault.subcode() {
        Some(name) if name.namespace == addressing.namespace() => addressing.fault_action(),
        _ => addressing.default_fault_action(),
    }
}

/// Writes body and, for SOAP 1.1 and headers that were not understood, headers of a fault.
pub(super) fn write(
    envelope: &mut Envelope,
    fault: &SequenceFault,
    version: ReliableMessagingVersion,
) {
    let MessageVersion { soap, addressing } = envelope.version();
    let code = match (&fault.kind, fault.blame) {
        (FaultKind::MustUnderstand { .. }, _) => FaultCode::MustUnderstand,
        (_, Blame::Sender) => FaultCode::Sender,
        (_, Blame::Receiver) => FaultCode::Receiver,
    };
    let mut out = Fault::new(code, &*fault.reason);
    out.subcodes = subcodes(&fault.kind, version, addressing);
    let detail = detail(&fault.kind, version, addressing);
    match (soap, &fault.kind) {
        (_, FaultKind::MustUnderstand { namespace, local }) => {
            out = out.with_not_understood(namespace, local);
        }
        (SoapVersion::Soap12, _) => out.detail = detail.map(|d| inner_xml(&d)),
        (
            SoapVersion::Soap11,
            FaultKind::CreateSequenceRefused { .. } | FaultKind::WsrmRequired,
        ) => {
            out.subcodes.truncate(1);
        }
        (SoapVersion::Soap11, kind) => match detail {
            Some(detail) if is_header_fault(kind) => {
                out.subcodes.clear();
                sequence_fault(envelope, kind.local_name(), &detail, version);
            }
            Some(detail) => fault_detail(envelope, &detail),
            None => {}
        },
    }
    out.write(envelope);
}

/// The faults that SOAP 1.1 carries in a `SequenceFault` header.
fn is_header_fault(kind: &FaultKind) -> bool {
    !matches!(kind, FaultKind::AddressingHeaderRequired(_) | FaultKind::InvalidAddressingHeader(_))
}

fn subcodes(
    kind: &FaultKind,
    version: ReliableMessagingVersion,
    addressing: AddressingVersion,
) -> Vec<QName> {
    let wsa = |local: &str| QName::new(addressing.namespace(), local);
    let is_10 = addressing == AddressingVersion::Addressing10;
    match kind {
        FaultKind::MustUnderstand { .. } => Vec::new(),
        FaultKind::ActionNotSupported(_) | FaultKind::EndpointUnavailable => {
            vec![wsa(kind.local_name())]
        }
        FaultKind::AddressingHeaderRequired(_) if is_10 => {
            vec![wsa("MessageAddressingHeaderRequired")]
        }
        FaultKind::AddressingHeaderRequired(_) => vec![wsa("MessageInformationHeaderRequired")],
        FaultKind::InvalidAddressingHeader(_) if is_10 => {
            vec![wsa("InvalidAddressingHeader"), wsa("InvalidCardinality")]
        }
        FaultKind::InvalidAddressingHeader(_) => vec![wsa("InvalidMessageInformationHeader")],
        FaultKind::CreateSequenceRefused { connection_limit: true } => vec![
            QName::new(version.namespace(), "CreateSequenceRefused"),
            QName::new(NETRM_NAMESPACE, "ConnectionLimitReached"),
        ],
        other => vec![QName::new(version.namespace(), other.local_name())],
    }
}

/// The detail as a document whose root holds it.
fn detail(
    kind: &FaultKind,
    version: ReliableMessagingVersion,
    addressing: AddressingVersion,
) -> Option<Document> {
    let rm = version.namespace();
    if let FaultKind::AddressingHeaderRequired(name) | FaultKind::InvalidAddressingHeader(name) =
        kind
    {
        let wsa = addressing.namespace();
        let mut document = Document::new(Name::local("detail"));
        let root = document.root().id();
        let problem = document.append_element(root, Name::new("a", "ProblemHeaderQName", wsa));
        document.declare_namespace(problem, "a", wsa);
        document.append_text(problem, &format!("a:{name}"));
        return (addressing == AddressingVersion::Addressing10).then_some(document);
    }
    let mut document = Document::new(Name::local("detail"));
    let root = document.root().id();
    if let FaultKind::InvalidAcknowledgement(ack) = kind {
        let name = Name::new("r", "SequenceAcknowledgement", rm);
        let element = document.append_element(root, name);
        acknowledgement_content(&mut document, element, ack, version);
        return Some(document);
    }
    let identifier = kind.identifier()?.as_str();
    document.append_text_element(root, Name::new("r", "Identifier", rm), identifier);
    let is_11 = version == ReliableMessagingVersion::V11;
    if is_11 && matches!(kind, FaultKind::MessageNumberRollover(_)) {
        let name = Name::new("r", "MaxMessageNumber", rm);
        document.append_text_element(root, name, &MAX_MESSAGE_NUMBER.to_string());
    }
    Some(document)
}

/// SOAP 1.1: the header that carries subcode and detail.
fn sequence_fault(
    envelope: &mut Envelope,
    local: &str,
    detail: &Document,
    version: ReliableMessagingVersion,
) {
    let rm = version.namespace();
    let header = envelope.prepend_header(Name::new("r", "SequenceFault", rm));
    let document = envelope.document_mut();
    let code = document.append_element(header, Name::new("r", "FaultCode", rm));
    document.declare_namespace(code, "", rm);
    document.append_text(code, local);
    let holder = match version {
        ReliableMessagingVersion::February2005 => header,
        ReliableMessagingVersion::V11 => {
            document.append_element(header, Name::new("r", "Detail", rm))
        }
    };
    for child in detail.root().elements() {
        document.import(holder, child);
    }
}

/// SOAP 1.1 with WS-Addressing 1.0: details of addressing faults go into a header.
fn fault_detail(envelope: &mut Envelope, detail: &Document) {
    let wsa = envelope.version().addressing.namespace();
    let header = envelope.append_header(Name::new("a", "FaultDetail", wsa));
    for child in detail.root().elements() {
        envelope.document_mut().import(header, child);
    }
}

fn inner_xml(document: &Document) -> String {
    let mut out = Vec::new();
    document.write_children_to(document.root().id(), &mut out);
    String::from_utf8(out).unwrap_or_default()
}
