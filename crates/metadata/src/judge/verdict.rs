//! What is said of a port in the end.

use waxwing_binding::{Binding, ClientEndpoint, EffectiveEndpoint, ProtectionLevel};
use waxwing_soap::SoapVersion;

use super::class::{Class, Ruling, Talk};
use super::record::AssertionRuling;
use crate::contract::Contract;
use crate::finding::Finding;
use crate::location::At;
use crate::name::QName;

/// Something that is no assertion and keeps a client from talking to a port or calling an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// What kind of thing.
    pub class: Class,
    /// What it is.
    pub text: String,
    /// What to change, by WCF's settings.
    pub fix: String,
    /// Where, if a document says so.
    pub at: Option<At>,
}

/// How much of the messages of an operation is protected, by the policy: of the body of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationProtection {
    /// Of the request.
    pub request: Option<ProtectionLevel>,
    /// Of the reply.
    pub reply: Option<ProtectionLevel>,
    /// Of each fault, by its name.
    pub faults: Vec<(String, ProtectionLevel)>,
    /// Headers of the contract that are signed: namespace and name, an empty name for all.
    pub signed_headers: Vec<(String, String)>,
    /// Those that are encrypted.
    pub encrypted_headers: Vec<(String, String)>,
}

/// What is said of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationVerdict {
    /// Its name.
    pub name: String,
    /// What keeps it from being called; empty where nothing does.
    pub obstacles: Vec<Obstacle>,
    /// How much of its messages is protected; nothing is said without message security.
    pub protection: OperationProtection,
}

/// What is said of a port.
#[derive(Clone, Debug)]
pub struct PortVerdict {
    /// The service.
    pub service: QName,
    /// The name of the port.
    pub port: String,
    /// The binding.
    pub binding: QName,
    /// The port type; none where the binding is missing.
    pub port_type: Option<QName>,
    /// The address, if the port has one.
    pub address: Option<String>,
    /// SOAP version; none for what is not SOAP.
    pub soap: Option<SoapVersion>,
    /// `http`, `tcp`, `websocket`…, or the URI of a transport that is not known.
    pub transport: String,
    /// Whether it can be talked to.
    pub talk: Talk,
    /// How many alternatives the policy has, and the number of the one that is judged.
    pub alternatives: usize,
    /// Counted from 0.
    pub chosen: usize,
    /// Every assertion of that alternative, and of operations and messages.
    pub assertions: Vec<AssertionRuling>,
    /// What keeps a client from talking to it, assertions left out.
    pub obstacles: Vec<Obstacle>,
    /// Operations of the binding, in order.
    pub operations: Vec<OperationVerdict>,
    /// What is worth knowing.
    pub notes: Vec<Finding>,
    /// What a program has to give, in words: a certificate, a user name and a password, an address.
    pub given_in_code: Vec<&'static str>,
    /// Whether passwords go as a digest (`passwordType="PasswordDigest"`).
    pub hash_password: bool,
    /// The binding of WCF, where one says what the policy says.
    pub configuration: Option<Binding>,
    /// The endpoint of a client's configuration that goes with it.
    pub endpoint: Option<ClientEndpoint>,
    /// What it does on the wire.
    pub effective: Option<Box<EffectiveEndpoint>>,
    /// Where.
    pub at: At,
}

impl PortVerdict {
    /// The assertions that block, in order.
    pub fn blocking(&self) -> impl Iterator<Item = &AssertionRuling> {
        self.assertions.iter().filter(|ruling| ruling.ruling == Ruling::Blocking)
    }

    /// The classes of what is in the way, each once, in order.
    pub fn classes(&self) -> Vec<Class> {
        let mut found: Vec<Class> = Vec::new();
        let assertions = self.blocking().filter_map(|ruling| ruling.class);
        for class in assertions.chain(self.obstacles.iter().map(|obstacle| obstacle.class)) {
            if !found.contains(&class) {
                found.push(class);
            }
        }
        found
    }

    /// What would have to be there, in words; empty where nothing is missing.
    pub fn needs(&self) -> Vec<&'static str> {
        let mut needs: Vec<&'static str> = self.classes().into_iter().map(Class::needs).collect();
        needs.dedup();
        needs
    }

    /// The one thing to say in a row of a table.
    pub fn because(&self) -> String {
        let worst = self.classes().into_iter().map(Class::talk).max();
        let blocks = |class: Option<Class>| class.map(Class::talk) == worst;
        let assertion = self.blocking().find(|ruling| blocks(ruling.class));
        let obstacle = self.obstacles.iter().find(|obstacle| blocks(Some(obstacle.class)));
        match (worst, assertion, obstacle) {
            (None, ..) => String::new(),
            (Some(Talk::NotYet), ..) => self.needs().join(", "),
            (_, Some(ruling), _) => {
                let class = ruling.class.map(Class::needs).unwrap_or_default();
                format!("{} ({class})", ruling.label())
            }
            (_, None, Some(obstacle)) => obstacle.text.clone(),
            (_, None, None) => self.needs().join(", "),
        }
    }
}

impl PortVerdict {
    /// Takes into account what the contract says: operations that cannot be called because of their messages. A port of which
    /// most cannot be called cannot be talked to.
    pub fn consider(&mut self, contract: &Contract) {
        for operation in &contract.operations {
            let Some(blocked) = &operation.blocked else { continue };
            let of_name = |one: &&mut OperationVerdict| one.name == operation.name;
            let Some(one) = self.operations.iter_mut().find(of_name) else { continue };
            if one.obstacles.is_empty() {
                one.obstacles.push(Obstacle {
                    class: Class::Contract,
                    text: blocked.reason.clone(),
                    fix: "ask for a contract of documents with literal content: [DataContractFormat] in WCF".to_owned(),
                    at: Some(blocked.at.clone()),
                });
            }
        }
        self.conclude();
    }

    /// The last word: of everything that blocks the worst. A port most of whose operations cannot be called cannot be talked
    /// to; what keeps the first of them is told.
    pub(super) fn conclude(&mut self) {
        let blocked = |o: &&OperationVerdict| !o.obstacles.is_empty();
        let count = self.operations.iter().filter(blocked).count();
        if count * 2 > self.operations.len() {
            let first = self.operations.iter().find(blocked).and_then(|o| o.obstacles.first());
            if let Some(first) = first.filter(|first| !self.obstacles.contains(first)) {
                let first = first.clone();
                self.obstacles.push(first);
            }
        }
        let worst = self.classes().into_iter().map(Class::talk).max();
        self.talk = worst.unwrap_or(Talk::Yes);
    }
}
