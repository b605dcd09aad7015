//! Names of Rust are identifiers and differ, whatever the names of XML are.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use waxwing_metadata::contract::names::{
    Modules, Scope, Style, constant, decode, field, method, module_path, trait_name, type_name,
    variant, words,
};
use waxwing_testkit::metadata;

use crate::corpus::contracts;

/// Whether a name may stand in Rust as an identifier.
fn is_identifier(name: &str) -> bool {
    const REFUSED: [&str; 5] = ["self", "Self", "super", "crate", "_"];
    const KEYWORDS: [&str; 13] = [
        "type", "fn", "match", "move", "async", "await", "dyn", "gen", "try", "abstract", "yield",
        "in", "use",
    ];
    let plain = name.strip_prefix("r#").unwrap_or(name);
    let mut characters = plain.chars();
    let starts = characters.next().is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c));
    starts
        && characters.all(unicode_ident::is_xid_continue)
        && !REFUSED.contains(&plain)
        && (name != plain || !KEYWORDS.contains(&name))
}

proptest! {
    #[test]
    fn every_name_becomes_an_identifier(name in any::<String>()) {
        for made in [type_name(&name), variant(&name), field(&name), method(&name), constant(&name), trait_name(&name)] {
            prop_assert!(is_identifier(&made), "{made:?} of {name:?}");
        }
        prop_assert!(!type_name(&name).starts_with(|c: char| c.is_ascii_lowercase()));
        for made in module_path(&name) {
            prop_assert!(is_identifier(&made), "{made:?} of {name:?}");
        }
        prop_assert!(words(&name).iter().all(|word| !word.is_empty()));
    }

    #[test]
    fn escapes_are_undone(name in any::<String>()) {
        prop_assert_eq!(decode(&waxwing_datacontract::encode_local_name(&name)), name);
    }

    #[test]
    fn names_of_a_scope_differ(names in prop::collection::vec("[aAbB_12]{0,4}|type|r#type|Name_?[2-4]?", 0..40)) {
        for style in [Style::Snake, Style::Pascal] {
            let mut scope = Scope::new(style);
            let made = |name: &String| match style {
                Style::Snake => field(name),
                Style::Pascal => type_name(name),
            };
            let given: Vec<String> = names.iter().map(|name| scope.give(&made(name))).collect();
            let plain: BTreeSet<&str> = given.iter().map(|name| name.strip_prefix("r#").unwrap_or(name)).collect();
            prop_assert_eq!(plain.len(), given.len());
            prop_assert!(given.iter().all(|name| is_identifier(name)), "{:?}", given);
        }
    }

    #[test]
    fn modules_of_namespaces_differ(namespaces in prop::collection::btree_set("(http://|urn:)?[ab.:/1]{1,6}", 2..12)) {
        let modules = Modules::of(namespaces.iter().map(String::as_str), &BTreeMap::new());
        let paths: Vec<_> = modules.iter().map(|(_, path)| path).filter(|path| !path.is_empty()).collect();
        let differing: BTreeSet<_> = paths.iter().collect();
        prop_assert_eq!(differing.len(), paths.len());
    }
}

#[test]
fn names_of_the_corpus_are_identifiers() {
    for of in metadata::public() {
        let (_, contracts) = contracts(&of);
        for (_, of) in contracts.types.iter() {
            assert!(is_identifier(&type_name(&of.title)), "{}", of.title);
        }
        for operation in contracts.contracts.iter().flat_map(|contract| &contract.operations) {
            assert!(is_identifier(&method(&operation.name)), "{}", operation.name);
        }
    }
}
