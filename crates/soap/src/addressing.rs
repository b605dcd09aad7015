//! WS-Addressing headers, versions 1.0 (Core and SOAP Binding) and August 2004.

use waxwing_xml::{Element, Name, NodeId};

use crate::envelope::Envelope;
use crate::plain::PlainHeaders;
use crate::random::{RandomSource, urn_uuid};
use crate::version::AddressingVersion;

/// An endpoint reference: an address and what must be echoed with it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EndpointReference {
    /// The address, an absolute URI.
    pub address: String,
    /// Reference parameters (and, of August 2004, properties), each as stand-alone XML text.
    pub reference_parameters: Vec<String>,
}

impl EndpointReference {
    /// A reference with nothing but an address.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), reference_parameters: Vec::new() }
    }

    /// The anonymous endpoint of a version: the way back of the message.
    pub fn anonymous(version: AddressingVersion) -> Self {
        Self::new(version.anonymous())
    }

    /// Whether it is the anonymous endpoint.
    pub fn is_anonymous(&self, version: AddressingVersion) -> bool {
        self.address == version.anonymous()
    }

    /// Reads the content of an element of endpoint reference type. None without an `Address`.
    pub fn read(element: Element<'_>, version: AddressingVersion) -> Option<Self> {
        let namespace = version.namespace();
        let address = element.child(namespace, "Address")?.text().trim().to_owned();
        let holders = element.elements().filter(|e| {
            e.is(namespace, "ReferenceParameters") || e.is(namespace, "ReferenceProperties")
        });
        let reference_parameters = holders
            .flat_map(|holder| holder.elements())
            .map(|parameter| {
                let mut out = Vec::new();
                parameter.document().write_element_to(parameter.id(), &mut out);
                String::from_utf8(out).unwrap_or_default()
            })
            .collect();
        Some(Self { address, reference_parameters })
    }
}

/// The addressing headers of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addressing {
    /// `Action`.
    pub action: Option<String>,
    /// `MessageID`.
    pub message_id: Option<String>,
    /// `RelatesTo` of the reply relationship; none, too, where it says that the request had no `MessageID`
    /// ([`AddressingVersion::unspecified`]).
    pub relates_to: Option<String>,
    /// `From`.
    pub from: Option<EndpointReference>,
    /// `ReplyTo`.
    pub reply_to: Option<EndpointReference>,
    /// `FaultTo`.
    pub fault_to: Option<EndpointReference>,
    /// `To`.
    pub to: Option<String>,
}

/// An addressing header that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressingError {
    /// A header that may stand once stands twice: `InvalidCardinality`.
    #[error("the addressing header {0} occurs more than once")]
    Cardinality(&'static str),
    /// An endpoint reference without address.
    #[error("the addressing header {0} has no Address")]
    MissingAddress(&'static str),
}

impl Addressing {
    /// Headers of a request that is answered on its HTTP response: a new `MessageID`, anonymous
    /// `ReplyTo` (WCF writes it on every two-way call).
    pub fn request(
        action: &str,
        to: &str,
        version: AddressingVersion,
        random: &mut dyn RandomSource,
    ) -> Self {
        Self {
            action: Some(action.to_owned()),
            message_id: Some(urn_uuid(random)),
            reply_to: Some(EndpointReference::anonymous(version)),
            to: Some(to.to_owned()),
            ..Self::default()
        }
    }

    /// Headers of a reply on the HTTP response: action and the identifier of the request. WS-Addressing
    /// 1.0 leaves `To` out, August 2004 demands the anonymous one.
    pub fn reply(action: &str, request: &Addressing, version: AddressingVersion) -> Self {
        let to = (version == AddressingVersion::August2004).then(|| version.anonymous().to_owned());
        Self {
            action: Some(action.to_owned()),
            relates_to: request.message_id.clone(),
            to,
            ..Self::default()
        }
    }

    /// Reads the addressing headers of a message; of one without addressing the action that stands beside it.
    ///
    /// # Errors
    ///
    /// [`AddressingError`] for repeated headers and endpoint references without address.
    pub fn read(envelope: &Envelope) -> Result<Self, AddressingError> {
        let version = envelope.version().addressing;
        let mut found = Self::default();
        if version == AddressingVersion::None {
            found.action = envelope.told_action().map(str::to_owned);
            return Ok(found);
        }
        for header in envelope.headers().filter(|h| h.namespace() == version.namespace()) {
            if !envelope.is_for_ultimate_receiver(header) {
                continue;
            }
            match header.local_name() {
                "Action" => once(&mut found.action, "Action", text(header))?,
                "MessageID" => once(&mut found.message_id, "MessageID", text(header))?,
                "To" => once(&mut found.to, "To", text(header))?,
                "RelatesTo" if is_reply(header) => {
                    once(&mut found.relates_to, "RelatesTo", text(header))?
                }
                "From" => once(&mut found.from, "From", endpoint(header, version, "From")?)?,
                "ReplyTo" => {
                    once(&mut found.reply_to, "ReplyTo", endpoint(header, version, "ReplyTo")?)?
                }
                "FaultTo" => {
                    once(&mut found.fault_to, "FaultTo", endpoint(header, version, "FaultTo")?)?
                }
                _ => {}
            }
        }
        found.relates_to = found.relates_to.filter(|id| id != version.unspecified());
        Ok(found)
    }

    /// Appends the headers in the order in which WCF writes them: Action, MessageID, RelatesTo, From,
    /// ReplyTo, FaultTo, To; `mustUnderstand` on Action and To. A message without addressing gets no header: its action
    /// stands beside it ([`Envelope::told_action`]), for the transport to tell.
    pub fn write(&self, envelope: &mut Envelope) {
        let Self { action, message_id, relates_to, from, reply_to, fault_to, to } = self;
        let headers = AddressingHeaders {
            action: action.as_deref(),
            message_id: message_id.as_deref(),
            relates_to: relates_to.as_deref(),
            from: from.as_ref(),
            reply_to: reply_to.as_ref(),
            fault_to: fault_to.as_ref(),
            to: to.as_deref(),
        };
        headers.write(envelope);
    }
}

/// The addressing headers of a message that is about to be written; see [`Addressing`].
#[derive(Clone, Copy, Debug, Default)]
pub struct AddressingHeaders<'a> {
    /// `Action`.
    pub action: Option<&'a str>,
    /// `MessageID`.
    pub message_id: Option<&'a str>,
    /// `RelatesTo`.
    pub relates_to: Option<&'a str>,
    /// `From`.
    pub from: Option<&'a EndpointReference>,
    /// `ReplyTo`.
    pub reply_to: Option<&'a EndpointReference>,
    /// `FaultTo`.
    pub fault_to: Option<&'a EndpointReference>,
    /// `To`.
    pub to: Option<&'a str>,
}

