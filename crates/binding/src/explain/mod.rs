//! What an endpoint does on the wire, in plain words.

mod channel;
mod keeping;
mod pair;
mod peer;
mod secure;
mod tls;
mod wire;
mod words;

use std::fmt;

pub use pair::{Contracts, Disagreement};

use crate::Address;
use crate::config::Configuration;
use crate::config::stores::CertificatePlace;
use crate::effective::{EffectiveEndpoint, Role};
use crate::proxy::ProxyEnvironment;

/// What a sentence is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Where messages go.
    Address,
    /// SOAP, addressing, encoding, HTTP.
    Messages,
    /// The reliable session.
    Reliability,
    /// How messages are secured, and what the client proves itself with.
    Security,
    /// The secure conversation.
    Session,
    /// Algorithms.
    Algorithms,
    /// What is signed and encrypted.
    Protection,
    /// Certificates: own, the peer's, how they are checked.
    Certificates,
    /// Timeouts and sizes.
    Limits,
    /// What the service does besides: metadata, faults, throttling.
    Service,
    /// What the other side must have.
    Peer,
    /// What this version cannot run.
    Unsupported,
}

impl Topic {
    /// One lower-case English word.
    pub fn as_str(self) -> &'static str {
        match self {
            Topic::Address => "address",
            Topic::Messages => "messages",
            Topic::Reliability => "reliability",
            Topic::Security => "security",
            Topic::Session => "session",
            Topic::Algorithms => "algorithms",
            Topic::Protection => "protection",
            Topic::Certificates => "certificates",
            Topic::Limits => "limits",
            Topic::Service => "service",
            Topic::Peer => "peer",
            Topic::Unsupported => "unsupported",
        }
    }
}

/// A sentence about an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub topic: Topic,
    /// The sentence.
    pub text: String,
}

/// What an endpoint does on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Which side.
    pub role: Role,
    /// Name of the endpoint.
    pub name: String,
    /// The contract.
    pub contract: String,
    /// Name of the service; empty for clients.
    pub service: String,
    /// The absolute address.
    pub address: String,
    /// Type of the binding.
    pub binding: String,
    /// The sentences, grouped by topic.
    pub facts: Vec<Fact>,
}

/// Collects facts.
#[derive(Debug, Default)]
struct Facts(Vec<Fact>);

impl Facts {
    fn say(&mut self, topic: Topic, text: impl Into<String>) {
        self.0.push(Fact { topic, text: text.into() });
    }
}

impl EffectiveEndpoint {
    /// What this endpoint does on the wire, in plain words; of one that cannot be run, why. Where the environment decides
    /// about proxies, nothing is said of them.
    pub fn explain(&self) -> Explanation {
        self.explain_in(None)
    }

    /// The same in an environment: a client also tells which proxy it uses, and why.
    pub fn explain_in(&self, environment: Option<&ProxyEnvironment>) -> Explanation {
        let mut facts = Facts::default();
        let unsupported = self.unsupported();
        if unsupported.is_empty() {
            wire::address(self, &mut facts);
            wire::proxy(self, environment, &mut facts);
            wire::messages(self, &mut facts);
            channel::explain(self, &mut facts);
            wire::reliability(self, &mut facts);
            secure::explain(self, &mut facts);
            wire::limits(self, &mut facts);
            wire::service(self, &mut facts);
            peer::explain(self, &mut facts);
        }
        // What does not run does nothing on the wire.
        for feature in unsupported {
            let text = format!("cannot run {}: {}", feature.feature, feature.instead);
            facts.say(Topic::Unsupported, text);
        }
        Explanation {
            role: self.role,
            name: self.name.clone(),
            contract: self.contract.clone(),
            service: String::new(),
            address: self.address.clone(),
            binding: self.binding_section.clone(),
            facts: facts.0,
        }
    }
}

