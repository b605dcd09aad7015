//! Descriptions of data contracts: what the derive and the built-in types say of themselves.

mod support;

use std::collections::{BTreeMap, HashMap};

use support::types::{
    AnyAnimal, Color, Emit, Gen, HasEnum, Names, Nested, Node, Ordered, Perm, Person, Prices, Req,
    St, WithXml, Zoo,
};
use waxwing_datacontract::{
    ClassDescription, ContractName, DataContract, Dictionary, EnumerationDescription, GenericName,
    KeyValuePair, OpenContent, ReadError, Reader, Shared, TypeDescription, TypeDescriptions,
    TypeKind, TypeUse, WriteError, Writer, namespaces,
};
use waxwing_macros::DataContract;
use waxwing_xml::{Element, NodeId};

const ORDERS: &str = "http://schemas.datacontract.org/2004/07/Contoso.Orders";

fn described<T: DataContract>() -> TypeDescription {
    let (types, used) = TypeDescriptions::of::<T>();
    types.get(&used.contract).expect("a description").clone()
}

fn class<T: DataContract>() -> ClassDescription {
    match described::<T>().kind {
        TypeKind::Class(class) => class,
        other => panic!("no class: {other:?}"),
    }
}

fn enumeration<T: DataContract>() -> EnumerationDescription {
    match described::<T>().kind {
        TypeKind::Enumeration(enumeration) => enumeration,
        other => panic!("no enumeration: {other:?}"),
    }
}

/// `name: type` of each member, with `?` for null, `!` for required, `-` for what is left out when default.
fn members<T: DataContract>() -> String {
    let members = class::<T>().members;
    let members = members.iter().map(|member| {
        let mark = |is: bool, mark: &'static str| if is { mark } else { "" };
        format!(
            "{}:{}{}{}{}",
            member.name,
            member.value.contract.local,
            mark(member.value.nullable, "?"),
            mark(member.required, "!"),
            mark(!member.emit_default, "-"),
        )
    });
    members.collect::<Vec<_>>().join(" ")
}

fn names(types: &TypeDescriptions) -> Vec<String> {
    types.iter().map(|known| known.name.local.to_string()).collect()
}

#[test]
fn classes_have_members_in_the_order_of_the_wire() {
    assert_eq!(members::<Person>(), "Age:int Name:string?");
    assert_eq!(members::<Ordered>(), "C:int _x:int a_:int b:int O0:int Z1:int A2:int B2:int");
    assert_eq!(members::<Emit>(), "D:dateTime- N:int- S:string?- Shown:string?");
    assert_eq!(members::<Req>(), "Needed:int! Opt:string?");
    assert_eq!(
        members::<WithXml>(),
        "Bytes:base64Binary Ch:char E:XmlElement? G:guid Off:DateTimeOffset Q:QName T:duration U:anyURI"
    );
    assert_eq!(described::<Person>().name, ContractName::new("Person", ORDERS));
    assert!(described::<St>().value_type && !described::<Person>().value_type);
}

#[test]
fn what_a_type_refers_to_is_described_once() {
    let (types, used) = TypeDescriptions::of::<Nested>();
    assert_eq!(
        used,
        TypeUse {
            contract: ContractName::new("Nested", ORDERS),
            value_type: false,
            nullable: false
        }
    );
    assert_eq!(names(&types), ["Nested", "ArrayOfPerson", "Person", "Point"]);
    let (types, _) = TypeDescriptions::of::<Option<Shared<Node>>>();
    assert_eq!(names(&types), ["Node"]);
    assert_eq!(members::<Node>(), "Id:string Next:Node?");
    assert!(class::<Node>().is_reference && !class::<Person>().is_reference);
    let built_in = TypeDescriptions::of::<Option<i32>>();
    assert_eq!(
        (built_in.0.iter().count(), built_in.1.nullable, built_in.1.value_type),
        (0, true, true)
    );
}

