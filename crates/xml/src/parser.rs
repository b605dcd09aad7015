//! The strict parser: XML 1.0 (fifth edition) without document type declaration, Namespaces in XML
//! 1.0 (third edition).
//!
//! One pass over the text, no recursion, and no step whose cost grows with what came before: a prefix
//! is found in a table, a duplicate attribute by a hash set.

mod names;
mod pass;
mod prolog;
mod tags;
mod text;

use std::ops::Range;

use crate::arena::Arena;
use crate::chars::is_space;
use crate::decode::{Encoding, decode};
use crate::document::Document;
use crate::error::{ParseError, ParseErrorKind};
use crate::intern::{EMPTY, MAX_ENTRIES};
use crate::limits::Limits;
use crate::name::{NodeId, Position, Span};
use crate::node::{Kind, MAX_NAME, MAX_TEXT, NONE, Text};
use crate::scope::{Bound, Scope};

pub(crate) use pass::{Noted, Unread};
pub use pass::{Notes, Passes, StartTag, UnreadContent};

/// Room for nodes is taken ahead in proportion to the text, up to this: a text of megabytes is mostly one large content, and the nodes
/// of one that is not make room for themselves.
const NODES_AHEAD: usize = 1 << 14;
/// Bytes of text per node in usual messages.
const BYTES_PER_NODE: usize = 32;

impl Document {
    /// Reads a document: UTF-8 or UTF-16, an XML declaration is allowed, a document type
    /// declaration never. Comments and processing instructions outside the root element are checked
    /// and not kept.
    ///
    /// # Errors
    ///
    /// [`ParseError`]: what is wrong and where; limits are errors that name the limit.
    pub fn parse(bytes: impl Into<Vec<u8>>, limits: &Limits) -> Result<Document, ParseError> {
        Self::parse_bytes(bytes.into(), limits, None)
    }

    /// The same for who knows the content of an element from its text: no tree is made of what `passes` knows. Such a document
    /// is written, canonicalized, copied and imported as any other; who walks through the content has to
    /// [read it](Self::read_unread) before.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), and the same ones.
    pub fn parse_passing(
        bytes: impl Into<Vec<u8>>,
        limits: &Limits,
        passes: Passes,
    ) -> Result<Document, ParseError> {
        Self::parse_bytes(bytes.into(), limits, Some(passes))
    }

    fn parse_bytes(
        bytes: Vec<u8>,
        limits: &Limits,
        passes: Option<Passes>,
    ) -> Result<Document, ParseError> {
        let limits = limits.within_reach();
        if bytes.len() > limits.max_bytes {
            let kind = ParseErrorKind::Limit { limit: "max_bytes", value: limits.max_bytes };
            return Err(error_at(kind, limits.max_bytes, ""));
        }
        let (source, encoding) = decode(bytes)?;
        if source.len() > MAX_TEXT {
            let kind = ParseErrorKind::Limit { limit: "max_bytes", value: MAX_TEXT };
            return Err(error_at(kind, MAX_TEXT, ""));
        }
        let nodes = (source.len() / BYTES_PER_NODE).min(NODES_AHEAD) + 4;
        let mut document = Document::empty(nodes);
        let mut parser = Parser::new(&mut document, &source, 0, &limits);
        let parsed = parser.document(encoding, passes);
        let at = parser.at;
        parsed.map_err(|kind| error_at(*kind, at.min(source.len()), &source))?;
        let arena: &mut Arena = &mut document;
        arena.source = source;
        arena.is_as_read = true;
        Ok(document)
    }

