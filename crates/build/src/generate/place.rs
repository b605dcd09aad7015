//! Where generated items stand.

/// Where an item stands, and its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) module: Vec<String>,
    pub(super) ident: String,
}
