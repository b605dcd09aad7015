//! The envelope: headers and body of one message (SOAP 1.2 Part 1 §5, SOAP 1.1 §4).

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use waxwing_xml::{Document, Element, Limits, Name, NodeId, ParseError, Passes};

use crate::plain::{PlainHeaders, SOAP_PREFIX};
use crate::sealed::{Markup, Sealed};
use crate::version::{AddressingVersion, MessageVersion, SoapVersion};

/// One message: a tree with an `Envelope` root, an optional `Header` and a `Body`.
#[derive(Clone, Debug)]
pub struct Envelope {
    document: Document,
    version: MessageVersion,
    header: Option<NodeId>,
    body: NodeId,
    /// Of a message without addressing: the action that stands beside it.
    told_action: Option<Box<str>>,
    attached: Option<Attached>,
    sealed: Option<Box<Sealed>>,
}

/// What goes with a message and stands in an element of it, although it is not in the tree.
#[derive(Clone)]
struct Attached {
    element: NodeId,
    content: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attached").field("element", &self.element).finish_non_exhaustive()
    }
}

/// Why a text is no envelope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// The text is no well-formed document, or exceeds a limit.
    #[error("the message is not well-formed XML: {0}")]
    Xml(ParseError),
    /// The root is no SOAP envelope.
    #[error("the root element is {{{namespace}}}{local}, not a SOAP 1.1 or 1.2 Envelope")]
    NotAnEnvelope {
        /// The namespace of the root.
        namespace: Box<str>,
        /// The local name of the root.
        local: Box<str>,
    },
    /// The envelope's children are not an optional Header and one Body.
    #[error("the Envelope must hold an optional Header and then one Body; found {0}")]
    Structure(Box<str>),
}

impl From<ParseError> for EnvelopeError {
    #[cold]
    fn from(error: ParseError) -> Self {
        Self::Xml(error)
    }
}

impl Envelope {
    /// An empty message. The prefixes `s` (SOAP) and `a` (WS-Addressing) are declared on the envelope,
    /// as WCF does.
    pub fn new(version: MessageVersion) -> Self {
        let soap = version.soap.namespace();
        let mut document = Document::new(Name::new("s", "Envelope", soap));
        let root = document.root().id();
        document.declare_namespace(root, "s", soap);
        if version.addressing != AddressingVersion::None {
            document.declare_namespace(root, "a", version.addressing.namespace());
        }
        // Without addressing there is mostly no header; WCF writes none then.
        let header = (version.addressing != AddressingVersion::None)
            .then(|| document.append_element(root, Name::new("s", "Header", soap)));
        let body = document.append_element(root, Name::new("s", "Body", soap));
        let (told_action, attached, sealed) = (None, None, None);
        Self { document, version, header, body, told_action, attached, sealed }
    }

    /// Reads a message. The addressing version is that of the first addressing header.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`] when the text is no SOAP envelope.
    pub fn parse(bytes: impl Into<Vec<u8>>, limits: &Limits) -> Result<Self, EnvelopeError> {
        Self::from_document(Document::parse(bytes, limits)?)
    }

