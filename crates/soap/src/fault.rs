//! SOAP faults (SOAP 1.2 Part 1 §5.4, SOAP 1.1 §4.4).

use waxwing_xml::{Element, Limits, Name, NodeId};

use crate::envelope::Envelope;
use crate::version::{MessageVersion, SoapVersion};

/// A name in content: namespace and local part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QName {
    /// The namespace name; empty for none.
    pub namespace: String,
    /// The local part.
    pub local: String,
}

impl QName {
    /// A name of its parts.
    pub fn new(namespace: impl Into<String>, local: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), local: local.into() }
    }

    /// Whether it is this name.
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.namespace == namespace && self.local == local
    }
}

impl std::fmt::Display for QName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{{{}}}{}", self.namespace, self.local)
    }
}

/// Who is to blame, as SOAP says it. SOAP 1.1 calls them `Client` and `Server`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultCode {
    /// The message was at fault.
    Sender,
    /// The receiver was at fault.
    Receiver,
    /// A header that must be understood was not.
    MustUnderstand,
    /// The envelope is of another version.
    VersionMismatch,
    /// An encoding is not supported.
    DataEncodingUnknown,
    /// A code of somebody's own, as SOAP 1.1 allows and WCF writes for custom fault codes.
    Other(QName),
}

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The top-level code.
    pub code: FaultCode,
    /// The subcodes, outermost first.
    pub subcodes: Vec<QName>,
    /// The reason: language and text, at least one.
    pub reason: Vec<(String, String)>,
    /// The node that failed, when it says so.
    pub node: Option<String>,
    /// The role that the node was in.
    pub role: Option<String>,
    /// What is inside `Detail`, as stand-alone XML text.
    pub detail: Option<String>,
    /// The headers that were not understood (SOAP 1.2 Part 1 §5.4.8); a fault of SOAP 1.1 names none.
    pub not_understood: Vec<QName>,
}

impl Fault {
    /// A fault with one reason in English (`en-US`, as the captured services write).
    pub fn new(code: FaultCode, reason: impl Into<String>) -> Self {
        Self {
            code,
            subcodes: Vec::new(),
            reason: vec![("en-US".to_owned(), reason.into())],
            node: None,
            role: None,
            detail: None,
            not_understood: Vec::new(),
        }
    }

    /// The same with one more subcode inside those that it has.
    #[must_use]
    pub fn with_subcode(mut self, namespace: &str, local: &str) -> Self {
        self.subcodes.push(QName::new(namespace, local));
        self
    }

    /// The same with this detail (stand-alone XML text).
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same, naming one more header that was not understood.
    #[must_use]
    pub fn with_not_understood(mut self, namespace: &str, local: &str) -> Self {
        self.not_understood.push(QName::new(namespace, local));
        self
    }

    /// The first reason text.
    pub fn text(&self) -> &str {
        self.reason.first().map_or("", |(_, text)| text)
    }

    /// The outermost subcode.
    pub fn subcode(&self) -> Option<&QName> {
        self.subcodes.first()
    }

    /// Reads the fault of a message. None when the body holds none, or holds one without code.
    pub fn read(envelope: &Envelope) -> Option<Self> {
        let soap = envelope.version().soap;
        let fault = envelope.payload().filter(|e| e.is(soap.namespace(), "Fault"))?;
        match soap {
            SoapVersion::Soap12 => {
                Some(Self { not_understood: not_understood(envelope), ..read12(fault)? })
            }
            SoapVersion::Soap11 => read11(fault),
        }
    }

    /// Writes the fault into the body of a message, with prefixes as WCF writes an unsecured fault, and the headers
    /// that name what was not understood. Addressing headers are there already.
    pub fn write(&self, envelope: &mut Envelope) {
        match envelope.version().soap {
            SoapVersion::Soap12 => {
                for header in &self.not_understood {
                    write_not_understood(envelope, header);
                }
                self.write12(envelope);
            }
            SoapVersion::Soap11 => self.write11(envelope),
        }
    }

    /// A message with this fault and action.
    pub fn to_envelope(
        &self,
        version: MessageVersion,
        action: &str,
        relates_to: Option<&str>,
    ) -> Envelope {
        let mut envelope = Envelope::new(version);
        let addressing = crate::addressing::Addressing {
            action: Some(action.to_owned()),
            relates_to: relates_to.map(str::to_owned),
            ..Default::default()
        };
        addressing.write(&mut envelope);
        self.write(&mut envelope);
        envelope
    }

