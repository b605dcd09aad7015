//! Message headers beyond those that a contract declares (SOAP 1.2 Part 1 §5.2, SOAP 1.1 §4.2).
//!
//! As in WCF, a header that no contract declares is neither signed nor encrypted: anybody on the way can read it, change it
//! and add one. Where that matters, declare it (`#[param(header)]`, `results(header("…"))`).

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use waxwing_datacontract::{
    ContractName, DataContract, ReadError, ReadOptions, Reader, WriteError, WriteOptions, Writer,
    XmlElement,
};
use waxwing_reliable::ReliableMessagingVersion;
use waxwing_soap::{AddressingVersion, Envelope};
use waxwing_xml::{Document, Name};

/// The namespace of the Security header (WS-Security 1.0 and 1.1), which security writes.
const SECURITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

/// A header of a message: a name, a data contract, and whom it is for (WCF's `MessageHeader`).
///
/// ```
/// use waxwing::contract::MessageHeader;
/// let ticket = MessageHeader::new("Ticket", "urn:shop", &42)?.must_understand(true);
/// assert_eq!(ticket.local(), "Ticket");
/// assert!(MessageHeader::new("To", "http://www.w3.org/2005/08/addressing", &"urn:else".to_owned()).is_err());
/// # Ok::<(), waxwing::datacontract::WriteError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MessageHeader {
    element: XmlElement,
    must_understand: bool,
    relay: bool,
    actor: Option<String>,
}

impl MessageHeader {
    /// A header of this name with a data contract as its content.
    ///
    /// # Errors
    /// A value that has no XML form, or a name of WS-Addressing, WS-ReliableMessaging or WS-Security: the channel writes
    /// those.
    pub fn new<T: DataContract>(
        local: &str,
        namespace: &str,
        value: &T,
    ) -> Result<Self, WriteError> {
        refuse_protocols(local, namespace)?;
        let mut document = Document::new(Name::new("", local, namespace));
        let root = document.root().id();
        Writer::new(&mut document, root, &WriteOptions::default())
            .value(root, value)
            .map_err(|error| error.inside(local))?;
        Ok(Self::of(document.into()))
    }

    /// A header that is given as XML.
    ///
    /// # Errors
    /// A name of WS-Addressing, WS-ReliableMessaging or WS-Security: the channel writes those.
    pub fn raw(element: XmlElement) -> Result<Self, WriteError> {
        refuse_protocols(element.element().local_name(), element.element().namespace())?;
        Ok(Self::of(element))
    }

    fn of(element: XmlElement) -> Self {
        Self { element, must_understand: false, relay: false, actor: None }
    }

    /// The same; a receiver that does not know the header must refuse the message (`mustUnderstand`).
    #[must_use]
    pub fn must_understand(mut self, must: bool) -> Self {
        self.must_understand = must;
        self
    }

    /// The same for a node on the way instead of the service (`role` of SOAP 1.2, `actor` of SOAP 1.1; a URI).
    #[must_use]
    pub fn actor(mut self, actor: impl Into<String>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    /// The same; a node on the way that does not process it passes it on (`relay` of SOAP 1.2). SOAP 1.1 has no such
    /// attribute: there it is left out.
    #[must_use]
    pub fn relay(mut self, relay: bool) -> Self {
        self.relay = relay;
        self
    }

    /// The local name.
    pub fn local(&self) -> &str {
        self.element.element().local_name()
    }

    /// The namespace.
    pub fn namespace(&self) -> &str {
        self.element.element().namespace()
    }

    /// Adds it to the headers of a message.
    pub fn write(&self, envelope: &mut Envelope) {
        let soap = envelope.version().soap;
        let parent = envelope.header_or_insert();
        let header = envelope.document_mut().import(parent, self.element.element());
        if self.must_understand {
            envelope.set_must_understand(header);
        }
        let document = envelope.document_mut();
        if let Some(actor) = &self.actor {
            let name = Name::new("s", soap.role_attribute(), soap.namespace());
            document.set_attribute(header, name, actor);
        }
        if self.relay && soap == waxwing_soap::SoapVersion::Soap12 {
            document.set_attribute(header, Name::new("s", "relay", soap.namespace()), "1");
        }
    }
}

fn refuse_protocols(local: &str, namespace: &str) -> Result<(), WriteError> {
    let addressing = [AddressingVersion::Addressing10, AddressingVersion::August2004];
    let reliable = [ReliableMessagingVersion::February2005, ReliableMessagingVersion::V11];
    let own = addressing.iter().map(|version| version.namespace());
    let own = own.chain(reliable.iter().map(|version| version.namespace())).chain([SECURITY]);
    if own.into_iter().any(|own| own == namespace) {
        let text = format!(
            "the header {local} of {namespace} is the channel's own: it writes those of addressing, reliable messaging and \
             security itself"
        );
        return Err(WriteError::custom(text));
    }
    Ok(())
}

/// The value of the first header of this name that is for the ultimate receiver; none without one.
pub(super) fn read<T: DataContract>(
    message: &Envelope,
    local: &str,
    namespace: &str,
) -> Result<Option<T>, ReadError> {
    let mut headers = message.headers().filter(|header| header.is(namespace, local));
    let Some(header) = headers.find(|header| message.is_for_ultimate_receiver(*header)) else {
        return Ok(None);
    };
    Reader::new(&ReadOptions::default()).child(header).map(Some)
}

/// The names of a message's headers.
pub(super) fn names(message: &Envelope) -> Vec<ContractName> {
    let names = message.headers().map(|header| (header.local_name(), header.namespace()));
    names.map(|(local, namespace)| ContractName::owned(local, namespace)).collect()
}

/// The headers of a reply, for who asks for them with [`CallOptions::reply_headers`](super::CallOptions::reply_headers).
/// Clones are one.
///
/// A header that the contract does not declare is not protected, as in WCF.
#[derive(Clone, Default)]
pub struct ReplyHeaders {
    reply: Arc<Mutex<Option<Envelope>>>,
}

impl ReplyHeaders {
    /// Of no reply yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The header of this name in the last reply (or fault); none without such a header, or without a reply.
    ///
    /// # Errors
    /// Content that is not of the data contract `T`.
    pub fn header<T: DataContract>(
        &self,
        local: &str,
        namespace: &str,
    ) -> Result<Option<T>, ReadError> {
        match &*self.lock() {
            Some(reply) => read(reply, local, namespace),
            None => Ok(None),
        }
    }

    /// The names of all headers of the last reply, those of the protocols included.
    pub fn names(&self) -> Vec<ContractName> {
        self.lock().as_ref().map(names).unwrap_or_default()
    }

    pub(super) fn keep(&self, reply: &Envelope) {
        *self.lock() = Some(reply.clone());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Envelope>> {
        self.reply.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ReplyHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReplyHeaders").field(&self.names()).finish()
    }
}
