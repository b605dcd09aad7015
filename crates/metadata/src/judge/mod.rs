//! Whether a port can be talked to, and with which binding: each assertion of its policy is *supported*, *ignored* or
//! *blocking*, the stack of binding elements that they ask for is put together, the binding of WCF that builds it recognised,
//! and what `waxwing-binding` says of an endpoint with it is the verdict.
//!
//! | file | what |
//! | --- | --- |
//! | `table`, `rows_*` | what is known of each assertion, as data |
//! | `endpoint`, `security`, `tokens`, `connection`, `parts`, `issued` | readers of assertions |
//! | `draft` → `element`, `stack` | what they ask for, and the elements made of it |
//! | `wire`, `identity` | what WSDL and the endpoint reference say |
//! | `port`, `messages`, `configuration` → `verdict` | all of it together |

mod class;
mod configuration;
mod connection;
mod draft;
mod effect;
mod element;
mod endpoint;
mod identity;
mod issued;
mod known;
mod messages;
mod parts;
mod port;
mod reader;
mod record;
mod row;
mod rows_security;
mod rows_tokens;
mod rows_various;
mod security;
mod stack;
mod table;
mod tokens;
mod verdict;
mod wire;

pub use class::{Class, Ruling, Talk};
pub use configuration::configuration_of;
pub use record::{AssertionRuling, Subject};
pub use row::{Row, Rule};
pub use table::{row, rows};
pub use verdict::{Obstacle, OperationProtection, OperationVerdict, PortVerdict};

use crate::name::QName;
use crate::policy::{Policies, Policy, PolicyReference};
use crate::set::MetadataSet;

impl Policies for MetadataSet {
    fn find(&self, reference: &PolicyReference) -> Option<&Policy> {
        self.policy(reference)
    }
}

/// What the user says beside the documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JudgeOptions {
    /// Assertions that are harmless, as the vendor says.
    pub ignore: Vec<QName>,
    /// The address, in place of those of the ports.
    pub address: Option<String>,
}

/// Judges every port of every service, in the order of the documents.
pub fn judge(set: &MetadataSet, options: &JudgeOptions) -> Vec<PortVerdict> {
    let ports =
        set.services().flat_map(|service| service.ports.iter().map(move |port| (service, port)));
    ports.map(|(service, port)| port::judge(set, service, port, options)).collect()
}

/// The best of several ports to talk to: one that can be talked to before others, then by its security (of messages before of
/// the connection before none), a reliable session, and the order of the documents.
pub fn best(ports: &[PortVerdict]) -> Option<&PortVerdict> {
    ports.iter().min_by_key(|port| {
        let effective = port.effective.as_deref();
        let secured = effective.is_some_and(|e| e.security.is_some());
        let tls = effective.is_some_and(|e| e.transport.scheme == "https");
        let reliable = effective.is_some_and(|e| e.reliable_session.is_some());
        (port.talk, !secured, !tls, !reliable)
    })
}
