//! Start tags, attributes, namespace declarations, end tags.

use super::{Parsed, Parser, exceeded, refuse};
use crate::arena::Arena;
use crate::chars::{NAME_BYTES, NameByte, is_ncname, is_space};
use crate::error::ParseErrorKind;
use crate::intern::{EMPTY, XML_NAMESPACE, XMLNS_NAMESPACE};
use crate::name::{Position, Span};
use crate::node::{AttributeData, Tag, Text, text_of, with_prefix};
use crate::scope::{Bound, UNBOUND, first_repeated};

/// A qualified name in the source.
#[derive(Clone, Copy)]
pub(super) struct RawName {
    start: usize,
    /// Where the local part begins: at `start` when there is no prefix.
    local: usize,
    end: usize,
}

impl RawName {
    fn local(self) -> Text {
        Text { start: self.local as u32, len: (self.end - self.local) as u32 }
    }

    /// The prefix with its colon is so long.
    fn prefix_len(self) -> usize {
        self.local - self.start
    }
}

impl<'p> Parser<'p> {
    /// A start tag, after its `<`. Opens the element unless the tag closes itself.
    pub(super) fn start_tag(&mut self, parent: u32) -> Parsed<u32> {
        if self.depth >= self.limits.max_depth {
            return exceeded("max_depth", self.limits.max_depth);
        }
        self.check_node_limit()?;
        let name = self.name()?;
        self.tag += 1;
        let scope = self.scope.undo.len();
        let first = (self.document.attributes.len(), self.document.declarations.len());
        let empty = self.attributes()?;
        let binding = self.resolve(name.start, name.local)?;
        let node = self.document.push_child(parent, name.local(), binding);
        self.finish_attributes(first.0)?;
        let last = (self.document.attributes.len(), self.document.declarations.len());
        if first != last {
            let attributes = (first.0 as u32, last.0 as u32);
            let declarations = (first.1 as u32, last.1 as u32);
            self.document.set_tag(node, Tag { attributes, declarations, ..Tag::default() });
        }
        let declares = self.scope.undo.len() != scope;
        if empty {
            self.document.node_mut(node).end = self.at as u32;
            if declares {
                self.scope.close(scope);
            }
        } else {
            self.depth += 1;
            self.current = node;
            if declares {
                self.declaring.push((node, scope));
            }
        }
        Ok(node)
    }

    /// The rest of a start tag; whether it ends in `/>`.
    fn attributes(&mut self) -> Parsed<bool> {
        let mut number = 0;
        loop {
            let spaced = self.skip_space();
            match self.peek() {
                Some(b'>') => {
                    self.at += 1;
                    return Ok(false);
                }
                Some(b'/') => {
                    self.at += 1;
                    self.expect(b'>', "'>' after '/'")?;
                    return Ok(true);
                }
                Some(_) if !spaced => {
                    return refuse(ParseErrorKind::Expected("white space between attributes"));
                }
                Some(_) => self.attribute(&mut number)?,
                None => return refuse(ParseErrorKind::UnexpectedEnd("a start tag")),
            }
        }
    }