    fn write12(&self, envelope: &mut Envelope) {
        const SOAP: &str = SoapVersion::Soap12.namespace();
        let fault = envelope.append_body_element(Name::new("s", "Fault", SOAP));
        let document = envelope.document_mut();
        let mut code = document.append_element(fault, Name::new("s", "Code", SOAP));
        let value = document.append_element(code, Name::new("s", "Value", SOAP));
        match &self.code {
            FaultCode::Other(name) => {
                write_qname(document, value, name);
            }
            known => {
                document.append_text(value, &format!("s:{}", known.local(SoapVersion::Soap12)))
            }
        }
        for subcode in &self.subcodes {
            code = document.append_element(code, Name::new("s", "Subcode", SOAP));
            let value = document.append_element(code, Name::new("s", "Value", SOAP));
            write_qname(document, value, subcode);
        }
        let reason = document.append_element(fault, Name::new("s", "Reason", SOAP));
        for (language, text) in &self.reason {
            let element = document.append_text_element(reason, Name::new("s", "Text", SOAP), text);
            let name = Name::new("xml", "lang", waxwing_xml::XML_NAMESPACE);
            document.set_attribute(element, name, language);
        }
        for (local, value) in [("Node", &self.node), ("Role", &self.role)] {
            if let Some(value) = value {
                document.append_text_element(fault, Name::new("s", local, SOAP), value);
            }
        }
        if let Some(detail) = &self.detail {
            let element = document.append_element(fault, Name::new("s", "Detail", SOAP));
            append_detail(document, element, detail);
        }
    }

    fn write11(&self, envelope: &mut Envelope) {
        const SOAP: &str = SoapVersion::Soap11.namespace();
        let fault = envelope.append_body_element(Name::new("s", "Fault", SOAP));
        let document = envelope.document_mut();
        let value = document.append_element(fault, Name::local("faultcode"));
        match (&self.code, self.subcodes.first()) {
            (FaultCode::Other(name), _) | (_, Some(name)) => write_qname(document, value, name),
            (known, None) => {
                document.append_text(value, &format!("s:{}", known.local(SoapVersion::Soap11)));
            }
        }
        let text = document.append_text_element(fault, Name::local("faultstring"), self.text());
        if let Some((language, _)) = self.reason.first() {
            let name = Name::new("xml", "lang", waxwing_xml::XML_NAMESPACE);
            document.set_attribute(text, name, language);
        }
        if let Some(role) = &self.role {
            document.append_text_element(fault, Name::local("faultactor"), role);
        }
        if let Some(detail) = &self.detail {
            let element = document.append_element(fault, Name::local("detail"));
            append_detail(document, element, detail);
        }
    }
}

impl FaultCode {
    fn local(&self, soap: SoapVersion) -> &str {
        match (self, soap) {
            (Self::Sender, SoapVersion::Soap12) => "Sender",
            (Self::Sender, SoapVersion::Soap11) => "Client",
            (Self::Receiver, SoapVersion::Soap12) => "Receiver",
            (Self::Receiver, SoapVersion::Soap11) => "Server",
            (Self::MustUnderstand, _) => "MustUnderstand",
            (Self::VersionMismatch, _) => "VersionMismatch",
            (Self::DataEncodingUnknown, _) => "DataEncodingUnknown",
            (Self::Other(name), _) => &name.local,
        }
    }

    fn of(name: QName, soap: SoapVersion) -> Self {
        if name.namespace != soap.namespace() {
            return Self::Other(name);
        }
        match (name.local.as_str(), soap) {
            ("Sender", SoapVersion::Soap12) | ("Client", SoapVersion::Soap11) => Self::Sender,
            ("Receiver", SoapVersion::Soap12) | ("Server", SoapVersion::Soap11) => Self::Receiver,
            ("MustUnderstand", _) => Self::MustUnderstand,
            ("VersionMismatch", _) => Self::VersionMismatch,
            ("DataEncodingUnknown", SoapVersion::Soap12) => Self::DataEncodingUnknown,
            _ => Self::Other(name),
        }
    }
}

/// Writes a QName as content, its prefix declared on the element itself unless it is in scope, as WCF's writer does.
fn write_qname(document: &mut waxwing_xml::Document, element: NodeId, name: &QName) {
    if name.namespace.is_empty() {
        return document.append_text(element, &name.local);
    }
    // The one namespace that no other prefix may be declared for.
    let prefix = if name.namespace == waxwing_xml::XML_NAMESPACE { "xml" } else { "a" };
    if document.element(element).resolve_prefix(prefix) != Some(&*name.namespace) {
        document.declare_namespace(element, prefix, &name.namespace);
    }
    document.append_text(element, &format!("{prefix}:{}", name.local));
}

