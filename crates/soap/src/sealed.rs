//! What protects a message, as the text that it is written as: mostly nobody looks at it as a tree before it goes.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use base64_simd::{AsOut as _, STANDARD};
use waxwing_xml::{Document, Limits, NodeId, ParseError};

use crate::plain::PlainHeaders;

/// Markup that is put into a message. What is so large that it should be held once only stands beside the text, as octets.
#[derive(Clone, Default)]
pub struct Markup {
    /// The text.
    pub text: Vec<u8>,
    /// Octets whose base64 stands at this place of the text, in the innermost of the last elements, as all of its content.
    pub octets: Option<(usize, Vec<u8>)>,
}

impl Markup {
    /// Puts it into an element of a document, behind what that holds.
    ///
    /// # Errors
    /// [`ParseError`]: it is not well-formed there.
    pub fn put(self, document: &mut Document, parent: NodeId) -> Result<(), ParseError> {
        // It is our own: what somebody else wrote of it was read within limits already.
        document.append_fragment(parent, &self.text, &Limits::ANY)?;
        if let Some((_, octets)) = self.octets {
            let last = |element: &_| waxwing_xml::Element::elements(element).last();
            let innermost = std::iter::successors(Some(document.element(parent)), last).last();
            let innermost = innermost.map_or(parent, |element| element.id());
            document.append_octets(innermost, octets);
        }
        Ok(())
    }

    /// All of it as text.
    fn into_text(self) -> Vec<u8> {
        match self.octets {
            None => self.text,
            Some((at, octets)) => {
                let (before, behind) = self.text.split_at(at);
                base64_between(octets, before, behind)
            }
        }
    }
}

impl From<Vec<u8>> for Markup {
    fn from(text: Vec<u8>) -> Self {
        Self { text, octets: None }
    }
}

impl fmt::Debug for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = self.octets.as_ref().map(|(_, octets)| octets.len());
        f.debug_struct("Markup").field("text", &self.text.len()).field("octets", &octets).finish()
    }
}

/// The base64 of octets between two texts, in the memory of the octets.
fn base64_between(mut octets: Vec<u8>, before: &[u8], behind: &[u8]) -> Vec<u8> {
    /// Whole groups of three.
    const PIECE: usize = 24 << 10;
    let len = octets.len();
    let end = before.len() + len.div_ceil(3) * 4;
    octets.resize(end + behind.len(), 0);
    // The text is longer than the octets, so what is written last first never overwrites what is still to be read.
    let mut piece = Vec::with_capacity(PIECE);
    for start in (0..len).step_by(PIECE).rev() {
        piece.clear();
        piece.extend_from_slice(&octets[start..len.min(start + PIECE)]);
        let place = before.len() + start / 3 * 4;
        let _ = STANDARD.encode(&piece, octets[place..end].as_out());
    }
    octets[..before.len()].copy_from_slice(before);
    octets[end..].copy_from_slice(behind);
    octets
}

/// Headers beside the tree.
#[derive(Clone, Debug)]
enum Headers {
    /// Those that are still to be signed.
    Plain(PlainHeaders),
    Markup(Vec<u8>),
}

impl Headers {
    fn markup(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Plain(headers) => headers.markup().into(),
            Self::Markup(text) => Cow::Borrowed(text),
        }
    }
}

/// Markup that is in a message beside its tree, and the tree with it, once somebody wants that.
#[derive(Clone)]
pub(crate) struct Sealed {
    /// Headers, behind the others.
    headers: Headers,
    /// What of them was plain, of markup: what they say is known of a message that is only written any more.
    signed: Option<PlainHeaders>,
    /// What the body holds, if it is encrypted: then the tree has nothing of it.
    pub(crate) body: Option<Markup>,
    whole: OnceLock<Document>,
}

impl Sealed {
    pub(crate) fn new(headers: Vec<u8>, body: Option<Markup>) -> Self {
        Self { headers: Headers::Markup(headers), signed: None, body, whole: OnceLock::new() }
    }

    pub(crate) fn plain(headers: PlainHeaders) -> Self {
        let headers = Headers::Plain(headers);
        Self { headers, signed: None, body: None, whole: OnceLock::new() }
    }

