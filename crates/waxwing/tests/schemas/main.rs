//! The schemas of contracts against those that WCF exported of the same ones.

#![allow(missing_docs, unreachable_pub, clippy::disallowed_methods)]

mod compare;
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
fn streams_are_exported_as_by_wcf() {
    let ours = meaning(&exported(&kinds::KINDS2_CONTRACT));
    assert_eq!(difference(&captured("wsdl-kinds-stream"), &ours), "");
}

#[test]
fn every_kind_of_contract_is_exported_as_by_wcf() {
    let ours = meaning(&exported(&kinds::KINDS_CONTRACT));
    assert_eq!(difference(&captured("wsdl-kinds"), &ours), "");
}
