//! Types that are exported and imported again are the same types.

use waxwing::datacontract::{
    ContractName, DataContract, TypeDescription, TypeDescriptions, TypeKind, TypeUse, namespaces,
};
use waxwing_metadata::contract::{ContractSet, Member, Shape, Tier, Type, TypeId, TypeTable};
use waxwing_metadata::export::SchemaExporter;
use waxwing_metadata::load::{LoadOptions, Loader};
use waxwing_metadata::schema::write;
use waxwing_metadata::{Location, QName};

use crate::{kinds, types};

fn import(schemas: SchemaExporter) -> TypeTable {
    let exported = schemas.finish();
    assert_eq!(exported.conflicts, []);
    let mut loader = Loader::new(LoadOptions::default());
    for (at, schema) in exported.schemas.iter().enumerate() {
        let text = write(schema).to_string();
        loader.give(Location::new(format!("folder/{at}.xsd")), text.into_bytes());
    }
    assert_eq!(loader.want(), None);
    let set = loader.finish();
    let imported = ContractSet::of_bindings(&set, []);
    assert_eq!(imported.findings, [], "{:?}", set.findings());
    imported.types
}

/// `{namespace}local`.
fn name(contract: &ContractName) -> String {
    contract.to_string()
}

/// What the description of a type says, in words that the imported one has, too.
fn described(of: &TypeDescription, types: &TypeDescriptions) -> String {
    let used = |used: &TypeUse| {
        let contract = match types.get(&used.contract).map(|known| &known.kind) {
            Some(TypeKind::XmlElement) => "xml".to_owned(),
            _ => name(&used.contract),
        };
        format!("{contract}{}", if used.nullable { "?" } else { "" })
    };
    match &of.kind {
        TypeKind::Class(class) => {
            let members = class.members.iter().map(|member| {
                let value = &member.value;
                // What cannot be null is there, and has no default to be left out (WCF's words for that).
                let never_null = !(value.nullable || value.value_type);
                let required = member.required || never_null;
                format!(
                    " {}:{}{}{}",
                    member.name,
                    used(value),
                    if required { "!" } else { "" },
                    if member.emit_default && !never_null { "" } else { "-" }
                )
            });
            let members: String = members.collect();
            let generic = of.generic.as_ref().map(|generic| {
                let parameters = generic.parameters.len();
                format!("{}<{parameters}>", generic.name)
            });
            format!(
                "class {}base={} reference={} value={}{members}",
                generic.map_or_else(String::new, |generic| format!("{generic} ")),
                class.base.as_ref().map(name).unwrap_or_default(),
                class.is_reference,
                of.value_type
            )
        }
        TypeKind::Enumeration(own) => {
            let members: Vec<_> = own.members.iter().map(|m| (&*m.name, m.value)).collect();
            let members = format!("{members:?}");
            format!("enumeration flags={} of={} {members}", own.flags, own.underlying.local)
        }
        TypeKind::Collection(own) => format!("list {}:{}", own.item_name, used(&own.item)),
        TypeKind::Dictionary(own) => format!(
            "dictionary {} {}:{} {}:{}",
            own.item_name,
            own.key_name,
            used(&own.key),
            own.value_name,
            used(&own.value)
        ),
        TypeKind::Serializable => "serializable".to_owned(),
        TypeKind::Simple(base) => format!("simple {}", name(base)),
        TypeKind::Opaque => "nodes".to_owned(),
        other => panic!("{other:?}"),
    }
}

fn type_name(id: TypeId, table: &TypeTable) -> String {
    let of = table.get(id);
    match (&of.shape, &of.name) {
        (Shape::Xml { nodes: false }, None) => "xml".to_owned(),
        (Shape::Any, _) => format!("{{{}}}anyType", namespaces::XSD),
        (Shape::BuiltIn(name), _) => name.to_string(),
        (_, Some(name)) => name.to_string(),
        (other, None) => panic!("{other:?}"),
    }
}

