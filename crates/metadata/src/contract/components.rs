//! What is asked of a set of documents beyond its look-ups.

use std::collections::BTreeSet;

use crate::name::QName;
use crate::schema::{ElementDeclaration, TypeDefinition, TypeReference};
use crate::set::MetadataSet;
use crate::wsdl::Message;

/// How many heads of substitution groups may stand above each other; a circle ends here.
const MAX_SUBSTITUTION_DEPTH: usize = 32;

/// Named types, each name once, in order.
pub(super) fn types(set: &MetadataSet) -> impl Iterator<Item = &TypeDefinition> {
    let all = set.schemas().flat_map(|schema| &schema.types);
    all.filter(|definition| {
        let first = definition.name.as_ref().and_then(|name| set.type_definition(name));
        first.is_some_and(|first| std::ptr::eq(first, *definition))
    })
}

/// Global elements, each name once, in order.
pub(super) fn elements(set: &MetadataSet) -> impl Iterator<Item = &ElementDeclaration> {
    let all = set.schemas().flat_map(|schema| &schema.elements);
    all.filter(|element| {
        set.element(&element.name).is_some_and(|first| std::ptr::eq(first, *element))
    })
}

/// All messages, in order.
pub(super) fn messages(set: &MetadataSet) -> impl Iterator<Item = &Message> {
    set.definitions().iter().flat_map(|definitions| &definitions.messages)
}

/// The elements that may stand in the place of `head`, directly or not, without itself.
pub(super) fn substitutes<'a>(
    set: &'a MetadataSet,
    head: &'a QName,
) -> Vec<&'a ElementDeclaration> {
    let mut found = Vec::new();
    let mut known = BTreeSet::from([head]);
    let mut heads = vec![head];
    while let Some(head) = heads.pop() {
        for element in set.substitutes(head) {
            if known.insert(&element.name) {
                found.push(element);
                heads.push(&element.name);
            }
        }
    }
    found
}

/// The type of an element: its own, or without one that of the head of its substitution group.
pub(super) fn type_of<'a>(
    set: &'a MetadataSet,
    element: &'a ElementDeclaration,
) -> &'a TypeReference {
    let mut element = element;
    for _ in 0..MAX_SUBSTITUTION_DEPTH {
        let head = element.substitution_group.as_ref().filter(|_| !element.type_written);
        match head.and_then(|head| set.element(head)) {
            Some(head) => element = head,
            None => break,
        }
    }
    &element.type_reference
}