    fn attribute(&mut self, number: &mut usize) -> Parsed<()> {
        let name = self.name()?;
        let quote = self.equals_and_quote()?;
        let from = self.at;
        let value = self.characters::<true>(quote)?;
        let value_span = Span { start: from as u32, end: self.at as u32 };
        self.at += 1;
        if self.bytes[name.start] == b'x' {
            match self.spelled(name).strip_prefix("xmlns") {
                Some("") => return self.declare("", value, name.start),
                Some(prefix) if prefix.starts_with(':') => {
                    return self.declare(&prefix[1..], value, name.start);
                }
                _ => {}
            }
        }
        *number += 1;
        if *number > self.limits.max_attributes {
            return exceeded("max_attributes", self.limits.max_attributes);
        }
        self.document.attributes.push(AttributeData {
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
        // What nearly every attribute looks like.
        if let Some([b'=', quote @ (b'"' | b'\'')]) = self.bytes.get(self.at..self.at + 2) {
            self.at += 2;
            return Ok(*quote);
        }
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
        let Arena { extra, names, declarations, .. } = &mut *self.document;
        let namespace = text_of(self.source, extra, value);
        let reserved = namespace == XML_NAMESPACE || namespace == XMLNS_NAMESPACE;
        let allowed = match prefix {
            "xml" => namespace == XML_NAMESPACE,
            "xmlns" => false,
            "" => !reserved,
            _ => !namespace.is_empty() && !reserved,
        };
        if !allowed {
            self.at = at;
            return refuse(ParseErrorKind::Declaration(prefix.into()));
        }
        if self.scope.undo.len() >= self.limits.max_namespace_declarations {
            let value = self.limits.max_namespace_declarations;
            return exceeded("max_namespace_declarations", value);
        }
        let prefix = names.intern_prefix(prefix);
        let binding = names.intern(prefix, namespace);
        if names.len() > self.limits.max_distinct_names.max(2) {
            return exceeded("max_distinct_names", self.limits.max_distinct_names);
        }
        if self.scope.of(prefix).tag == self.tag {
            self.at = at;
            let end =
                at + self.bytes[at..].iter().position(|b| *b == b'=' || is_space(*b)).unwrap_or(0);
            return refuse(ParseErrorKind::DuplicateAttribute(self.source[at..end].into()));
        }
        declarations.push(binding);
        self.scope.bind(prefix, Bound { binding, tag: self.tag });
        Ok(())
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

    pub(super) fn end_tag(&mut self, holder: u32) -> Parsed<()> {
        let open = self.current;
        if open == holder {
            return Err(self.stray_end_tag());
        }
        let node = self.document.node(open);
        let parent = node.parent;
        let name = with_prefix(node.local(), self.document.names.prefix_len(node.binding));
        let start_name = &self.source[name.start as usize..][..name.len as usize];
        let name_at = self.at + "</".len();
        let after = name_at + start_name.len();
        // What nearly every end tag looks like; all others take the long way.
        if self.bytes.get(after) == Some(&b'>')
            && self.bytes[name_at..after] == *start_name.as_bytes()
        {
            self.at = after + 1;
        } else {
            self.at = name_at;
            let end_name = self.name()?;
            if self.spelled(end_name) != start_name {
                self.at = name_at;
                let (text, start) = (&self.source[self.begin..], name.start as usize);
                return refuse(ParseErrorKind::EndTag {
                    start: start_name.into(),
                    start_position: Position::of(text, start - self.begin),
                    end: self.spelled(end_name).into(),
                });
            }
            self.skip_space();
            self.expect(b'>', "'>'")?;
        }
        self.current = parent;
        self.depth -= 1;
        self.document.node_mut(open).end = self.at as u32;
        match self.declaring.last() {
            Some((declaring, _)) if *declaring == open => self.undeclare(),
            _ => Ok(()),
        }
    }

    /// The declarations of the innermost element that has some are over.
    #[inline(never)]
    fn undeclare(&mut self) -> Parsed<()> {
        if let Some((_, scope)) = self.declaring.pop() {
            self.scope.close(scope);
        }
        Ok(())
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

    /// A qualified name.
    pub(super) fn name(&mut self) -> Parsed<RawName> {
        let start = self.at;
        let (mut at, mut local, mut beyond_ascii, mut colons) = (start, start, false, 0);
        // What nearly every prefix looks like.
        if let Some([b'a'..=b'z', b':']) = self.bytes.get(start..start + 2) {
            (at, local, colons) = (start + 2, start + 2, 1);
        }
        loop {
            // Most bytes of most names: a loop without other cases is twice as fast.
            at += self.bytes.get(at..).map_or(0, inside_name);
            match self.bytes.get(at).map(|byte| NAME_BYTES[*byte as usize]) {
                Some(NameByte::High) => beyond_ascii = true,
                Some(NameByte::Colon) => {
                    colons += 1;
                    local = at + 1;
                }
                _ => break,
            }
            at += 1;
        }
        self.at = at;
        let name = RawName { start, local, end: self.at };
        if self.at - start > self.limits.max_name_length {
            self.at = start;
            return exceeded("max_name_length", self.limits.max_name_length);
        }
        let starts =
            |at: usize| at < name.end && NAME_BYTES[self.bytes[at] as usize] == NameByte::Start;
        let valid = match beyond_ascii {
            false => starts(local) && starts(start) && colons <= 1,
            true => {
                let local = is_ncname(&self.source[name.local..name.end]);
                colons <= 1 && local && (colons == 0 || is_ncname(self.prefix_of(name)))
            }
        };
        if !valid {
            self.at = start;
            return refuse(match self.spelled(name) {
                "" if start == self.bytes.len() => ParseErrorKind::UnexpectedEnd("a tag"),
                "" => ParseErrorKind::Expected("a name"),
                spelled => ParseErrorKind::Name(spelled.into()),
            });
        }
        Ok(name)
    }

    pub(super) fn spelled(&self, name: RawName) -> &'p str {
        &self.source[name.start..name.end]
    }

    fn prefix_of(&self, name: RawName) -> &'p str {
        &self.source[name.start..name.local.saturating_sub(1).max(name.start)]
    }
}

/// How many bytes at the front are bytes of ASCII that stand in names.
#[inline(always)]
fn inside_name(bytes: &[u8]) -> usize {
    let outside = |byte: &u8| NAME_BYTES[*byte as usize] as u8 > NameByte::Inside as u8;
    // Of eight that are there no end has to be looked for.
    let (eights, rest) = bytes.as_chunks::<8>();
    for (number, eight) in eights.iter().enumerate() {
        if let Some(at) = eight.iter().position(outside) {
            return number * eight.len() + at;
        }
    }
    bytes.len() - rest.len() + rest.iter().position(outside).unwrap_or(rest.len())
}
