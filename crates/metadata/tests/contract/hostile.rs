//! Documents of the corpus with attributes exchanged, removed or doubled: whatever comes of it, nothing panics, and every
//! finding has a place.

use std::sync::OnceLock;

use proptest::prelude::*;
use waxwing_metadata::contract::{ContractSet, Tier};
use waxwing_metadata::load::{LoadOptions, folder};
use waxwing_testkit::metadata::{self, Folder};

use crate::written::contract;

/// The places of attributes in a text: name and value, with the blank before.
fn attributes(text: &str) -> Vec<(usize, usize, usize)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(equals) = text[from..].find("=\"").map(|at| from + at) {
        let value = equals + 2;
        let Some(end) = text[value..].find('"').map(|at| value + at) else { break };
        if let Some(start) = text[..equals].rfind(char::is_whitespace) {
            found.push((start, value, end));
        }
        from = end + 1;
    }
    found
}

/// What is done to two attributes.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// The first gets the value of the second: references go astray, circles close.
    Value,
    /// The first is gone.
    Remove,
    /// The first one's name, too, is the second's.
    Whole,
}

fn changed(text: &str, changes: &[(usize, usize, Change)]) -> String {
    let mut text = text.to_owned();
    for &(first, second, change) in changes {
        let places = attributes(&text);
        if places.is_empty() {
            break;
        }
        let (start, value, end) = places[first % places.len()];
        let (other_start, other_value, other_end) = places[second % places.len()];
        match change {
            Change::Value => {
                let new = text[other_value..other_end].to_owned();
                text.replace_range(value..end, &new);
            }
            Change::Remove => text.replace_range(start..=end, ""),
            Change::Whole => {
                let new = text[other_start..=other_end].to_owned();
                text.replace_range(start..=end, &new);
            }
        }
    }
    text
}

fn small_folders() -> &'static [Folder] {
    static FOLDERS: OnceLock<Vec<Folder>> = OnceLock::new();
    FOLDERS.get_or_init(|| {
        let size = |of: &Folder| of.files.values().map(Vec::len).sum::<usize>();
        metadata::public().into_iter().filter(|of| size(of) < 60_000).collect()
    })
}

fn change() -> impl Strategy<Value = (usize, usize, Change)> {
    let change =
        prop_oneof![4 => Just(Change::Value), 1 => Just(Change::Remove), 2 => Just(Change::Whole)];
    (any::<usize>(), any::<usize>(), change)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn changed_documents_make_contracts_or_findings(
        which in any::<usize>(),
        file in any::<usize>(),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let folders = small_folders();
        let mut of = folders[which % folders.len()].clone();
        let paths: Vec<String> = of.files.keys().cloned().collect();
        let path = &paths[file % paths.len()];
        if let Ok(text) = std::str::from_utf8(&of.files[path]) {
            let text = changed(text, &changes);
            of.files.insert(path.clone(), text.into_bytes());
        }
        let set = folder(&of.name, &of.files, LoadOptions::default());
        let bindings: Vec<_> = set.bindings().map(|binding| binding.name.clone()).collect();
        let contracts = ContractSet::of_bindings(&set, &bindings);
        for finding in &contracts.findings {
            prop_assert!(finding.at.as_ref().is_none_or(|at| at.line > 0), "{finding:?}");
        }
        for operation in contracts.contracts.iter().flat_map(|contract| &contract.operations) {
            prop_assert!(!operation.signature(&contracts.types).is_empty());
            prop_assert_eq!(operation.fall.is_some(), operation.tier != Tier::DataContract);
        }
    }
}

#[test]
fn many_operations_around_one_large_element_are_told_to_be_too_many() {
    let element = |name: &str| format!(r#"<xs:element name="{name}" type="xs:int"/>"#);
    let inside: String = (0..2000).map(|part| element(&format!("p{part}"))).collect();
    let schema = format!(
        r#"<xs:element name="Large"><xs:complexType><xs:sequence>{inside}</xs:sequence></xs:complexType></xs:element>"#
    );
    let messages =
        r#"<w:message name="In"><w:part name="parameters" element="t:Large"/></w:message>"#;
    let operation = |number: usize| {
        format!(r#"<w:operation name="O{number}"><w:input message="t:In"/></w:operation>"#)
    };
    let bound = |number: usize| {
        format!(
            r#"<w:operation name="O{number}"><w:input><soap:body use="literal"/></w:input></w:operation>"#
        )
    };
    let port_type: String = (0..2000).map(operation).collect();
    let binding: String = (0..2000).map(bound).collect();
    let set = contract(&schema, messages, &port_type, &binding);
    let tiers: Vec<_> =
        set.contracts[0].operations.iter().map(|operation| operation.tier).collect();
    assert_eq!(tiers.iter().filter(|tier| **tier == Tier::DataContract).count(), 100);
    assert_eq!(tiers.len(), 2000);
}

#[test]
fn many_headers_parts_and_operations_take_no_quadratic_time() {
    const COUNT: usize = 20_000;
    let part = |number: usize| format!(r#"<w:part name="h{number}" type="xs:int"/>"#);
    let parts: String = (0..COUNT).map(part).collect();
    let messages = format!(r#"<w:message name="In">{parts}</w:message>"#);
    let header =
        |number: usize| format!(r#"<soap:header message="t:In" part="h{number}" use="literal"/>"#);
    let headers: String = (0..COUNT).map(header).collect();
    let operation = |number: usize| {
        format!(r#"<w:operation name="O{number}"><w:input message="t:In"/></w:operation>"#)
    };
    let port_type: String = (0..COUNT).map(operation).collect();
    let binding = format!(
        r#"<w:operation name="O7"><w:input>{headers}<soap:body use="literal"/></w:input></w:operation>"#
    );
    let set = contract("", &messages, &port_type, &binding);
    let only = &set.contracts[0].operations[0];
    assert_eq!(only.request.headers.len(), COUNT);
    let told: Vec<_> = set.findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].ends_with("O0, O1, O2, O3, O4, 19994 more cannot be called there"), "{told:?}");
}