/// Names the base addresses where a service describes itself.
fn name_base_addresses(told: &mut Explanation, bases: &[String]) {
    for fact in told.facts.iter_mut().filter(|fact| fact.topic == Topic::Service) {
        for base in bases {
            let Some(scheme) = Address::of(base).scheme() else { continue };
            let vague = format!("?wsdl over {scheme} at the base address");
            let slash = if base.matches('/').count() == 2 { "/" } else { "" };
            fact.text = fact.text.replace(&vague, &format!("{base}{slash}?wsdl"));
        }
    }
}

impl Configuration {
    /// What each endpoint of the file does on the wire: clients first, then services. Endpoints
    /// that cannot be resolved are left out; [`Configuration::load`] says why.
    pub fn explain(&self) -> Vec<Explanation> {
        self.explain_in(None)
    }

    /// The same in an environment, which may name proxies.
    pub fn explain_in(&self, environment: Option<&ProxyEnvironment>) -> Vec<Explanation> {
        let clients = self.client.endpoints.iter().filter_map(|e| self.resolve_client(e).ok());
        let mut all: Vec<Explanation> =
            clients.map(|e| self.tell(&e, e.explain_in(environment))).collect();
        for service in &self.services.services {
            // Which contracts a service has is known to the program only.
            let contracts: &[&str] =
                if service.endpoints.is_empty() { &["each of its contracts"] } else { &[] };
            let Ok(effective) = self.resolve_service(service, contracts) else { continue };
            all.extend(effective.endpoints.iter().map(|endpoint| {
                let mut told = self.tell(endpoint, endpoint.explain());
                told.service.clone_from(&service.name);
                name_base_addresses(&mut told, &effective.base_addresses);
                if service.endpoints.is_empty() {
                    told.name.clear();
                }
                told
            }));
        }
        all
    }

    /// The explanation of an endpoint, what of it is kept, and where its certificates are looked for.
    fn tell(&self, endpoint: &EffectiveEndpoint, mut told: Explanation) -> Explanation {
        let at = told.facts.iter().rposition(|f| f.topic == Topic::Reliability);
        let kept = keeping::kept(self, endpoint);
        if let Some(at) = at {
            let kept = kept.into_iter().map(|text| Fact { topic: Topic::Reliability, text });
            told.facts.splice(at + 1..at + 1, kept);
        }
        let at = told.facts.iter().rposition(|f| f.topic == Topic::Certificates);
        let Some(at) = at else { return told };
        let references = match endpoint.role {
            Role::Client => [endpoint.client_certificate(), endpoint.known_service_certificate()],
            Role::Service => [endpoint.service_certificate(), None],
        };
        for reference in references.into_iter().flatten() {
            let place = match self.waxwing.place_of(&reference) {
                CertificatePlace::File { certificate, .. } => format!("the file {certificate}"),
                CertificatePlace::Folders(folders) => {
                    format!("the folder {}", folders.join(" or "))
                }
            };
            let text = format!("'{}' is looked for in {place}", reference.find_value);
            told.facts.insert(at + 1, Fact { topic: Topic::Certificates, text });
        }
        told
    }
}

impl fmt::Display for Explanation {
    /// A title, then one line per fact; the topic stands before the first fact of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.facts.iter().map(|x| x.topic.as_str().len()).max().unwrap_or(0);
        write!(f, "{}", self.title())?;
        let mut last = None;
        for fact in &self.facts {
            let label = if last == Some(fact.topic) { "" } else { fact.topic.as_str() };
            last = Some(fact.topic);
            write!(f, "\n  {label:width$}  {}", fact.text)?;
        }
        Ok(())
    }
}

impl Explanation {
    /// `client endpoint "calc" for ICalculator, wsHttpBinding`.
    pub fn title(&self) -> String {
        let name = match self.name.as_str() {
            "" => String::new(),
            name => format!(" \"{name}\""),
        };
        let of = match self.service.as_str() {
            "" => String::new(),
            service => format!(" of {service}"),
        };
        format!("{} endpoint{name}{of} for {}, {}", self.role, self.contract, self.binding)
    }
}