#[test]
fn known_types_come_with_their_base() {
    let (types, used) = TypeDescriptions::of::<Zoo>();
    assert_eq!(names(&types), ["Zoo", "ArrayOfAnimal", "Animal", "Dog", "Cat"]);
    assert_eq!(used.contract.local, "Zoo");
    assert_eq!(members::<Zoo>(), "All:ArrayOfAnimal One:Animal");
    let dog = types.get(&ContractName::new("Dog", ORDERS)).unwrap();
    let TypeKind::Class(dog) = &dog.kind else { panic!("a class") };
    assert_eq!(dog.base, Some(ContractName::new("Animal", ORDERS)));
    assert_eq!(dog.members.len(), 1);
    assert_eq!(TypeUse::of::<AnyAnimal>().contract.local, "Animal");
}

#[test]
fn enumerations_have_names_and_numbers() {
    let color = enumeration::<Color>();
    let named: Vec<_> = color.members.iter().map(|m| (&*m.name, m.value)).collect();
    assert_eq!(named, [("Red", 0), ("dark-blue", 5)]);
    assert_eq!((color.flags, &*color.underlying.local), (false, "int"));
    let perm = enumeration::<Perm>();
    let named: Vec<_> = perm.members.iter().map(|m| (&*m.name, m.value)).collect();
    assert_eq!(named, [("None", 0), ("Read", 1), ("Write", 2), ("All", 3), ("Exec", 4)]);
    assert_eq!((perm.flags, &*perm.underlying.local), (true, "unsignedInt"));
    assert!(described::<Perm>().value_type);
    assert_eq!(members::<HasEnum>(), "C:Color P:Perm");
}

#[test]
fn collections_and_dictionaries_have_names_for_their_elements() {
    let kind = |kind: TypeKind| match kind {
        TypeKind::Collection(c) => format!(
            "{}:{}{}",
            c.item_name,
            c.item.contract.local,
            if c.item.nullable { "?" } else { "" }
        ),
        TypeKind::Dictionary(d) => format!(
            "{}({}:{}{},{}:{}{})",
            d.item_name,
            d.key_name,
            d.key.contract.local,
            if d.key.nullable { "?" } else { "" },
            d.value_name,
            d.value.contract.local,
            if d.value.nullable { "?" } else { "" }
        ),
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(described::<Vec<i32>>().kind), "int:int");
    assert_eq!(kind(described::<Vec<String>>().kind), "string:string?");
    assert_eq!(kind(described::<Vec<Vec<i32>>>().kind), "ArrayOfint:ArrayOfint?");
    assert_eq!(kind(described::<Names>().kind), "name:string?");
    assert_eq!(kind(described::<Prices>().kind), "price(sku:string?,amount:decimal)");
    let map = "KeyValueOfintPersonGwYtEKou(Key:int,Value:Person?)";
    assert_eq!(kind(described::<BTreeMap<i32, Person>>().kind), map);
    assert_eq!(kind(described::<HashMap<i32, Person>>().kind), map);
    assert_eq!(kind(described::<Dictionary<i32, Person>>().kind), map);
    assert_eq!(
        described::<Vec<Option<i32>>>().name,
        ContractName::new("ArrayOfNullableOfint", namespaces::SYSTEM)
    );
    let bytes = TypeDescriptions::of::<Vec<u8>>();
    assert_eq!((bytes.0.iter().count(), &*bytes.1.contract.local), (0, "base64Binary"));
}

fn text(name: &GenericName) -> String {
    let parameters: Vec<_> = name.parameters.iter().map(text).collect();
    match parameters.is_empty() {
        true => name.name.clone(),
        false => format!("{}<{}>", name.name, parameters.join(",")),
    }
}

