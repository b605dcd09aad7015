//! Code for services whose types are beyond data contracts: Exchange, PayPal, ONVIF events, Reporting Services, EPCIS.

#![allow(clippy::disallowed_methods)]

use std::collections::BTreeSet;

use waxwing_build::generate::{Generated, Options, generate};
use waxwing_metadata::contract::ContractSet;
use waxwing_metadata::load::{LoadOptions, folder};
use waxwing_testkit::generated::GeneratedCrate;
use waxwing_testkit::metadata;

/// The folders, and what their modules are called in the crate that is compiled.
const SERVICES: [(&str, &str); 5] = [
    ("083", "paypal"),
    ("084", "exchange"),
    ("085", "onvif"),
    ("086", "reports"),
    ("099", "epcis"),
];

fn code(number: &str) -> Generated {
    let of = metadata::folder(number);
    let set = folder(&of.name, &of.files, LoadOptions::default());
    let bindings: Vec<_> = set.bindings().map(|binding| binding.name.clone()).collect();
    let mut contracts = ContractSet::of_bindings(&set, &bindings);
    let mut seen = BTreeSet::new();
    contracts.contracts.retain(|contract| seen.insert(contract.name.clone()));
    generate(&contracts, &Options::default()).unwrap_or_else(|error| panic!("{number}: {error}"))
}

/// The item that a text stands before, up to its closing brace.
fn item<'t>(text: &'t str, begins: &str) -> &'t str {
    let start = text.find(begins).unwrap_or_else(|| panic!("no {begins}"));
    let rest = &text[start..];
    let indent = text[..start].len() - text[..start].trim_end_matches(' ').len();
    let end = format!("\n{}}}\n", " ".repeat(indent));
    &rest[..rest.find(&end).map_or(rest.len(), |at| at + end.len())]
}

#[test]
fn shapes_of_the_schema_are_shapes_of_rust() {
    let exchange = code("084").text;
    let find = item(&exchange, "pub struct FindItemType {");
    for line in [
        "#[xml(base)]",
        "pub base: BaseRequestType,",
        "#[xml(attribute)]",
        "#[xml(choice)]",
        "pub item: Option<FindItemTypeItem>,",
        "pub restriction: Option<exchange_services_2006_types::RestrictionType>,",
    ] {
        assert!(find.contains(line), "{line}\n{find}");
    }
    // A substitution group is one enum for all that refer to it; what holds itself is in a box.
    let head = item(&exchange, "pub enum SearchExpressionElement {");
    for line in ["And(AndType),", "Not(Box<NotType>),"] {
        assert!(head.contains(line), "{line}\n{head}");
    }
    assert!(exchange.contains("#[xml(derived, base = SearchExpressionType)]"));
    let days = &exchange[..exchange.find("pub struct DaysOfWeekType(").expect("a list")];
    assert!(days.lines().rev().take(4).any(|line| line.contains("list")));
    assert!(!exchange.contains("RawBody"), "an operation is XML");
    let paypal = code("083").text;
    let amount = item(&paypal, "pub struct BasicAmountType {");
    assert!(amount.contains("#[xml(attribute, name = \"currencyID\")]"), "{amount}");
    assert!(amount.contains("#[xml(text)]"), "{amount}");
    let onvif = code("085").text;
    let subscribe = item(&onvif, "pub struct Subscribe {");
    assert!(subscribe.contains("Option<Nullable<AbsoluteOrRelativeTimeType>>"), "{subscribe}");
    let topic = item(&onvif, "pub struct TopicExpressionType {");
    assert!(topic.contains("pub attributes: Vec<(QName, String)>,"), "{topic}");
    assert!(item(&onvif, "pub enum TopicExpressionTypeContent {").contains("#[xml(text)]"));
    let epcis = code("099").text;
    let events = item(&epcis, "pub enum EventListTypeItem {");
    assert!(events.contains("ObjectEvent(ObjectEventType),") && events.contains("#[xml(any)]"));
}

#[test]
fn the_same_documents_give_the_same_code() {
    for (number, _) in SERVICES {
        assert_eq!(code(number), code(number), "{number}");
    }
}

/// Compiles the five services with a program that reads and writes messages of each, and runs it. Takes minutes.
#[test]
#[ignore = "long: compiles a large crate"]
fn messages_survive_the_generated_types() {
    let generated = GeneratedCrate::new("generated-xml");
    generated.write("src/main.rs", include_str!("messages.rs"));
    for (number, name) in SERVICES {
        let text = code(number).text;
        generated.write(&format!("src/{name}.rs"), text);
    }
    generated.cargo("run");
}
