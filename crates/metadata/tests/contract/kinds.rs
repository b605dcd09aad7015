//! A contract with every kind of data contract, as WCF exported it, held against what WCF's code generator made of it
//! (`import-client.cs` beside the capture).

use std::collections::BTreeSet;

use waxwing_metadata::contract::{Body, ContractSet, Pattern, Shape, Tier, TypeTable};
use waxwing_metadata::load::{LoadOptions, folder};
use waxwing_testkit::metadata;

use crate::written::{class, named};

/// The contracts of a capture of WCF in one document.
fn captured(name: &str) -> ContractSet {
    let of = metadata::wcf().into_iter().find(|of| of.name == name).expect("the capture");
    let mut files = of.files.clone();
    files.retain(|path, _| path.contains("singleWsdl"));
    let set = folder(name, &files, LoadOptions::default());
    let port = set.services().flat_map(|service| &service.ports).next().expect("a port");
    ContractSet::of(&set, port)
}

fn signatures(set: &ContractSet) -> Vec<String> {
    let operations = set.contracts.iter().flat_map(|contract| &contract.operations);
    operations.map(|operation| operation.signature(&set.types)).collect()
}

#[test]
fn operations_are_those_of_the_interface() {
    let kinds = captured("wsdl-kinds");
    assert_eq!(
        signatures(&kinds),
        [
            "EchoEverything(value: Everything?) -> Everything?",
            "EchoParty(value: Party?) -> Party?, faults MathFault, Size",
            "EchoNode(value: Node?) -> Node?",
            "EchoPair(value: PairOfstringAndArrayOfAddress?) -> PairOfstringAndArrayOfAddress?",
            "EchoGeneric(value: GenericOfPairOfintAndGenericOfstringo_SRRxCL3?) -> GenericOfPairOfintAndGenericOfstringo_SRRxCL3?",
            "EchoPhones(value: [string]?) -> [string]?",
            "EchoPrices(value: {string: decimal}?) -> {string: decimal}?",
            "EchoLegacy(value: Legacy?) -> Legacy?",
            "EchoBag(value: Bag?) -> Bag?",
            "EchoPoco(value: Poco?) -> Poco?",
            "EchoUnwrapped(header For: Address?, header Session: string?, header Tags: string?, Party?) -> \
             (header For: Address?, header Session: string?, header Tags: string?, Party?)",
            "Mix(a: Colours, more: [Colours]?) -> (MixResult: Colours, a: Colours, size: Size)",
            "one-way Fire(at: dateTime)",
            "Nothing() -> ()",
            "EchoXml(value: XmlThing?) -> XmlThing?",
            "Raw(xml) -> xml",
            "RpcAdd(a: int, b: int) -> int",
        ]
    );
    assert!(kinds.findings.is_empty(), "{:?}", kinds.findings);
    // WCF takes XmlSerializer for all since one operation needs it; here only that one falls.
    let tiers = kinds.contracts[0].operations.iter().filter(|o| o.tier != Tier::DataContract);
    let fallen: Vec<_> = tiers.map(|o| (o.name.as_str(), o.tier)).collect();
    assert_eq!(fallen, [("EchoXml", Tier::Xml), ("Raw", Tier::Raw)]);
}

#[test]
fn actions_and_faults_are_those_of_the_interface() {
    let kinds = captured("wsdl-kinds");
    let operation = |name: &str| crate::written::operation(&kinds, name);
    let mix = operation("Mix");
    assert_eq!(
        (mix.action.as_str(), mix.reply_action.as_deref()),
        ("urn:act", Some("urn:act-reply"))
    );
    assert_eq!(mix.soap_action, None);
    let Some(Body::Wrapped { returns, .. }) = mix.reply.as_ref().map(|reply| &reply.body) else {
        panic!()
    };
    assert!(returns);
    let party = operation("EchoParty");
    let faults: Vec<_> = party
        .faults
        .iter()
        .map(|f| (f.name.as_str(), f.action.as_str(), &*f.detail.name.local))
        .collect();
    assert_eq!(
        faults,
        [
            (
                "MathFaultFault",
                "http://Microsoft.ServiceModel.Samples/Kinds/EchoPartyMathFaultFault",
                "MathFault"
            ),
            ("SizeFault", "http://Microsoft.ServiceModel.Samples/Kinds/EchoPartySizeFault", "Size"),
        ]
    );
    assert_eq!(operation("Fire").pattern, Pattern::OneWay);
    let Body::Wrapped { wrapper, parts, .. } = &operation("RpcAdd").request.body else { panic!() };
    assert_eq!(wrapper.to_string(), "{http://Microsoft.ServiceModel.Samples}RpcAdd");
    assert_eq!(parts[0].name.to_string(), "a");
}

