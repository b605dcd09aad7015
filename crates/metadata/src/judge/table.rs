//! What is known of each assertion, as data: one row a name.
//!
//! The rows stand in `rows_*.rs`. A row says what becomes of an assertion wherever it may stand; that it stands where it may
//! is looked at by who reads that place. What `binding` itself can or cannot run is `Rule::AsBinding`: the row only has the
//! words for it, so that table and runtime cannot disagree.

use super::row::Row;
use super::{rows_security, rows_tokens, rows_various};
use crate::name::QName;

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
