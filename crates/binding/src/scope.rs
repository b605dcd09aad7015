//! What a finding concerns: an error stops this and what refers to it, and nothing else.

use std::fmt;

use crate::file::node::Node;
use crate::file::reader::quote;

/// What a finding concerns.
///
/// WCF reads a section whole, so a mistake in one binding keeps it from every binding. Here a
/// mistake stops what it concerns: the endpoints that use that binding.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// Everything in the file.
    File,
    /// Every service, and no client endpoint.
    Services,
    /// Every client endpoint, and no service.
    Clients,
    /// One binding, and the endpoints that use it.
    Binding {
        /// Its section: `wsHttpBinding`.
        section: String,
        /// Its name; empty for the unnamed one.
        name: String,
    },
    /// One service behavior, and the services that use it.
    ServiceBehavior {
        /// Its name; empty for the unnamed one.
        name: String,
    },
    /// One endpoint behavior, and the endpoints that use it.
    EndpointBehavior {
        /// Its name; empty for the unnamed one.
        name: String,
    },
    /// One service with its endpoints.
    Service {
        /// Its name.
        name: String,
    },
    /// One client endpoint.
    ClientEndpoint {
        /// Its name; may be empty.
        name: String,
        /// Its contract.
        contract: String,
    },
}

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
}

impl Scope {
    /// The scope of a finding below these elements, the root first.
    pub(crate) fn of(steps: &[Step]) -> Scope {
        let [_, model, steps @ ..] = steps else { return Scope::File };
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

impl fmt::Display for Scope {
    /// `the file`, `wsHttpBinding "SecureReliable"`, `service Calculator`…
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |f: &mut fmt::Formatter<'_>, what: &str, name: &str| match name {
            "" => write!(f, "the unnamed {what}"),
            name => write!(f, "{what} \"{name}\""),
        };
        match self {
            Scope::File => f.write_str("the file"),
            Scope::Services => f.write_str("every service"),
            Scope::Clients => f.write_str("every client endpoint"),
            Scope::Binding { section, name } => named(f, section, name),
            Scope::ServiceBehavior { name } => named(f, "service behavior", name),
            Scope::EndpointBehavior { name } => named(f, "endpoint behavior", name),
            Scope::Service { name } => write!(f, "service {name}"),
            Scope::ClientEndpoint { name, contract } if name.is_empty() => {
                write!(f, "the client endpoint for {contract}")
            }
            Scope::ClientEndpoint { name, .. } => named(f, "client endpoint", name),
        }
    }
}
