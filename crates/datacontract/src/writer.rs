//! The writer: elements with fitting prefixes, `i:nil`, `i:type`, references and limits.

use std::borrow::Cow;
use std::collections::HashMap;

use waxwing_xml::{Document, Name, NodeId, Value, first_forbidden_character};

use crate::name::{ContractName, namespaces};
use crate::reader::{DEFAULT_MAX_DEPTH, DEFAULT_MAX_ITEMS};
use crate::{WriteError, WriteErrorKind};

/// The namespace of namespace declarations, which are no attributes.
const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";

/// Limits of writing.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// Most values in one object graph, as WCF's `MaxItemsInObjectGraph`.
    pub max_items: u32,
    /// Most elements inside each other; a value that holds itself is found by this.
    pub max_depth: u32,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self { max_items: DEFAULT_MAX_ITEMS, max_depth: DEFAULT_MAX_DEPTH }
    }
}

/// Writes values into elements of a document.
///
/// The writer keeps the namespaces that it declared on the elements above, so that a namespace is declared once, on the
/// element whose contract needs it, with the prefixes that WCF's own writer uses (`a`, `b`, …, `i`, `z`).
pub struct Writer<'d> {
    document: &'d mut Document,
    scopes: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    references: HashMap<usize, u32>,
    next_reference: u32,
    items: u32,
    depth: u32,
    max_items: u32,
    max_depth: u32,
    /// What is written now are items of a list of simple values.
    in_array: bool,
}

impl<'d> Writer<'d> {
    /// A writer below `element`, whose namespace declarations are all that it relies on: those of its own name.
    pub fn new(document: &'d mut Document, element: NodeId, options: &WriteOptions) -> Self {
        let element = document.element(element);
        let scope =
            (Cow::Owned(element.prefix().to_owned()), Cow::Owned(element.namespace().to_owned()));
        Self {
            document,
            scopes: vec![scope],
            references: HashMap::new(),
            next_reference: 0,
            items: 0,
            depth: 0,
            max_items: options.max_items,
            max_depth: options.max_depth,
            in_array: false,
        }
    }

    /// Counts from nothing again: what is written next is an object graph of its own, as each part of a message is.
    pub fn begin_graph(&mut self) {
        self.items = 0;
    }

    /// The document that is written to.
    pub fn document(&mut self) -> &mut Document {
        self.document
    }

    /// Counts an item of the graph.
    pub(crate) fn count(&mut self) -> Result<(), WriteError> {
        self.items += 1;
        if self.items > self.max_items {
            return Err(WriteErrorKind::TooManyItems(self.max_items).into());
        }
        if self.depth >= self.max_depth {
            return Err(WriteErrorKind::TooDeep(self.max_depth).into());
        }
        Ok(())
    }

    /// Lets `write` write one element deeper; what it declares is in scope until it ends.
    pub(crate) fn deeper(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        self.depth += 1;
        let result = self.scoped(write);
        self.depth -= 1;
        result
    }

    /// Lets `write` declare namespaces that are in scope until it ends.
    pub(crate) fn scoped(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        let scopes = self.scopes.len();
        let result = write(self);
        self.scopes.truncate(scopes);
        result
    }

    /// Appends an element called `name` to `parent`, with a prefix that is in scope or a new one.
    pub fn element(&mut self, parent: NodeId, name: &ContractName) -> NodeId {
        let (prefix, known) = match self.prefix_of(&name.namespace) {
            Some(prefix) => (prefix, true),
            None if name.namespace.is_empty() => (Cow::Borrowed(""), false),
            None => (self.new_prefix(), false),
        };
        let element =
            self.document.append_element(parent, Name::new(&prefix, &name.local, &name.namespace));
        if !known {
            self.scopes.push((prefix, name.namespace.clone()));
        }
        element
    }

    /// As [`Self::element`], but not in the default namespace.
    pub(crate) fn prefixed_element(&mut self, parent: NodeId, name: &ContractName) -> NodeId {
        if name.namespace.is_empty() {
            return self.element(parent, name);
        }
        let known = self.attribute_prefix_of(&name.namespace);
        let prefix = known.clone().unwrap_or_else(|| self.new_prefix());
        let element =
            self.document.append_element(parent, Name::new(&prefix, &name.local, &name.namespace));
        if known.is_none() {
            self.scopes.push((prefix, name.namespace.clone()));
        }
        element
    }

    /// Prepares `element` for content in `namespace`: declares it there, with `xmlns:i`, if that was not done above.
    pub fn begin(&mut self, element: NodeId, namespace: Cow<'static, str>) {
        self.declare_own(element);
        if self.prefix_of(&namespace).is_none() {
            self.declare(element, namespace);
        }
        self.declare(element, Cow::Borrowed(namespaces::XSI));
    }

