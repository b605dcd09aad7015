//! The schemas of contracts against those that WCF exported of the same ones.

#![allow(missing_docs, unreachable_pub, clippy::disallowed_methods)]

mod compare;
#[allow(dead_code)]
mod imported;
mod kinds;
mod round_trip;
/// The types of the samples of DataContractSerializer.
#[path = "../../../datacontract/tests/support/types.rs"]
#[allow(dead_code)]
mod types;
mod xml;

use compare::{Meaning, captured, difference, of};
use waxwing::contract::ContractDescription;
use waxwing_metadata::export::{ExportedSchemas, SchemaExporter};
use waxwing_metadata::schema::write;

fn exported(contract: &ContractDescription) -> ExportedSchemas {
    let mut schemas = SchemaExporter::new();
    contract.export(&mut schemas, None);
    let exported = schemas.finish();
    assert_eq!(exported.conflicts, []);
    exported
}

fn meaning(exported: &ExportedSchemas) -> Meaning {
    // What is written is read again.
    let written = exported.schemas.iter().map(|schema| write(schema).to_string());
    let read = |text: String| {
        waxwing::xml::Document::parse(text.into_bytes(), &Default::default()).expect("a document")
    };
    written.map(|text| of(&read(text))).collect()
}

#[test]
fn a_calculator_is_exported_as_by_wcf() {
    let ours = meaning(&exported(&kinds::CALCULATOR_CONTRACT));
    assert_eq!(difference(&captured("wsdl-plain"), &ours), "");
}

#[test]
fn a_service_of_basic_http_binding_has_the_same_schemas() {
    // Its pages are those of `wsdl-plain`, and were captured in one document.
    let folder = waxwing_testkit::metadata::folder("wsdl-basic");
    let single = folder.text("singleWsdl.wsdl.xml");
    let document = waxwing::xml::Document::parse(single, &Default::default()).expect("a document");
    let theirs = compare::of_wsdl(&document);
    let ours = meaning(&exported(&kinds::CALCULATOR_CONTRACT));
    assert_eq!(difference(&theirs, &ours), "");
}

#[test]
fn protected_messages_are_exported_as_by_wcf() {
    let ours = meaning(&exported(&kinds::PROTECTED_CONTRACT));
    assert_eq!(difference(&captured("wsdl-protection"), &ours), "");
    let contract = kinds::PROTECTED_CONTRACT.export(&mut SchemaExporter::new(), None);
    let order = contract.operations.iter().find(|own| own.name == "Order").expect("Order");
    let levels = |message: &waxwing_metadata::export::MessageExport| {
        let headers =
            message.headers.iter().map(|own| format!("{}={:?}", own.element.local, own.level));
        format!("{:?} {}", message.level, headers.collect::<Vec<_>>().join(" "))
    };
    assert_eq!(levels(&order.request), "Sign CardNumber=EncryptAndSign Customer=Sign Trace=None");
    let reply = order.reply.as_ref().expect("a reply");
    assert_eq!(levels(reply), "EncryptAndSign Status=Sign Ticket=EncryptAndSign");
}

/// This version has no callbacks; their messages are like others.
#[test]
fn messages_of_a_duplex_contract_are_exported_as_by_wcf() {
    use waxwing::datacontract::DataContract as _;
    use waxwing_metadata::QName;
    use waxwing_metadata::export::PartExport;
    let mut schemas = SchemaExporter::new();
    let name = |local: &str| QName::new("http://Microsoft.ServiceModel.Samples", local);
    let party = kinds::AnyParty::describe(schemas.types());
    let text = String::describe(schemas.types());
    let number = f64::describe(schemas.types());
    let index = i32::describe(schemas.types());
    let part = |local: &str, used: &waxwing::datacontract::TypeUse| {
        vec![PartExport::new(name(local), used.clone())]
    };
    for (wrapper, parts) in [
        ("Begin", part("p", &party)),
        ("BeginResponse", part("BeginResult", &party)),
        ("Finish", Vec::new()),
        ("Equals", part("result", &number)),
        ("Equation", part("eqn", &text)),
        ("Ask", part("index", &index)),
        ("AskResponse", part("AskResult", &number)),
    ] {
        schemas.wrapper(&name(wrapper), &parts);
    }
    let ours = meaning(&schemas.finish());
    assert_eq!(difference(&captured("wsdl-dual-none"), &ours), "");
}

/// A hand-written type that names itself and describes nothing.
#[test]
fn what_nobody_describes_may_be_anything() {
    use waxwing::datacontract::{ContractName, TypeUse};
    use waxwing_metadata::QName;
    use waxwing_metadata::export::{PartExport, SchemaConflict};
    let mut schemas = SchemaExporter::new();
    let contract = ContractName::new("Ghost", "urn:ghosts");
    let ghost = TypeUse { contract, value_type: false, nullable: true };
    let part = PartExport::new(QName::new("urn:a", "ghost"), ghost);
    schemas.wrapper(&QName::new("urn:a", "Call"), std::slice::from_ref(&part));
    schemas.wrapper(&QName::new("urn:a", "Call"), &[]);
    let exported = schemas.finish();
    let texts: String = exported.schemas.iter().map(|schema| write(schema).to_string()).collect();
    assert!(
        texts.contains(
            r#"<xs:complexType name="Ghost"><xs:sequence><xs:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence><xs:anyAttribute processContents="lax"/></xs:complexType>"#
        ),
        "{texts}"
    );
    assert_eq!(exported.conflicts, [SchemaConflict::Element(QName::new("urn:a", "Call"))]);
    assert!(exported.conflicts[0].to_string().contains("{urn:a}Call"));
}

#[test]
fn streams_are_exported_as_by_wcf() {
    let ours = meaning(&exported(&kinds::KINDS2_CONTRACT));
    assert_eq!(difference(&captured("wsdl-kinds-stream"), &ours), "");
}

#[test]
fn every_kind_of_contract_is_exported_as_by_wcf() {
    let ours = meaning(&exported(&kinds::KINDS_CONTRACT));
    assert_eq!(difference(&captured("wsdl-kinds"), &ours), "");
}

/// `imported.rs` is what `waxwing import` made of WCF's export of the contract `Kinds`.
#[test]
fn what_was_imported_is_exported_again() {
    let ours = meaning(&exported(&imported::KINDS_CONTRACT));
    let found = difference(&captured("wsdl-kinds"), &ours);
    let names = found.lines().map(|line| {
        let name = line.split(" name=").nth(1).and_then(|rest| rest.split([' ', '>']).next());
        format!("{}{}", &line[..1], name.unwrap_or("import"))
    });
    let names: Vec<_> = names.collect();
    // All else is the same. Code has a class of its own for each closed generic class, without the
    // word that it was one; a choice for mixed content; anything for a class that serializes itself; one style of messages.
    assert_eq!(
        names,
        [
            "-XmlThing",
            "-GenericOfPairOfintAndGenericOfstringo_SRRxCL3",
            "-GenericOfstring",
            "-PairOfintAndGenericOfstring",
            "-PairOfstringAndArrayOfAddress",
            "-EchoBag",
            "-EchoBagResponse",
            "-Bag",
            "-Bag",
            "-import",
            "+XmlThing",
            "+GenericOfPairOfintAndGenericOfstringo_SRRxCL3",
            "+GenericOfstring",
            "+PairOfintAndGenericOfstring",
            "+PairOfstringAndArrayOfAddress",
            "+ArrayOfInt",
            "+EchoBag",
            "+EchoBagResponse",
            "+RpcAdd",
            "+RpcAddResponse",
        ],
        "{found}"
    );
}
