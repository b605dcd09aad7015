//! Components that other documents redefine or override.

use std::collections::HashMap;

use crate::name::QName;
use crate::reading::Replaced;
use crate::schema::{Schema, SchemaImportKind};

/// Takes what was redefined out of the way: it gets another name, and what was overridden is gone. `own` is the number of the
/// schema that has the new components.
pub(super) fn replace(schemas: &mut [&mut Schema], own: usize, replaced: &[Replaced]) {
    let Some(namespace) = schemas.get(own).map(|schema| schema.target_namespace.clone()) else {
        return;
    };
    let kinds: HashMap<_, _> = replaced.iter().map(|r| (&r.name, r.kind)).collect();
    let is_gone = |name: &QName| kinds.get(name) == Some(&SchemaImportKind::Override);
    for (number, schema) in schemas.iter_mut().enumerate() {
        if number == own || schema.target_namespace != namespace {
            continue;
        }
        schema.types.retain(|own| !own.name.as_ref().is_some_and(is_gone));
        schema.groups.retain(|own| !is_gone(&own.name));
        schema.attribute_groups.retain(|own| !is_gone(&own.name));
        schema.elements.retain(|own| !is_gone(&own.name));
        let types = schema.types.iter_mut().filter_map(|own| own.name.as_mut());
        let groups = schema.groups.iter_mut().map(|own| &mut own.name);
        let sets = schema.attribute_groups.iter_mut().map(|own| &mut own.name);
        for name in types.chain(groups).chain(sets).filter(|name| kinds.contains_key(&**name)) {
            *name = Replaced::original(name);
        }
    }
}
