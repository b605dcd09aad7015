//! What is known of a port before its policy is read, and how its policies are.

use waxwing_soap::SoapVersion;

use super::class::Class;
use super::row::Rule;
use super::verdict::Obstacle;
use super::wire::Wire;
use super::{JudgeOptions, identity, table};
use crate::policy::{Assertion, Attached, PolicyError};
use crate::set::MetadataSet;
use crate::wsdl::{Binding, Port, PortType, Service};

/// What is known of a port before its policy is read.
pub(super) struct Known<'a> {
    pub(super) set: &'a MetadataSet,
    pub(super) options: &'a JudgeOptions,
    pub(super) service: &'a Service,
    pub(super) port: &'a Port,
    pub(super) binding: &'a Binding,
    pub(super) port_type: Option<&'a PortType>,
    pub(super) soap: SoapVersion,
    pub(super) wire: Wire,
    pub(super) reference: identity::Reference,
    pub(super) address: Option<String>,
}

impl Known<'_> {
    /// The policies that all operations of the binding refer to, where all refer to the same.
    pub(super) fn shared_by_operations(&self) -> Option<&Attached> {
        let uris = |attached: &Attached| -> Vec<String> {
            attached.references.iter().map(|reference| reference.uri.clone()).collect()
        };
        let mut operations = self.binding.operations.iter().map(|operation| &operation.policies);
        let first =
            operations.next().filter(|a| !a.references.is_empty() && a.embedded.is_empty())?;
        let same = operations.all(|other| other.embedded.is_empty() && uris(other) == uris(first));
        same.then_some(first)
    }
}

/// Both ways of an optional assertion are looked at where it can be met.
pub(super) fn expands(assertion: &Assertion) -> bool {
    table::row(&assertion.name)
        .is_some_and(|row| matches!(row.rule, Rule::Supported | Rule::AsBinding(_)))
}

/// An error of a policy as an obstacle.
pub(super) fn of_error(error: &PolicyError) -> Obstacle {
    let fix = match error {
        PolicyError::Circular { .. } => {
            "take one of the references out; WCF writes none (binding=\"wsHttpBinding\")"
        }
        PolicyError::Missing { .. } => {
            "give the document that has the policy as well; ?singleWsdl (httpGetEnabled=\"true\") has all"
        }
        PolicyError::TooComplex { .. } => {
            "ask for one endpoint with one policy, as binding=\"wsHttpBinding\" writes it"
        }
    };
    Obstacle {
        class: Class::Policy,
        text: error.to_string(),
        fix: fix.to_owned(),
        at: Some(error.at().clone()),
    }
}
