//! Every folder of `testdata/metadata`, held against what is expected of its types.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_metadata::contract::{ContractSet, Pattern, Shape, Tier, Type};
use waxwing_metadata::judge::{Class, JudgeOptions, judge};
use waxwing_metadata::load::{LoadOptions, folder};
use waxwing_metadata::{MetadataSet, namespaces};
use waxwing_testkit::metadata::{self, Folder};

/// All contracts of a folder.
pub(crate) fn contracts(of: &Folder) -> (MetadataSet, ContractSet) {
    let set = folder(&of.name, &of.files, LoadOptions::default());
    let ports = set.services().flat_map(|service| &service.ports);
    let bindings: Vec<_> = ports.map(|port| port.binding.clone()).collect();
    let contracts = ContractSet::of_bindings(&set, &bindings);
    (set, contracts)
}

/// What a data contract is called in the table.
fn kind(of: &Type) -> &'static str {
    match &of.shape {
        _ if of.name.as_ref().is_some_and(|name| &*name.namespace == namespaces::MESSAGE) => {
            "builtin"
        }
        Shape::Class(_) => "class",
        Shape::Collection(_) | Shape::Dictionary { .. } => "collection",
        Shape::Enumeration(of) if of.flags => "flags enum",
        Shape::Enumeration(_) => "enum",
        Shape::Simple { .. } => "alias",
        other => panic!("{other:?} is no named data contract"),
    }
}

/// Named types, data contracts, others, kinds; elements with a type of their own that is a class, others.
fn row(set: &MetadataSet, contracts: &ContractSet) -> [String; 5] {
    let is_declared = |of: &&Type| {
        let name = of.name.as_ref().filter(|name| &*name.namespace != namespaces::SERIALIZATION);
        name.is_some_and(|name| set.type_definition(name).is_some())
    };
    let named: Vec<_> = contracts.types.iter().map(|(_, of)| of).filter(is_declared).collect();
    let (good, others): (Vec<&Type>, Vec<_>) =
        named.iter().partition(|of| of.tier == Tier::DataContract);
    let mut kinds = BTreeMap::new();
    for of in &good {
        *kinds.entry(kind(of)).or_insert(0) += 1;
    }
    let mut kinds: Vec<_> =
        kinds.into_iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    kinds.sort();
    let elements = set.schemas().flat_map(|schema| &schema.elements);
    let places: Vec<_> =
        elements.map(|element| (element.name.local.to_string(), element.at.clone())).collect();
    let (mut wrappers, mut no_wrappers) = (0, 0);
    for (_, of) in contracts.types.iter().filter(|(_, of)| of.name.is_none()) {
        // The type of a global element stands inside of it, and is called like it.
        let is_global = places.iter().any(|(name, at)| {
            *name == of.title && at.location == of.at.location && of.at.line.abs_diff(at.line) <= 3
        });
        match (is_global, &of.shape) {
            (true, Shape::Class(_)) => wrappers += 1,
            (true, _) => no_wrappers += 1,
            (false, _) => {}
        }
    }
    [
        named.len().to_string(),
        good.len().to_string(),
        others.len().to_string(),
        kinds.join(", "),
        format!("{wrappers}/{no_wrappers}"),
    ]
}

/// The expected row in the same form: kinds sorted.
fn expected(of: &Folder) -> Option<[String; 5]> {
    let row = of.types.first()?;
    let mut kinds: Vec<&str> = row[3].split(", ").filter(|kind| !kind.is_empty()).collect();
    kinds.sort_unstable();
    let wrappers = format!("{}/{}", row[5], row[6]);
    Some([row[0].clone(), row[1].clone(), row[2].clone(), kinds.join(", "), wrappers])
}

/// Rows where the table, which a small program made, is wrong by WCF's source or by ours being wider, with the right one.
const CORRECTED: [(&str, &str, [&str; 5]); 19] = [
    (
        "036",
        "a reference in a wrapper",
        ["13", "13", "0", "builtin 1, class 7, collection 3, enum 2", "20/1"],
    ),
    ("055", UNQUALIFIED, ["0", "0", "0", "", "0/1"]),
    ("059", UNQUALIFIED, ["0", "0", "0", "", "0/8"]),
    ("060", UNQUALIFIED, ["0", "0", "0", "", "0/8"]),
    ("061", UNQUALIFIED, ["1", "1", "0", "alias 1", "0/2"]),
    ("062", UNQUALIFIED, ["0", "0", "0", "", "0/8"]),
    ("064", UNQUALIFIED, ["0", "0", "0", "", "0/6"]),
    ("066", UNQUALIFIED, ["3", "2", "1", "alias 1, class 1", "0/1"]),
    ("070", UNQUALIFIED, ["0", "0", "0", "", "0/3"]),
    ("071", "WSDL 2.0 is not read", ["0", "0", "0", "", "0/0"]),
    (
        "072",
        "an extension that adds nothing is a class",
        ["6", "5", "1", "class 4, enum 1", "13/26"],
    ),
    ("075", UNQUALIFIED, ["0", "0", "0", "", "0/2"]),
    (
        "082",
        "attributes of elements without a named type",
        ["41", "35", "6", "alias 29, class 3, enum 2, flags enum 1", "2/0"],
    ),
    ("083", TEXTS, ["456", "224", "232", "alias 16, class 86, collection 2, enum 120", "0/57"]),
    (
        "084",
        DERIVED,
        ["419", "102", "317", "alias 11, class 20, collection 7, enum 63, flags enum 1", "0/2"],
    ),
    ("085", TEXTS, ["55", "7", "48", "alias 3, enum 4", "10/31"]),
    ("086", DERIVED, ["102", "85", "17", "class 46, collection 32, enum 7", "219/19"]),
    ("089", DERIVED, ["96", "65", "31", "alias 18, class 36, collection 3, enum 8", "0/4"]),
    (
        "099",
        "a group is no local element; an element of the type's name has a substitution group; unqualified items",
        ["120", "24", "96", "alias 16, class 5, enum 3", "0/0"],
    ),
];
/// `ImportClassMember` asks members of wrappers for their form, too.
const UNQUALIFIED: &str = "elements of wrappers are unqualified";
/// Ours: an enumeration of `xs:token` is as closed as one of `xs:string`; WCF takes its base.
const TEXTS: &str = "enumerations of other texts than xs:string";
/// `ImportKnownTypes` imports what extends a class with it, and fails with it.
const DERIVED: &str = "classes that something extends which is none";

