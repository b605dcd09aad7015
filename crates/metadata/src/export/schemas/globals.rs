//! What types refer to by name, and is no type.

use crate::schema::{AttributeDeclaration, ElementDeclaration};

/// Declarations in other namespaces that a type refers to.
#[derive(Debug, Default)]
pub(super) struct Globals {
    pub(super) elements: Vec<ElementDeclaration>,
    pub(super) attributes: Vec<AttributeDeclaration>,
}
