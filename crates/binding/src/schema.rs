//! What an element may hold, as data: for messages and for the generated tables.

use crate::values::{Kind, Rule};
use crate::word::Support;

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
    /// What becomes of it.
    pub(crate) word: Support,
}

#[derive(Debug)]
pub(crate) struct ChildDescription {
    pub(crate) name: &'static str,
    pub(crate) many: bool,
    pub(crate) doc: &'static str,
    /// What becomes of it, if it is not its settings that say so.
    pub(crate) word: Option<Support>,
    pub(crate) inner: Description,
}

impl Description {
    /// The same, where one thing becomes of everything in it.
    pub(crate) fn all_inside(mut self, word: impl Into<Option<Support>>) -> Description {
        let Some(word) = word.into() else { return self };
        self.attributes.iter_mut().for_each(|attribute| attribute.word = word);
        self.children = self.children.into_iter().map(|child| child.all_inside(word)).collect();
        self
    }
}

impl ChildDescription {
    fn all_inside(mut self, word: Support) -> ChildDescription {
        self.word = self.word.map(|_| word);
        self.inner = self.inner.all_inside(word);
        self
    }
}
