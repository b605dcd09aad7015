//! What an element may hold, as data: for messages and for the generated tables.

use crate::values::{Kind, Rule};

/// The schema of one element, collected by `Settings::describe`.
#[derive(Debug, Default)]
pub(crate) struct Description {
    pub(crate) attributes: Vec<AttributeDescription>,
    pub(crate) children: Vec<ChildDescription>,
}

#[derive(Debug)]
pub(crate) struct AttributeDescription {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) rule: Rule,
    pub(crate) default: Option<String>,
    pub(crate) doc: &'static str,
}

#[derive(Debug)]
pub(crate) struct ChildDescription {
    pub(crate) name: &'static str,
    pub(crate) many: bool,
    pub(crate) doc: &'static str,
    pub(crate) inner: Description,
}
