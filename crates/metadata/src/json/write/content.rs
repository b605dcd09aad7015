//! The content of complex types: elements in sequences, choices and the like.

use waxwing_xml::NodeId;

use super::Writer;
use super::members::Members;
use crate::contract::Occurs;
use crate::json::error::JsonError;
use crate::json::plan::{Field, Group, GroupKind, Node};
use crate::json::value::Json;
use crate::json::words::listed;

impl Writer<'_, '_> {
    /// Pieces in their order.
    pub(in crate::json) fn nodes(
        &mut self,
        parent: NodeId,
        nodes: &[Node],
        members: &Members<'_>,
    ) -> Result<(), JsonError> {
        nodes.iter().try_for_each(|node| self.node(parent, node, members))
    }

    fn node(
        &mut self,
        parent: NodeId,
        node: &Node,
        members: &Members<'_>,
    ) -> Result<(), JsonError> {
        match node {
            Node::Element(field) => self.field(parent, field, members),
            Node::Any { key, occurs } => {
                let given = members.take(key);
                self.any_elements(parent, *occurs, given).map_err(|error| error.at_member(key))
            }
            Node::Group(group) => match &group.key {
                Some(key) => self
                    .repeated(parent, group, members.take(key))
                    .map_err(|error| error.at_member(key)),
                None if members.count(node) == 0
                    && (group.occurs.min == 0 || node.is_optional()) =>
                {
                    Ok(())
                }
                None => self.group(parent, group, members),
            },
        }
    }

    fn group(
        &mut self,
        parent: NodeId,
        group: &Group,
        members: &Members<'_>,
    ) -> Result<(), JsonError> {
        if group.kind != GroupKind::Choice {
            return self.nodes(parent, &group.nodes, members);
        }
        // Of alternatives that have names in common, the one that takes most.
        let counted = group.nodes.iter().map(|node| (members.count(node), node));
        let mut best: Option<(usize, &Node)> = None;
        for (count, node) in counted.filter(|(count, _)| *count > 0) {
            if best.is_none_or(|(most, _)| count > most) {
                best = Some((count, node));
            }
        }
        match best {
            Some((_, node)) => self.node(parent, node, members),
            None => {
                let mut keys = Vec::new();
                group.nodes.iter().for_each(|node| node.keys(&mut keys));
                let keys = listed(keys.into_iter());
                Err(JsonError::new(format!("one of {keys} is needed here, and none is given")))
            }
        }
    }

    /// A group that may occur several times: a list of objects, one for each time.
    fn repeated(
        &mut self,
        parent: NodeId,
        group: &Group,
        value: Option<&Json>,
    ) -> Result<(), JsonError> {
        let items = match value {
            None | Some(Json::Null) => &[][..],
            Some(Json::Array(items)) => items,
            Some(other) => {
                let found = other.kind();
                return Err(JsonError::new(format!("expected a list of objects, found {found}")));
            }
        };
        counted(items.len(), group.written())?;
        for (i, item) in items.iter().enumerate() {
            self.repetition(parent, group, item).map_err(|error| error.at_index(i))?;
        }
        Ok(())
    }

    fn repetition(&mut self, parent: NodeId, group: &Group, item: &Json) -> Result<(), JsonError> {
        let Json::Object(members) = item else {
            let found = item.kind();
            return Err(JsonError::new(format!("expected an object, found {found}")));
        };
        let members = Members::of(members);
        self.group(parent, group, &members)?;
        members.finish(&group.nodes, &[])
    }

    fn field(
        &mut self,
        parent: NodeId,
        field: &Field,
        members: &Members<'_>,
    ) -> Result<(), JsonError> {
        let Field { key, occurs, .. } = field;
        let repeated = occurs.max != Some(1);
        match (members.take(key), &field.fixed) {
            (None, _) if occurs.min == 0 => Ok(()),
            (None, Some(fixed)) => {
                let element = self.element(parent, &field.name)?;
                self.text(element, fixed)
            }
            (None, None) => {
                let expected = self.codec.words(field.type_id);
                Err(JsonError::new(format!("\"{key}\" is missing: {expected}")))
            }
            // What is optional and cannot be null is left out by who says null.
            (Some(Json::Null), _) if occurs.min == 0 && (repeated || !field.nillable) => Ok(()),
            (Some(value), _) if repeated => {
                let written = self.items_as(parent, field, value);
                written.map_err(|error| error.at_member(key))
            }
            (Some(value), _) => {
                self.one(parent, field, value).map_err(|error| error.at_member(key))
            }
        }
    }

    /// The items of a list, each as an element.
    pub(super) fn items(
        &mut self,
        parent: NodeId,
        field: &Field,
        value: &Json,
    ) -> Result<(), JsonError> {
        self.items_as(parent, field, value)
    }

    fn items_as(&mut self, parent: NodeId, field: &Field, value: &Json) -> Result<(), JsonError> {
        let Json::Array(items) = value else {
            let found = value.kind();
            return Err(JsonError::new(format!("expected a list, found {found}")));
        };
        counted(items.len(), field.occurs)?;
        for (i, item) in items.iter().enumerate() {
            self.one(parent, field, item).map_err(|error| error.at_index(i))?;
        }
        Ok(())
    }

    /// Elements that are given as XML.
    fn any_elements(
        &mut self,
        parent: NodeId,
        occurs: Occurs,
        value: Option<&Json>,
    ) -> Result<(), JsonError> {
        let one;
        let items = match value {
            None | Some(Json::Null) => &[][..],
            Some(Json::Array(items)) => items,
            Some(value) => {
                one = [value.clone()];
                &one
            }
        };
        counted(items.len(), occurs)?;
        for (i, item) in items.iter().enumerate() {
            let place = |error: JsonError| if items.len() == 1 { error } else { error.at_index(i) };
            let Json::String(xml) = item else {
                let found = item.kind();
                return Err(place(JsonError::new(format!(
                    "expected XML in a string, found {found}"
                ))));
            };
            let parsed = super::parse(xml).map_err(place)?;
            self.document.import(parent, parsed.root());
        }
        Ok(())
    }
}

/// That there are neither too few nor too many.
fn counted(count: usize, occurs: Occurs) -> Result<(), JsonError> {
    let least = usize::try_from(occurs.min).unwrap_or(usize::MAX);
    if count < least {
        return Err(JsonError::new(format!("at least {least} are needed, and {count} are given")));
    }
    match occurs.max.and_then(|most| usize::try_from(most).ok()) {
        Some(most) if count > most => {
            Err(JsonError::new(format!("at most {most} are allowed, and {count} are given")))
        }
        _ => Ok(()),
    }
}
