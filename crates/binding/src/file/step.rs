//! The way from the root to a finding, and what the finding concerns.

use crate::file::node::Node;
use crate::file::quote::quote;
use crate::scope::Scope;

/// An element on the way from the root to a finding.
#[derive(Debug, Clone, Default)]
pub(crate) struct Step {
    /// Name of the element.
    pub(crate) element: String,
    /// What tells it from its siblings, for people: `binding[SecureReliable]`.
    pub(crate) label: String,
    /// Its attribute `name`.
    pub(crate) name: String,
    /// Its attribute `contract`.
    pub(crate) contract: String,
}

impl Step {
    /// The step into an element.
    pub(crate) fn of(node: &Node) -> Step {
        let key = ["name", "contract", "baseAddress", "scheme"]
            .iter()
            .find_map(|key| node.attribute(key))
            .map(|a| format!("{}[{}]", node.name, quote(&a.value)));
        Step {
            element: node.name.clone(),
            label: key.unwrap_or_else(|| node.name.clone()),
            name: node.value("name").to_owned(),
            contract: node.value("contract").to_owned(),
        }
    }

    /// The step into an element of which only the name is at hand.
    pub(crate) fn named(name: &str) -> Step {
        Step { element: name.to_owned(), label: name.to_owned(), ..Step::default() }
    }

    /// The scope of a finding below these elements, the root first.
    pub(crate) fn scope(steps: &[Step]) -> Scope {
        let [_, model, steps @ ..] = steps else { return Scope::File };
        if let ("waxwing", Some(step)) = (model.element.as_str(), steps.first()) {
            return match step.element.as_str() {
                "store" => Scope::Store,
                "node" => Scope::Services,
                "outbox" => Scope::Outbox { name: step.name.clone() },
                _ => Scope::File,
            };
        }
        if model.element != "system.serviceModel" {
            return Scope::File;
        }
        let elements: Vec<&str> = steps.iter().map(|step| step.element.as_str()).collect();
        let name = |at: usize| steps[at].name.clone();
        match elements.as_slice() {
            ["bindings", section, "binding", ..] => {
                Scope::Binding { section: (*section).to_owned(), name: name(2) }
            }
            ["behaviors", "serviceBehaviors", "behavior", ..] => {
                Scope::ServiceBehavior { name: name(2) }
            }
            ["behaviors", "endpointBehaviors", "behavior", ..] => {
                Scope::EndpointBehavior { name: name(2) }
            }
            ["services", "service", ..] => Scope::Service { name: name(1) },
            ["client", "endpoint", ..] => {
                Scope::ClientEndpoint { name: name(1), contract: steps[1].contract.clone() }
            }
            ["services" | "protocolMapping", ..] | ["behaviors", "serviceBehaviors"] => {
                Scope::Services
            }
            ["client", ..] => Scope::Clients,
            _ => Scope::File,
        }
    }
}
