//! The strict parser: XML 1.0 without document type declaration, Namespaces in XML 1.0.

use std::collections::HashSet;

use memchr::{memchr, memchr2, memchr3};

use crate::chars::{is_char, is_name_byte, is_ncname, is_space};
use crate::decode::decode;
use crate::document::{
    AttributeData, Declaration, Document, EMPTY, Kind, NONE, Text, XML, XML_NAMESPACE,
};
use crate::error::{ParseError, ParseErrorKind};
use crate::limits::Limits;
use crate::name::{NodeId, Position, Span};

const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";
/// Up to this many attributes are compared pairwise, more by a hash set.
const PAIRWISE_ATTRIBUTES: usize = 12;

impl Document {
    /// Reads a document: UTF-8 or UTF-16, an XML declaration is allowed, a document type
    /// declaration never.
    ///
    /// # Errors
    ///
    /// [`ParseError`]: what is wrong and where; limits are errors that name the limit.
    pub fn parse(bytes: impl Into<Vec<u8>>, limits: &Limits) -> Result<Document, ParseError> {
        let bytes = bytes.into();
        let fail = |kind, offset: usize| ParseError {
            kind,
            offset: offset as u32,
            position: Position { line: 1, column: 1 },
        };
        if bytes.len() > limits.max_bytes {
            let kind = ParseErrorKind::Limit { limit: "max_bytes", value: limits.max_bytes };
            return Err(fail(kind, limits.max_bytes));
        }
        let source = decode(bytes).map_err(|(kind, offset)| fail(kind, offset))?;
        let mut document = Document::empty(String::new());
        let end = source.len();
        let mut parser = Parser::new(&mut document, &source, 0, limits);
        let parsed = parser.document();
        let at = parser.at;
        document.source = source;
        match parsed {
            Ok(()) => Ok(document),
            Err(kind) => Err(ParseError {
                kind,
                offset: at.min(end) as u32,
                position: Position::of(&document.source, at),
            }),
        }
    }

    /// Parses text in the namespace context of `parent` and adds what it holds as the last
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
        let holder = self.push_node(Kind::Element, Text::default());
        self.nodes[holder as usize].parent = parent.0;
        self.parse_fragment(holder, bytes, limits)?;
        self.adopt_children(holder, parent.0, None);
        Ok(())
    }

    /// Parses text in the namespace context of a node and puts what it holds in the node's place:
    /// decryption of an `EncryptedData` (XML Encryption §4.2).
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
        let holder = self.push_node(Kind::Element, Text::default());
        self.nodes[holder as usize].parent = parent;
        self.parse_fragment(holder, bytes, limits)?;
        self.adopt_children(holder, parent, Some(node.0));
        Ok(())
    }

    fn parse_fragment(
        &mut self,
        holder: u32,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<(), ParseError> {
        let base = self.source.len();
        let fail = |kind, at: usize, text: &str| ParseError {
            kind,
            offset: at as u32,
            position: Position::of(text, at),
        };
        if base + bytes.len() > limits.max_bytes {
            let kind = ParseErrorKind::Limit { limit: "max_bytes", value: limits.max_bytes };
            return Err(fail(kind, 0, ""));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|e| fail(ParseErrorKind::Encoding("UTF-8"), e.valid_up_to(), ""))?;
        let mut source = std::mem::take(&mut self.source);
        source.push_str(text);
        let mut parser = Parser::new(self, &source, base, limits);
        parser.inherit_scope(holder);
        let parsed = parser.content(holder);
        let at = parser.at;
        self.source = source;
        parsed.map_err(|kind| fail(kind, at - base, &self.source[base..]))
    }

    /// Moves the children of `holder` to the end of `parent`, or to the place of `replaced`.
    fn adopt_children(&mut self, holder: u32, parent: u32, replaced: Option<u32>) {
        let mut child = self.node(holder).first;
        while child != NONE {
            let next = self.node(child).next;
            self.nodes[child as usize].parent = NONE;
            self.nodes[child as usize].next = NONE;
            match replaced {
                Some(place) => self.insert_node_before(NodeId(place), NodeId(child)),
                None => self.link_last(parent, child),
            }
            child = next;
        }
        if let Some(place) = replaced {
            self.detach(NodeId(place));
        }
    }
}

