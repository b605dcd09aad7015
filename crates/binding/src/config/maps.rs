//! `<clear/>` and `<remove/>`: collections that System.Configuration calls AddRemoveClearMap.
//!
//! Entries count in file order: `<clear/>` forgets what stands before it, `<remove/>` one entry of
//! it. What was inherited from other files is forgotten, too; Waxwing reads none, so after this
//! pass only `<protocolMapping>`, which has entries of its own, still needs to know.
//! `<baseAddresses>`, `<allowedAudienceUris>` and `<extensions>` are no such maps.

use crate::file::node::Node;
use crate::file::problem::Problem;
use crate::file::reader::{MAX_ENTRIES, Reader};
use crate::schema::{AttributeDescription, Description};
use crate::values::{Kind, Rule};

/// A collection that takes `<clear/>` and `<remove/>`.
struct Map {
    /// Name of its entries.
    entry: &'static str,
    /// The attributes that tell entries apart.
    keys: &'static [&'static str],
    /// Whether `<remove/>` must have the first key.
    required: bool,
}

const fn map(entry: &'static str, keys: &'static [&'static str], required: bool) -> Map {
    Map { entry, keys, required }
}

/// Attributes of a service's endpoint that make its key.
const ENDPOINT_KEYS: &[&str] = &[
    "address",
    "binding",
    "bindingConfiguration",
    "bindingName",
    "bindingNamespace",
    "contract",
    "kind",
    "endpointConfiguration",
];

fn map_of(parent: &str, node: &Node) -> Option<Map> {
    Some(match (parent, node.name.as_str()) {
        ("bindings", _) => map("binding", &["name"], false),
        (_, "services") => map("service", &["name"], true),
        ("services", "service") => map("endpoint", ENDPOINT_KEYS, false),
        (_, "client") => map("endpoint", &["name", "contract"], false),
        (_, "serviceBehaviors" | "endpointBehaviors") => map("behavior", &["name"], false),
        (_, "protocolMapping") => map("add", &["scheme"], true),
        (_, "scopedCertificates") => map("add", &["targetUri"], true),
        (_, "knownCertificates") => {
            map("add", &["findValue", "storeLocation", "storeName", "x509FindType"], false)
        }
        (_, "claimTypeRequirements") => map("add", &["claimType"], true),
        (_, "authorizationPolicies") => map("add", &["policyType"], true),
        (_, "bypasslist") => map("add", &["address"], true),
        (_, "defaultPorts") => map("add", &["scheme"], true),
        (_, "customServiceNames") => map("add", &["name"], true),
        _ => return None,
    })
}

/// Applies every `<clear/>` and `<remove/>` below `node`, a child of `parent`.
pub(super) fn apply(node: &mut Node, parent: &str, cx: &mut Reader) {
    cx.enter(node);
    // More entries than this are refused where they are read.
    if let Some(map) = map_of(parent, node).filter(|_| node.children.len() <= MAX_ENTRIES) {
        let children = std::mem::take(&mut node.children);
        node.children = entries(children, &map, node.name == "protocolMapping", cx);
    }
    for child in &mut node.children {
        apply(child, &node.name, cx);
    }
    cx.leave();
}

/// The entries that are left; with the elements that removed some if `keep` says so.
fn entries(children: Vec<Node>, map: &Map, keep: bool, cx: &mut Reader) -> Vec<Node> {
    let mut left: Vec<Node> = Vec::new();
    for child in children {
        match child.name.as_str() {
            "clear" => {
                attributes(&child, &[], cx);
                left.retain(|entry| entry.name != map.entry);
            }
            "remove" => {
                attributes(&child, map.keys, cx);
                required(&child, map, cx);
                let same = |entry: &Node| map.keys.iter().all(|k| entry.value(k) == child.value(k));
                left.retain(|entry| entry.name != map.entry || !same(entry));
            }
            _ => {
                left.push(child);
                continue;
            }
        }
        if keep {
            left.push(child);
        }
    }
    left
}

/// Only keys may stand on the element.
fn attributes(node: &Node, keys: &[&'static str], cx: &mut Reader) {
    let describe = |name: &&'static str| AttributeDescription {
        name,
        kind: Kind { name: "string", names: &[] },
        rule: Rule::Any,
        default: None,
        doc: "",
        word: crate::word::Support::Runs,
    };
    let unknown = |name: &str| !keys.contains(&name);
    for attribute in node.attributes.iter().filter(|a| unknown(&a.name)) {
        let attributes = keys.iter().map(describe).collect();
        let schema = Description { attributes, children: Vec::new() };
        cx.foreign_attribute(attribute, node, &schema);
    }
}

fn required(node: &Node, map: &Map, cx: &mut Reader) {
    let Some(key) = map.keys.first().filter(|_| map.required) else { return };
    if node.attribute(key).is_none() {
        let message = format!("<remove> needs the attribute {key}");
        cx.report(
            Problem::error("attribute-missing", node.name_span, message)
                .wcf(format!("Required attribute '{key}' not found."))
                .fix(format!("write {key}=\"…\"")),
        );
    }
}
