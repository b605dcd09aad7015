//! Start tags, attributes, namespace declarations, end tags.

use std::ops::Range;

use super::names::RawName;
use super::{Parsed, Parser, exceeded, refuse};
use crate::arena::{Arena, element};
use crate::chars::is_space;
use crate::error::ParseErrorKind;
use crate::intern::{EMPTY, XML_NAMESPACE, XMLNS_NAMESPACE};
use crate::name::{Position, Span};
use crate::node::{AttributeData, NodeData, Tag, Text, text_of};
use crate::scan;
use crate::scope::{Bound, UNBOUND, first_repeated};

impl<'p> Parser<'p> {
    /// A start tag, or what else begins with `<`. Opens the element unless the tag closes itself.
    #[inline(always)]
    pub(super) fn start_tag(&mut self) -> Parsed<()> {
        self.at += 1;
        let name = match self.usual_name(self.at) {
            Some(name) => {
                self.check_element()?;
                self.at = name.end;
                name
            }
            None => match self.other_start()? {
                Some(name) => name,
                None => return Ok(()),
            },
        };
        self.tag += 1;
        let first = (self.document.attributes.len(), self.document.declarations.len());
        let empty = self.attributes(first.0)?;
        let binding = self.resolve(name.start, name.local)?;
        if self.document.attributes.len() != first.0 {
            self.finish_attributes(first.0)?;
        }
        let last = (self.document.attributes.len(), self.document.declarations.len());
        let mut tag = 0;
        if first != last {
            let attributes = (first.0 as u32, last.0 as u32);
            let declarations = (first.1 as u32, last.1 as u32);
            tag = self.document.tags.len() as u32;
            self.document.tags.push(Tag { attributes, declarations, ..Tag::default() });
        }
        let (parent, start) = (self.current, name.start as u32);
        let node = NodeData { parent, tag, end: start, ..element(name.local(), binding) };
        let node = self.document.append(node);
        match empty {
            true => self.close(node),
            false => {
                self.depth += 1;
                self.current = node;
            }
        }
        Ok(())
    }

    /// Whether there may be one more element here.
    #[inline(always)]
    pub(super) fn check_element(&self) -> Parsed<()> {
        if self.depth >= self.limits.max_depth {
            return exceeded("max_depth", self.limits.max_depth);
        }
        self.check_node_limit()
    }

    /// After a `<`: a name that is not usual; none where it was no tag, which is read then.
    #[inline(never)]
    fn other_start(&mut self) -> Parsed<Option<RawName>> {
        if let Some(b'!' | b'?') = self.peek() {
            self.at -= 1;
            return self.markup(self.current).map(|()| None);
        }
        self.check_element()?;
        self.any_name().map(Some)
    }

    /// The element ends here, and with it what it declares. (Until now its name begins at its `end`.)
    #[inline(always)]
    fn close(&mut self, node: u32) {
        let at = self.at as u32;
        let element = self.document.node_mut(node);
        element.end = at;
        if element.tag != 0 {
            let tag = element.tag;
            let (first, last) = self.document.tags[tag as usize].declarations;
            self.scope.close(self.scope.undo.len() - (last - first) as usize);
        }
    }

    /// The rest of a start tag; whether it ends in `/>`.
    #[inline(always)]
    fn attributes(&mut self, first: usize) -> Parsed<bool> {
        loop {
            let end = match self.bytes.get(self.at) {
                Some(b' ') if self.usual_attribute(first)? => continue,
                Some(b'>') => {
                    self.at += 1;
                    Some(false)
                }
                Some(b'/') if self.bytes.get(self.at + 1) == Some(&b'>') => {
                    self.at += 2;
                    Some(true)
                }
                _ => self.any_attribute(first)?,
            };
            if let Some(empty) = end {
                return Ok(empty);
            }
        }
    }

    /// A blank and an attribute as nearly all are written: without white space at its `=`, of a usual name, with nothing in its
    /// value that is to be resolved. Of any other nothing is read, and it says so.
    #[inline(always)]
    fn usual_attribute(&mut self, first: usize) -> Parsed<bool> {
        let start = self.at + 1;
        if let Some(b"xmlns") = self.bytes.get(start..).and_then(|rest| rest.first_chunk()) {
            return self.usual_declaration(start);
        }
        let Some(name) = self.usual_name(start) else { return Ok(false) };
        let Some((value, span)) = self.usual_value(name.end) else { return Ok(false) };
        self.at = span.end as usize + 1;
        self.add_attribute(name, value, span, first)?;
        Ok(true)
    }