fn append_detail(document: &mut waxwing_xml::Document, element: NodeId, detail: &str) {
    if document.append_fragment(element, detail.as_bytes(), &Limits::SOAP).is_err() {
        // A detail that is no XML is given as what it is.
        document.append_text(element, detail);
    }
}

fn qname(element: Element<'_>) -> Option<QName> {
    let text = element.text();
    let (namespace, local) = element.resolve_qname(&text)?;
    Some(QName::new(namespace, local))
}

/// The most headers that a fault may name: it is a stranger's list.
const MAX_NOT_UNDERSTOOD: usize = 16;

/// The headers that a fault names as not understood.
fn not_understood(envelope: &Envelope) -> Vec<QName> {
    let soap = envelope.version().soap.namespace();
    let named = envelope.headers().filter(|header| header.is(soap, "NotUnderstood"));
    let names = named.filter_map(|header| {
        let (namespace, local) = header.resolve_qname(header.attribute("qname")?)?;
        Some(QName::new(namespace, local))
    });
    names.take(MAX_NOT_UNDERSTOOD).collect()
}

/// Between `Action` and `RelatesTo`, where WCF places it.
fn write_not_understood(envelope: &mut Envelope, header: &QName) {
    let version = envelope.version();
    let name = Name::new("s", "NotUnderstood", version.soap.namespace());
    let next = envelope.header_named(version.addressing.namespace(), "RelatesTo").map(|h| h.id());
    let element = match next {
        Some(sibling) => envelope.document_mut().insert_element_before(sibling, name),
        None => envelope.append_header(name),
    };
    let document = envelope.document_mut();
    let qname = match header.namespace.is_empty() {
        true => header.local.clone(),
        false => {
            document.declare_namespace(element, "b", &header.namespace);
            format!("b:{}", header.local)
        }
    };
    document.set_attribute(element, Name::local("qname"), &qname);
}

/// The most subcodes that are read: WCF writes two, and an endless chain is nobody's honest fault.
const MAX_SUBCODES: usize = 16;

fn read12(fault: Element<'_>) -> Option<Fault> {
    const SOAP: &str = SoapVersion::Soap12.namespace();
    let code = fault.child(SOAP, "Code")?;
    let top = qname(code.child(SOAP, "Value")?)?;
    let mut subcodes = Vec::new();
    let mut next = code.child(SOAP, "Subcode");
    while let Some(subcode) = next.filter(|_| subcodes.len() < MAX_SUBCODES) {
        subcodes.push(qname(subcode.child(SOAP, "Value")?)?);
        next = subcode.child(SOAP, "Subcode");
    }
    let texts = fault.child(SOAP, "Reason").into_iter().flat_map(|reason| reason.elements());
    let reason = texts.filter(|e| e.is(SOAP, "Text")).map(language_and_text).collect();
    let text_of = |local| fault.child(SOAP, local).map(|e| e.text().into_owned());
    Some(Fault {
        code: FaultCode::of(top, SoapVersion::Soap12),
        subcodes,
        reason,
        node: text_of("Node"),
        role: text_of("Role"),
        detail: fault.child(SOAP, "Detail").map(content),
        not_understood: Vec::new(),
    })
}

fn read11(fault: Element<'_>) -> Option<Fault> {
    let name = qname(fault.child("", "faultcode")?)?;
    let text = fault.child("", "faultstring").map(language_and_text).unwrap_or_default();
    Some(Fault {
        code: FaultCode::of(name, SoapVersion::Soap11),
        subcodes: Vec::new(),
        reason: vec![text],
        node: None,
        role: fault.child("", "faultactor").map(|e| e.text().into_owned()),
        detail: fault.child("", "detail").map(content),
        not_understood: Vec::new(),
    })
}

fn language_and_text(element: Element<'_>) -> (String, String) {
    let language = element.attribute_ns(waxwing_xml::XML_NAMESPACE, "lang").unwrap_or_default();
    (language.to_owned(), element.text().into_owned())
}

fn content(element: Element<'_>) -> String {
    let mut out = Vec::new();
    element.document().write_children_to(element.id(), &mut out);
    String::from_utf8(out).unwrap_or_default()
}