#[test]
fn names_of_generics_say_how_they_were_made() {
    let generic = |description: TypeDescription| text(&description.generic.expect("generic"));
    assert_eq!(generic(described::<Gen<i32>>()), "GenOf{0}{#}<int>");
    assert_eq!(generic(described::<Gen<Gen<Person>>>()), "GenOf{0}{#}<GenOf{0}{#}<Person>>");
    assert_eq!(generic(described::<Gen<Option<i32>>>()), "GenOf{0}{#}<NullableOf{0}{#}<int>>");
    assert_eq!(generic(described::<Gen<Vec<Gen<i32>>>>()), "GenOf{0}{#}<ArrayOfGenOf{0}{#}<int>>");
    assert_eq!(generic(described::<Gen<Vec<u8>>>()), "GenOf{0}{#}<base64Binary>");
    assert_eq!(
        generic(described::<KeyValuePair<String, Vec<i32>>>()),
        "KeyValuePairOf{0}{1}{#}<string,ArrayOfint>"
    );
    assert_eq!(
        generic(described::<Gen<BTreeMap<i32, bool>>>()),
        "GenOf{0}{#}<ArrayOfKeyValueOf{0}{1}{#}<int,boolean>>"
    );
    assert_eq!(described::<Person>().generic, None);
}

/// A customer.
///
/// Pays at the end of the month.
#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "urn:docs")]
struct Customer {
    /// As on the invoice.
    name: String,
    state: State,
}

/// What may be ordered.
#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "urn:docs")]
#[repr(u8)]
enum State {
    /// Nothing yet.
    New,
    Old,
}

#[test]
fn doc_comments_are_documentation() {
    let customer = described::<Customer>();
    assert_eq!(customer.documentation, "A customer.\n\nPays at the end of the month.");
    let TypeKind::Class(class) = customer.kind else { panic!("a class") };
    let documentation: Vec<_> = class.members.iter().map(|member| &*member.documentation).collect();
    assert_eq!(documentation, ["As on the invoice.", ""]);
    let state = enumeration::<State>();
    let documentation: Vec<_> = state.members.iter().map(|member| &*member.documentation).collect();
    assert_eq!(documentation, ["Nothing yet.", ""]);
    assert_eq!(&*state.underlying.local, "unsignedByte");
}

/// The same name as [`Customer`], and something else.
#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "urn:docs", name = "Customer")]
struct OtherCustomer {
    name: String,
}

/// The same but for null.
#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", namespace = "urn:docs", name = "Customer")]
struct NullCustomer {
    name: Option<String>,
    state: State,
}

#[test]
fn two_types_of_one_name_are_one_or_a_conflict() {
    let mut types = TypeDescriptions::new();
    Customer::describe(&mut types);
    NullCustomer::describe(&mut types);
    assert_eq!(types.conflicts(), []);
    let name = Customer::contract_name();
    let TypeKind::Class(class) = &types.get(&name).unwrap().kind else { panic!("a class") };
    assert!(class.members[0].value.nullable, "null is a value of one of them");
    OtherCustomer::describe(&mut types);
    OtherCustomer::describe(&mut types);
    let [conflict] = types.conflicts() else { panic!("{:?}", types.conflicts()) };
    assert!(
        conflict.to_string().contains("OtherCustomer")
            && conflict.to_string().contains("{urn:docs}Customer"),
        "{conflict}"
    );
    assert_eq!(types.iter().count(), 2);
}

#[test]
fn what_has_the_name_of_a_built_in_type_is_not_described() {
    let (types, used) = TypeDescriptions::of::<Option<OpenContent>>();
    assert_eq!((types.iter().count(), &*used.contract.local), (0, "anyType"));
}

/// Written by hand, as before there were descriptions.
struct ByHand;

impl DataContract for ByHand {
    fn contract_name() -> ContractName {
        ContractName::new("ByHand", "urn:hand")
    }

    fn write(&self, _: &mut Writer<'_>, _: NodeId) -> Result<(), WriteError> {
        Ok(())
    }

    fn read(_: &mut Reader, _: Element<'_>) -> Result<Self, ReadError> {
        Ok(Self)
    }
}

#[test]
fn what_is_written_by_hand_is_described_by_its_name() {
    let description = described::<ByHand>();
    assert_eq!((&*description.name.local, description.kind), ("ByHand", TypeKind::Opaque));
    let (types, _) = TypeDescriptions::of::<Vec<ByHand>>();
    assert_eq!(names(&types), ["ArrayOfByHand", "ByHand"]);
}