    /// The same of a declaration of the default namespace or of a prefix of one letter.
    #[inline(always)]
    fn usual_declaration(&mut self, start: usize) -> Parsed<bool> {
        const XMLNS: usize = "xmlns".len();
        let after = start + XMLNS;
        let (letter, equals) =
            match self.bytes.get(after..).and_then(|rest| rest.first_chunk::<3>()) {
                Some([b'=', ..]) => (None, after),
                Some([b':', letter @ b'a'..=b'z', b'=']) => (Some(*letter), after + 2),
                _ => return Ok(false),
            };
        if equals - start > self.limits.max_name_length {
            return Ok(false);
        }
        let Some((value, span)) = self.usual_value(equals) else { return Ok(false) };
        self.at = span.end as usize + 1;
        let namespace = &self.source[value.start as usize..span.end as usize];
        let is_reserved = namespace == XML_NAMESPACE || namespace == XMLNS_NAMESPACE;
        if is_reserved || (namespace.is_empty() && letter.is_some()) {
            return self.refuse_declaration(start, &self.source[after..equals]);
        }
        self.check_declarations()?;
        let names = &mut self.document.names;
        let prefix = letter.map_or(EMPTY, |letter| names.intern_letter(letter - b'a'));
        let binding = names.intern(prefix, namespace);
        self.add_declaration(prefix, binding, start)?;
        Ok(true)
    }

    /// A value behind its `=` in which nothing is to be resolved; none if it is anything else.
    #[inline(always)]
    fn usual_value(&self, equals: usize) -> Option<(Text, Span)> {
        let [b'=', quote @ (b'"' | b'\'')] = self.bytes.get(equals..)?.first_chunk()? else {
            return None;
        };
        let start = equals + 2;
        let end = scan::attribute(self.bytes, start);
        let len = end - start;
        let is_all = self.bytes.get(end)? == quote && len <= self.limits.max_string_content_length;
        let text = Text { start: start as u32, len: len as u32 };
        is_all.then_some((text, Span { start: start as u32, end: end as u32 }))
    }

    /// What stands in a start tag: nothing when it is an attribute, or else whether the tag ends in `/>`.
    #[inline(never)]
    fn any_attribute(&mut self, first: usize) -> Parsed<Option<bool>> {
        let spaced = self.skip_space();
        match self.peek() {
            Some(b'>') => {
                self.at += 1;
                Ok(Some(false))
            }
            Some(b'/') => {
                self.at += 1;
                self.expect(b'>', "'>' after '/'")?;
                Ok(Some(true))
            }
            Some(_) if !spaced => {
                refuse(ParseErrorKind::Expected("white space between attributes"))
            }
            Some(_) => self.attribute(first).map(|()| None),
            None => refuse(ParseErrorKind::UnexpectedEnd("a start tag")),
        }
    }

    fn attribute(&mut self, first: usize) -> Parsed<()> {
        let name = self.name()?;
        let quote = self.equals_and_quote()?;
        let from = self.at;
        let value = self.characters::<true>(quote)?;
        let span = Span { start: from as u32, end: self.at as u32 };
        self.at += 1;
        match self.spelled(name).strip_prefix("xmlns") {
            Some("") => self.declare("", value, name.start),
            Some(prefix) if prefix.starts_with(':') => {
                self.declare(&prefix[1..], value, name.start)
            }
            _ => self.add_attribute(name, value, span, first),
        }
    }

    /// `first` is the number of the first attribute of the tag. (The binding is known when the tag is over; until then the
    /// length of the prefix stands in its place, which is the binding of none where there is none.)
    #[inline(always)]
    fn add_attribute(
        &mut self,
        name: RawName,
        value: Text,
        value_span: Span,
        first: usize,
    ) -> Parsed<()> {
        let attributes = &mut self.document.attributes;
        if attributes.len() - first >= self.limits.max_attributes {
            return exceeded("max_attributes", self.limits.max_attributes);
        }
        attributes.push(AttributeData {
            start: name.local as u32,
            local_len: (name.end - name.local) as u16,
            binding: name.prefix_len() as u16,
            value,
            value_span,
        });
        Ok(())
    }

