//! What a finding concerns: an error stops this and what refers to it, and nothing else.

use std::fmt;

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
    /// The `<store>` of the section `<waxwing>`: every service, and the outboxes that have no store of their own.
    Store,
    /// One outbox.
    Outbox {
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
            Scope::Store => f.write_str("the store"),
            Scope::Outbox { name } => named(f, "outbox", name),
            Scope::ClientEndpoint { name, contract } if name.is_empty() => {
                write!(f, "the client endpoint for {contract}")
            }
            Scope::ClientEndpoint { name, .. } => named(f, "client endpoint", name),
        }
    }
}
