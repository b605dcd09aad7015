//! Files made at random from the schema, each attribute different from its default, are read and
//! written again: not one attribute or element may be lost.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::Configuration;
use crate::bindings::custom_binding::describe_elements;
use crate::bindings::describe_bindings;
use crate::config::behaviors::Behaviors;
use crate::config::endpoints::{Client, ProtocolMappings, Services};
use crate::config::waxwing::WaxwingSection;
use crate::file::writer::OutNode;
use crate::settings::{AttributeDescription, ChildDescription, Description};
use crate::time_span::TimeSpan;
use crate::values::{Range, Rule};

/// Choices that follow from a seed.
struct Choices(u64);

impl Choices {
    fn below(&mut self, n: usize) -> usize {
        // Marsaglia's xorshift; any spread will do.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % n.max(1)
    }

    /// One time in `n`.
    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

const STRINGS: &[&str] =
    &["x", "http://h/a?b=1&c=2", "<\"'>", "a\tb\nc", "Zürich €", " blank ", "CN=a, O=b"];

const ADDRESSES: &[&str] =
    &["x", "http://h/a?b=1&c=2", "", "../a b", "net.tcp://h:1/Zürich", " http://h/ ", "urn:<\"'>"];

fn value(attribute: &AttributeDescription, choices: &mut Choices) -> String {
    let kind = attribute.kind;
    if !kind.names.is_empty() {
        return kind.names[choices.below(kind.names.len())].to_owned();
    }
    if attribute.rule == Rule::Uri {
        return ADDRESSES[choices.below(ADDRESSES.len())].to_owned();
    }
    match kind.name {
        "TimeSpan" => span(attribute.rule.range(), choices),
        "int" | "long" => {
            let Range { min, max } =
                attribute.rule.range().unwrap_or(Range::new(0, i32::MAX.into()));
            (min + choices.below(60_000) as i64).min(max).to_string()
        }
        "encoding" => ["utf-8", "utf-16", "unicodeFFFE"][choices.below(3)].to_owned(),
        _ => STRINGS[choices.below(STRINGS.len())].to_owned(),
    }
}

fn span(range: Option<Range>, choices: &mut Choices) -> String {
    let Range { min, max } = range.unwrap_or(Range::new(0, TimeSpan::MAX_TIMEOUT.ticks()));
    if choices.one_in(8) {
        return TimeSpan::INFINITE.to_string();
    }
    let ticks =
        choices.below(60_000) as i64 * [1, 10_000, 10_000_000, 300_000_000][choices.below(4)];
    TimeSpan::from_ticks(ticks.clamp(min, max)).to_string()
}

fn fill(node: &mut OutNode, description: &Description, choices: &mut Choices) {
    for attribute in &description.attributes {
        let text = value(attribute, choices);
        // `Default` is another name of one of the names: written as that one.
        let other_name = text == "Default" && attribute.kind.names.contains(&"Default");
        if choices.one_in(3) && !other_name && Some(&text) != attribute.default.as_ref() {
            node.attributes.push((attribute.name.to_owned(), text));
        }
    }
    for child in &description.children {
        let most = if child.many { 3 } else { 2 };
        for _ in 0..choices.below(most) {
            let mut inner = OutNode::new(child.name);
            fill(&mut inner, &child.inner, choices);
            node.push_unless_empty(inner);
        }
    }
}

fn file(seed: u64) -> OutNode {
    let mut choices = Choices(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let choices = &mut choices;
    let mut root = OutNode::new("configuration");
    let mut model = OutNode::new("system.serviceModel");
    let sections: [(&str, Description); 4] = [
        ("services", Description::of(&Services::default())),
        ("client", Description::of(&Client::default())),
        ("behaviors", Description::of(&Behaviors::default())),
        ("protocolMapping", Description::of(&ProtocolMappings::default())),
    ];
    let mut bindings = OutNode::new("bindings");
    for (section, description) in describe_bindings() {
        let mut group = OutNode::new(section);
        for _ in 0..choices.below(3) {
            let binding = group.child("binding");
            fill(binding, &description, choices);
            if section == "customBinding" {
                for ChildDescription { name, inner: description, .. } in describe_elements() {
                    if choices.one_in(2) {
                        fill(binding.child(name), &description, choices);
                    }
                }
            }
        }
        bindings.push_unless_empty(group);
    }
    model.push_unless_empty(bindings);
    for (name, description) in &sections {
        let mut section = OutNode::new(name);
        fill(&mut section, description, choices);
        model.push_unless_empty(section);
    }
    root.push_unless_empty(model);
    let mut waxwing = OutNode::new("waxwing");
    fill(&mut waxwing, &Description::of(&WaxwingSection::default()), choices);
    root.push_unless_empty(waxwing);
    root
}

/// How often each attribute occurs with each value at each path, and each element.
fn census(node: &OutNode, path: &str, found: &mut BTreeMap<String, usize>) {
    let path = format!("{path}/{}", node.name);
    for (name, value) in &node.attributes {
        *found.entry(format!("{path}/@{name}={value}")).or_default() += 1;
    }
    for child in &node.children {
        census(child, &path, found);
    }
}

fn census_of_text(text: &str) -> BTreeMap<String, usize> {
    fn walk(node: &crate::file::node::Node) -> OutNode {
        OutNode {
            name: node.name.clone(),
            attributes: node.attributes.iter().map(|a| (a.name.clone(), a.value.clone())).collect(),
            children: node.children.iter().map(walk).collect(),
            raw: String::new(),
        }
    }
    let tree = crate::file::tree::build(&crate::file::scan::scan(text).0).expect("well-formed");
    let mut found = BTreeMap::new();
    census(&walk(&tree), "", &mut found);
    // .NET needs the declaration of our section; it is no setting.
    found.retain(|path, _| !path.contains("configSections"));
    found
}

/// Findings about single names and values; what the random combination means is another matter.
const READING: &[&str] = &[
    "unknown-attribute",
    "unknown-element",
    "unknown-extension",
    "bad-value",
    "value-out-of-range",
    "unsupported-value",
    "repeated-element",
    "malformed-xml",
    "text-content",
    "limit-exceeded",
];

/// The random files leave nothing of the schema untried.
#[test]
fn every_attribute_is_tried() {
    fn all(description: &Description, path: &str, found: &mut BTreeSet<String>) {
        found.extend(description.attributes.iter().map(|a| format!("{path}/@{}", a.name)));
        for child in &description.children {
            all(&child.inner, &format!("{path}/{}", child.name), found);
        }
    }
    let mut wanted = BTreeSet::new();
    let model = "/configuration/system.serviceModel";
    for (section, description) in describe_bindings() {
        all(&description, &format!("{model}/bindings/{section}/binding"), &mut wanted);
    }
    for ChildDescription { name: element, inner: description, .. } in describe_elements() {
        let path = format!("{model}/bindings/customBinding/binding/{element}");
        all(&description, &path, &mut wanted);
    }
    all(&Description::of(&Services::default()), &format!("{model}/services"), &mut wanted);
    all(&Description::of(&Client::default()), &format!("{model}/client"), &mut wanted);
    all(&Description::of(&Behaviors::default()), &format!("{model}/behaviors"), &mut wanted);
    all(&Description::of(&WaxwingSection::default()), "/configuration/waxwing", &mut wanted);
    assert!(wanted.len() > 500, "{}", wanted.len());
    for seed in 1..2000 {
        let mut found = BTreeMap::new();
        census(&file(seed), "", &mut found);
        for path in found.keys().filter_map(|path| path.split_once('=')).map(|(path, _)| path) {
            wanted.remove(path);
        }
    }
    assert_eq!(wanted, BTreeSet::new());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost(seed in any::<u64>()) {
        let file = file(seed);
        let text = file.to_file();
        let loaded = Configuration::load(&text);
        for d in &loaded.diagnostics {
            prop_assert!(!READING.contains(&d.code), "{d}\n{text}");
        }
        let written = loaded.configuration.to_xml();
        prop_assert_eq!(census_of_text(&text), census_of_text(&written));
        let again = Configuration::load(&written).configuration;
        prop_assert_eq!(&again, &loaded.configuration);
        prop_assert_eq!(again.to_xml(), written);
    }

    #[test]
    fn no_text_panics(text in "(<[a-z/!?\\-]{0,12}( [a-z]{1,8}=\"[^<]{0,9}\")? ?/?>|[ -~]){0,40}") {
        let _ = Configuration::load(&text);
        let _ = Configuration::load(&format!("<configuration><system.serviceModel>{text}"));
    }
}
