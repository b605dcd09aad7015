//! An encrypted signature that was read from its text: what is left of it in the message, and how it gets there as a whole.

use waxwing_soap::Envelope;
use waxwing_xml::{Document, Limits, Name, NodeId, Opened, ParseError};

use super::names::DSIG;

/// What such a signature said, as text.
#[derive(Debug)]
pub(super) struct UnreadSignature {
    /// The element of its name that stands for it.
    stands: NodeId,
    text: Text,
}

#[derive(Clone)]
enum Text {
    /// In the source of the message, where its base64 was.
    Source(Opened),
    /// Octets of a message whose encoding has no text.
    Octets(Vec<u8>),
}

impl std::fmt::Debug for Text {
    /// Never the text: it was encrypted on the way here.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Text(…)")
    }
}

impl UnreadSignature {
    /// Puts an element of a signature's name in the place of an EncryptedData element.
    pub(super) fn new(document: &mut Document, encrypted: NodeId, text: &[u8]) -> Self {
        let data = document.element(encrypted).elements().last();
        let value = data.and_then(|data| data.first_element()).map(|value| value.id());
        let opened = value.and_then(|value| document.overwrite(value, text));
        let name = Name::new("", "Signature", DSIG);
        let stands = document.insert_element_before(encrypted, name);
        document.detach(encrypted);
        Self { stands, text: opened.map_or_else(|| Text::Octets(text.to_vec()), Text::Source) }
    }

    /// The element that stands for it.
    pub(super) fn stands(&self) -> NodeId {
        self.stands
    }

    /// Puts the signature there as it was, in a copy of the message.
    pub(super) fn put(&self, copy: &mut Envelope) -> Result<(), ParseError> {
        let document = copy.document_mut();
        match self.text.clone() {
            Text::Source(opened) => document.append_opened(self.stands, opened, &Limits::SOAP)?,
            Text::Octets(text) => document.append_fragment(self.stands, &text, &Limits::SOAP)?,
        }
        let whole = document.element(self.stands).first_element().map(|element| element.id());
        if let Some(whole) = whole {
            document.insert_node_before(self.stands, whole);
            document.detach(self.stands);
        }
        Ok(())
    }
}
