//! Attributes and namespace declarations (MC-NBFX §2.3.2).

use super::source::StringRef;
use super::{BinaryErrorKind, EXTRA, Read, Reader, Text, check_characters, exceeded, records};
use crate::intern::{Binding, EMPTY, XML_NAMESPACE, XMLNS_NAMESPACE};
use crate::name::Span;
use crate::node::AttributeData;
use crate::scope::{Bound, first_repeated};

impl Reader<'_> {
    /// The attributes and declarations that follow the name of an element.
    pub(super) fn attributes(&mut self) -> Read<()> {
        let mut count = 0;
        while let Some(code @ records::SHORT_ATTRIBUTE..records::SHORT_ELEMENT) = self.source.peek()
        {
            self.source.at += 1;
            let (prefix, name) = match code {
                records::SHORT_ATTRIBUTE => (EMPTY, self.source.inline(self.limits)?),
                records::ATTRIBUTE => (self.prefix()?, self.source.inline(self.limits)?),
                records::SHORT_DICTIONARY_ATTRIBUTE => (EMPTY, self.source.dictionary()?),
                records::DICTIONARY_ATTRIBUTE => (self.prefix()?, self.source.dictionary()?),
                records::SHORT_XMLNS..records::PREFIX_DICTIONARY_ATTRIBUTE => {
                    self.declaration(code)?;
                    continue;
                }
                records::PREFIX_DICTIONARY_ATTRIBUTE..records::PREFIX_ATTRIBUTE => {
                    let prefix = self.letter(code - records::PREFIX_DICTIONARY_ATTRIBUTE)?;
                    (prefix, self.source.dictionary()?)
                }
                _ => {
                    let prefix = self.letter(code - records::PREFIX_ATTRIBUTE)?;
                    (prefix, self.source.inline(self.limits)?)
                }
            };
            count += 1;
            if count > self.limits.max_attributes {
                return exceeded("max_attributes", self.limits.max_attributes);
            }
            self.attribute(prefix, name)?;
        }
        Ok(())
    }

    fn attribute(&mut self, prefix: u16, name: StringRef<'_>) -> Read<()> {
        if prefix == EMPTY && name.text() == "xmlns" {
            return Err(BinaryErrorKind::Name("xmlns".into()));
        }
        let local = self.name(prefix, name)?;
        let value = self.attribute_value()?;
        self.document.attributes.push(AttributeData {
            start: local.start,
            local_len: local.len as u16,
            // The prefix, until all declarations of the tag are known.
            binding: prefix,
            value,
            value_span: Span::default(),
        });
        Ok(())
    }

    /// A text record, or a list of them with blanks between (MC-NBFX §2.3.3.31).
    fn attribute_value(&mut self) -> Read<Text> {
        let code = self.source.code("an attribute")?;
        if code != records::START_LIST {
            return match code {
                records::ZERO..=records::LAST if code & 1 == 0 => self.value(code).map(|v| v.text),
                _ => self.misplaced(code, "as the value of an attribute"),
            };
        }
        // The parts are put down behind each other, so that none may be shared.
        let start = self.document.extra.len();
        loop {
            let code = self.source.code("a list of values")?;
            match code {
                records::END_LIST => break,
                records::START_LIST => return self.misplaced(code, "inside a list of values"),
                records::ZERO..=records::LAST if code & 1 == 0 => {}
                _ => return self.misplaced(code, "inside a list of values"),
            }
            if self.document.extra.len() > start {
                self.document.extra.push(' ');
            }
            self.unshared_value(code)?;
            if self.document.extra.len() - start > self.limits.max_string_content_length {
                let value = self.limits.max_string_content_length;
                return exceeded("max_string_content_length", value);
            }
        }
        let len = (self.document.extra.len() - start) as u32;
        Ok(Text { start: start as u32 | EXTRA, len })
    }

    fn declaration(&mut self, code: u8) -> Read<()> {
        let at = self.source.at - 1;
        let prefix = match code {
            records::XMLNS | records::DICTIONARY_XMLNS => self.prefix()?,
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
        let namespace = namespace.text();
        let document = &mut *self.document;
        let spelled = document.names.prefix(prefix);
        let reserved = namespace == XML_NAMESPACE || namespace == XMLNS_NAMESPACE;
        let allowed = match spelled {
            "xml" => namespace == XML_NAMESPACE,
            "xmlns" => false,
            "" => !reserved,
            _ => !namespace.is_empty() && !reserved,
        };
        if !allowed {
            self.source.at = at;
            return Err(BinaryErrorKind::Declaration(spelled.into()));
        }
        if self.scope.undo.len() >= self.limits.max_namespace_declarations {
            let value = self.limits.max_namespace_declarations;
            return exceeded("max_namespace_declarations", value);
        }
        let namespace = document.names.intern_namespace(namespace);
        let binding = document.names.intern_binding(Binding { prefix, namespace });
        self.check_distinct_names()?;
        if self.scope.of(prefix).tag == self.tag {
            let spelled = self.document.names.prefix(prefix);
            let colon = if spelled.is_empty() { "" } else { ":" };
            let name = format!("xmlns{colon}{spelled}");
            self.source.at = at;
            return Err(BinaryErrorKind::DuplicateAttribute(name.into()));
        }
        self.document.declarations.push(binding);
        self.scope.bind(prefix, Bound { binding, tag: self.tag });
        Ok(())
    }

    /// Resolves the prefixes of the attributes from `first`, now that all declarations of the tag are known, and refuses
    /// two of one expanded name.
    pub(super) fn finish_attributes(&mut self, first: usize) -> Read<()> {
        for at in first..self.document.attributes.len() {
            let prefix = self.document.attributes[at].binding;
            let binding = if prefix == EMPTY { EMPTY } else { self.resolve(prefix)? };
            self.document.attributes[at].binding = binding;
        }
        let document = &*self.document;
        let attributes = &document.attributes[first..];
        let key = |at: usize| {
            let AttributeData { binding, .. } = attributes[at];
            (document.str(attributes[at].local()), document.names.binding(binding).namespace)
        };
        match first_repeated(attributes.len(), key) {
            Some(twice) => {
                let twice = &attributes[twice];
                let name = document.qualified(twice.local(), twice.binding).concat();
                Err(BinaryErrorKind::DuplicateAttribute(name.into()))
            }
            None => Ok(()),
        }
    }
}
