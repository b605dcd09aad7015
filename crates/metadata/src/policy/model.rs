//! The model of policies (WS-Policy 1.2 and 1.5 Framework §4), the same for reading and writing.

use crate::location::At;
use crate::name::QName;

/// The version of WS-Policy that a policy is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyVersion {
    /// `http://schemas.xmlsoap.org/ws/2004/09/policy`.
    Policy12,
    /// `http://www.w3.org/ns/ws-policy`.
    Policy15,
    /// A draft that is read like 1.5; never written.
    Draft,
}

/// `wsp:Policy`.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its version.
    pub version: PolicyVersion,
    /// `wsu:Id` or `xml:id`.
    pub id: Option<String>,
    /// `Name`: an absolute URI.
    pub name: Option<String>,
    /// What it holds, in order; `Policy` itself means *all of them*.
    pub items: Vec<PolicyItem>,
    /// Where.
    pub at: At,
}

/// What policies and their operators hold.
#[derive(Clone, Debug)]
pub enum PolicyItem {
    /// `wsp:All`.
    All(Vec<PolicyItem>),
    /// `wsp:ExactlyOne`.
    ExactlyOne(Vec<PolicyItem>),
    /// A policy inside a policy: as `All`.
    Policy(Policy),
    /// `wsp:PolicyReference`.
    Reference(PolicyReference),
    /// An assertion.
    Assertion(Assertion),
}

/// `wsp:PolicyReference`, or one URI of `wsp:PolicyURIs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyReference {
    /// `#id`, a URL with `#id`, or the `Name` of a policy.
    pub uri: String,
    /// Where.
    pub at: At,
}

/// An assertion: any element that is not of WS-Policy.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// Its name.
    pub name: QName,
    /// The prefix as written, for texts to people; what a writer prefers.
    pub prefix: String,
    /// `wsp:Optional="true"`.
    pub optional: bool,
    /// `wsp:Ignorable="true"`.
    pub ignorable: bool,
    /// Its other attributes, in order.
    pub attributes: Vec<(QName, String)>,
    /// Elements that are no policy, in order: parameters like `sp:Header` or `wsa:Address`.
    pub children: Vec<Assertion>,
    /// The nested policy.
    pub policy: Option<Policy>,
    /// Text of an element without child elements.
    pub text: String,
    /// Where.
    pub at: At,
}

impl Assertion {
    /// An assertion without anything inside, made by a program.
    pub fn new(prefix: &str, namespace: &str, local: &str) -> Self {
        Self {
            name: QName::new(namespace, local),
            prefix: prefix.to_owned(),
            optional: false,
            ignorable: false,
            attributes: Vec::new(),
            children: Vec::new(),
            policy: None,
            text: String::new(),
            at: At::nowhere(),
        }
    }

    /// The value of an attribute by its name.
    pub fn attribute(&self, namespace: &str, local: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name.is(namespace, local)).map(|(_, v)| v.as_str())
    }
}

/// Where policies are attached to something: references, and policies in place.
#[derive(Clone, Debug, Default)]
pub struct Attached {
    /// References, in order.
    pub references: Vec<PolicyReference>,
    /// Policies in place, in order.
    pub embedded: Vec<Policy>,
}
