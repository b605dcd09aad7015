//! An encrypted signature that was read from its text: what is left of it in the message, and how it gets there as a whole.

use std::ops::Range;

use waxwing_soap::Envelope;
use waxwing_xml::{Document, Limits, Name, NodeId, ParseError, Span};
use zeroize::Zeroizing;

use super::names::{DSIG, XENC};

/// What such a signature said.
pub(super) struct UnreadSignature {
    /// The element of its name that stands for it, or the header that it is in.
    stands: NodeId,
    /// The content of that header, where it was left unread.
    header: Option<Span>,
    /// What it was decrypted in, and where its text is.
    octets: Zeroizing<Vec<u8>>,
    text: Range<usize>,
}

impl std::fmt::Debug for UnreadSignature {
    /// Never the text: it was encrypted on the way here.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnreadSignature").field("text", &self.text).finish_non_exhaustive()
    }
}

impl Drop for UnreadSignature {
    /// The room of a vector is wiped at once, where what it holds is wiped octet by octet: 3,000 instructions for a signature.
    fn drop(&mut self) {
        self.octets.clear();
    }
}

impl UnreadSignature {
    /// Puts an element of a signature's name in the place of an EncryptedData element.
    pub(super) fn stand_in(document: &mut Document, encrypted: NodeId) -> NodeId {
        let name = Name::new("", "Signature", DSIG);
        let stands = document.insert_element_before(encrypted, name);
        document.detach(encrypted);
        stands
    }

    /// The signature for which that element stands.
    pub(super) fn new(stands: NodeId, octets: Zeroizing<Vec<u8>>, text: Range<usize>) -> Self {
        Self { stands, header: None, octets, text }
    }

    /// The same in a header that was read from its text, where that is so: this is its content.
    pub(super) fn within(mut self, header: Option<Span>) -> Self {
        self.header = header;
        self
    }

    /// Puts the signature there as it was, in a copy of the message.
    pub(super) fn put(&self, copy: &mut Envelope) -> Result<(), ParseError> {
        let document = copy.document_mut();
        let mut stands = self.stands;
        if let Some(content) = self.header {
            document.read_again(stands, content);
            let encrypted = document.element(stands).child(XENC, "EncryptedData");
            let Some(encrypted) = encrypted.map(|element| element.id()) else { return Ok(()) };
            stands = Self::stand_in(document, encrypted);
        }
        self.put_in_place(document, stands).map(drop)
    }

    /// The same in a copy of its document, where an element stands for it. Gives the signature; none where there is none.
    pub(super) fn put_beside(&self, copy: &mut Document) -> Result<Option<NodeId>, ParseError> {
        self.put_in_place(copy, self.stands)
    }

    fn put_in_place(
        &self,
        document: &mut Document,
        stands: NodeId,
    ) -> Result<Option<NodeId>, ParseError> {
        let text = self.octets.get(self.text.clone()).unwrap_or_default();
        document.append_fragment(stands, text, &Limits::ANY)?;
        let whole = document.element(stands).first_element().map(|element| element.id());
        if let Some(whole) = whole {
            document.insert_node_before(stands, whole);
            document.detach(stands);
        }
        Ok(whole)
    }
}