    /// The same for who knows the content of a header from its text: see [`Document::parse_passing`].
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), and the same ones.
    pub fn parse_passing(
        bytes: impl Into<Vec<u8>>,
        limits: &Limits,
        passes: Passes,
    ) -> Result<Self, EnvelopeError> {
        Self::from_document(Document::parse_passing(bytes, limits, passes)?)
    }

    /// Takes a document that is an envelope.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`] when it is none.
    pub fn from_document(document: Document) -> Result<Self, EnvelopeError> {
        let root = document.root();
        let soap = match (root.local_name(), root.namespace()) {
            ("Envelope", ns) if ns == SoapVersion::Soap12.namespace() => SoapVersion::Soap12,
            ("Envelope", ns) if ns == SoapVersion::Soap11.namespace() => SoapVersion::Soap11,
            (local, namespace) => {
                let (local, namespace) = (local.into(), namespace.into());
                return Err(EnvelopeError::NotAnEnvelope { namespace, local });
            }
        };
        let wrong = |what: &str| Err(EnvelopeError::Structure(what.into()));
        let mut children = root.elements();
        let mut next = children.next();
        let header = next.filter(|e| e.is(soap.namespace(), "Header"));
        if header.is_some() {
            next = children.next();
        }
        let body = match next {
            Some(element) if element.is(soap.namespace(), "Body") => element.id(),
            Some(element) => return wrong(&element.qualified_name()),
            None => return wrong("no Body"),
        };
        if let Some(extra) = children.next() {
            return wrong(&format!("{} after the Body", extra.qualified_name()));
        }
        drop(children);
        let addressing = header.map_or(AddressingVersion::None, addressing_of);
        let header = header.map(|h| h.id());
        let version = MessageVersion { soap, addressing };
        let (told_action, attached, sealed) = (None, None, None);
        Ok(Self { version, header, body, document, told_action, attached, sealed })
    }

    /// The same as a message without addressing, whatever headers it has: those of addressing are headers like any other
    /// then, and its action is the one that the transport tells (`SOAPAction`, SOAP 1.1 §6.1.1; the parameter `action`,
    /// RFC 3902). Nobody signs that.
    #[must_use]
    pub fn without_addressing(mut self, told_action: Option<&str>) -> Self {
        self.version.addressing = AddressingVersion::None;
        self.told_action = told_action.map(Box::from);
        self
    }

    /// The same as a message with addressing of this version, which one without headers does not tell by itself.
    #[must_use]
    pub fn with_addressing(mut self, version: AddressingVersion) -> Self {
        self.version.addressing = version;
        self.told_action = None;
        self
    }

    /// The action that stands beside a message without addressing.
    pub fn told_action(&self) -> Option<&str> {
        self.told_action.as_deref()
    }

    pub(crate) fn tell_action(&mut self, action: &str) {
        self.told_action = Some(action.into());
    }

    /// The same with content of this element that does not stand in the tree: a stream that is read as it comes, say. It is of
    /// no meaning here, and whoever writes the message says how it is written. Copies of the message share it.
    pub fn attach(&mut self, element: NodeId, content: Arc<dyn Any + Send + Sync>) {
        self.attached = Some(Attached { element, content });
    }

    /// What was [attached](Self::attach), with its element.
    pub fn attached(&self) -> Option<(Element<'_>, &Arc<dyn Any + Send + Sync>)> {
        let attached = self.attached.as_ref()?;
        Some((self.document().element(attached.element), &attached.content))
    }

    /// Takes away what was [attached](Self::attach). The element stays, empty.
    pub fn detach(&mut self) -> Option<(NodeId, Arc<dyn Any + Send + Sync>)> {
        self.attached.take().map(|attached| (attached.element, attached.content))
    }

    /// The versions that the message is written in.
    pub fn version(&self) -> MessageVersion {
        self.version
    }

    /// The tree.
    pub fn document(&self) -> &Document {
        match (&self.sealed, self.header) {
            (Some(sealed), Some(header)) => sealed.whole(&self.document, (header, self.body)),
            _ => &self.document,
        }
    }

    /// The tree, to be changed. Header and body must stay where they are.
    pub fn document_mut(&mut self) -> &mut Document {
        if let (Some(sealed), Some(header)) = (self.sealed.take(), self.header) {
            let document =
                std::mem::replace(&mut self.document, Document::new(Name::local("none")));
            self.document = sealed.into_whole(document, (header, self.body));
        }
        &mut self.document
    }

    /// Adds a header as markup behind the others and, where it is encrypted, puts markup in the place of what the body
    /// holds: the last that is done to a message before it goes. Whoever looks at the tree sees the markup in it; as text it
    /// is written as it is. The markup is well-formed there, and declares what it uses but for what the envelope declares.
    pub fn seal(&mut self, header: Vec<u8>, encrypted_body: Option<Markup>) {
        self.seal_signed(header, None, encrypted_body);
    }

    /// The same of markup that holds headers which were [taken](Self::take_plain_headers) out and signed, too.
    pub fn seal_signed(
        &mut self,
        header: Vec<u8>,
        signed: Option<PlainHeaders>,
        encrypted_body: Option<Markup>,
    ) {
        self.header_or_insert();
        let body = self.body;
        let document = self.document_mut();
        if encrypted_body.is_some() {
            document.clear(body);
        }
        let sealed = Sealed::new(header, encrypted_body).holding(signed);
        self.sealed = Some(Box::new(sealed));
    }

    /// Takes headers as text, which whoever looks at the tree sees in it. What signs the message [takes](Self::take_plain_headers)
    /// them out again.
    ///
    /// # Errors
    /// The headers, and nothing changes, where they cannot stand so: the message has other headers, one of the prefixes stands
    /// for another namespace there, or a text holds what XML cannot carry.
    pub fn put_plain_headers(&mut self, headers: PlainHeaders) -> Result<(), PlainHeaders> {
        let header = self.header.filter(|_| self.sealed.is_none());
        let header = header.map(|header| self.document.element(header));
        let stands = |prefix: &str, namespace: &str| {
            header.is_some_and(|header| header.resolve_prefix(prefix) == Some(namespace))
        };
        let mut last = (SOAP_PREFIX, self.version.soap.namespace());
        let fits = header.is_some_and(|header| header.is_empty())
            && headers.is_fit()
            && stands(last.0, last.1)
            && headers.iter().map(|header| (header.name.prefix, header.name.namespace)).all(
                |name| {
                    let is_last = name == last;
                    last = name;
                    is_last || stands(name.0, name.1)
                },
            );
        if !fits {
            return Err(headers);
        }
        self.sealed = Some(Box::new(Sealed::plain(headers)));
        Ok(())
    }

    /// Takes out the headers that were [put](Self::put_plain_headers) in as text, to be signed and [sealed](Self::seal).
    pub fn take_plain_headers(&mut self) -> Option<PlainHeaders> {
        self.sealed.as_ref()?.plain_headers()?;
        self.sealed.take()?.into_plain_headers()
    }

    /// The `Header`, when there is one.
    pub fn header(&self) -> Option<Element<'_>> {
        self.header.map(|id| self.document().element(id))
    }

    /// The same without what [`seal`](Self::seal) added.
    fn header_before(&self) -> Option<Element<'_>> {
        self.header.map(|id| self.document.element(id))
    }

    /// The `Header`, made when there is none.
    pub fn header_or_insert(&mut self) -> NodeId {
        match self.header {
            Some(header) => header,
            None => {
                let name = Name::new("s", "Header", self.version.soap.namespace());
                let body = self.body;
                let header = self.document_mut().insert_element_before(body, name);
                *self.header.insert(header)
            }
        }
    }

    /// The header elements in document order.
    pub fn headers(&self) -> impl Iterator<Item = Element<'_>> {
        let mut next = self.header().and_then(|header| header.first_element());
        std::iter::from_fn(move || {
            let header = next?;
            next = header.next_element();
            Some(header)
        })
    }

    /// The first header of this name.
    pub fn header_named(&self, namespace: &str, local: &str) -> Option<Element<'_>> {
        let known = self.header_before()?.child(namespace, local);
        match &self.sealed {
            // What was added stands behind the others.
            Some(_) if known.is_none() => self.header()?.child(namespace, local),
            _ => known,
        }
    }

    /// The first addressing header of this local name; none of a message without addressing.
    pub fn addressing_header(&self, local: &str) -> Option<Element<'_>> {
        match self.version.addressing {
            AddressingVersion::None => None,
            version => self.header_named(version.namespace(), local),
        }
    }

    /// The text of the first addressing header of this local name, without the blanks around it.
    pub fn addressing_text(&self, local: &str) -> Option<Cow<'_, str>> {
        let plain = self.sealed.as_ref().and_then(|sealed| sealed.known_headers());
        let text =
            plain.and_then(|plain| plain.text_of(self.version.addressing.namespace(), local));
        if let Some(text) = text {
            return Some(Cow::Borrowed(text.trim()));
        }
        self.addressing_header(local).map(|header| header.trimmed_text())
    }

    /// The action that the message says it has: its first header of that name, or what the transport tells.
    pub fn action(&self) -> Option<Cow<'_, str>> {
        self.addressing_text("Action").or_else(|| self.told_action().map(Cow::Borrowed))
    }

    /// Adds a header after the others.
    pub fn append_header(&mut self, name: Name<'_>) -> NodeId {
        let header = self.header_or_insert();
        self.document_mut().append_element(header, name)
    }

    /// Adds a header before the others, where WCF puts those of reliable messaging.
    pub fn prepend_header(&mut self, name: Name<'_>) -> NodeId {
        let header = self.header_or_insert();
        self.document_mut().prepend_element(header, name)
    }

    /// Marks a header as one that its receiver must understand (`mustUnderstand="1"`).
    pub fn set_must_understand(&mut self, header: NodeId) {
        let name = Name::new("s", "mustUnderstand", self.version.soap.namespace());
        self.document_mut().set_attribute(header, name, "1");
    }

    /// Declares a prefix on the envelope, in front of that of WS-Addressing: WCF declares prefixes in the order of the headers
    /// that need them, and those of addressing are the last.
    pub fn declare(&mut self, prefix: &str, namespace: &str) {
        let document = self.document_mut();
        let root = document.root().id();
        document.declare_namespace_before(root, prefix, namespace, "a");
    }

    /// The `Body`.
    pub fn body(&self) -> Element<'_> {
        self.document().element(self.body)
    }

    /// The first element inside the body.
    pub fn payload(&self) -> Option<Element<'_>> {
        self.body().first_element()
    }

    /// Adds an element to the body.
    pub fn append_body_element(&mut self, name: Name<'_>) -> NodeId {
        let body = self.body;
        self.document_mut().append_element(body, name)
    }

    /// Whether the body holds a fault.
    pub fn is_fault(&self) -> bool {
        let is_encrypted = self.sealed.as_ref().is_some_and(|sealed| sealed.body.is_some());
        // What the tree has of a body that was not encrypted is all of it.
        let body = self.document.element(self.body);
        let payload = if is_encrypted { None } else { body.first_element() };
        payload.is_some_and(|e| e.is(self.version.soap.namespace(), "Fault"))
    }

    /// The message as UTF-8.
    pub fn to_bytes(&self) -> Vec<u8> {
        if let Some(sealed) = &self.sealed {
            return sealed.to_bytes(&self.document, (self.header, self.body));
        }
        let mut out = Vec::with_capacity(2048);
        self.document.write_to(&mut out);
        out
    }

    /// The same of a message that nobody needs any more: what is large in it is held once meanwhile.
    pub fn into_bytes(mut self) -> Vec<u8> {
        match self.sealed.take() {
            Some(sealed) => sealed.into_bytes(&self.document, (self.header, self.body)),
            None => self.to_bytes(),
        }
    }

    /// Whether a header is addressed to the ultimate receiver: no role, an empty one, or that name.
    pub fn is_for_ultimate_receiver(&self, header: Element<'_>) -> bool {
        let soap = self.version.soap;
        match header.attribute_ns(soap.namespace(), soap.role_attribute()) {
            None | Some("") => true,
            Some(role) => {
                soap == SoapVersion::Soap12
                    && role == "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver"
            }
        }
    }

    /// Whether a header has `mustUnderstand` set (any true `xs:boolean`).
    pub fn must_understand(&self, header: Element<'_>) -> bool {
        let value = header.attribute_ns(self.version.soap.namespace(), "mustUnderstand");
        value.is_some_and(|v| matches!(v.trim(), "1" | "true"))
    }

    /// The headers for the ultimate receiver that must be understood and that `understood` (namespace,
    /// local name) does not know: SOAP 1.2 Part 1 §5.2.3. The addressing headers are always understood.
    pub fn not_understood(&self, understood: impl Fn(&str, &str) -> bool) -> Vec<Element<'_>> {
        let addressing = self.version.addressing.namespace();
        self.headers()
            .filter(|h| h.namespace() != addressing || addressing.is_empty())
            // Mostly all are known, and none need be asked whether it must be.
            .filter(|h| !understood(h.namespace(), h.local_name()))
            .filter(|h| self.must_understand(*h) && self.is_for_ultimate_receiver(*h))
            .collect()
    }
}

fn addressing_of(header: Element<'_>) -> AddressingVersion {
    let known = [AddressingVersion::Addressing10, AddressingVersion::August2004];
    let found =
        header.elements().find_map(|h| known.into_iter().find(|v| v.namespace() == h.namespace()));
    found.unwrap_or(AddressingVersion::None)
}
