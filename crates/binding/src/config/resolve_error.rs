//! Why an endpoint cannot be resolved, in WCF's words.

use crate::config::error::ConfigurationError;
use crate::refusal::Refusal;

/// Why an endpoint cannot be resolved.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The file has errors that concern the endpoint.
    #[error("{0}")]
    Mistakes(ConfigurationError),
    /// No such client endpoint.
    #[error(
        "Could not find endpoint element with name '{name}' and contract '{contract}' in the \
         ServiceModel client configuration section. This might be because no configuration file was \
         found for your application, or because no endpoint element matching this name could be \
         found in the client element.{known}"
    )]
    NoEndpoint {
        /// The name that was asked for.
        name: String,
        /// The contract that was asked for.
        contract: String,
        /// What the file has, as a sentence.
        known: String,
    },
    /// No client endpoint of the contract.
    #[error(
        "Could not find default endpoint element that references contract '{contract}' in the \
         ServiceModel client configuration section. This might be because no configuration file was \
         found for your application, or because no endpoint element matching this contract could be \
         found in the client element.{known}"
    )]
    NoContract {
        /// The contract that was asked for.
        contract: String,
        /// What the file has, as a sentence.
        known: String,
    },
    /// Several client endpoints of the contract.
    #[error(
        "the file has {count} client endpoints for contract '{contract}': name one of them.{known}"
    )]
    Several {
        /// The contract that was asked for.
        contract: String,
        /// How many there are.
        count: usize,
        /// Their names, as a sentence.
        known: String,
    },
    /// No such service.
    #[error(
        "Service '{name}' has zero application (non-infrastructure) endpoints. This might be because \
         no configuration file was found for your application, or because no service element \
         matching the service name could be found in the configuration file, or because no endpoints \
         were defined in the service element.{known}"
    )]
    NoService {
        /// The name that was asked for.
        name: String,
        /// What the file has, as a sentence.
        known: String,
    },
    /// There is no such outbox.
    #[error(
        "the file has no outbox \"{name}\" in the section <waxwing>{}: write <outbox name=\"{name}\"/> there",
        if .known.is_empty() { String::new() } else { format!(" (it has {known})") }
    )]
    NoOutbox {
        /// The name that was asked for.
        name: String,
        /// The names of those that it has.
        known: String,
    },
    /// A standard endpoint other than `mexEndpoint`.
    #[error("this version of Waxwing cannot run the standard endpoint kind=\"{kind}\"")]
    StandardEndpoint {
        /// Its kind.
        kind: String,
    },
    /// The service does not implement the contract of an endpoint.
    #[error(
        "The contract name '{contract}' could not be found in the list of contracts implemented by \
         the service '{service}'. It implements {implemented}: give the host one object for all of them \
         (ServiceObject), with .contract(…) for each"
    )]
    NotImplemented {
        /// The contract of the endpoint.
        contract: String,
        /// The contracts that the service implements, in words.
        implemented: String,
        /// Name of the service without its namespace, as WCF prints it.
        service: String,
    },
    /// The binding is not in the file.
    #[error("endpoint {endpoint}: there is no {section} named \"{name}\".{known}")]
    NoBinding {
        /// What the file has, as a sentence.
        known: String,
        /// The endpoint's address or name.
        endpoint: String,
        /// Type of the binding.
        section: String,
        /// Name of the binding.
        name: String,
    },
    /// The behavior is not in the file.
    #[error("endpoint {endpoint}: there is no {kind} behavior named \"{name}\"")]
    NoBehavior {
        /// The endpoint's address or name, or the service's name.
        endpoint: String,
        /// `service` or `endpoint`.
        kind: &'static str,
        /// Name of the behavior.
        name: String,
    },
    /// The address cannot be made absolute.
    #[error(
        "endpoint {endpoint}: the address is relative, and there is no base address of scheme {scheme}: \
         write one into <host><baseAddresses>, or give it in code (ServiceHostBuilder::base_address)"
    )]
    NoAddress {
        /// The endpoint's address or name.
        endpoint: String,
        /// The scheme of the binding.
        scheme: String,
    },
    /// WCF would refuse the binding.
    #[error("endpoint {endpoint}: {refusal}")]
    Refused {
        /// The endpoint's address or name.
        endpoint: String,
        /// Why.
        refusal: Box<Refusal>,
    },
}
