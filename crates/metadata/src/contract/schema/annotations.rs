//! What WCF writes into `xs:appinfo`. Like WCF, only the first one is looked at.

use waxwing_datacontract::ContractName;
use waxwing_xml::Element;

use crate::name::{QName, namespaces};
use crate::schema::Annotation;

/// How deep generic arguments are followed.
const MAX_GENERIC_DEPTH: usize = 16;

/// The element of the serialization namespace in the first `xs:appinfo`.
fn find<'a>(annotation: &'a Annotation, local: &str) -> Option<Element<'a>> {
    let information = annotation.application_information.first()?.root();
    information.child(namespaces::SERIALIZATION, local)
}

/// `EnumerationValue`: the number of a member.
pub(super) fn enumeration_value(annotation: &Annotation) -> Option<i64> {
    let text = find(annotation, "EnumerationValue")?.text();
    let text = text.trim();
    // An enumeration of unsigned numbers may have the upper half.
    text.parse().ok().or_else(|| text.parse::<u64>().ok().map(u64::cast_signed))
}

/// `IsDictionary`: the items of a collection are entries of a dictionary.
pub(super) fn is_dictionary(annotation: &Annotation) -> bool {
    is_true(annotation, "IsDictionary")
}

/// `IsValueType`: a struct of .NET.
pub(super) fn is_value_type(annotation: &Annotation) -> bool {
    is_true(annotation, "IsValueType")
}

fn is_true(annotation: &Annotation, local: &str) -> bool {
    let text = find(annotation, local).map(|element| element.text().trim().to_owned());
    text.is_some_and(|text| text == "true" || text == "1")
}

/// `ActualType`: the type that a `char`, a `guid` or the numbers of an enumeration really have.
pub(super) fn actual_type(annotation: &Annotation) -> Option<QName> {
    named(find(annotation, "ActualType")?)
}

/// `DefaultValue`: whether a member is written that is null or zero.
pub(super) fn emit_default(annotation: &Annotation) -> Option<bool> {
    let value = find(annotation, "DefaultValue")?.attribute("EmitDefaultValue")?;
    match value.trim() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// `GenericType`: the pattern of a generic type's name, and its arguments.
pub(super) fn generic_type(annotation: &Annotation) -> Option<(String, Vec<QName>)> {
    let element = find(annotation, "GenericType")?;
    let pattern = element.attribute("Name")?.to_owned();
    Some((pattern, arguments(element, 0).into_iter().map(qname).collect()))
}

/// The arguments of a generic type, those that are generic themselves by their whole names.
fn arguments(element: Element<'_>, depth: usize) -> Vec<ContractName> {
    if depth == MAX_GENERIC_DEPTH {
        return Vec::new();
    }
    let own = element.elements().filter(|e| e.is(namespaces::SERIALIZATION, "GenericParameter"));
    let arguments = own.filter_map(|parameter| {
        let inner = arguments(parameter, depth + 1);
        let pattern = parameter.attribute("Name")?;
        let local = match inner.is_empty() {
            true => pattern.to_owned(),
            false => ContractName::generic(pattern, &inner),
        };
        Some(ContractName::owned(local, parameter.attribute("Namespace").unwrap_or_default()))
    });
    arguments.collect()
}

fn qname(name: ContractName) -> QName {
    QName::new(&*name.namespace, &*name.local)
}

fn named(element: Element<'_>) -> Option<QName> {
    let namespace = element.attribute("Namespace").unwrap_or_default();
    Some(QName::new(namespace, element.attribute("Name")?))
}