    /// Parses text (UTF-8) in the namespace context of `parent` and adds what it holds as the last
    /// children of `parent`.
    ///
    /// # Errors
    ///
    /// [`ParseError`], offsets counted in the fragment; the tree is unchanged then.
    pub fn append_fragment(
        &mut self,
        parent: NodeId,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<(), ParseError> {
        let holder = self.parse_fragment(parent.0, bytes, limits)?;
        let after = self.node(parent.0).last;
        self.adopt_children(holder, parent.0, after);
        Ok(())
    }

    /// Parses text (UTF-8) in the namespace context of a node and puts what it holds in the node's
    /// place: decryption of an `EncryptedData` (XML Encryption §4.2). The node is detached.
    ///
    /// # Errors
    ///
    /// [`ParseError`], offsets counted in the fragment; the tree is unchanged then.
    ///
    /// # Panics
    ///
    /// When the node has no parent.
    pub fn replace_with_fragment(
        &mut self,
        node: NodeId,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<(), ParseError> {
        let parent = self.node(node.0).parent;
        assert_ne!(parent, NONE, "the node has no parent");
        let holder = self.parse_fragment(parent, bytes, limits)?;
        self.adopt_children(holder, parent, node.0);
        self.detach(node);
        Ok(())
    }

    /// The same of text that has to be one element, with nothing beside it: gives that. None, and the tree is unchanged,
    /// where it is anything else. Until that is known nothing else of the tree is looked at, however large it is.
    ///
    /// # Errors
    ///
    /// [`ParseError`], offsets counted in the fragment; the tree is unchanged then.
    ///
    /// # Panics
    ///
    /// When the node has no parent.
    pub fn replace_with_element(
        &mut self,
        node: NodeId,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<Option<NodeId>, ParseError> {
        let parent = self.node(node.0).parent;
        assert_ne!(parent, NONE, "the node has no parent");
        let holder = self.parse_fragment(parent, bytes, limits)?;
        let (first, last) = (self.node(holder).first, self.node(holder).last);
        if first == NONE || first != last || !self.node(first).is_element() {
            return Ok(None);
        }
        self.adopt_children(holder, parent, node.0);
        self.detach(node);
        Ok(Some(NodeId(first)))
    }

    /// Parses a fragment into the children of a new element without parent. When it fails, all that
    /// it added to the arena is taken back.
    fn parse_fragment(
        &mut self,
        context: u32,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<u32, ParseError> {
        let base = self.source.len();
        if base + bytes.len() > limits.within_reach().max_bytes {
            return Err(too_large(limits));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|e| error_at(ParseErrorKind::Encoding("UTF-8"), e.valid_up_to(), ""))?;
        self.source.push_str(text);
        let parsed = self.parse_within(context, base..base + text.len(), limits);
        if parsed.is_err() {
            self.source.truncate(base);
        }
        parsed
    }

    /// The same of a text that is in the source already.
    pub(crate) fn parse_within(
        &mut self,
        context: u32,
        text: Range<usize>,
        limits: &Limits,
    ) -> Result<u32, ParseError> {
        let limits = limits.within_reach();
        if self.source.len() > limits.max_bytes {
            return Err(too_large(&limits));
        }
        let before = Lengths::of(self);
        let holder = self.push_element(Text::default(), EMPTY);
        let source = std::mem::take(&mut self.source);
        let mut parser = Parser::new(self, &source[..text.end], text.start, &limits);
        parser.begin = text.start;
        parser.inherit_scope(context);
        let parsed = parser.fragment(holder);
        let at = parser.at;
        self.source = source;
        parsed.map_err(|kind| {
            before.restore(self);
            error_at(*kind, at.saturating_sub(text.start), &self.source[text])
        })?;
        Ok(holder)
    }

    /// Moves the children of `holder` into `parent`, behind its child `after`.
    pub(crate) fn adopt_children(&mut self, holder: u32, parent: u32, after: u32) {
        let (first, last) = (self.node(holder).first, self.node(holder).last);
        if first == NONE {
            return;
        }
        let mut child = first;
        while child != NONE {
            self.node_mut(child).parent = parent;
            child = self.node(child).next;
        }
        let before = match after {
            NONE => &mut self.node_mut(parent).first,
            after => &mut self.node_mut(after).next,
        };
        let behind = std::mem::replace(before, first);
        self.node_mut(last).next = behind;
        if behind == NONE {
            self.node_mut(parent).last = last;
        }
        (self.node_mut(holder).first, self.node_mut(holder).last) = (NONE, NONE);
    }
}

/// The size of an arena, to cut it back to.
struct Lengths {
    extra: usize,
    nodes: usize,
    tags: usize,
    attributes: usize,
    declarations: usize,
}

impl Lengths {
    fn of(document: &Document) -> Self {
        Self {
            extra: document.extra.len(),
            nodes: document.nodes.len(),
            tags: document.tags.len(),
            attributes: document.attributes.len(),
            declarations: document.declarations.len(),
        }
    }

    fn restore(&self, document: &mut Document) {
        document.extra.truncate(self.extra);
        document.nodes.truncate(self.nodes);
        document.tags.truncate(self.tags);
        document.attributes.truncate(self.attributes);
        document.declarations.truncate(self.declarations);
    }
}

impl Limits {
    /// The limits that also keep what the arena can number.
    fn within_reach(&self) -> Self {
        Self {
            max_bytes: self.max_bytes.min(MAX_TEXT),
            max_name_length: self.max_name_length.min(MAX_NAME),
            max_distinct_names: self.max_distinct_names.min(MAX_ENTRIES - 1),
            max_nodes: self.max_nodes.min(NONE as usize),
            ..*self
        }
    }
}

fn too_large(limits: &Limits) -> ParseError {
    let value = limits.within_reach().max_bytes;
    error_at(ParseErrorKind::Limit { limit: "max_bytes", value }, 0, "")
}

pub(crate) fn error_at(kind: ParseErrorKind, offset: usize, text: &str) -> ParseError {
    ParseError { kind, offset: offset as u32, position: Position::of(text, offset) }
}

/// What the steps of the parser give; the place of an error is [`Parser::at`]. (A box, so that what is nearly always there
/// stays in registers.)
type Parsed<T> = Result<T, Box<ParseErrorKind>>;

struct Parser<'p> {
    document: &'p mut Arena,
    source: &'p str,
    bytes: &'p [u8],
    limits: &'p Limits,
    /// Where the text begins that is parsed: positions are told in it.
    begin: usize,
    at: usize,
    scope: Scope,
    /// The innermost element that is open.
    current: u32,
    /// How deep in the document the text stands.
    depth: usize,
    /// The number of the start tag at hand.
    tag: u32,
}

impl<'p> Parser<'p> {
    fn new(document: &'p mut Arena, source: &'p str, at: usize, limits: &'p Limits) -> Self {
        Self {
            document,
            source,
            bytes: source.as_bytes(),
            limits,
            begin: 0,
            at,
            scope: Scope::new(),
            current: NONE,
            depth: 0,
            tag: 0,
        }
    }

    /// Puts the declarations around a fragment into scope, outermost first.
    fn inherit_scope(&mut self, context: u32) {
        let mut chain = Vec::new();
        let mut at = context;
        while at != NONE {
            chain.push(at);
            at = self.document.node(at).parent;
        }
        self.depth = chain.len();
        for index in chain.into_iter().rev() {
            let node = self.document.node(index);
            let attributes = self.document.element_attributes(node).iter().map(|a| a.binding);
            let attributes = attributes.filter(|binding| *binding != EMPTY);
            let declared = self.document.element_declarations(node).iter().copied();
            for binding in declared.chain(attributes).chain([node.binding]) {
                let prefix = self.document.names.binding(binding).prefix;
                if self.scope.of(prefix).binding != binding {
                    self.scope.bind(prefix, Bound { binding, tag: 0 });
                }
            }
        }
    }

    fn document(&mut self, encoding: Encoding, passes: Option<Passes>) -> Parsed<()> {
        self.declaration(encoding)?;
        self.misc()?;
        if self.peek() != Some(b'<') {
            return refuse(ParseErrorKind::Expected("the root element"));
        }
        if self.starts_with("</") {
            return Err(self.stray_end_tag());
        }
        if self.starts_with("<!") {
            self.at += 1;
            self.check_element()?;
            return refuse(ParseErrorKind::Expected("a name"));
        }
        self.document.root = self.document.nodes.len() as u32;
        if let Some(passes) = passes {
            self.content_up_to_passed(passes)?;
        }
        if passes.is_none() || self.current != NONE {
            self.content(NONE)?;
        }
        self.misc()?;
        match self.peek() {
            None => Ok(()),
            Some(b'<') if self.starts_with("</") => Err(self.stray_end_tag()),
            Some(_) => {
                refuse(ParseErrorKind::Expected("the end of the text after the root element"))
            }
        }
    }

    /// The content of a fragment, up to the end of the text.
    fn fragment(&mut self, holder: u32) -> Parsed<()> {
        self.current = holder;
        match self.bytes.get(self.at) {
            Some(_) => self.content(holder),
            None => Ok(()),
        }
    }

    /// Pieces of content inside the innermost open element, until `holder` is that again: [`NONE`] when the root element is
    /// closed, another one, which cannot be closed, when the text is over.
    fn content(&mut self, holder: u32) -> Parsed<()> {
        self.content_until(holder, |_| false)
    }

    /// The same that ends, too, where `is_over` says so of what was read.
    #[inline(always)]
    fn content_until(
        &mut self,
        holder: u32,
        mut is_over: impl FnMut(&mut Self) -> bool,
    ) -> Parsed<()> {
        loop {
            match self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()) {
                Some([b'<', b'/']) => self.end_tag(holder)?,
                Some([b'<', _]) => self.start_tag()?,
                _ => self.text()?,
            }
            let is_end = self.current == holder && (holder == NONE || self.at == self.bytes.len());
            if is_end || is_over(self) {
                return Ok(());
            }
        }
    }

    /// What is neither a tag nor text.
    fn markup(&mut self, parent: u32) -> Parsed<()> {
        if self.starts_with("<?") {
            self.processing_instruction(parent)
        } else if self.starts_with("<!--") {
            self.comment(parent)
        } else if self.starts_with("<![CDATA[") {
            self.cdata(parent)
        } else if self.starts_with("<!DOCTYPE") {
            refuse(ParseErrorKind::Forbidden("a document type declaration"))
        } else {
            refuse(ParseErrorKind::Forbidden("a markup declaration"))
        }
    }

    #[inline(always)]
    fn add_leaf(&mut self, kind: Kind, content: Text, start: usize, parent: u32) -> Parsed<()> {
        // What stands outside the root element is checked and forgotten.
        if parent == NONE {
            return Ok(());
        }
        self.check_node_limit()?;
        let span = Span { start: start as u32, end: self.at as u32 };
        self.document.append_leaf(parent, kind, content, span);
        Ok(())
    }

    #[inline(always)]
    fn check_node_limit(&self) -> Parsed<()> {
        match self.document.nodes.len() < self.limits.max_nodes {
            true => Ok(()),
            false => exceeded("max_nodes", self.limits.max_nodes),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn starts_with(&self, text: &str) -> bool {
        self.bytes[self.at..].starts_with(text.as_bytes())
    }

    fn skip_space(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
        self.at > start
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Parsed<()> {
        match self.peek() {
            Some(found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => refuse(ParseErrorKind::Expected(what)),
            None => refuse(ParseErrorKind::UnexpectedEnd("a tag")),
        }
    }
}

#[cold]
#[inline(never)]
fn exceeded<T>(limit: &'static str, value: usize) -> Parsed<T> {
    refuse(ParseErrorKind::Limit { limit, value })
}

#[cold]
#[inline(never)]
fn refuse<T>(kind: ParseErrorKind) -> Parsed<T> {
    Err(Box::new(kind))
}
