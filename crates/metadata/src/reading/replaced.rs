//! Components that are redefined.

use crate::name::QName;
use crate::schema::SchemaImportKind;

/// A component that another document has, and that is changed here.
#[derive(Clone, Debug)]
pub(crate) struct Replaced {
    /// Redefined (what was is still its base) or overridden (what was is gone).
    pub(crate) kind: SchemaImportKind,
    /// Its name, of a type or a group.
    pub(crate) name: QName,
}

impl Replaced {
    /// The name that the component has from now on which was redefined.
    pub(crate) fn original(name: &QName) -> QName {
        QName::new(name.namespace.clone(), format!("{}.redefined", name.local))
    }
}
