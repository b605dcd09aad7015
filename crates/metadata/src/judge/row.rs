//! What a row of the table of assertions is.

use super::class::Class;
use super::effect::Effect;

/// What becomes of an assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It is met.
    Supported,
    /// It is met if `binding` runs what it asks for; of this class where not.
    AsBinding(Class),
    /// It is not met, and need not be.
    Ignored,
    /// It cannot be met.
    Blocked(Class),
    /// It cannot be met, and need not be where it is marked optional.
    OptionalOnly(Class),
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The namespaces in which it has this name and meaning.
    pub namespaces: &'static [&'static str],
    /// The local name; `*` for every name of these namespaces that has no row.
    pub name: &'static str,
    /// What becomes of it.
    pub rule: Rule,
    /// What it asks for, for the reader of the table.
    pub(super) effect: Effect,
    /// What it means, for people.
    pub word: &'static str,
    /// What to change where it blocks: at the service, by WCF's settings; empty where it never blocks.
    pub fix: &'static str,
}
