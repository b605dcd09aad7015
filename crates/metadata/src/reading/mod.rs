//! What all readers of documents share: places, names, findings.

mod detach;
mod lines;
mod replaced;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use waxwing_xml::{Attribute, Document, Element, Span};

pub(crate) use self::detach::detached;
use self::lines::Lines;
pub(crate) use self::replaced::Replaced;
use crate::finding::{Finding, Severity};
use crate::location::{At, Location};
use crate::name::QName;

/// The most findings of one document: a document that is wrong everywhere says it this often.
const MAX_FINDINGS: usize = 200;
/// The most nodes of all policies of one document, with their operators: sixteen times WCF's quota. Each costs much more memory
/// than the few octets that it is written with.
const MAX_POLICY_NODES: usize = 65_536;

/// A document while models are made of it.
pub(crate) struct Reading<'d> {
    document: &'d Document,
    location: Location,
    lines: Lines,
    /// Namespaces that were met, so that equal ones share their text.
    namespaces: RefCell<HashMap<&'d str, Arc<str>>>,
    findings: RefCell<Vec<Finding>>,
    replaced: RefCell<Vec<Replaced>>,
    policy_nodes: Cell<usize>,
    policy_documents: RefCell<BTreeMap<String, At>>,
}

impl<'d> Reading<'d> {
    pub(crate) fn new(document: &'d Document, location: Location) -> Self {
        let lines = Lines::of(document.source());
        let (namespaces, findings) = (RefCell::default(), RefCell::default());
        let (replaced, policy_nodes) = (RefCell::default(), Cell::new(0));
        let policy_documents = RefCell::default();
        Self {
            document,
            location,
            lines,
            namespaces,
            findings,
            replaced,
            policy_nodes,
            policy_documents,
        }
    }

    /// Where an element stands: its start tag.
    pub(crate) fn at(&self, element: Element<'_>) -> At {
        self.at_offset(element.span().start)
    }

    /// Where the value of an attribute stands, or the element without it.
    pub(crate) fn at_value(&self, element: Element<'_>, attribute: &str) -> At {
        let found = element.attributes().find(|a| a.is("", attribute));
        match found.map(|a| a.value_span()) {
            Some(Span { start, .. }) => self.at_offset(start),
            None => self.at(element),
        }
    }

    pub(crate) fn at_attribute(&self, attribute: &Attribute<'_>) -> At {
        self.at_offset(attribute.value_span().start)
    }

    fn at_offset(&self, offset: u32) -> At {
        let (line, column) = self.lines.position(self.document.source(), offset as usize);
        At { location: self.location.clone(), line, column }
    }

    pub(crate) fn namespace(&self, text: &'d str) -> Arc<str> {
        self.namespaces.borrow_mut().entry(text).or_insert_with(|| text.into()).clone()
    }

    /// The expanded name of an element.
    pub(crate) fn name(&self, element: Element<'d>) -> QName {
        QName { namespace: self.namespace(element.namespace()), local: element.local_name().into() }
    }

    /// A QName in an attribute. A prefix without declaration is an error, and the name one that nothing has.
    pub(crate) fn qname(&self, element: Element<'d>, attribute: &str) -> Option<QName> {
        let text = element.attribute(attribute)?;
        Some(self.qname_of(element, attribute, text))
    }

    /// One of several QNames in an attribute.
    pub(crate) fn qname_of(&self, element: Element<'d>, attribute: &str, text: &str) -> QName {
        match element.resolve_qname(text) {
            Some((namespace, local)) => {
                QName { namespace: self.namespace(namespace), local: local.into() }
            }
            None => {
                let told = format!("The prefix of '{text}' is not declared");
                let help = "declare it (xmlns:…), or write another name";
                self.found(
                    Finding::new("unbound-prefix", Severity::Error, told)
                        .at(self.at_value(element, attribute))
                        .help(help),
                );
                QName::new("", text.trim())
            }
        }
    }

