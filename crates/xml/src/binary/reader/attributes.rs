//! Attributes and namespace declarations (MC-NBFX §2.3.2).

use super::source::{StringRef, text_of};
use super::{
    BinaryErrorKind, EXTRA, Read, Reader, Tag, Text, check_characters, exceeded, records, refuse,
};
use crate::intern::{EMPTY, XML_NAMESPACE, XMLNS_NAMESPACE};
use crate::name::Span;
use crate::node::{AttributeData, KNOWN};
use crate::scope::{Bound, first_repeated};

impl Reader<'_> {
    /// The attributes and declarations that follow the name of an element. The prefixes of the attributes are resolved when
    /// all declarations are known.
    #[inline(never)]
    pub(super) fn attributes(&mut self) -> Read<Tag> {
        let first = (self.arena.attributes.len() as u32, self.arena.declarations.len() as u32);
        let mut count = 0;
        while let Some(code @ records::SHORT_ATTRIBUTE..records::SHORT_ELEMENT) = self.source.peek()
        {
            self.source.at += 1;
            let (prefix, prefix_len) = match code {
                records::SHORT_XMLNS..records::PREFIX_DICTIONARY_ATTRIBUTE => {
                    self.declaration(code)?;
                    continue;
                }
                records::SHORT_ATTRIBUTE | records::SHORT_DICTIONARY_ATTRIBUTE => (EMPTY, 0),
                records::ATTRIBUTE | records::DICTIONARY_ATTRIBUTE => self.prefix()?,
                records::PREFIX_DICTIONARY_ATTRIBUTE..records::PREFIX_ATTRIBUTE => {
                    (self.letter(code - records::PREFIX_DICTIONARY_ATTRIBUTE)?, 1)
                }
                _ => (self.letter(code - records::PREFIX_ATTRIBUTE)?, 1),
            };
            let name = match code {
                records::SHORT_ATTRIBUTE | records::ATTRIBUTE | records::PREFIX_ATTRIBUTE.. => {
                    self.source.inline(self.limits)?
                }
                _ => self.source.dictionary()?,
            };
            count += 1;
            if count > self.limits.max_attributes {
                return exceeded("max_attributes", self.limits.max_attributes);
            }
            self.attribute(prefix, prefix_len, name)?;
        }
        let last = (self.arena.attributes.len() as u32, self.arena.declarations.len() as u32);
        let (attributes, declarations) = ((first.0, last.0), (first.1, last.1));
        Ok(Tag { attributes, declarations, ..Tag::default() })
    }

    fn attribute(&mut self, prefix: u16, prefix_len: usize, name: StringRef<'_>) -> Read<()> {
        if prefix == EMPTY && name.octets() == b"xmlns" {
            return refuse(BinaryErrorKind::Name("xmlns".into()));
        }
        let local = self.name(prefix, prefix_len, name)?;
        let value = self.attribute_value()?;
        self.arena.attributes.push(AttributeData {
            start: local.start,
            local_len: local.len as u16,
            // The prefix, until all declarations of the tag are known.
            binding: prefix,
            value,
            value_span: Span::default(),
        });
        Ok(())
    }

    /// A text record, or a list of them.
    #[inline(always)]
    fn attribute_value(&mut self) -> Read<Text> {
        match self.source.code("an attribute")? {
            // What nearly every value looks like.
            records::CHARS8 => self.short_characters(),
            records::START_LIST => self.list(),
            code @ records::ZERO..=records::LAST if code & 1 == 0 => {
                self.value(code).map(|v| v.text)
            }
            code => self.misplaced(code, "as the value of an attribute"),
        }
    }

    /// Text records up to the end of the list, with blanks between (MC-NBFX §2.3.3.31).
    #[inline(never)]
    fn list(&mut self) -> Read<Text> {
        // The parts are put down behind each other, so that none may be shared.
        let start = self.text.len();
        loop {
            let code = self.source.code("a list of values")?;
            match code {
                records::END_LIST => break,
                records::START_LIST => return self.misplaced(code, "inside a list of values"),
                records::ZERO..=records::LAST if code & 1 == 0 => {}
                _ => return self.misplaced(code, "inside a list of values"),
            }
            if self.text.len() > start {
                self.text.push(b' ');
            }
            self.unshared_value(code)?;
            if self.text.len() - start > self.limits.max_string_content_length {
                let value = self.limits.max_string_content_length;
                return exceeded("max_string_content_length", value);
            }
        }
        let len = (self.text.len() - start) as u32;
        Ok(Text { start: start as u32 | EXTRA, len })
    }

    fn declaration(&mut self, code: u8) -> Read<()> {
        let at = self.source.at - 1;
        let prefix = match code {
            records::XMLNS | records::DICTIONARY_XMLNS => self.prefix()?.0,
            _ => EMPTY,
        };
        let namespace = match code {
            records::SHORT_XMLNS | records::XMLNS => self.source.inline(self.limits)?,
            _ => self.source.dictionary()?,
        };
        // What is written out was checked.
        match namespace {
            StringRef::Known(known) if !known.is_text => check_characters(known.text)?,
            StringRef::Session(_, text) => check_characters(text)?,
            _ => {}
        }
        let document = &mut *self.arena;
        let spelled = document.names.prefix(prefix);
        let octets = namespace.octets();
        let is_xml = octets == XML_NAMESPACE.as_bytes();
        let reserved = is_xml || octets == XMLNS_NAMESPACE.as_bytes();
        let allowed = match spelled {
            "xml" => is_xml,
            "xmlns" => false,
            "" => !reserved,
            _ => !octets.is_empty() && !reserved,
        };
        if !allowed {
            self.source.at = at;
            return refuse(BinaryErrorKind::Declaration(spelled.into()));
        }
        if self.scope.undo.len() >= self.limits.max_namespace_declarations {
            let value = self.limits.max_namespace_declarations;
            return exceeded("max_namespace_declarations", value);
        }
        let binding = match namespace {
            StringRef::Known(known) => document.names.intern_known(prefix, known.text),
            other => document.names.intern(prefix, other.text()),
        };
        self.check_distinct_names()?;
        if self.scope.of(prefix).tag == self.tag {
            let spelled = self.arena.names.prefix(prefix);
            let colon = if spelled.is_empty() { "" } else { ":" };
            let name = format!("xmlns{colon}{spelled}");
            self.source.at = at;
            return refuse(BinaryErrorKind::DuplicateAttribute(name.into()));
        }
        self.arena.declarations.push(binding);
        self.scope.bind(prefix, Bound { binding, tag: self.tag });
        Ok(())
    }

    /// Resolves the prefixes of attributes, now that all declarations of the tag are known, and refuses two of one expanded
    /// name.
    #[inline(never)]
    pub(super) fn finish_attributes(&mut self, (first, last): (u32, u32)) -> Read<()> {
        for at in first as usize..last as usize {
            let prefix = self.arena.attributes[at].binding;
            let binding = if prefix == EMPTY { EMPTY } else { self.resolve(prefix)? };
            self.arena.attributes[at].binding = binding;
        }
        if last - first < 2 {
            return Ok(());
        }
        let document = &*self.arena;
        let local = |name: Text| match name.start {
            KNOWN.. => document.bytes(name),
            start => &self.text[(start & !EXTRA) as usize..][..name.len as usize],
        };
        let attributes = &document.attributes[first as usize..last as usize];
        let namespace =
            |attribute: &AttributeData| document.names.binding(attribute.binding).namespace;
        let same = |one: &AttributeData, other: &AttributeData| {
            one.local_len == other.local_len
                && namespace(one) == namespace(other)
                && local(one.local()) == local(other.local())
        };
        let key = |attribute: &AttributeData| (local(attribute.local()), namespace(attribute));
        match first_repeated(attributes, same, key) {
            Some(twice) => {
                let twice = &attributes[twice];
                let prefix = document.names.prefix(document.names.binding(twice.binding).prefix);
                let colon = if prefix.is_empty() { "" } else { ":" };
                let name = [prefix, colon, text_of(local(twice.local()))].concat();
                refuse(BinaryErrorKind::DuplicateAttribute(name.into()))
            }
            None => Ok(()),
        }
    }
}