type Result_<T> = Result<T, ParseErrorKind>;

/// An attribute as it stands in a start tag, before its prefix is resolved.
#[derive(Clone, Copy)]
struct RawAttribute {
    prefix: Text,
    local: Text,
    value: Text,
    name_span: Span,
    value_span: Span,
}

struct Parser<'p> {
    document: &'p mut Document,
    source: &'p str,
    limits: &'p Limits,
    at: usize,
    /// Declarations in scope, innermost last.
    scope: Vec<Declaration>,
    /// The open elements: node and length of `scope` before its declarations.
    open: Vec<(u32, usize)>,
    raw: Vec<RawAttribute>,
    /// The length of `scope` before the start tag at hand.
    tag_scope: usize,
}

impl<'p> Parser<'p> {
    fn new(document: &'p mut Document, source: &'p str, at: usize, limits: &'p Limits) -> Self {
        let scope = vec![
            Declaration { prefix: EMPTY, namespace: EMPTY },
            Declaration { prefix: XML, namespace: XML },
        ];
        Self {
            document,
            source,
            limits,
            at,
            scope,
            open: Vec::new(),
            raw: Vec::new(),
            tag_scope: 0,
        }
    }

    /// Puts the declarations around a fragment into scope, outermost first.
    fn inherit_scope(&mut self, holder: u32) {
        let mut chain = Vec::new();
        let mut at = self.document.node(holder).parent;
        while at != NONE {
            chain.push(at);
            at = self.document.node(at).parent;
        }
        for index in chain.into_iter().rev() {
            let node = *self.document.node(index);
            if node.kind == Kind::Element {
                self.scope.push(Declaration { prefix: node.prefix, namespace: node.namespace });
            }
            for attribute in self.document.element_attributes(&node) {
                if attribute.prefix != EMPTY {
                    let (prefix, namespace) = (attribute.prefix, attribute.namespace);
                    self.scope.push(Declaration { prefix, namespace });
                }
            }
            self.scope.extend_from_slice(self.document.element_declarations(&node));
        }
    }

    fn bytes(&self) -> &'p [u8] {
        self.source.as_bytes()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    fn starts_with(&self, text: &str) -> bool {
        self.bytes()[self.at..].starts_with(text.as_bytes())
    }

