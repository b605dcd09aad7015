//! Generated types read and write what WCF has sent (captured): every exchange of a contract with every kind of data contract,
//! and of the calculator.

#![allow(clippy::disallowed_methods)]

use std::io::Read as _;
use std::path::Path;

use quote::quote;
use syn::{FnArg, ImplItem, Item, Pat, parse_quote};
use waxwing_build::contracts;
use waxwing_build::generate::{Options, generate};
use waxwing_metadata::load::{LoadOptions, folder};
use waxwing_testkit::generated::GeneratedCrate;
use waxwing_testkit::metadata;

/// The code of a captured service, with a service that hands every call on to a client of the same contract.
fn code(name: &str) -> String {
    let of = metadata::folder(name);
    let set = folder(&of.name, &of.files, LoadOptions::default());
    let bindings: Vec<_> = set.bindings().map(|binding| binding.name.clone()).collect();
    let options = Options { server: true, nullable_items: true, ..Options::default() };
    let generated = generate(&contracts(&set, &bindings), &options).expect("code");
    let mut file = syn::parse_file(&generated.text).expect("code");
    let client = quote::format_ident!("{}Client", generated.contracts[0]);
    for item in &mut file.items {
        let Item::Impl(item) = item else { continue };
        for method in &mut item.items {
            let ImplItem::Fn(method) = method else { continue };
            if method.sig.asyncness.is_none() {
                continue;
            }
            let arguments = method.sig.inputs.iter().filter_map(|argument| match argument {
                FnArg::Typed(argument) => match &*argument.pat {
                    Pat::Ident(name) => Some(&name.ident),
                    _ => None,
                },
                FnArg::Receiver(_) => None,
            });
            let (name, arguments) = (&method.sig.ident, arguments.collect::<Vec<_>>());
            method.block = parse_quote!({
                #client::new(&crate::REPLAY).#name(#(#arguments),*).await.map_err(crate::fault)
            });
        }
    }
    let tokens = quote!(#file);
    tokens.to_string()
}

/// The bodies of the messages of a capture, by their names.
fn exchanges(path: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(path);
    let mut text = String::new();
    let packed = std::fs::File::open(path).expect("a capture");
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).expect("gzip");
    let capture: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let messages = capture["messages"].as_array().expect("messages").iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    messages.map(|message| (text(&message["name"]), text(&message["body"]))).collect()
}

/// Compiles the code with a program that plays the messages, and runs it. Takes a minute or two.
#[test]
#[ignore = "long: compiles a crate"]
fn messages_of_wcf_survive_generated_types() {
    let generated = GeneratedCrate::new("generated-wcf");
    generated.write("src/main.rs", include_str!("program.rs"));
    for (service, module, capture) in [
        ("wsdl-kinds", "kinds", "metadata/kinds-messages.json.gz"),
        ("wsdl-plain", "calculator", "wcf/plain.json.gz"),
    ] {
        generated.write(&format!("src/{module}.rs"), code(service));
        for (name, body) in exchanges(capture) {
            generated.write(&format!("{module}/{name}"), body);
        }
    }
    generated.cargo("run");
}