impl AddressingHeaders<'_> {
    /// As [`Addressing::write`].
    pub fn write(&self, envelope: &mut Envelope) {
        let version = envelope.version().addressing;
        if version == AddressingVersion::None {
            if let Some(action) = self.action {
                envelope.tell_action(action);
            }
            return;
        }
        if let Some(action) = self.action {
            let header = add(envelope, version, "Action", action);
            envelope.set_must_understand(header);
        }
        if let Some(id) = self.message_id {
            add(envelope, version, "MessageID", id);
        }
        if let Some(id) = self.relates_to {
            add(envelope, version, "RelatesTo", id);
        }
        let endpoints =
            [("From", self.from), ("ReplyTo", self.reply_to), ("FaultTo", self.fault_to)];
        for (local, endpoint) in endpoints {
            if let Some(endpoint) = endpoint {
                let header = envelope.append_header(Name::new("a", local, version.namespace()));
                write_endpoint(envelope, header, endpoint);
            }
        }
        if let Some(to) = self.to {
            let header = add(envelope, version, "To", to);
            envelope.set_must_understand(header);
        }
    }
}

impl AddressingHeaders<'_> {
    /// The same as text, behind other headers. False where they cannot stand so: a message without addressing has none, and
    /// reference parameters are anybody's markup.
    pub fn write_plain(&self, version: AddressingVersion, headers: &mut PlainHeaders) -> bool {
        let endpoints =
            [("From", self.from), ("ReplyTo", self.reply_to), ("FaultTo", self.fault_to)];
        let mut given = endpoints.iter().filter_map(|(_, endpoint)| *endpoint);
        let has_parameters = given.any(|endpoint| !endpoint.reference_parameters.is_empty());
        if version == AddressingVersion::None || has_parameters {
            return false;
        }
        let name = |local: &'static str| Name::new("a", local, version.namespace());
        let mut put = |local: &'static str, must_understand: bool, text: Option<&str>| {
            if let Some(text) = text {
                headers.push_text(name(local), must_understand, text);
            }
        };
        put("Action", true, self.action);
        put("MessageID", false, self.message_id);
        put("RelatesTo", false, self.relates_to);
        for (local, endpoint) in endpoints {
            if let Some(endpoint) = endpoint {
                let address = &endpoint.address;
                headers.push(name(local), false, |content| content.element("Address", address));
            }
        }
        if let Some(to) = self.to {
            headers.push_text(name("To"), true, to);
        }
        true
    }
}

/// Writes an endpoint reference into an element, e.g. `AcksTo` or a `ReplyTo` header.
pub fn write_endpoint(envelope: &mut Envelope, element: NodeId, endpoint: &EndpointReference) {
    let namespace = envelope.version().addressing.namespace();
    let document = envelope.document_mut();
    document.append_text_element(element, Name::new("a", "Address", namespace), &endpoint.address);
    if !endpoint.reference_parameters.is_empty() {
        let name = Name::new("a", "ReferenceParameters", namespace);
        let holder = document.append_element(element, name);
        for parameter in &endpoint.reference_parameters {
            // The text comes from `EndpointReference::read`, which wrote a stand-alone element.
            let _ =
                document.append_fragment(holder, parameter.as_bytes(), &waxwing_xml::Limits::SOAP);
        }
    }
}

fn add(envelope: &mut Envelope, version: AddressingVersion, local: &str, value: &str) -> NodeId {
    let header = envelope.append_header(Name::new("a", local, version.namespace()));
    envelope.document_mut().append_text(header, value);
    header
}

fn once<T>(place: &mut Option<T>, name: &'static str, value: T) -> Result<(), AddressingError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(AddressingError::Cardinality(name)),
    }
}

fn text(header: Element<'_>) -> String {
    header.text().trim().to_owned()
}

fn is_reply(header: Element<'_>) -> bool {
    match header.attribute("RelationshipType") {
        None => true,
        Some(kind) => {
            kind == "http://www.w3.org/2005/08/addressing/reply" || kind.ends_with(":Reply")
        }
    }
}

fn endpoint(
    header: Element<'_>,
    version: AddressingVersion,
    name: &'static str,
) -> Result<EndpointReference, AddressingError> {
    EndpointReference::read(header, version).ok_or(AddressingError::MissingAddress(name))
}