    /// The same of headers that hold these.
    pub(crate) fn holding(self, signed: Option<PlainHeaders>) -> Self {
        Self { signed, ..self }
    }

    /// Headers whose text is known, signed or not.
    pub(crate) fn known_headers(&self) -> Option<&PlainHeaders> {
        self.plain_headers().or(self.signed.as_ref())
    }

    /// The headers that are still to be signed.
    pub(crate) fn plain_headers(&self) -> Option<&PlainHeaders> {
        match &self.headers {
            Headers::Plain(headers) => Some(headers),
            Headers::Markup(_) => None,
        }
    }

    /// The same, and nothing else is beside the tree then.
    pub(crate) fn into_plain_headers(self) -> Option<PlainHeaders> {
        match self.headers {
            Headers::Plain(headers) => Some(headers),
            Headers::Markup(_) => None,
        }
    }

    /// The whole message as a tree. `parts` are its Header and its Body.
    pub(crate) fn whole(&self, document: &Document, parts: (NodeId, NodeId)) -> &Document {
        let own = || Self::new(self.headers.markup().into_owned(), self.body.clone());
        self.whole.get_or_init(|| own().unsealed(document.clone(), parts))
    }

    /// The same in the place of the tree.
    pub(crate) fn into_whole(mut self, document: Document, parts: (NodeId, NodeId)) -> Document {
        match self.whole.take() {
            Some(whole) => whole,
            None => self.unsealed(document, parts),
        }
    }

    fn unsealed(self, mut document: Document, (header, body): (NodeId, NodeId)) -> Document {
        let is_whole =
            Markup::from(self.headers.markup().into_owned()).put(&mut document, header).is_ok()
                && self.body.is_none_or(|markup| markup.put(&mut document, body).is_ok());
        if !is_whole {
            // A part of it must not go for the whole: this message is refused by everybody.
            document.clear(header);
            document.clear(body);
        }
        document
    }

    /// The whole message as UTF-8. `parts` are its Header and its Body.
    pub(crate) fn to_bytes(&self, document: &Document, parts: (Option<NodeId>, NodeId)) -> Vec<u8> {
        match &self.body {
            Some(own @ Markup { octets: Some(_), .. }) => {
                self.written(document, parts, &own.clone().into_text())
            }
            body => self.written(document, parts, body.as_ref().map_or(&[], |body| &body.text)),
        }
    }

    /// The same of a message that nobody needs any more: large octets become text where they are.
    pub(crate) fn into_bytes(
        mut self,
        document: &Document,
        parts: (Option<NodeId>, NodeId),
    ) -> Vec<u8> {
        let body = self.body.take();
        let Some(Markup { text, octets: Some((at, octets)) }) = body else {
            self.body = body;
            return self.to_bytes(document, parts);
        };
        let written = self.written(document, parts, &text);
        let element = document.element(parts.1);
        let around = std::iter::successors(Some(element), |element| element.parent());
        let ends = around.map(|element| format!("</{}>", element.qualified_name()));
        let behind = [&text[at..], ends.collect::<String>().as_bytes()].concat();
        match written.strip_suffix(&behind[..]) {
            Some(before) => base64_between(octets, before, &behind),
            // Something stands behind the body.
            None => {
                let text = Markup { text, octets: Some((at, octets)) }.into_text();
                self.written(document, parts, &text)
            }
        }
    }

    fn written(
        &self,
        document: &Document,
        (header, body): (Option<NodeId>, NodeId),
        text: &[u8],
    ) -> Vec<u8> {
        // Of a body that is encrypted the tree has nothing any more.
        let own = if text.is_empty() { document.text_octets() } else { 0 };
        let headers = self.headers.markup();
        let mut out = Vec::with_capacity(2048 + headers.len() + text.len() + own);
        document.write_with_markup(&mut out, |element| match element {
            element if Some(element) == header => Some(&headers[..]),
            element if element == body => Some(text),
            _ => None,
        });
        out
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed")
            .field("headers", &self.headers.markup().len())
            .field("body", &self.body)
            .finish()
    }
}