    fn skip_space(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
        self.at > start
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result_<()> {
        match self.peek() {
            Some(found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(ParseErrorKind::Expected(what)),
            None => Err(ParseErrorKind::UnexpectedEnd("a tag")),
        }
    }

    fn limit<T>(&self, limit: &'static str, value: usize) -> Result_<T> {
        Err(ParseErrorKind::Limit { limit, value })
    }

    fn document(&mut self) -> Result_<()> {
        self.declaration()?;
        self.misc()?;
        if self.peek() != Some(b'<') {
            return Err(ParseErrorKind::Expected("the root element"));
        }
        self.at += 1;
        let root = self.start_tag(NONE)?;
        self.document.root = root;
        if self.open.last().is_some() {
            self.content_until(root)?;
        }
        self.misc()?;
        match self.peek() {
            None => Ok(()),
            Some(b'<') if self.starts_with("</") => {
                let start = self.at;
                self.at += 2;
                let (prefix, local) = self.name()?;
                let name = self.spelled(prefix, local);
                self.at = start;
                Err(ParseErrorKind::StrayEndTag(name))
            }
            Some(_) => Err(ParseErrorKind::Expected("the end of the text after the root element")),
        }
    }

    fn declaration(&mut self) -> Result_<()> {
        let bytes = self.bytes();
        if !self.starts_with("<?xml") || !bytes.get(5).copied().is_some_and(is_space) {
            return Ok(());
        }
        let end = self.source.find("?>").ok_or(ParseErrorKind::UnexpectedEnd("a declaration"))?;
        let mut rest = self.source[5..end].trim_end_matches([' ', '\t', '\r', '\n']);
        let mut step = 0;
        while !rest.is_empty() {
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
            if trimmed.len() == rest.len() {
                return Err(ParseErrorKind::Expected("white space in the XML declaration"));
            }
            let wrong = ParseErrorKind::Expected("version, encoding and standalone, in this order");
            let (name, after) = trimmed.split_once('=').ok_or(wrong.clone())?;
            let after = after.trim_start_matches([' ', '\t', '\r', '\n']);
            let quote =
                after.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or(wrong.clone())?;
            let (value, after) = after[1..].split_once(quote).ok_or(wrong.clone())?;
            let place = match name.trim_end_matches([' ', '\t', '\r', '\n']) {
                "version" if value == "1.0" => 1,
                "version" => {
                    return Err(ParseErrorKind::Forbidden("an XML version other than 1.0"));
                }
                "encoding" if value.to_ascii_lowercase().starts_with("utf-") => 2,
                "encoding" => {
                    return Err(ParseErrorKind::Forbidden(
                        "an encoding other than UTF-8 and UTF-16",
                    ));
                }
                "standalone" if matches!(value, "yes" | "no") => 3,
                _ => return Err(wrong),
            };
            if place <= step || (step == 0 && place != 1) {
                return Err(wrong);
            }
            step = place;
            rest = after;
        }
        if step == 0 {
            return Err(ParseErrorKind::Expected("the version in the XML declaration"));
        }
        self.at = end + 2;
        Ok(())
    }

    /// White space, comments and processing instructions outside the root element.
    fn misc(&mut self) -> Result_<()> {
        loop {
            self.skip_space();
            if self.starts_with("<!--") {
                self.comment(None)?;
            } else if self.starts_with("<?") {
                self.processing_instruction(None)?;
            } else if self.starts_with("<!DOCTYPE") {
                return Err(ParseErrorKind::Forbidden("a document type declaration"));
            } else {
                return Ok(());
            }
        }
    }

    /// The content of a fragment, up to the end of the text.
    fn content(&mut self, holder: u32) -> Result_<()> {
        self.open.push((holder, self.scope.len()));
        while self.at < self.source.len() {
            self.item(holder)?;
        }
        match self.open.last() {
            Some((node, _)) if *node == holder => Ok(()),
            _ => Err(ParseErrorKind::UnexpectedEnd("an element")),
        }
    }

    fn content_until(&mut self, root: u32) -> Result_<()> {
        loop {
            if self.at >= self.source.len() {
                return Err(ParseErrorKind::UnexpectedEnd("an element"));
            }
            self.item(NONE)?;
            if self.open.is_empty() {
                return Ok(());
            }
            debug_assert!(self.open[0].0 == root);
        }
    }

    /// One piece of content inside the innermost open element. `holder` cannot be closed.
    fn item(&mut self, holder: u32) -> Result_<()> {
        let parent = self.open.last().map_or(NONE, |(node, _)| *node);
        if self.bytes()[self.at] != b'<' {
            return self.text(parent);
        }
        match self.bytes().get(self.at + 1) {
            Some(b'/') => self.end_tag(holder),
            Some(b'!') if self.starts_with("<!--") => self.comment(Some(parent)),
            Some(b'!') if self.starts_with("<![CDATA[") => self.cdata(parent),
            Some(b'!') => Err(ParseErrorKind::Forbidden("a document type declaration")),
            Some(b'?') => self.processing_instruction(Some(parent)),
            _ => {
                self.at += 1;
                self.start_tag(parent).map(|_| ())
            }
        }
    }

    fn new_node(&mut self, kind: Kind, content: Text, span: Span, parent: u32) -> Result_<u32> {
        if self.document.nodes.len() >= self.limits.max_nodes {
            return self.limit("max_nodes", self.limits.max_nodes);
        }
        let node = self.document.push_node(kind, content);
        self.document.nodes[node as usize].span = span;
        if parent != NONE {
            self.document.link_last(parent, node);
        }
        Ok(node)
    }

    fn text(&mut self, parent: u32) -> Result_<()> {
        let start = self.at;
        let rest = &self.bytes()[start..];
        let end = start + memchr(b'<', rest).unwrap_or(rest.len());
        let content = self.characters(start, end, false)?;
        self.at = end;
        let span = Span { start: start as u32, end: end as u32 };
        self.new_node(Kind::Text, content, span, parent).map(|_| ())
    }

    /// Checks and decodes `start..end`: character data, or an attribute value.
    fn characters(&mut self, start: usize, end: usize, attribute: bool) -> Result_<Text> {
        if end - start > self.limits.max_string_content_length {
            self.at = start;
            let value = self.limits.max_string_content_length;
            return self.limit("max_string_content_length", value);
        }
        let raw = &self.source[start..end];
        let bytes = raw.as_bytes();
        let mut plain = true;
        let mut suspicious = false;
        for b in bytes {
            plain &= !(matches!(*b, b'&' | b'\r') || attribute && matches!(*b, b'\t' | b'\n'));
            suspicious |= (*b < 0x20 && !is_space(*b)) || *b == 0xEF;
        }
        if suspicious && let Some((i, c)) = raw.char_indices().find(|(_, c)| !is_char(*c)) {
            self.at = start + i;
            return Err(ParseErrorKind::Character(c as u32));
        }
        if !attribute && let Some(i) = memchr::memmem::find(bytes, b"]]>") {
            self.at = start + i;
            return Err(ParseErrorKind::Forbidden("']]>' in character data"));
        }
        if plain {
            return Ok(Text { start: start as u32, len: (end - start) as u32 });
        }
        self.decoded(start, end, attribute)
    }

    fn decoded(&mut self, start: usize, end: usize, attribute: bool) -> Result_<Text> {
        let mut out = String::with_capacity(end - start);
        let raw = &self.source.as_bytes()[..end];
        let mut at = start;
        while at < end {
            let rest = &raw[at..];
            let stop = if attribute {
                let first = memchr3(b'&', b'\r', b'\n', rest).unwrap_or(rest.len());
                memchr(b'\t', &rest[..first]).unwrap_or(first)
            } else {
                memchr2(b'&', b'\r', rest).unwrap_or(rest.len())
            };
            out.push_str(&self.source[at..at + stop]);
            at += stop;
            match raw.get(at) {
                None => break,
                Some(b'&') => {
                    self.at = at;
                    let (c, len) = self.reference(at, end)?;
                    out.push(c);
                    at += len;
                }
                Some(b'\r') => {
                    out.push(if attribute { ' ' } else { '\n' });
                    at += if raw.get(at + 1) == Some(&b'\n') { 2 } else { 1 };
                }
                Some(_) => {
                    out.push(' ');
                    at += 1;
                }
            }
        }
        Ok(self.document.store(&out))
    }

    /// The character of a reference and the length of the reference.
    fn reference(&self, at: usize, end: usize) -> Result_<(char, usize)> {
        /// `&#x0010FFFF;` with some leading zeros; longer is nobody's honest text.
        const MAX_REFERENCE: usize = 32;
        let window = &self.source.as_bytes()[at + 1..end.min(at + MAX_REFERENCE)];
        let len = memchr(b';', window).ok_or(ParseErrorKind::Expected("';' after a reference"))?;
        let name = &self.source[at + 1..at + 1 + len];
        let number = |digits: &str, radix| {
            let digits_only = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
            let code = if digits_only { u32::from_str_radix(digits, radix).ok() } else { None };
            match code.map(|code| (code, char::from_u32(code))) {
                Some((_, Some(c))) if is_char(c) => Ok(c),
                Some((code, _)) => Err(ParseErrorKind::Character(code)),
                None => Err(ParseErrorKind::Entity(name.into())),
            }
        };
        let c = match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "apos" => '\'',
            "quot" => '"',
            _ => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
                (Some(hexadecimal), _) => number(hexadecimal, 16)?,
                (_, Some(decimal)) => number(decimal, 10)?,
                _ => return Err(ParseErrorKind::Entity(name.into())),
            },
        };
        Ok((c, len + 2))
    }

