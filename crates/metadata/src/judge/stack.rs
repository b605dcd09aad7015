//! From a draft to the stack of binding elements: the pivot between policies and bindings.

use waxwing_binding::{
    BinaryMessageEncoding, BindingElement, CompositeDuplex, HttpTransport, HttpsTransport,
    MessageVersion, MtomMessageEncoding, OneWay, ReliableSessionElement, SecurityBindingElement,
    SslStreamSecurity, Stack, TcpTransport, TextMessageEncoding, TransferMode,
    WebSocketTransportUsage, WindowsStreamSecurity,
};
use waxwing_soap::SoapVersion;

use super::draft::{Addressing, Connection, Draft, Encoding};
use super::wire::Wire;

/// The stack of a draft, top first.
pub(super) fn of_draft(
    draft: &Draft,
    security: Option<SecurityBindingElement>,
    soap: SoapVersion,
    wire: &Wire,
    https: bool,
) -> Stack {
    let mut elements = Vec::new();
    if let Some(session) = &draft.reliable {
        let mut element = ReliableSessionElement::default()
            .ordered(session.ordered)
            .reliable_messaging_version(session.version);
        if let Some(span) = session.inactivity.or(draft.inactivity) {
            element = element.inactivity_timeout(span);
        }
        if let Some(span) = session.acknowledgement.or(draft.acknowledgement) {
            element = element.acknowledgement_interval(span);
        }
        elements.push(BindingElement::ReliableSession(element));
    }
    elements.extend(security.map(|element| BindingElement::Security(Box::new(element))));
    if draft.composite_duplex {
        elements.push(BindingElement::CompositeDuplex(CompositeDuplex::default()));
    }
    if draft.one_way {
        elements.push(BindingElement::OneWay(OneWay::default()));
    }
    elements.push(encoding(draft, soap));
    elements.extend(transport(draft, wire, https));
    Stack { elements }
}

fn version(draft: &Draft, soap: SoapVersion) -> MessageVersion {
    match (soap, draft.addressing) {
        (SoapVersion::Soap11, None) => MessageVersion::Soap11,
        (SoapVersion::Soap12, None) => MessageVersion::Soap12,
        (SoapVersion::Soap11, Some(Addressing::Version10)) => MessageVersion::Soap11WsAddressing10,
        (SoapVersion::Soap12, Some(Addressing::Version10)) => MessageVersion::Soap12WsAddressing10,
        (SoapVersion::Soap11, Some(Addressing::August2004)) => {
            MessageVersion::Soap11WsAddressingAugust2004
        }
        (SoapVersion::Soap12, Some(Addressing::August2004)) => {
            MessageVersion::Soap12WsAddressingAugust2004
        }
    }
}

fn encoding(draft: &Draft, soap: SoapVersion) -> BindingElement {
    let version = version(draft, soap);
    match draft.encoding {
        Encoding::Text => BindingElement::TextMessageEncoding(
            TextMessageEncoding::default().message_version(version),
        ),
        Encoding::Mtom => BindingElement::MtomMessageEncoding(
            MtomMessageEncoding::default().message_version(version),
        ),
        Encoding::Binary => BindingElement::BinaryMessageEncoding(BinaryMessageEncoding::default()),
    }
}

fn transport(draft: &Draft, wire: &Wire, https: bool) -> Vec<BindingElement> {
    let mut http = HttpTransport {
        authentication_scheme: draft.schemes,
        allow_cookies: draft.cookies,
        ..HttpTransport::default()
    };
    if *wire == Wire::WebSocket {
        http.web_socket_settings.transport_usage = WebSocketTransportUsage::Always;
    }
    let require_client_certificate = draft.client_certificate;
    match wire {
        Wire::Http | Wire::WebSocket if https => {
            let https = HttpsTransport { http, require_client_certificate };
            vec![BindingElement::HttpsTransport(Box::new(https))]
        }
        Wire::Http | Wire::WebSocket => vec![BindingElement::HttpTransport(Box::new(http))],
        Wire::Tcp => {
            let mode = match draft.streamed {
                true => TransferMode::Streamed,
                false => TransferMode::Buffered,
            };
            let tcp = TcpTransport::default().transfer_mode(mode);
            stream(draft).into_iter().chain([BindingElement::TcpTransport(Box::new(tcp))]).collect()
        }
        Wire::Pipe => stream(draft)
            .into_iter()
            .chain([BindingElement::Other("namedPipeTransport".to_owned())])
            .collect(),
        Wire::Queue => vec![BindingElement::Other("msmqTransport".to_owned())],
        Wire::Other(_) => Vec::new(),
    }
}

fn stream(draft: &Draft) -> Option<BindingElement> {
    match draft.connection? {
        Connection::Ssl => Some(BindingElement::SslStreamSecurity(
            SslStreamSecurity::default().require_client_certificate(draft.client_certificate),
        )),
        Connection::Windows(level) => Some(BindingElement::WindowsStreamSecurity(
            WindowsStreamSecurity::default().protection_level(level),
        )),
        Connection::Https => None,
    }
}
