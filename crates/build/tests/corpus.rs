//! Code for every service of the corpus: the same each time, and (a long test, which `.ci/run` runs) it compiles without a
//! warning, and `rustfmt` has nothing to say.

#![allow(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use waxwing_build::contracts as contracts_of;
use waxwing_build::generate::{Generated, Options, generate};
use waxwing_metadata::Location;
use waxwing_metadata::contract::ContractSet;
use waxwing_metadata::load::{LoadOptions, Loader, folder};
use waxwing_testkit::generated::GeneratedCrate;
use waxwing_testkit::metadata::{self, Folder};

/// All contracts of a folder; none where it cannot be read.
fn contracts(of: &Folder) -> Option<ContractSet> {
    let set = folder(&of.name, &of.files, LoadOptions::default());
    let bindings: Vec<_> = set.bindings().map(|binding| binding.name.clone()).collect();
    if bindings.is_empty() {
        return None;
    }
    Some(contracts_of(&set, &bindings))
}

fn all() -> BTreeMap<String, ContractSet> {
    let folders = metadata::public().into_iter().chain(metadata::wcf());
    folders.filter_map(|folder| Some((folder.name.clone(), contracts(&folder)?))).collect()
}

fn code(name: &str, set: &ContractSet, options: &Options) -> Generated {
    generate(set, options).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_same_documents_give_the_same_code() {
    for (name, set) in all() {
        let options = Options::default();
        let text = code(&name, &set, &options).text;
        assert_eq!(code(&name, &set, &options).text, text, "{name}");
    }
}

/// `?wsdl` with what it imports, `?singleWsdl`, and the answer of a metadata exchange, as WCF served them (captured).
/// WCF's duplex calculator: what the service calls is a trait of its own, which the contract names.
#[test]
fn callbacks_are_a_trait_of_their_own() {
    let set = &all()["020-wcf-duplex-nettcp-calculator"];
    let Generated { text, contracts, notes, .. } = code("020", set, &Options::default());
    assert_eq!(contracts, ["CalculatorDuplex"]);
    assert!(text.contains("callback = CalculatorDuplexCallback"), "{text}");
    let (service, callback) = text.split_once("pub trait CalculatorDuplexCallback").expect(&text);
    assert!(service.contains("async fn add_to(") && !service.contains("async fn equation("));
    assert!(callback.contains("async fn equation(") && !callback.contains("async fn add_to("));
    assert!(!notes.iter().any(|note| note.contains("left out")), "{notes:?}");
    // Both have the names that their actions are made of.
    let named = "namespace = \"http://Microsoft.ServiceModel.Samples\"";
    assert_eq!(text.matches(named).count(), 2, "{text}");
    assert_eq!(text.matches("name = \"ICalculatorDuplex\"").count(), 2, "{text}");
}

#[test]
fn one_service_is_one_contract_whatever_says_it() {
    for name in ["wsdl-plain", "wsdl-kinds"] {
        let of = metadata::folder(name);
        let text_of = |location: &str, file: &str| {
            let mut loader = Loader::new(LoadOptions::default());
            loader.give(Location::new(location), of.files[file].clone());
            while let Some(want) = loader.want() {
                let (_, query) = want.location.as_str().split_once('?').expect("a query");
                let ending = query.split('=').next().expect("a kind");
                match of.files.get(&format!("{query}.{ending}.xml")) {
                    Some(octets) => loader.answer(&want, &want.location, octets.clone()),
                    None => loader.missing(&want, "not captured"),
                }
            }
            let set = loader.finish();
            let bindings: Vec<_> = set.bindings().map(|binding| binding.name.clone()).collect();
            assert!(!bindings.is_empty(), "{name} {file}");
            code(name, &contracts_of(&set, &bindings), &Options::default()).text
        };
        // The imports of the first page say where it was.
        let page = of.text("wsdl.wsdl.xml");
        let at = page.find("location=\"http://").expect("an import") + "location=\"".len();
        let address = page[at..].split('?').next().expect("an address");
        let page = text_of(&format!("{address}?wsdl"), "wsdl.wsdl.xml");
        assert_eq!(text_of(&format!("{address}?singleWsdl"), "singleWsdl.wsdl.xml"), page);
        assert_eq!(text_of(address, "001-mex-response.xml"), page);
    }
}

/// Compiles a crate with a module for each service, in each of two forms. Takes a minute or two.
#[test]
#[ignore = "long: compiles a large crate"]
fn the_code_compiles_without_a_warning() {
    let generated = GeneratedCrate::new("generated");
    let mut modules = String::from("//! Generated.\n#![deny(warnings)]\n\n");
    let other =
        Options { nullable_items: true, lenient_enums: true, server: true, ..Options::default() };
    for (name, set) in all() {
        let name = name.replace('-', "_");
        for (form, options) in [("plain", Options::default()), ("other", other.clone())] {
            let module = format!("s_{name}_{form}");
            let text = format!("#![allow(dead_code)]\n\n{}", code(&name, &set, &options).text);
            generated.write(&format!("src/{module}.rs"), text);
            modules.push_str(&format!("pub mod {module};\n"));
        }
    }
    generated.write("src/lib.rs", modules);
    generated.cargo("check");
}