#[test]
fn types_are_those_of_the_generated_classes() {
    let kinds = captured("wsdl-kinds");
    let everything = class(&kinds, "Everything");
    assert_eq!(everything.members.len(), 33);
    let member =
        |local: &str| everything.members.iter().find(|m| &*m.name.local == local).expect("member");
    assert!(everything.members.iter().all(|m| m.order.is_none() && m.emit_default));
    let shape = |local: &str| &kinds.types.get(member(local).type_id).shape;
    assert!(matches!(shape("Element"), Shape::Xml { nodes: false }));
    assert!(matches!(shape("Object"), Shape::Any));
    assert!(matches!(shape("Char"), Shape::BuiltIn(name) if &*name.local == "char"));
    assert!(
        matches!(shape("Map"), Shape::Dictionary { entry, .. } if &*entry.local == "KeyValueOfstringint")
    );
    assert!(matches!(shape("Jagged"), Shape::Collection(_)));
    assert!(member("MaybeInt").nillable && !member("Int").nillable);
    let values: Vec<_> =
        ["Int", "Guid", "Span", "Flags", "KeyValue", "Offset", "DateTime", "String", "Uri"]
            .iter()
            .filter(|local| kinds.types.is_value_type(member(local).type_id))
            .collect();
    assert_eq!(values, [&"Int", &"Guid", &"Span", &"Flags", &"KeyValue", &"Offset", &"DateTime"]);

    let address = class(&kinds, "Address");
    let orders: Vec<_> =
        address.members.iter().map(|m| (&*m.name.local, m.order, m.emit_default)).collect();
    assert_eq!(orders, [("Street", None, false), ("City", Some(1), true), ("Zip", Some(2), true)]);
    assert_eq!(address.members.iter().map(|m| m.min_occurs).collect::<Vec<_>>(), [0, 1, 0]);

    let pair = class(&kinds, "PairOfstringAndArrayOfAddress");
    let (pattern, arguments) = pair.generic.as_ref().expect("generic");
    assert_eq!(pattern, "PairOf{0}And{1}");
    assert_eq!(arguments[1].to_string(), "{http://Microsoft.ServiceModel.Samples}ArrayOfAddress");
    let generic = class(&kinds, "GenericOfPairOfintAndGenericOfstringo_SRRxCL3");
    let (pattern, arguments) = generic.generic.as_ref().expect("generic");
    assert_eq!(pattern, "GenericOf{0}{#}");
    assert_eq!(&*arguments[0].local, "PairOfintAndGenericOfstring");
    assert!(class(&kinds, "Node").is_reference);
    assert!(class(&kinds, "Node").members.iter().all(|m| !m.recursive), "held by a shared pointer");
    let bag = &named(&kinds, "Bag").shape;
    assert!(matches!(bag, Shape::Serializable { .. }), "{bag:?}");
}

#[test]
fn enumerations_have_their_numbers() {
    let kinds = captured("wsdl-kinds");
    let members = |title: &str| match &named(&kinds, title).shape {
        Shape::Enumeration(of) => {
            (of.flags, of.members.iter().map(|m| (m.text.as_str(), m.value)).collect::<Vec<_>>())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(members("Size"), (false, vec![("Small", 0), ("MEDIUM", 5), ("Large", 6)]));
    assert_eq!(
        members("Colours"),
        (true, vec![("None", 0), ("Red", 1), ("Green", 2), ("Azure", 4)])
    );
}

#[test]
fn derived_classes_are_known() {
    let kinds = captured("wsdl-kinds");
    let title = |types: &TypeTable, id| types.get(id).title.clone();
    let party = class(&kinds, "Party");
    let derived: BTreeSet<_> = party.derived.iter().map(|id| title(&kinds.types, *id)).collect();
    assert_eq!(derived, ["Customer".to_owned(), "Supplier".to_owned()].into());
    assert_eq!(
        class(&kinds, "Supplier").base.map(|id| title(&kinds.types, id)),
        Some("Party".to_owned())
    );
    assert_eq!(named(&kinds, "Supplier").namespace, "urn:other");
}

#[test]
fn streams_and_callbacks() {
    assert_eq!(
        signatures(&captured("wsdl-kinds-stream")),
        ["Send(header FileName: string?, stream) -> long", "Get(n: int) -> stream"]
    );
    let duplex = captured("wsdl-dual-none");
    assert_eq!(
        signatures(&duplex),
        [
            "Begin(p: Party?) -> Party?",
            "one-way Finish()",
            "one-way callback Equals(result: double)",
            "one-way callback Equation(eqn: string?)",
            "callback Ask(index: int) -> double",
        ]
    );
    let finish = crate::written::operation(&duplex, "Finish");
    assert!(finish.is_terminating && !finish.is_initiating);
    assert_eq!(duplex.contracts[0].using_session, Some(true));
}
