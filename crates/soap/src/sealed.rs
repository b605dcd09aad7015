//! What protects a message, as the text that it is written as: mostly nobody looks at it as a tree before it goes.

use std::fmt;
use std::sync::OnceLock;

use waxwing_xml::{Document, Limits, NodeId};

/// Markup that is in a message beside its tree, and the tree with it, once somebody wants that.
#[derive(Clone)]
pub(crate) struct Sealed {
    /// A header, behind the others.
    pub(crate) header: Vec<u8>,
    /// What the body holds, if it is encrypted: then the tree has nothing of it.
    pub(crate) body: Option<Vec<u8>>,
    whole: OnceLock<Document>,
}

impl Sealed {
    pub(crate) fn new(header: Vec<u8>, body: Option<Vec<u8>>) -> Self {
        Self { header, body, whole: OnceLock::new() }
    }

    /// The whole message as a tree. `parts` are its Header and its Body.
    pub(crate) fn whole(&self, document: &Document, parts: (NodeId, NodeId)) -> &Document {
        self.whole.get_or_init(|| self.unsealed(document.clone(), parts))
    }

    /// The same in the place of the tree.
    pub(crate) fn into_whole(self, document: Document, parts: (NodeId, NodeId)) -> Document {
        match self.whole.into_inner() {
            Some(whole) => whole,
            None => Self { whole: OnceLock::new(), ..self }.unsealed(document, parts),
        }
    }

    fn unsealed(&self, mut document: Document, (header, body): (NodeId, NodeId)) -> Document {
        // It is our own: what somebody else wrote of it was read within limits already.
        let limits = Limits {
            max_bytes: usize::MAX,
            max_depth: usize::MAX,
            max_string_content_length: usize::MAX,
            ..Limits::SOAP
        };
        let mut put = |parent, markup: &[u8]| document.append_fragment(parent, markup, &limits);
        let is_whole = put(header, &self.header).is_ok()
            && self.body.as_ref().is_none_or(|markup| put(body, markup).is_ok());
        if !is_whole {
            // A part of it must not go for the whole: this message is refused by everybody.
            document.clear(header);
            document.clear(body);
        }
        document
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = self.body.as_ref().map(Vec::len);
        f.debug_struct("Sealed").field("header", &self.header.len()).field("body", &body).finish()
    }
}
