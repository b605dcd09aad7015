//! Arrays: elements of one name, each with one value (MC-NBFX §2.3.1).

use super::{BinaryErrorKind, Read, Reader, Tag, exceeded, records, refuse};
use crate::values::Form;

/// The octets of one value of each type that arrays have (MC-NBFX §2.3.1.3); their codes are those that end an element.
const TYPES: [(u8, usize); 10] = [
    (records::BOOL, 1),
    (records::INT16, 2),
    (records::INT32, 4),
    (records::INT64, 8),
    (records::FLOAT, 4),
    (records::DOUBLE, 8),
    (records::DECIMAL, 16),
    (records::DATE_TIME, 8),
    (records::TIME_SPAN, 8),
    (records::UUID, 16),
];

impl Reader<'_> {
    /// An array after its code.
    pub(super) fn array(&mut self, parent: u32) -> Read<()> {
        let code = self.source.code("an array")?;
        let first = self.element(code, parent, "where the element of an array begins")?;
        match self.source.code("an array")? {
            records::END_ELEMENT => {}
            code => return self.misplaced(code, "in the element of an array"),
        }
        let code = self.source.code("an array")?;
        let found = TYPES.iter().find(|(record, _)| record | 1 == code);
        let Some((record, size)) = found.copied() else {
            return self.misplaced(code, "as the type of an array");
        };
        let at = self.source.at;
        let count = self.source.size()? as usize;
        if count == 0 {
            self.source.at = at;
            return refuse(BinaryErrorKind::Value("number of items"));
        }
        if count > self.source.left() / size {
            return refuse(BinaryErrorKind::UnexpectedEnd("an array"));
        }
        self.check_node_limit(count.saturating_mul(2))?;
        self.check_copies(first, count)?;
        for item in 0..count {
            let element = if item == 0 { first } else { self.sibling(first, parent) };
            self.array_value(record, element)?;
        }
        self.end_element()
    }

    /// The attributes of the element stand in the tree once for each item. All copies of a message may be as many as it has
    /// octets, which is more than any writer needs: items take an octet each, and one declaration at most.
    fn check_copies(&mut self, first: u32, count: usize) -> Read<()> {
        let node = self.arena.node(first);
        let (attributes, declarations) = (
            self.arena.element_attributes(node).len(),
            self.arena.element_declarations(node).len(),
        );
        self.copied =
            self.copied.saturating_add((count - 1).saturating_mul(attributes + declarations));
        match self.copied > self.source.octets.len() {
            true => exceeded("max_attributes", self.limits.max_attributes),
            false => Ok(()),
        }
    }

    /// One more element like the first of an array.
    fn sibling(&mut self, first: u32, parent: u32) -> u32 {
        let document = &mut *self.arena;
        let node = *document.node(first);
        let element = document.push_child(parent, node.local(), node.binding);
        if node.tag != 0 {
            let tag = *document.tag(&node);
            let attributes = document.attributes.len() as u32;
            let declarations = document.declarations.len() as u32;
            let range = |(start, end): (u32, u32)| start as usize..end as usize;
            document.attributes.extend_from_within(range(tag.attributes));
            document.declarations.extend_from_within(range(tag.declarations));
            let attributes = (attributes, document.attributes.len() as u32);
            let declarations = (declarations, document.declarations.len() as u32);
            document.set_tag(element, Tag { attributes, declarations, ..Tag::default() });
        }
        element
    }

    fn array_value(&mut self, record: u8, element: u32) -> Read<()> {
        let form = match record {
            records::BOOL => match self.source.fixed()? {
                [value @ 0..=1] => Form::Bool(value == 1),
                [_] => return refuse(BinaryErrorKind::Value("truth value")),
            },
            _ => self.scalar(record)?,
        };
        let value = self.arena.push_value(form, true);
        self.arena.link_last(element, value);
        Ok(())
    }
}