    /// What stands between the name and the value of an attribute; the quote.
    fn equals_and_quote(&mut self) -> Parsed<u8> {
        self.skip_space();
        self.expect(b'=', "'=' after an attribute name")?;
        self.skip_space();
        let quote = match self.peek() {
            Some(quote @ (b'"' | b'\'')) => quote,
            Some(_) => return refuse(ParseErrorKind::Expected("a quoted attribute value")),
            None => return refuse(ParseErrorKind::UnexpectedEnd("a start tag")),
        };
        self.at += 1;
        Ok(quote)
    }

    /// A namespace declaration. `at` is its place, for errors.
    fn declare(&mut self, prefix: &str, value: Text, at: usize) -> Parsed<()> {
        let Arena { extra, names, .. } = &mut *self.document;
        let namespace = text_of(self.source, extra, value);
        let reserved = namespace == XML_NAMESPACE || namespace == XMLNS_NAMESPACE;
        let allowed = match prefix {
            "xml" => namespace == XML_NAMESPACE,
            "xmlns" => false,
            "" => !reserved,
            _ => !namespace.is_empty() && !reserved,
        };
        if !allowed {
            return self.refuse_declaration(at, prefix);
        }
        if self.scope.undo.len() >= self.limits.max_namespace_declarations {
            return self.check_declarations();
        }
        let prefix = names.intern_prefix(prefix);
        let binding = names.intern(prefix, namespace);
        self.add_declaration(prefix, binding, at)
    }

    /// Refuses a declaration when as many are in scope as may be.
    #[inline(always)]
    fn check_declarations(&self) -> Parsed<()> {
        let most = self.limits.max_namespace_declarations;
        match self.scope.undo.len() < most {
            true => Ok(()),
            false => exceeded("max_namespace_declarations", most),
        }
    }

