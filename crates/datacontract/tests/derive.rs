//! What the derive macro makes of shapes that the samples do not have.

mod support;

use waxwing_datacontract::{DataContract as _, ExtensionData, ReadErrorKind, from_xml, to_xml};
use waxwing_macros::DataContract;

use support::infoset;
use support::types::{Animal, Cat, Dog, Person};

/// A base class that no object is of: it is abstract in .NET.
#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "::waxwing_datacontract", base = Animal)]
enum Pet {
    Dog(Dog),
    Cat(Cat),
}

#[test]
fn an_abstract_base_class_is_told_by_type_only() {
    let dog = Pet::Dog(Dog { animal: Animal::called("Rex"), age: 3 });
    let xml = to_xml(&dog).unwrap();
    assert!(xml.starts_with("<Animal i:type=\"Dog\""), "{xml}");
    assert_eq!(from_xml::<Pet>(xml.as_bytes()).unwrap(), dog);
    let untold = xml.replace(" i:type=\"Dog\"", "");
    let error = from_xml::<Pet>(untold.as_bytes()).unwrap_err();
    assert!(matches!(error.kind, ReadErrorKind::UnknownType(_)), "{error}");
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders")]
struct Both<A, B> {
    left: A,
    right: Option<B>,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders", name = "{0}Page")]
struct Page<T>
where
    T: Clone,
{
    items: Vec<T>,
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "Contoso.Orders", name = "Always")]
struct Constant<T> {
    value: T,
}

#[test]
fn generic_classes_are_called_after_their_arguments() {
    assert_eq!(Both::<i32, String>::contract_name().local, "BothOfintstring");
    let mixed = Both::<i32, Person>::contract_name().local;
    assert!(mixed.starts_with("BothOfintPerson") && mixed.len() == 15 + 8, "{mixed}");
    assert_eq!(Page::<Person>::contract_name().local, "PersonPage");
    assert_eq!(Constant::<Person>::contract_name().local, "Always");
    let page =
        Page { items: vec![Both { left: 1, right: Some(Constant { value: "x".to_owned() }) }] };
    let xml = to_xml(&page).unwrap();
    assert_eq!(from_xml::<Page<Both<i32, Constant<String>>>>(xml.as_bytes()).unwrap(), page);
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "urn:x")]
struct Nothing;

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "urn:x", rename_all = "camelCase")]
struct Names {
    r#type: i32,
    first_name: i32,
    #[data_member(name = "1st")]
    number: i32,
    #[data_member(skip)]
    cache: Vec<std::time::Duration>,
}

#[test]
fn members_are_named_as_told() {
    assert_eq!(
        to_xml(&Nothing).unwrap(),
        r#"<Nothing xmlns="urn:x" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"/>"#
    );
    assert_eq!(from_xml::<Nothing>(b"<Nothing xmlns='urn:x'><x/></Nothing>").unwrap(), Nothing);
    let names = Names { cache: vec![std::time::Duration::ZERO], ..Names::default() };
    let xml = to_xml(&names).unwrap();
    assert_eq!(
        infoset(&xml),
        "<{urn:x}Names><{urn:x}_x0031_st>0</><{urn:x}firstName>0</><{urn:x}type>0</></>"
    );
    assert_eq!(from_xml::<Names>(xml.as_bytes()).unwrap(), Names::default());
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "urn:x")]
struct Base {
    b: i32,
    #[data_member(extension_data)]
    rest: ExtensionData,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "urn:x")]
struct Derived {
    #[data_member(base)]
    base: Base,
    #[data_member(required = false)]
    a: i32,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "urn:x", name = "Derived")]
struct Keeping {
    #[data_member(base)]
    base: Plain,
    a: i32,
    c: i32,
    #[data_member(extension_data)]
    rest: ExtensionData,
}

#[derive(Clone, Debug, Default, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "urn:x", name = "Base")]
struct Plain {
    b: i32,
}

#[test]
fn unknown_members_are_kept_by_base_or_derived_class() {
    let xml = "<Derived xmlns='urn:x'><v/><b>1</b><B>1</B><w/><A>2</A><y/><C>3</C><z/></Derived>";
    let known = |xml: &str| -> Vec<String> {
        let document = waxwing_xml::Document::parse(xml, &waxwing_xml::Limits::default()).unwrap();
        document.root().elements().map(|child| child.local_name().to_owned()).collect()
    };
    // The class that keeps them writes them where they were, but never among the members of its base.
    let keeping: Keeping = from_xml(xml.as_bytes()).unwrap();
    assert_eq!((keeping.base.b, keeping.a, keeping.c, keeping.rest.len()), (1, 2, 3, 5));
    let written = to_xml(&keeping).unwrap();
    assert_eq!(known(&written), ["B", "v", "b", "w", "A", "y", "C", "z"]);
    assert_eq!(from_xml::<Keeping>(written.as_bytes()).unwrap().rest.len(), 5);
    // A base class that keeps them writes what came after its members behind them.
    let derived: Derived = from_xml(xml.as_bytes()).unwrap();
    assert_eq!((derived.base.b, derived.a, derived.base.rest.len()), (1, 2, 6));
    let written = to_xml(&derived).unwrap();
    assert_eq!(known(&written), ["v", "b", "B", "w", "y", "C", "z", "A"]);
    assert_eq!(from_xml::<Derived>(written.as_bytes()).unwrap().a, 2);
}

#[derive(Clone, Copy, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "urn:x")]
enum NoZero {
    One = 1,
    Two,
}

#[derive(Clone, Copy, Debug, PartialEq, DataContract)]
#[data_contract(
    crate = "waxwing_datacontract",
    namespace = "urn:x",
    flags(Low = Self::LOW, "very-high" = 1u64 << 62)
)]
struct Wide(u64);

impl Wide {
    const LOW: u64 = 1;
}

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "urn:x")]
struct Enumerations {
    no_zero: NoZero,
    wide: Wide,
}

#[test]
fn an_enumeration_without_zero_has_no_value_when_missing() {
    let read = |content: &str| {
        from_xml::<Enumerations>(
            format!("<Enumerations xmlns='urn:x'>{content}</Enumerations>").as_bytes(),
        )
    };
    let all = read("<NoZero>Two</NoZero><Wide>very-high Low</Wide>").unwrap();
    assert_eq!(all, Enumerations { no_zero: NoZero::Two, wide: Wide(1 << 62 | 1) });
    assert_eq!(read("<NoZero>One</NoZero>").unwrap().wide, Wide(0));
    let error = read("<Wide/>").unwrap_err();
    assert!(error.to_string().contains("NoZero"), "{error}");
    assert!(to_xml(&all).unwrap().contains(">Low very-high<"));
}
