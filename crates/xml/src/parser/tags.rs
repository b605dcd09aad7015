//! Start tags, attributes, namespace declarations, end tags.

use super::*;

impl Parser<'_> {
    /// A start tag, after its `<`. Opens the element unless the tag closes itself.
    pub(super) fn start_tag(&mut self, parent: u32) -> Result_<u32> {
        let start = self.at - 1;
        if self.open.len() >= self.limits.max_depth {
            return self.limit("max_depth", self.limits.max_depth);
        }
        let (prefix, local) = self.name()?;
        let scope = self.scope.len();
        self.tag_scope = scope;
        self.raw.clear();
        let declarations = self.document.declarations.len();
        let empty = self.attributes()?;
        let span = Span { start: start as u32, end: self.at as u32 };
        let node = self.new_node(Kind::Element, local, span, parent)?;
        let (prefix_index, namespace) = self.resolve(prefix, local)?;
        let attributes = self.resolve_attributes()?;
        let declared = (self.document.declarations.len() - declarations) as u16;
        let data = &mut self.document.nodes[node as usize];
        data.prefix = prefix_index;
        data.namespace = namespace;
        data.attributes = attributes;
        data.declarations = (declarations as u32, declared);
        data.name_span = Span { start: prefix.start, end: local.start + local.len };
        if empty {
            self.scope.truncate(scope);
        } else {
            self.open.push((node, scope));
        }
        Ok(node)
    }

    /// The rest of a start tag; whether it ends in `/>`.
    fn attributes(&mut self) -> Result_<bool> {
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
                    return Err(ParseErrorKind::Expected("white space between attributes"));
                }
                Some(_) => self.attribute()?,
                None => return Err(ParseErrorKind::UnexpectedEnd("a start tag")),
            }
        }
    }

    fn attribute(&mut self) -> Result_<()> {
        let start = self.at;
        let (prefix, local) = self.name()?;
        let name_span = Span { start: start as u32, end: self.at as u32 };
        self.skip_space();
        self.expect(b'=', "'=' after an attribute name")?;
        self.skip_space();
        let quote = match self.peek() {
            Some(quote @ (b'"' | b'\'')) => quote,
            Some(_) => return Err(ParseErrorKind::Expected("a quoted attribute value")),
            None => return Err(ParseErrorKind::UnexpectedEnd("a start tag")),
        };
        let from = self.at + 1;
        let rest = &self.bytes()[from..];
        let unclosed = ParseErrorKind::UnexpectedEnd("an attribute value");
        let len = memchr2(quote, b'<', rest).ok_or(unclosed)?;
        if rest[len] == b'<' {
            self.at = from + len;
            return Err(ParseErrorKind::Forbidden("'<' in an attribute value"));
        }
        let value = self.characters(from, from + len, true)?;
        self.at = from + len + 1;
        let value_span = Span { start: from as u32, end: (from + len) as u32 };
        let declared = match (self.piece(prefix), self.piece(local)) {
            ("", "xmlns") => Some(""),
            ("xmlns", declared) => Some(declared),
            _ => None,
        };
        match declared {
            Some(prefix) => self.declare(prefix, value),
            None => self.remember(RawAttribute { prefix, local, value, name_span, value_span }),
        }
    }

    fn remember(&mut self, attribute: RawAttribute) -> Result_<()> {
        if self.raw.len() >= self.limits.max_attributes {
            return self.limit("max_attributes", self.limits.max_attributes);
        }
        self.raw.push(attribute);
        Ok(())
    }

    fn declare(&mut self, prefix: &str, value: Text) -> Result_<()> {
        // The value may be in the source, which the document does not hold while it is parsed.
        let namespace: String = match value.start & (1 << 31) {
            0 => self.piece(value).to_owned(),
            _ => self.document.str(value).to_owned(),
        };
        let allowed = match prefix {
            "xml" => namespace == XML_NAMESPACE,
            "xmlns" => false,
            "" => namespace != XML_NAMESPACE && namespace != XMLNS_NAMESPACE,
            _ => {
                !namespace.is_empty() && namespace != XML_NAMESPACE && namespace != XMLNS_NAMESPACE
            }
        };
        if !allowed {
            return Err(ParseErrorKind::Declaration(prefix.into()));
        }
        if self.scope.len() >= self.limits.max_namespace_declarations {
            let value = self.limits.max_namespace_declarations;
            return self.limit("max_namespace_declarations", value);
        }
        let declaration = Declaration {
            prefix: self.document.intern_prefix(prefix),
            namespace: self.document.intern_namespace(&namespace),
        };
        let distinct = self.document.prefixes.len().max(self.document.namespaces.len());
        if distinct > self.limits.max_distinct_names {
            return self.limit("max_distinct_names", self.limits.max_distinct_names);
        }
        let own = &self.scope[self.tag_scope..];
        if own.iter().any(|d| d.prefix == declaration.prefix) {
            let name = if prefix.is_empty() { "xmlns".into() } else { format!("xmlns:{prefix}") };
            return Err(ParseErrorKind::DuplicateAttribute(name.into()));
        }
        self.document.declarations.push(declaration);
        self.scope.push(declaration);
        Ok(())
    }

    /// Prefix and namespace of an element name.
    fn resolve(&mut self, prefix: Text, local: Text) -> Result_<(u16, u16)> {
        let wanted = self.piece(prefix);
        if wanted == "xmlns" {
            return Err(ParseErrorKind::Name(self.spelled(prefix, local)));
        }
        let found =
            self.scope.iter().rev().find(|d| self.document.prefix(d.prefix) == wanted).copied();
        match found {
            Some(declaration) => Ok((declaration.prefix, declaration.namespace)),
            None => {
                self.at = prefix.start as usize;
                Err(ParseErrorKind::UnboundPrefix(wanted.into()))
            }
        }
    }

    fn resolve_attributes(&mut self) -> Result_<(u32, u16)> {
        let start = self.document.attributes.len();
        for i in 0..self.raw.len() {
            let raw = self.raw[i];
            let (prefix, namespace) = match raw.prefix.len {
                0 => (EMPTY, EMPTY),
                _ => self.resolve(raw.prefix, raw.local)?,
            };
            let RawAttribute { local, value, name_span, value_span, .. } = raw;
            let data = AttributeData { prefix, namespace, local, value, name_span, value_span };
            self.document.attributes.push(data);
        }
        self.refuse_duplicates(start)?;
        Ok((start as u32, self.raw.len() as u16))
    }

    fn refuse_duplicates(&mut self, start: usize) -> Result_<()> {
        let attributes = &self.document.attributes[start..];
        let key = |a: &AttributeData| (a.namespace, self.piece(a.local));
        let twice = if attributes.len() <= PAIRWISE_ATTRIBUTES {
            (1..attributes.len())
                .find(|i| attributes[..*i].iter().any(|a| key(a) == key(&attributes[*i])))
        } else {
            let mut seen = HashSet::with_capacity(attributes.len());
            attributes.iter().position(|a| !seen.insert(key(a)))
        };
        let Some(i) = twice else { return Ok(()) };
        let span = attributes[i].name_span;
        self.at = span.start as usize;
        let name = &self.source[span.start as usize..span.end as usize];
        Err(ParseErrorKind::DuplicateAttribute(name.into()))
    }

    pub(super) fn end_tag(&mut self, holder: u32) -> Result_<()> {
        let start = self.at;
        self.at += 2;
        let (prefix, local) = self.name()?;
        let end_name = self.spelled(prefix, local);
        self.skip_space();
        self.expect(b'>', "'>'")?;
        let Some((node, scope)) = self.open.last().copied().filter(|(node, _)| *node != holder)
        else {
            self.at = start;
            return Err(ParseErrorKind::StrayEndTag(end_name));
        };
        let name = self.document.node(node).name_span;
        let start_name = &self.source[name.start as usize..name.end as usize];
        if *start_name != *end_name {
            self.at = start + 2;
            return Err(ParseErrorKind::EndTag {
                start: start_name.into(),
                start_position: Position::of(self.source, name.start as usize),
                end: end_name,
            });
        }
        self.open.pop();
        self.scope.truncate(scope);
        self.document.nodes[node as usize].span.end = self.at as u32;
        Ok(())
    }
}
