//! The records that a tree consists of. An arena ([`crate::arena`]) holds them.
//!
//! A node is 32 bytes; what only some elements have (attributes, declarations) lies in tables of its
//! own. Names and values are ranges of the source, or of a second buffer when they were decoded or
//! built.

use crate::name::Span;

pub(crate) const NONE: u32 = u32::MAX;
/// Marks a start of text that lies in the extra buffer and not in the source.
pub(crate) const EXTRA: u32 = 1 << 31;
/// From here on a start of text is the number of a string of a dictionary (`Arena::known`).
pub(crate) const KNOWN: u32 = 0xFF00_0000;
/// From here on, up to [`KNOWN`], it is the number of a large text (`Arena::large`); of octets that of large ones.
pub(crate) const LARGE: u32 = 0xFE00_0000;
/// The most bytes of source and of extra text, each: what is left beside the marks.
pub(crate) const MAX_TEXT: usize = (LARGE & !EXTRA) as usize - 1;
/// The most strings of dictionaries.
pub(crate) const MAX_KNOWN: usize = (u32::MAX - KNOWN) as usize;
/// The most bytes of a name: its length is kept in 16 bits.
pub(crate) const MAX_NAME: usize = u16::MAX as usize;

/// A piece of text, in the source or in the extra buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Element,
    Text,
    Comment,
    ProcessingInstruction,
}

/// Values of [`NodeData::binding`] that say that the node is no element.
pub(crate) const TEXT: u16 = u16::MAX;
pub(crate) const COMMENT: u16 = u16::MAX - 1;
pub(crate) const PROCESSING_INSTRUCTION: u16 = u16::MAX - 2;

#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeData {
    pub(crate) parent: u32,
    pub(crate) next: u32,
    /// The first child; of a leaf: where its text begins in the source; of a value: its number.
    pub(crate) first: u32,
    /// The last child; of a leaf: where its text ends in the source, 0 when it was built.
    pub(crate) last: u32,
    /// Where the local name begins (prefix and colon stand before it); of a leaf: its content; of a value: the lower half.
    pub(crate) start: u32,
    /// Where the element ends in the source, 0 when it was built; of a leaf: the length of its content; of a value: the
    /// upper half.
    pub(crate) end: u32,
    /// Index into the tags of the arena; of text: what it was made of ([`crate::leaf`]), or 0.
    pub(crate) tag: u32,
    /// The length of the local name.
    pub(crate) local_len: u16,
    /// Prefix and namespace of an element, or what else the node is.
    pub(crate) binding: u16,
}

const _: () = assert!(size_of::<NodeData>() == 32);

impl NodeData {
    #[inline]
    pub(crate) fn is_element(&self) -> bool {
        self.binding < PROCESSING_INSTRUCTION
    }

    #[inline]
    pub(crate) fn kind(&self) -> Kind {
        match self.binding {
            TEXT => Kind::Text,
            COMMENT => Kind::Comment,
            PROCESSING_INSTRUCTION => Kind::ProcessingInstruction,
            _ => Kind::Element,
        }
    }

    #[inline]
    pub(crate) fn local(&self) -> Text {
        Text { start: self.start, len: u32::from(self.local_len) }
    }

    /// The content of a leaf that is no value.
    #[inline]
    pub(crate) fn content(&self) -> Text {
        Text { start: self.start, len: self.end }
    }
}

/// What a start tag holds beside the name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tag {
    pub(crate) attributes: (u32, u32),
    pub(crate) declarations: (u32, u32),
    /// An empty element has an empty text: it is written `<a></a>`, in binary a record of its own.
    pub(crate) pair: bool,
    /// An empty element is written `<a></a>`; in binary nothing tells.
    pub(crate) end_tag: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct AttributeData {
    /// Where the local name begins (prefix and colon stand before it).
    pub(crate) start: u32,
    pub(crate) local_len: u16,
    /// Prefix and namespace. While a start tag is read: the length of the prefix.
    pub(crate) binding: u16,
    pub(crate) value: Text,
    /// Where the value stood in the source between its quotes; empty at 0 when it was built.
    pub(crate) value_span: Span,
}

impl AttributeData {
    #[inline]
    pub(crate) fn local(&self) -> Text {
        Text { start: self.start, len: u32::from(self.local_len) }
    }
}

/// A piece of text that may lie in either buffer.
#[inline]
pub(crate) fn text_of<'a>(source: &'a str, extra: &'a str, text: Text) -> &'a str {
    let start = (text.start & !EXTRA) as usize;
    let buffer = if text.start & EXTRA == 0 { source } else { extra };
    &buffer[start..start + text.len as usize]
}

/// Extends a local name by the prefix of this length that stands before it.
#[inline]
pub(crate) fn with_prefix(local: Text, prefix_len: u32) -> Text {
    match prefix_len {
        0 => local,
        len => Text { start: local.start - len - 1, len: local.len + len + 1 },
    }
}