#[test]
fn types_are_those_that_are_expected() {
    let mut differing = Vec::new();
    for of in metadata::public() {
        let (set, contracts) = contracts(&of);
        let found = row(&set, &contracts);
        let corrected = CORRECTED.iter().find(|(number, ..)| of.name.starts_with(number));
        let Some(table) = expected(&of) else { continue };
        let right = corrected.map_or(table.clone(), |(.., right)| right.map(str::to_owned));
        if found != right || corrected.is_some() && right == table {
            differing.push(format!("{} {found:?} instead of {right:?}", &of.name[..3]));
        }
    }
    assert!(differing.is_empty(), "{differing:#?}");
}

#[test]
fn the_same_documents_make_the_same_contracts() {
    for of in metadata::public() {
        let text = |contracts: &ContractSet| format!("{contracts:?}");
        let (first, second) = (contracts(&of).1, contracts(&of).1);
        assert_eq!(text(&first), text(&second), "{}", of.name);
    }
}

#[test]
fn every_operation_of_the_corpus_has_a_contract() {
    let (mut operations, mut blocked, mut unaddressed, mut tiers) = (0, 0, 0, BTreeMap::new());
    for of in metadata::public() {
        let (_, contracts) = contracts(&of);
        for contract in &contracts.contracts {
            for operation in &contract.operations {
                operations += 1;
                blocked += usize::from(operation.blocked.is_some());
                *tiers.entry(operation.tier).or_insert(0) += 1;
                let answers =
                    matches!(operation.pattern, Pattern::RequestResponse | Pattern::Callback);
                assert_eq!(operation.reply.is_some(), answers, "{} {}", of.name, operation.name);
                unaddressed += usize::from(operation.action.is_empty());
                let falls = operation.tier != Tier::DataContract;
                assert_eq!(operation.fall.is_some(), falls, "{} {}", of.name, operation.name);
                for fall in operation.fall.iter().chain(&operation.blocked) {
                    assert!(fall.at.line > 0, "{} {} {fall:?}", of.name, operation.name);
                }
            }
        }
    }
    assert_eq!(unaddressed, 96);
    // rpc/encoded, several parts in the body, missing messages.
    assert_eq!((operations, blocked), (1081, 58));
    let [good, xml, raw] = [Tier::DataContract, Tier::Xml, Tier::Raw].map(|tier| tiers[&tier]);
    assert_eq!([good, xml, raw], [584, 465, 32]);
}

/// The verdict on a port and its contract say of the same operations that they cannot be called.
#[test]
fn the_judge_blocks_the_same_operations() {
    for of in metadata::public() {
        let set = contracts(&of).0;
        let verdicts = judge(&set, &JudgeOptions::default());
        let ports = set.services().flat_map(|service| &service.ports);
        for port in ports {
            let contracts = ContractSet::of(&set, port);
            if contracts.contracts.is_empty() {
                continue;
            }
            let Some(verdict) = verdicts.iter().find(|verdict| verdict.port == port.name) else {
                continue;
            };
            let of_messages = |class: Class| {
                matches!(class, Class::Contract | Class::Encoded | Class::Attachments)
            };
            let judged: BTreeSet<&str> = verdict
                .operations
                .iter()
                .filter(|o| o.obstacles.iter().any(|obstacle| of_messages(obstacle.class)))
                .map(|o| o.name.as_str())
                .collect();
            let operations = contracts.contracts.iter().flat_map(|contract| &contract.operations);
            // One that the port type does not have is in no contract.
            let known: BTreeSet<&str> = operations.clone().map(|o| o.name.as_str()).collect();
            let judged: BTreeSet<&str> = judged.intersection(&known).copied().collect();
            let blocked: BTreeSet<&str> =
                operations.filter(|o| o.blocked.is_some()).map(|o| o.name.as_str()).collect();
            assert_eq!(judged, blocked, "{} {}", of.name, port.name);
        }
    }
}