    /// An attribute that must be there; told as an error when it is not.
    pub(crate) fn required(&self, element: Element<'d>, attribute: &str) -> Option<&'d str> {
        let value = element.attribute(attribute);
        if value.is_none() {
            self.missing(element, attribute);
        }
        value
    }

    /// Says that an attribute is missing.
    pub(crate) fn missing(&self, element: Element<'_>, attribute: &str) {
        let told = format!("<{}> has no attribute '{attribute}'", element.qualified_name());
        let found = Finding::new("missing-attribute", Severity::Error, told);
        self.found(found.at(self.at(element)));
    }

    /// Says that an element has no place where it stands, and is ignored.
    pub(crate) fn misplaced(&self, element: Element<'_>, inside: &str) {
        let told = format!("<{}> is not expected in {inside}", element.qualified_name());
        let found = Finding::new("unexpected-element", Severity::Warning, told);
        self.found(found.at(self.at(element)).help("it is ignored"));
    }

    /// `true` or `1`, `false` or `0`; anything else is told, and none.
    pub(crate) fn boolean(
        &self,
        element: Element<'d>,
        namespace: &str,
        local: &str,
    ) -> Option<bool> {
        let attribute = element.attributes().find(|a| a.is(namespace, local))?;
        match attribute.value().trim() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            other => {
                let told = format!("'{other}' of '{local}' is neither true nor false");
                let found = Finding::new("invalid-value", Severity::Warning, told);
                self.found(found.at(self.at_attribute(&attribute)).help("it is ignored"));
                None
            }
        }
    }

    pub(crate) fn found(&self, finding: Finding) {
        let mut findings = self.findings.borrow_mut();
        if findings.len() < MAX_FINDINGS {
            findings.push(finding);
        }
    }

    /// Counts a node of a policy; false when there are too many of them, which is told once.
    pub(crate) fn count_policy_node(&self, element: Element<'_>) -> bool {
        let count = self.policy_nodes.get() + 1;
        self.policy_nodes.set(count);
        if count == MAX_POLICY_NODES + 1 {
            let told =
                format!("The policies exceed the limit of {MAX_POLICY_NODES} nodes in a document");
            let found = Finding::new("policy-too-large", Severity::Error, told);
            self.found(found.at(self.at(element)).help("what comes after is not read"));
        }
        count <= MAX_POLICY_NODES
    }

    /// Remembers that a policy of another document is referred to, if the URI names one: `policies.xml#id`. One without `#` that
    /// is absolute is the name of a policy.
    pub(crate) fn policy_reference(&self, uri: &str, at: &At) {
        let (document, id) = uri.split_once('#').unwrap_or((uri, ""));
        let is_absolute = Location::new(document).scheme().is_some();
        if !(document.is_empty() || is_absolute && id.is_empty()) {
            let mut documents = self.policy_documents.borrow_mut();
            documents.entry(document.to_owned()).or_insert_with(|| at.clone());
        }
    }

    /// The documents that policies are referred to in, with the first place of each.
    pub(crate) fn policy_documents(&self) -> Vec<(String, At)> {
        self.policy_documents.take().into_iter().collect()
    }

    /// Remembers that a component of another document is redefined here.
    pub(crate) fn replaced(&self, replaced: Replaced) {
        self.replaced.borrow_mut().push(replaced);
    }

    pub(crate) fn finish(self) -> (Vec<Finding>, Vec<Replaced>) {
        (self.findings.into_inner(), self.replaced.into_inner())
    }
}

/// Text of documentation: white space around lines and empty lines at both ends taken away; none when nothing is left.
pub(crate) fn documentation(text: &str) -> Option<String> {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let first = lines.iter().position(|line| !line.is_empty())?;
    let last = lines.iter().rposition(|line| !line.is_empty())?;
    Some(lines[first..=last].join("\n"))
}