    /// Prepares `element` for children in `namespace`: declares it there if no element above did.
    pub(crate) fn declare_default(&mut self, element: NodeId, namespace: &str) {
        if !namespace.is_empty() && self.prefix_of(namespace).is_none() {
            self.declare(element, Cow::Owned(namespace.to_owned()));
        }
    }

    /// Appends an element called `name` to `parent` and lets `write` fill it; it counts as an item.
    pub(crate) fn inner(
        &mut self,
        parent: NodeId,
        name: &ContractName,
        write: impl FnOnce(&mut Self, NodeId) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        self.count()?;
        self.deeper(|writer| {
            let element = writer.element(parent, name);
            write(writer, element)
        })
    }

    /// Sets an attribute whose name or value may be anybody's.
    ///
    /// # Errors
    /// A name that is none in XML, a character that XML cannot hold.
    pub(crate) fn set_attribute(
        &mut self,
        element: NodeId,
        namespace: Cow<'static, str>,
        local: &str,
        value: &str,
    ) -> Result<(), WriteError> {
        let invalid = |text: &str| first_forbidden_character(text).map(|(_, invalid)| invalid);
        if let Some(invalid) = invalid(value).or_else(|| invalid(&namespace)) {
            return Err(WriteErrorKind::InvalidCharacter(invalid).into());
        }
        let reserved = local == "xmlns" || namespace == XMLNS_NAMESPACE;
        if reserved || !waxwing_xml::is_ncname(local) {
            return Err(WriteError::custom(format!("'{local}' is no name of an attribute.")));
        }
        let prefix = match namespace.as_ref() {
            waxwing_xml::XML_NAMESPACE => Cow::Borrowed("xml"),
            _ => self.declare(element, namespace.clone()),
        };
        self.document.set_attribute(element, Name::new(&prefix, local, &namespace), value);
        Ok(())
    }

    /// Appends text to `element`.
    ///
    /// # Errors
    /// A character that XML cannot hold.
    pub fn text(&mut self, element: NodeId, text: &str) -> Result<(), WriteError> {
        if let Some((_, invalid)) = first_forbidden_character(text) {
            return Err(WriteErrorKind::InvalidCharacter(invalid).into());
        }
        if !text.is_empty() {
            self.document.append_text(element, text);
        }
        Ok(())
    }

    /// As [`text`](Self::text) of one that nobody needs any more.
    ///
    /// # Errors
    /// A character that XML cannot hold.
    pub(crate) fn owned_text(&mut self, element: NodeId, text: String) -> Result<(), WriteError> {
        if let Some((_, invalid)) = first_forbidden_character(&text) {
            return Err(WriteErrorKind::InvalidCharacter(invalid).into());
        }
        self.document.append_owned_text(element, text);
        Ok(())
    }

    /// As [`scalar`](Self::scalar) of octets that nobody needs any more.
    pub(crate) fn owned_octets(&mut self, element: NodeId, octets: Vec<u8>) {
        match self.in_array {
            true => self.scalar(element, Value::Octets(&octets)),
            false => self.document.append_octets(element, octets),
        }
    }

    /// Appends a value to `element`: its text, which encodings with records for values write as one.
    pub fn scalar(&mut self, element: NodeId, value: Value<'_>) {
        match self.in_array {
            true => self.document.append_item_value(element, value),
            false => self.document.append_value(element, value),
        }
    }

    /// Lets `write` write items of a list; `in_array` tells whether they are values of which encodings have arrays.
    pub(crate) fn items(
        &mut self,
        in_array: bool,
        write: impl FnOnce(&mut Self) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        let outside = std::mem::replace(&mut self.in_array, in_array);
        let result = write(self);
        self.in_array = outside;
        result
    }

    /// Marks `element` as null.
    pub fn nil(&mut self, element: NodeId) {
        self.attribute(element, namespaces::XSI, "nil", "true");
    }

    /// Says what contract the content of `element` has, where it is not the one that its place declares.
    ///
    /// # Errors
    /// See [`Self::qualified_name`].
    pub fn type_name(&mut self, element: NodeId, name: &ContractName) -> Result<(), WriteError> {
        let text = self.qualified_name(element, name)?;
        self.attribute(element, namespaces::XSI, "type", &text);
        Ok(())
    }