    fn comment(&mut self, parent: Option<u32>) -> Result_<()> {
        let start = self.at;
        let text = start + 4;
        let rest = &self.bytes()[text..];
        let len =
            memchr::memmem::find(rest, b"--").ok_or(ParseErrorKind::UnexpectedEnd("a comment"))?;
        if rest.get(len + 2) != Some(&b'>') {
            self.at = text + len;
            return Err(ParseErrorKind::Forbidden("'--' in a comment"));
        }
        let content = self.section(text, text + len)?;
        self.at = text + len + 3;
        self.add_other(Kind::Comment, content, start, parent)
    }

    fn cdata(&mut self, parent: u32) -> Result_<()> {
        let start = self.at;
        let text = start + "<![CDATA[".len();
        let rest = &self.bytes()[text..];
        let end = memchr::memmem::find(rest, b"]]>");
        let len = end.ok_or(ParseErrorKind::UnexpectedEnd("a CDATA section"))?;
        let content = self.section(text, text + len)?;
        self.at = text + len + 3;
        if content.len == 0 {
            return Ok(());
        }
        self.add_other(Kind::Text, content, start, Some(parent))
    }

    fn processing_instruction(&mut self, parent: Option<u32>) -> Result_<()> {
        if !self.limits.allow_processing_instructions {
            return Err(ParseErrorKind::Forbidden("a processing instruction"));
        }
        let start = self.at;
        self.at += 2;
        let target = self.at;
        while self.peek().is_some_and(is_name_byte) {
            self.at += 1;
        }
        let name = &self.source[target..self.at];
        if !is_ncname(name) || name.eq_ignore_ascii_case("xml") {
            return Err(ParseErrorKind::Name(name.into()));
        }
        let rest = &self.bytes()[self.at..];
        let end = memchr::memmem::find(rest, b"?>");
        let len = end.ok_or(ParseErrorKind::UnexpectedEnd("a processing instruction"))?;
        if len > 0 && !is_space(rest[0]) {
            return Err(ParseErrorKind::Expected("white space after the target"));
        }
        let content = self.section(target, self.at + len)?;
        self.at += len + 2;
        self.add_other(Kind::ProcessingInstruction, content, start, parent)
    }

