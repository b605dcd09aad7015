//! The content of complex types: elements found in sequences, choices and the like. Schemas are deterministic (XML Schema
//! Part 1 §3.8.6, unique particle attribution), so that the next element says which way to go.

use std::collections::HashMap;

use waxwing_xml::Element;

use super::{Reader, outer};
use crate::json::error::JsonError;
use crate::json::plan::{Field, Group, GroupKind, Node};
use crate::json::value::Json;

/// The elements of a parent, one after the other.
pub(super) struct Cursor<'a> {
    next: Option<Element<'a>>,
}

impl<'a> Cursor<'a> {
    pub(super) fn of(parent: Element<'a>) -> Self {
        Self { next: parent.first_element() }
    }

    pub(super) fn peek(&self) -> Option<Element<'a>> {
        self.next
    }

    /// The element, which is done with.
    pub(super) fn next(&mut self) -> Option<Element<'a>> {
        let element = self.next?;
        self.next = element.next_element();
        Some(element)
    }

    fn may_begin(&self, node: &Node) -> bool {
        self.next.is_some_and(|next| node.may_begin(next.namespace(), next.local_name()))
    }
}

/// The elements that are directly members, by name.
pub(super) fn by_name(nodes: &[Node]) -> HashMap<(&str, &str), &Field> {
    let fields = nodes.iter().filter_map(|node| match node {
        Node::Element(field) => Some(&**field),
        _ => None,
    });
    fields.map(|field| ((&*field.name.namespace, &*field.name.local), field)).collect()
}

impl Reader<'_> {
    /// Pieces in their order.
    pub(super) fn nodes(
        self,
        nodes: &[Node],
        cursor: &mut Cursor<'_>,
        out: &mut Vec<(String, Json)>,
    ) -> Result<(), JsonError> {
        for (i, node) in nodes.iter().enumerate() {
            match node {
                Node::Element(field) => self.field(field, cursor, out)?,
                Node::Group(group) => self.group(group, cursor, out)?,
                Node::Any { key, occurs } => {
                    let mut found = Vec::new();
                    let most = occurs.max.unwrap_or(u32::MAX) as usize;
                    while found.len() < most
                        && !nodes[i + 1..].iter().any(|later| is_named(later, cursor))
                        && let Some(element) = cursor.next()
                    {
                        found.push(Json::String(outer(element)));
                    }
                    let value = match (found.pop(), occurs.max) {
                        (None, _) => continue,
                        (Some(one), Some(1)) => one,
                        (Some(last), _) => {
                            found.push(last);
                            Json::Array(found)
                        }
                    };
                    out.push((key.clone(), value));
                }
            }
        }
        Ok(())
    }

    fn field(
        self,
        field: &Field,
        cursor: &mut Cursor<'_>,
        out: &mut Vec<(String, Json)>,
    ) -> Result<(), JsonError> {
        let is_it =
            |element: &Element<'_>| field.name.is(element.namespace(), element.local_name());
        if field.occurs.max == Some(1) {
            if let Some(element) = cursor.peek().filter(is_it) {
                cursor.next();
                let value = self.one(field, element).map_err(|e| e.at_member(&field.key))?;
                out.push((field.key.clone(), value));
            }
            return Ok(());
        }
        let (mut items, most) = (Vec::new(), field.occurs.max.unwrap_or(u32::MAX) as usize);
        while items.len() < most
            && let Some(element) = cursor.peek().filter(is_it)
        {
            cursor.next();
            let item = self.one(field, element);
            items.push(item.map_err(|e| e.at_index(items.len()).at_member(&field.key))?);
        }
        if !items.is_empty() {
            out.push((field.key.clone(), Json::Array(items)));
        }
        Ok(())
    }

    fn group(
        self,
        group: &Group,
        cursor: &mut Cursor<'_>,
        out: &mut Vec<(String, Json)>,
    ) -> Result<(), JsonError> {
        let Some(key) = &group.key else { return self.once(group, cursor, out) };
        let (mut items, most) = (Vec::new(), group.occurs.max.unwrap_or(u32::MAX) as usize);
        while items.len() < most && group.nodes.iter().any(|node| cursor.may_begin(node)) {
            let (mut members, before) = (Vec::new(), cursor.peek().map(|element| element.id()));
            let read = self.once(group, cursor, &mut members);
            read.map_err(|error| error.at_index(items.len()).at_member(key))?;
            if cursor.peek().map(|element| element.id()) == before {
                break;
            }
            items.push(Json::Object(members));
        }
        if !items.is_empty() {
            out.push((key.clone(), Json::Array(items)));
        }
        Ok(())
    }

    fn once(
        self,
        group: &Group,
        cursor: &mut Cursor<'_>,
        out: &mut Vec<(String, Json)>,
    ) -> Result<(), JsonError> {
        match group.kind {
            GroupKind::Sequence => self.nodes(&group.nodes, cursor, out),
            GroupKind::Choice => {
                let named = group.nodes.iter().find(|node| is_named(node, cursor));
                let chosen = named.or_else(|| group.nodes.iter().find(|n| cursor.may_begin(n)));
                match chosen {
                    Some(node) => self.nodes(std::slice::from_ref(node), cursor, out),
                    None => Ok(()),
                }
            }
            GroupKind::All => {
                let mut open: Vec<_> = group.nodes.iter().collect();
                while let Some(at) = open.iter().position(|node| cursor.may_begin(node)) {
                    self.nodes(std::slice::from_ref(open.remove(at)), cursor, out)?;
                }
                Ok(())
            }
        }
    }
}

/// Whether the next element is one that a node has by name.
fn is_named(node: &Node, cursor: &Cursor<'_>) -> bool {
    match node {
        Node::Any { .. } => false,
        Node::Element(_) => cursor.may_begin(node),
        Node::Group(group) => group.nodes.iter().any(|node| is_named(node, cursor)),
    }
}
