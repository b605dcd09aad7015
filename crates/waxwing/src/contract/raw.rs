//! Bodies that no contract describes.

use std::fmt;
use std::sync::Arc;

use waxwing_datacontract::XmlElement;
use waxwing_xml::{Document, Element, Limits, ParseError};

/// The content of a body as XML: one element, or nothing.
///
/// As the only parameter, or as the result, of an operation it is the whole body: no wrapper and no part around it.
///
/// ```
/// use waxwing::contract::RawBody;
/// let body = RawBody::parse(b"<Ping xmlns='urn:test'>1</Ping>").unwrap();
/// assert_eq!(body.payload().unwrap().text(), "1");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RawBody {
    payload: Option<Payload>,
}

#[derive(Clone)]
struct Payload(Arc<Document>);

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_xml() == other.0.to_xml()
    }
}

impl Eq for Payload {}

impl RawBody {
    /// Nothing.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Parses one element, within the limits of SOAP messages.
    ///
    /// # Errors
    /// Text that is not XML.
    pub fn parse(xml: &[u8]) -> Result<Self, ParseError> {
        Ok(Document::parse(xml, &Limits::SOAP)?.into())
    }

    /// A copy of an element, with the namespace declarations that it may need.
    pub fn copy_of(element: Element<'_>) -> Self {
        XmlElement::copy_of(element).document().clone().into()
    }

    /// The element; none of an empty body.
    pub fn payload(&self) -> Option<Element<'_>> {
        self.document().map(Document::root)
    }

    /// The document whose root the element is.
    pub fn document(&self) -> Option<&Document> {
        self.payload.as_ref().map(|payload| &*payload.0)
    }
}

impl fmt::Debug for RawBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.document().map(Document::to_xml).unwrap_or_default();
        write!(f, "RawBody({text})")
    }
}

impl From<Document> for RawBody {
    fn from(document: Document) -> Self {
        Self { payload: Some(Payload(Arc::new(document))) }
    }
}

/// A message that no contract describes: parameter and result of an operation for every action (`action = "*"`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawMessage {
    /// The action.
    pub action: String,
    /// The content of the body.
    pub body: RawBody,
}

impl RawMessage {
    /// A message of its parts.
    pub fn new(action: impl Into<String>, body: RawBody) -> Self {
        Self { action: action.into(), body }
    }
}