    fn add_other(
        &mut self,
        kind: Kind,
        content: Text,
        start: usize,
        parent: Option<u32>,
    ) -> Result_<()> {
        // What stands outside the root element is checked and forgotten.
        let Some(parent) = parent else { return Ok(()) };
        let span = Span { start: start as u32, end: self.at as u32 };
        self.new_node(kind, content, span, parent).map(|_| ())
    }

    /// Text without references: comment, CDATA section, processing instruction.
    fn section(&mut self, start: usize, end: usize) -> Result_<Text> {
        let raw = &self.source[start..end];
        if let Some((i, c)) = raw.char_indices().find(|(_, c)| !is_char(*c)) {
            self.at = start + i;
            return Err(ParseErrorKind::Character(c as u32));
        }
        if !raw.contains('\r') {
            return Ok(Text { start: start as u32, len: (end - start) as u32 });
        }
        let normalized = raw.replace("\r\n", "\n").replace('\r', "\n");
        Ok(self.document.store(&normalized))
    }

    /// A qualified name: prefix and local part.
    fn name(&mut self) -> Result_<(Text, Text)> {
        let start = self.at;
        while self.peek().is_some_and(is_name_byte) {
            self.at += 1;
        }
        let name = &self.source[start..self.at];
        if name.len() > self.limits.max_name_length {
            self.at = start;
            return self.limit("max_name_length", self.limits.max_name_length);
        }
        let colon = memchr(b':', name.as_bytes());
        let (prefix, local) = colon.map_or(("", name), |i| (&name[..i], &name[i + 1..]));
        if !is_ncname(local) || (colon.is_some() && !is_ncname(prefix)) {
            self.at = start;
            if name.is_empty() {
                return Err(ParseErrorKind::Expected("a name"));
            }
            return Err(ParseErrorKind::Name(name.into()));
        }
        let prefix_len = prefix.len() as u32;
        let local_start = start as u32 + colon.map_or(0, |_| prefix_len + 1);
        Ok((
            Text { start: start as u32, len: prefix_len },
            Text { start: local_start, len: local.len() as u32 },
        ))
    }

    fn spelled(&self, prefix: Text, local: Text) -> Box<str> {
        self.source[prefix.start as usize..(local.start + local.len) as usize].into()
    }

    fn piece(&self, text: Text) -> &'p str {
        &self.source[text.start as usize..(text.start + text.len) as usize]
    }
}

mod tags;