    #[inline(always)]
    fn add_declaration(&mut self, prefix: u16, binding: u16, at: usize) -> Parsed<()> {
        if self.document.names.len() > self.limits.max_distinct_names.max(2) {
            return exceeded("max_distinct_names", self.limits.max_distinct_names);
        }
        if self.scope.of(prefix).tag == self.tag {
            return self.refuse_second_declaration(at);
        }
        self.document.declarations.push(binding);
        self.scope.bind(prefix, Bound { binding, tag: self.tag });
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn refuse_declaration<T>(&mut self, at: usize, prefix: &str) -> Parsed<T> {
        self.at = at;
        refuse(ParseErrorKind::Declaration(prefix.trim_start_matches(':').into()))
    }

    #[cold]
    #[inline(never)]
    fn refuse_second_declaration(&mut self, at: usize) -> Parsed<()> {
        self.at = at;
        let len = self.bytes[at..].iter().position(|b| *b == b'=' || is_space(*b)).unwrap_or(0);
        refuse(ParseErrorKind::DuplicateAttribute(self.source[at..at + len].into()))
    }

    /// The binding of the prefix that begins at `start` and whose colon stands before `local`; of no
    /// prefix when the two are the same.
    #[inline(always)]
    fn resolve(&mut self, start: usize, local: usize) -> Parsed<u16> {
        let known = match local - start {
            0 => Some(EMPTY),
            2 => self.document.names.find_short(self.bytes[start]),
            _ => self.document.names.find_prefix(&self.source[start..local - 1]),
        };
        match known.map_or(UNBOUND.binding, |known| self.scope.of(known).binding) {
            binding if binding != UNBOUND.binding => Ok(binding),
            _ => self.unbound(start, local),
        }
    }

    #[cold]
    #[inline(never)]
    fn unbound(&mut self, start: usize, local: usize) -> Parsed<u16> {
        self.at = start;
        match &self.source[start..local.saturating_sub(1).max(start)] {
            "xmlns" => refuse(ParseErrorKind::Name("xmlns".into())),
            prefix => refuse(ParseErrorKind::UnboundPrefix(prefix.into())),
        }
    }

    /// Resolves the prefixes of the attributes from `first`, now that all declarations of the tag
    /// are known, and refuses two of one expanded name.
    fn finish_attributes(&mut self, first: usize) -> Parsed<()> {
        for i in first..self.document.attributes.len() {
            let attribute = self.document.attributes[i];
            self.document.attributes[i].binding = match attribute.binding as usize {
                0 => EMPTY,
                prefix_len => {
                    let local = attribute.start as usize;
                    let start = local - prefix_len;
                    self.resolve(start, local)?
                }
            };
        }
        if self.document.attributes.len() - first > 1 {
            self.refuse_duplicates(first)?;
        }
        Ok(())
    }

    fn refuse_duplicates(&mut self, first: usize) -> Parsed<()> {
        let attributes = &self.document.attributes[first..];
        let local = |a: &AttributeData| &self.source[a.start as usize..][..a.local_len as usize];
        let namespace = |a: &AttributeData| self.document.names.binding(a.binding).namespace;
        let same = |one: &AttributeData, other: &AttributeData| {
            one.local_len == other.local_len
                && namespace(one) == namespace(other)
                && local(one) == local(other)
        };
        let key = |a: &AttributeData| (local(a), namespace(a));
        let twice = first_repeated(attributes, same, key);
        let Some(attribute) = twice.map(|i| attributes[i]) else { return Ok(()) };
        let name =
            self.document.names.prefix(self.document.names.binding(attribute.binding).prefix);
        let prefix = if name.is_empty() { 0 } else { name.len() + 1 };
        self.at = attribute.start as usize - prefix;
        let end = attribute.start as usize + attribute.local_len as usize;
        refuse(ParseErrorKind::DuplicateAttribute(self.source[self.at..end].into()))
    }

    #[inline(always)]
    pub(super) fn end_tag(&mut self, holder: u32) -> Parsed<()> {
        let open = self.current;
        if open == holder {
            return Err(self.stray_end_tag());
        }
        let node = self.document.node(open);
        let parent = node.parent;
        let (start, end) = (node.end as usize, node.start as usize + usize::from(node.local_len));
        let at = self.at + "</".len();
        let after = at + (end - start);
        // What nearly every end tag looks like.
        let is_usual = match (self.bytes.get(at..after), self.bytes.get(start..end)) {
            (Some(one), Some(other)) => is_same(one, other) && self.bytes.get(after) == Some(&b'>'),
            _ => false,
        };
        match is_usual {
            true => self.at = after + 1,
            false => self.other_end_tag(start..end)?,
        }
        self.current = parent;
        self.depth -= 1;
        self.close(open);
        Ok(())
    }

    /// The end tag of an element whose name stands at `start`.
    #[inline(never)]
    fn other_end_tag(&mut self, start: Range<usize>) -> Parsed<()> {
        self.at += "</".len();
        let at = self.at;
        let start_name = &self.source[start.clone()];
        let end_name = self.name()?;
        if self.spelled(end_name) != start_name {
            self.at = at;
            let text = &self.source[self.begin..];
            return refuse(ParseErrorKind::EndTag {
                start: start_name.into(),
                start_position: Position::of(text, start.start - self.begin),
                end: self.spelled(end_name).into(),
            });
        }
        self.skip_space();
        self.expect(b'>', "'>'")
    }

    /// An end tag where nothing is open.
    pub(super) fn stray_end_tag(&mut self) -> Box<ParseErrorKind> {
        let start = self.at;
        self.at += "</".len();
        let name = match self.name() {
            Ok(name) => name,
            Err(error) => return error,
        };
        self.at = start;
        Box::new(ParseErrorKind::StrayEndTag(self.spelled(name).into()))
    }
}

/// Whether two names of one length are the same. Most are so short that it is seen at once.
#[inline(always)]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let last = (one.last_chunk::<8>(), other.last_chunk::<8>());
    match (one.first_chunk::<8>(), other.first_chunk::<8>()) {
        (Some(first), Some(other_first)) if one.len() <= 16 => {
            first == other_first && last.0 == last.1
        }
        _ => one == other,
    }
}