    /// A qualified name as text, with a prefix that is declared on `element` if need be.
    ///
    /// # Errors
    /// A name without namespace on an element whose default namespace is another: XML cannot say that.
    pub fn qualified_name(
        &mut self,
        element: NodeId,
        name: &ContractName,
    ) -> Result<String, WriteError> {
        if name.namespace.is_empty() {
            self.undeclare_default(element, name)?;
            return Ok(name.local.to_string());
        }
        let prefix = match self.prefix_of(&name.namespace) {
            Some(prefix) => prefix,
            None => self.declare(element, name.namespace.clone()),
        };
        if prefix.is_empty() {
            return Ok(name.local.to_string());
        }
        Ok(format!("{prefix}:{}", name.local))
    }

    /// Sets an attribute in `namespace`, declaring it if need be.
    pub fn attribute(
        &mut self,
        element: NodeId,
        namespace: &'static str,
        local: &str,
        value: &str,
    ) {
        let prefix = self.declare(element, Cow::Borrowed(namespace));
        self.document.set_attribute(element, Name::new(&prefix, local, namespace), value);
    }

    /// The number of the object at `address` and whether it was written before (`z:Ref`) or is new (`z:Id`).
    pub(crate) fn reference(&mut self, address: usize) -> (u32, bool) {
        if let Some(&number) = self.references.get(&address) {
            return (number, true);
        }
        let number = self.new_reference();
        self.references.insert(address, number);
        (number, false)
    }

    /// A number for an object that nothing else refers to.
    pub(crate) fn new_reference(&mut self) -> u32 {
        self.next_reference += 1;
        self.next_reference
    }

    /// The prefix of `namespace` on `element`, declared there when no element above did.
    fn declare(&mut self, element: NodeId, namespace: Cow<'static, str>) -> Cow<'static, str> {
        if namespace.is_empty() {
            return Cow::Borrowed("");
        }
        if let Some(prefix) = self.attribute_prefix_of(&namespace) {
            return prefix;
        }
        let prefix = match namespace.as_ref() {
            namespaces::XSI => Cow::Borrowed("i"),
            namespaces::SERIALIZATION => Cow::Borrowed("z"),
            _ => self.new_prefix(),
        };
        self.document.declare_namespace(element, &prefix, &namespace);
        self.scopes.push((prefix.clone(), namespace));
        prefix
    }

    /// Declares the namespace of a document's own element, so that it stands in front of those that its content needs, as
    /// WCF's serializer has it.
    fn declare_own(&mut self, element: NodeId) {
        let own = self.document.element(element);
        if own.parent().is_none() && !own.namespace().is_empty() {
            let (prefix, namespace) = (own.prefix().to_owned(), own.namespace().to_owned());
            self.document.declare_namespace(element, &prefix, &namespace);
        }
    }

    /// Makes names without prefix mean no namespace on `element`.
    fn undeclare_default(
        &mut self,
        element: NodeId,
        name: &ContractName,
    ) -> Result<(), WriteError> {
        let default = self.scopes.iter().rev().find(|(prefix, _)| prefix.is_empty());
        if default.is_none_or(|(_, namespace)| namespace.is_empty()) {
            return Ok(());
        }
        if self.document.element(element).prefix().is_empty() {
            return Err(WriteError::custom(format!(
                "The name '{}' has no namespace and cannot be written where the default namespace is another.",
                name.local
            )));
        }
        self.document.declare_namespace(element, "", "");
        self.scopes.push((Cow::Borrowed(""), Cow::Borrowed("")));
        Ok(())
    }

    /// The innermost prefix that stands for `namespace` and is not hidden by a later declaration.
    fn prefix_of(&self, namespace: &str) -> Option<Cow<'static, str>> {
        let at = self.scopes.iter().rposition(|(_, known)| known == namespace)?;
        let (prefix, _) = &self.scopes[at];
        let hidden = self.scopes[at + 1..].iter().any(|(later, _)| later == prefix);
        (!hidden).then(|| prefix.clone())
    }

    /// As [`Self::prefix_of`], but never the default namespace, which attributes cannot use.
    fn attribute_prefix_of(&self, namespace: &str) -> Option<Cow<'static, str>> {
        let found = self.scopes.iter().enumerate().rev().find(|(at, (prefix, known))| {
            known == namespace
                && !prefix.is_empty()
                && !self.scopes[at + 1..].iter().any(|(later, _)| later == prefix)
        });
        found.map(|(_, (prefix, _))| prefix.clone())
    }

    /// A prefix that nothing in scope uses.
    fn new_prefix(&self) -> Cow<'static, str> {
        const LETTERS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let free = |prefix: &str| !self.scopes.iter().any(|(used, _)| used == prefix);
        if let Some(letter) = LETTERS.into_iter().find(|letter| free(letter)) {
            return Cow::Borrowed(letter);
        }
        let mut number = LETTERS.len();
        loop {
            let prefix = format!("p{number}");
            if free(&prefix) {
                return Cow::Owned(prefix);
            }
            number += 1;
        }
    }
}
