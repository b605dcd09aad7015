//! Policies of documents (WS-Policy 1.2 and 1.5 Framework §3, §4; WS-PolicyAttachment §4 for what is attached to WSDL).

use waxwing_xml::{Element, XML_NAMESPACE};

use super::model::{Assertion, Attached, Policy, PolicyItem, PolicyReference, PolicyVersion};
use crate::finding::{Finding, Severity};
use crate::name::namespaces::{POLICY12, POLICY15, WSU};
use crate::reading::Reading;

/// Drafts whose policies are read like those of 1.5.
const DRAFTS: [&str; 3] = [
    "http://schemas.xmlsoap.org/ws/2002/12/policy",
    "http://www.w3.org/2006/07/ws-policy",
    "http://www.w3.org/2007/02/ws-policy",
];

/// The version of WS-Policy that a namespace belongs to.
pub(crate) fn version_of(namespace: &str) -> Option<PolicyVersion> {
    match namespace {
        POLICY12 => Some(PolicyVersion::Policy12),
        POLICY15 => Some(PolicyVersion::Policy15),
        other => DRAFTS.contains(&other).then_some(PolicyVersion::Draft),
    }
}

/// Whether an element has this local name in a namespace of WS-Policy.
pub(crate) fn is_policy(element: Element<'_>, local: &str) -> bool {
    element.local_name() == local && version_of(element.namespace()).is_some()
}

/// A `wsp:Policy`.
pub(crate) fn policy<'d>(reading: &Reading<'d>, element: Element<'d>) -> Policy {
    let version = version_of(element.namespace()).unwrap_or(PolicyVersion::Draft);
    let id = element.attribute_ns(WSU, "Id").or_else(|| element.attribute_ns(XML_NAMESPACE, "id"));
    Policy {
        version,
        id: id.map(str::to_owned),
        name: element.attribute("Name").map(str::to_owned),
        items: items(reading, element),
        at: reading.at(element),
    }
}

/// What is attached to an element of WSDL: children and the attribute `PolicyURIs`.
pub(crate) fn attached<'d>(reading: &Reading<'d>, element: Element<'d>) -> Attached {
    let mut attached = Attached::default();
    for attribute in element.attributes() {
        let name = attribute.name();
        if name.local == "PolicyURIs" && version_of(name.namespace).is_some() {
            let at = reading.at_attribute(&attribute);
            for uri in attribute.value().split_whitespace() {
                reading.policy_reference(uri, &at);
                let (uri, at) = (uri.to_owned(), at.clone());
                attached.references.push(PolicyReference { uri, at });
            }
        }
    }
    for child in element.elements() {
        if is_policy(child, "PolicyReference") {
            attached.references.extend(reference(reading, child));
        } else if is_policy(child, "Policy") {
            attached.embedded.push(policy(reading, child));
        }
    }
    attached
}

fn reference<'d>(reading: &Reading<'d>, element: Element<'d>) -> Option<PolicyReference> {
    let uri = reading.required(element, "URI")?.trim().to_owned();
    let at = reading.at_value(element, "URI");
    reading.policy_reference(&uri, &at);
    Some(PolicyReference { uri, at })
}

fn items<'d>(reading: &Reading<'d>, element: Element<'d>) -> Vec<PolicyItem> {
    let items = element.elements().filter_map(|child| item(reading, child));
    items.collect()
}

fn item<'d>(reading: &Reading<'d>, element: Element<'d>) -> Option<PolicyItem> {
    if !reading.count_policy_node(element) {
        return None;
    }
    if version_of(element.namespace()).is_none() {
        return Some(PolicyItem::Assertion(assertion(reading, element)));
    }
    match element.local_name() {
        "Policy" => Some(PolicyItem::Policy(policy(reading, element))),
        "All" => Some(PolicyItem::All(items(reading, element))),
        // The name of the drafts.
        "ExactlyOne" | "OneOrMore" => Some(PolicyItem::ExactlyOne(items(reading, element))),
        "PolicyReference" => reference(reading, element).map(PolicyItem::Reference),
        other => {
            let told = format!("WS-Policy has no operator '{other}'");
            let found = Finding::new("unknown-policy-operator", Severity::Warning, told);
            reading.found(found.at(reading.at(element)).help("it is taken for an empty policy"));
            None
        }
    }
}

fn assertion<'d>(reading: &Reading<'d>, element: Element<'d>) -> Assertion {
    let is_true = |value: &str| matches!(value.trim(), "true" | "1");
    let mut found = Assertion {
        name: reading.name(element),
        prefix: element.prefix().to_owned(),
        optional: false,
        ignorable: false,
        attributes: Vec::new(),
        children: Vec::new(),
        policy: None,
        text: String::new(),
        at: reading.at(element),
    };
    for attribute in element.attributes() {
        let name = attribute.name();
        let of_policy = version_of(name.namespace).is_some();
        match name.local {
            "Optional" if of_policy => found.optional = is_true(attribute.value()),
            "Ignorable" if of_policy => found.ignorable = is_true(attribute.value()),
            local => {
                let name = crate::QName::new(reading.namespace(name.namespace), local);
                found.attributes.push((name, attribute.value().to_owned()));
            }
        }
    }
    for child in element.elements() {
        if !reading.count_policy_node(child) {
            break;
        }
        if !is_policy(child, "Policy") {
            found.children.push(assertion(reading, child));
            continue;
        }
        let nested = policy(reading, child);
        match &mut found.policy {
            None => found.policy = Some(nested),
            Some(first) => first.items.push(PolicyItem::Policy(nested)),
        }
    }
    if found.children.is_empty() && found.policy.is_none() {
        found.text = element.text().trim().to_owned();
    }
    found
}
