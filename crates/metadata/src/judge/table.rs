//! What is known of each assertion, as data: one row a name.
//!
//! The rows stand in `rows_*.rs`. A row says what becomes of an assertion wherever it may stand; that it stands where it may
//! is looked at by who reads that place. What `binding` itself can or cannot run is [`Rule::AsBinding`]: the row only has the
//! words for it, so that table and runtime cannot disagree.

use super::class::Class;
use super::effect::Effect;
use super::{rows_security, rows_tokens, rows_various};
use crate::name::QName;

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

/// Every row.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    rows_security::ROWS.iter().chain(rows_tokens::ROWS).chain(rows_various::ROWS)
}

/// The row of a name.
pub fn row(name: &QName) -> Option<&'static Row> {
    let of_namespace = |row: &&Row| row.namespaces.contains(&&*name.namespace);
    let mut any = None;
    for row in rows().filter(of_namespace) {
        if row.name == &*name.local {
            return Some(row);
        }
        if row.name == "*" {
            any = Some(row);
        }
    }
    any
}
