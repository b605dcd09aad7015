//! Every operation of the services of `testdata/metadata`.

use std::sync::Arc;

use waxwing_metadata::contract::{Body, Contract, ContractSet, Message, Operation};
use waxwing_metadata::json::{Codec, Json, OpenApiOptions};
use waxwing_metadata::load::{LoadOptions, folder};
use waxwing_testkit::metadata::{self, Folder};
use waxwing_xml::{Document, Limits, Name};

use crate::validator;

/// The contracts of a folder.
pub(crate) fn codec(of: &Folder) -> Codec {
    let set = folder(&of.name, &of.files, LoadOptions::default());
    let ports = set.services().flat_map(|service| &service.ports);
    let bindings: Vec<_> = ports.map(|port| port.binding.clone()).collect();
    Codec::new(Arc::new(ContractSet::of_bindings(&set, &bindings)))
}

/// Whether a message is of the types of JSON, and not XML as it is.
fn is_typed(message: &Message) -> bool {
    !matches!(message.body, Body::Raw(_))
}

fn body(codec: &Codec, message: &Message, value: &Json) -> Result<String, String> {
    let mut document = Document::new(Name::new("", "body", ""));
    let root = document.root().id();
    codec.write_body(message, value, &mut document, root).map_err(|error| error.to_string())?;
    Ok(document.to_xml())
}

/// Template to XML and back, and held against the schema.
fn goes_round(codec: &Codec, message: &Message, told: &str) {
    let template = codec.template(message);
    let xml = body(codec, message, &template);
    let xml = xml.unwrap_or_else(|error| panic!("{told}: {error}\n{}", template.to_pretty()));
    let document = Document::parse(xml.as_bytes(), &Limits::SOAP).expect("XML");
    let back = codec.read_body(message, document.root());
    let back = back.unwrap_or_else(|error| panic!("{told}: {error}\n{xml}"));
    // A result that is alone is given alone.
    let expected = match &message.body {
        Body::Wrapped { returns: true, parts, .. } if parts.len() == 1 => match &template {
            Json::Object(members) => members.first().map_or(Json::Null, |(_, value)| value.clone()),
            other => other.clone(),
        },
        Body::Empty => Json::Null,
        _ => template.clone(),
    };
    assert_eq!(back, expected, "{told}\n{xml}");
    let schema = codec.request_schema(message);
    let valid = validator::check(&schema, &template);
    valid.unwrap_or_else(|error| panic!("{told}: {error}\n{template}\n{schema}"));
    let schema = codec.reply_schema(message);
    let valid = validator::check(&schema, &back);
    valid.unwrap_or_else(|error| panic!("{told}: {error}\n{back}\n{schema}"));
}

fn operations(codec: &Codec) -> impl Iterator<Item = (&Contract, &Operation)> {
    let all = codec.contracts().contracts.iter();
    all.flat_map(|contract| contract.operations.iter().map(move |operation| (contract, operation)))
        .filter(|(_, operation)| operation.blocked.is_none())
}

#[test]
fn templates_of_every_operation_become_messages() {
    let (mut count, mut raw) = (0, 0);
    for of in metadata::public().iter().chain(&metadata::wcf()) {
        let codec = codec(of);
        for (contract, operation) in operations(&codec) {
            let told = format!("{} {} {}", of.name, contract.name.local, operation.name);
            let messages = [Some(&operation.request), operation.reply.as_ref()];
            for (message, what) in messages.into_iter().zip(["request", "reply"]) {
                let Some(message) = message else { continue };
                match is_typed(message) {
                    true => goes_round(&codec, message, &format!("{told} {what}")),
                    false => raw += 1,
                }
                count += 1;
                for header in &message.headers {
                    let template = codec.header_template(message, &header.name.local);
                    let schema = codec.element_schema(header);
                    let template = template.expect("a header of the message");
                    let valid = validator::check(&schema, &template);
                    valid.unwrap_or_else(|error| panic!("{told} {}: {error}", header.name));
                }
            }
        }
    }
    assert!(count > 1500, "{count}");
    assert!(raw * 5 < count, "{raw} of {count} are raw");
}

/// Every reference of a document leads somewhere, no path is there twice, and the document is the same each time.
#[test]
fn open_api_documents_are_whole() {
    for of in metadata::public() {
        let codec = codec(&of);
        let contracts: Vec<_> = codec.contracts().contracts.iter().collect();
        let document = codec.openapi(&contracts, &OpenApiOptions::default());
        assert_eq!(document, codec.openapi(&contracts, &OpenApiOptions::default()), "{}", of.name);
        let schemas =
            document.get("components").and_then(|all| all.get("schemas")).expect("schemas");
        let Some(Json::Object(paths)) = document.get("paths") else { panic!("no paths") };
        for (i, (path, _)) in paths.iter().enumerate() {
            assert!(path.starts_with('/') && paths[..i].iter().all(|(p, _)| p != path), "{path}");
        }
        let mut open = vec![&document];
        while let Some(value) = open.pop() {
            match value {
                Json::Object(members) => {
                    for (key, value) in members {
                        if let ("$ref", Some(target)) = (key.as_str(), value.as_str()) {
                            let name = target.strip_prefix("#/components/schemas/").expect("local");
                            assert!(schemas.get(name).is_some(), "{}: {target}", of.name);
                        }
                        open.push(value);
                    }
                }
                Json::Array(items) => open.extend(items),
                _ => {}
            }
        }
        assert_eq!(Json::parse(&document.to_pretty()).expect("JSON"), document);
    }
}