fn imported(of: &Type, table: &TypeTable) -> String {
    let used = |member: &Member| {
        let null = if member.nillable { "?" } else { "" };
        format!("{}:{}{null}", member.name.local, type_name(member.type_id, table))
    };
    match &of.shape {
        Shape::Class(class) => {
            let members = class.members.iter().map(|member| {
                assert_eq!(member.name.namespace, of.name.as_ref().unwrap().namespace);
                assert_eq!(member.max_occurs, Some(1));
                format!(
                    " {}{}{}",
                    used(member),
                    if member.min_occurs == 1 { "!" } else { "" },
                    if member.emit_default { "" } else { "-" }
                )
            });
            let members: String = members.collect();
            let generic = class.generic.as_ref();
            let generic =
                generic.map(|(name, parameters)| format!("{name}<{}> ", parameters.len()));
            format!(
                "class {}base={} reference={} value={}{members}",
                generic.unwrap_or_default(),
                class.base.map(|id| type_name(id, table)).unwrap_or_default(),
                class.is_reference,
                class.is_value_type
            )
        }
        Shape::Enumeration(own) => {
            let members: Vec<_> = own.members.iter().map(|m| (&*m.text, m.value)).collect();
            let underlying = own.underlying.as_ref().map_or("int", |name| &*name.local);
            format!("enumeration flags={} of={underlying} {members:?}", own.flags)
        }
        Shape::Collection(item) => format!("list {}", used(item)),
        Shape::Dictionary { entry, key, value } => {
            format!("dictionary {} {} {}", entry.local, used(key), used(value))
        }
        Shape::Serializable { .. } => "serializable".to_owned(),
        Shape::Xml { nodes: true } => "nodes".to_owned(),
        Shape::Simple { base, .. } => format!("simple {}", type_name(*base, table)),
        Shape::BuiltIn(base) => format!("simple {base}"),
        other => panic!("{other:?}"),
    }
}

/// Exports `T` and all that it refers to, imports that, and compares each type.
fn round_trip<T: DataContract>() -> usize {
    let mut schemas = SchemaExporter::new();
    T::describe(schemas.types());
    let types = schemas.types().clone();
    let table = import(schemas);
    let mut count = 0;
    for own in types.iter().filter(|own| own.kind != TypeKind::XmlElement) {
        let wanted = QName::new(&*own.name.namespace, &*own.name.local);
        let id = table.find(&wanted).unwrap_or_else(|| panic!("{wanted} is not imported"));
        let of = table.get(id);
        assert_eq!(of.tier, Tier::DataContract, "{wanted}: {:?}", of.fall);
        assert_eq!(imported(of, &table), described(own, &types), "{wanted}");
        count += 1;
    }
    count
}

#[test]
fn types_come_back_as_they_were() {
    let mut count = 0;
    count += round_trip::<kinds::Everything>();
    count += round_trip::<kinds::AnyParty>();
    count += round_trip::<kinds::Node>();
    count += round_trip::<kinds::Pair<Option<String>, Option<Vec<kinds::Address>>>>();
    count += round_trip::<kinds::Generic<kinds::Generic<Option<i32>>>>();
    count += round_trip::<kinds::Phones>();
    count += round_trip::<kinds::Prices>();
    count += round_trip::<kinds::Legacy>();
    count += round_trip::<kinds::Bag>();
    count += round_trip::<kinds::Poco>();
    count += round_trip::<types::Zoo>();
    count += round_trip::<types::Ordered>();
    count += round_trip::<types::OnceCalledOtherwise>();
    count += round_trip::<types::NoNs>();
    count += round_trip::<types::Emit>();
    count += round_trip::<types::Req>();
    count += round_trip::<types::Nulls>();
    count += round_trip::<types::HasEnum>();
    count += round_trip::<types::Names>();
    count += round_trip::<types::Prices>();
    count += round_trip::<types::St>();
    count += round_trip::<types::Gen<Vec<types::Person>>>();
    count += round_trip::<types::Outer>();
    count += round_trip::<types::Nested>();
    count += round_trip::<types::Node>();
    count += round_trip::<types::Holder>();
    count += round_trip::<types::WithXml>();
    count += round_trip::<types::Ext2>();
    count += round_trip::<Vec<std::collections::BTreeMap<String, types::Person>>>();
    assert_eq!(count, 65);
}
