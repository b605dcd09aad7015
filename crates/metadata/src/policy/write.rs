//! Writing policies (WS-Policy 1.2 §4, WS-Policy 1.5 Framework §4).
//!
//! Policies are as deep as a program made them, or as a reader's limit of depth let them be.

use waxwing_xml::{Document, Name, NodeId};

use super::model::{Assertion, Policy, PolicyItem, PolicyVersion};
use crate::name::namespaces::{POLICY12, POLICY15, WSU};

impl PolicyVersion {
    /// The namespace that it is written in; a draft is written as 1.5.
    pub fn namespace(self) -> &'static str {
        match self {
            PolicyVersion::Policy12 => POLICY12,
            PolicyVersion::Policy15 | PolicyVersion::Draft => POLICY15,
        }
    }
}

/// Writes a policy as the last child of `parent`.
pub fn write(document: &mut Document, parent: NodeId, policy: &Policy) {
    let namespace = policy.version.namespace();
    let element = document.append_element(parent, Name::new("wsp", "Policy", namespace));
    if let Some(id) = &policy.id {
        document.set_attribute(element, Name::new("wsu", "Id", WSU), id);
    }
    if let Some(name) = &policy.name {
        document.set_attribute(element, Name::local("Name"), name);
    }
    items(document, element, namespace, &policy.items);
}

fn items(document: &mut Document, parent: NodeId, namespace: &str, all: &[PolicyItem]) {
    for item in all {
        match item {
            PolicyItem::All(inner) => {
                let element = document.append_element(parent, Name::new("wsp", "All", namespace));
                items(document, element, namespace, inner);
            }
            PolicyItem::ExactlyOne(inner) => {
                let name = Name::new("wsp", "ExactlyOne", namespace);
                let element = document.append_element(parent, name);
                items(document, element, namespace, inner);
            }
            PolicyItem::Policy(policy) => write(document, parent, policy),
            PolicyItem::Reference(reference) => {
                write_reference(document, parent, namespace, &reference.uri);
            }
            PolicyItem::Assertion(assertion) => {
                write_assertion(document, parent, namespace, assertion)
            }
        }
    }
}

/// Writes a `wsp:PolicyReference` as the last child of `parent`.
pub fn write_reference(document: &mut Document, parent: NodeId, namespace: &str, uri: &str) {
    let name = Name::new("wsp", "PolicyReference", namespace);
    let element = document.append_element(parent, name);
    document.set_attribute(element, Name::local("URI"), uri);
}

fn write_assertion(
    document: &mut Document,
    parent: NodeId,
    namespace: &str,
    assertion: &Assertion,
) {
    let Assertion { name, prefix, .. } = assertion;
    let element = document.append_element(parent, Name::new(prefix, &name.local, &name.namespace));
    for (name, value) in &assertion.attributes {
        // Of the assertion's own namespace with its prefix; others find one.
        let prefix = if name.namespace == assertion.name.namespace { prefix } else { "sp" };
        document.set_attribute(element, Name::new(prefix, &name.local, &name.namespace), value);
    }
    for (set, name) in [(assertion.optional, "Optional"), (assertion.ignorable, "Ignorable")] {
        if set {
            document.set_attribute(element, Name::new("wsp", name, namespace), "true");
        }
    }
    // The policy of reliable messaging stands before what Microsoft adds to it, as WCF reads it; elsewhere parameters come first.
    let first = assertion.policy.as_ref().filter(|_| &*name.local == "RMAssertion");
    let last = assertion.policy.as_ref().filter(|_| first.is_none());
    if let Some(policy) = first {
        write(document, element, policy);
    }
    for child in &assertion.children {
        write_assertion(document, element, namespace, child);
    }
    document.append_text(element, &assertion.text);
    if let Some(policy) = last {
        write(document, element, policy);
    }
}
