//! A service by its metadata, and which of its ports is meant.

use std::path::Path;
use std::sync::Arc;

use waxwing::metadata::MetadataError;
use waxwing::{ChannelFactory, ConfigurationFile};
use waxwing_metadata::contract::{Contract, ContractSet, Operation, Pattern};
use waxwing_metadata::json::Codec;
use waxwing_metadata::judge::{JudgeOptions, PortVerdict, Talk, best, judge};
use waxwing_metadata::{MetadataSet, QName};

use super::configured::{factory_of, same};
use super::contract::owned;
use super::credentials::Credentials;
use super::problem::Problem;
use crate::source::{Limits, Which};

/// What a source says, with a verdict on each port.
pub(crate) struct Described {
    set: MetadataSet,
    ports: Vec<PortVerdict>,
    /// Addresses of a configuration file: of several ports that of one of them is meant.
    preferred: Vec<String>,
}

/// Reads sources.
///
/// # Errors
/// They cannot be read, or describe no port.
pub(crate) async fn read(
    sources: &[String],
    limits: &Limits,
    which: &Which,
    credentials: &Credentials,
) -> Result<Described, Problem> {
    read_with(sources, limits, which, credentials, |error| error.to_string()).await
}

/// The same, telling in other words why they cannot be read.
///
/// # Errors
/// As [`read`].
pub(crate) async fn read_with(
    sources: &[String],
    limits: &Limits,
    which: &Which,
    credentials: &Credentials,
    tell: fn(&MetadataError) -> String,
) -> Result<Described, Problem> {
    let reader = credentials.access.reader(limits.reader())?;
    let read = reader.read(sources).await;
    let metadata = read.map_err(|error| Problem::unreadable(tell(&error)))?;
    let ignore = which.ignore.iter().map(|(ns, name)| QName::new(ns.as_str(), name.as_str()));
    let options = JudgeOptions { ignore: ignore.collect(), address: which.address.clone() };
    let ports = judge(&metadata.set, &options);
    if ports.is_empty() {
        let findings = metadata.set.findings();
        let first = findings.iter().map(|finding| match &finding.at {
            Some(at) => format!("{at}: {}", finding.message),
            None => finding.message.clone(),
        });
        let why = first.take(3).collect::<Vec<_>>().join("\n  ");
        let why = if why.is_empty() { "it has no wsdl:service".to_owned() } else { why };
        return Err(Problem::unreadable(format!("the source describes no port:\n  {why}")));
    }
    Ok(Described { set: metadata.set, ports, preferred: Vec::new() })
}

impl Described {
    /// The same where a port with one of these addresses comes before others.
    pub(crate) fn preferring(self, preferred: Vec<String>) -> Self {
        Self { preferred, ..self }
    }

    /// The best of some ports, of those with a preferred address if there are any.
    fn best(&self, ports: &[PortVerdict]) -> Option<PortVerdict> {
        let is_near = |port: &&PortVerdict| {
            let own = port.address.as_deref();
            own.is_some_and(|own| self.preferred.iter().any(|preferred| same(preferred, own)))
        };
        let near: Vec<_> = ports.iter().filter(is_near).cloned().collect();
        best(if near.is_empty() { ports } else { &near }).cloned()
    }

    /// The ports that the options allow.
    fn allowed(&self, which: &Which) -> Result<Vec<PortVerdict>, Problem> {
        let mut allowed = self.ports.clone();
        which.choose(&mut allowed).map_err(Problem::usage)?;
        Ok(allowed)
    }

    /// The best port.
    ///
    /// # Errors
    /// None is called so.
    pub(crate) fn port(&self, which: &Which) -> Result<PortVerdict, Problem> {
        let allowed = self.allowed(which)?;
        self.best(&allowed).ok_or_else(|| Problem::unreadable("there is no port"))
    }

    /// The best port that has an operation of this name (or action).
    ///
    /// # Errors
    /// None has it; the nearest name is told.
    pub(crate) fn port_with(&self, which: &Which, operation: &str) -> Result<Offered, Problem> {
        let allowed = self.allowed(which)?;
        let mut names = Vec::new();
        let mut found: Vec<(PortVerdict, Arc<ContractSet>, usize)> = Vec::new();
        for port in allowed {
            let set = Arc::new(ContractSet::of_bindings(&self.set, [&port.binding]));
            let Some(contract) = set.contracts.first() else { continue };
            names.extend(contract.operations.iter().map(|operation| operation.name.clone()));
            if let Some(place) = place(contract, operation)? {
                found.push((port, set, place));
            }
        }
        let ports: Vec<_> = found.iter().map(|(port, ..)| port.clone()).collect();
        let chosen = self.best(&ports).and_then(|best| {
            found.iter().find(|(port, ..)| port.port == best.port && port.service == best.service)
        });
        if let Some((port, set, place)) = chosen {
            return Ok(Offered {
                port: port.clone(),
                codec: Codec::new(Arc::clone(set)),
                place: *place,
            });
        }
        names.sort();
        names.dedup();
        let near = waxwing::binding::nearest(operation, names.iter().map(String::as_str));
        let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        let names = match names.len() {
            0 => "the ports have no operations".to_owned(),
            _ => format!("there are {}", names.join(", ")),
        };
        Err(Problem::usage(format!("there is no operation {operation}{near} ({names})")))
    }

    /// The contract of a port.
    pub(crate) fn contract(&self, port: &PortVerdict) -> Arc<ContractSet> {
        Arc::new(ContractSet::of_bindings(&self.set, [&port.binding]))
    }
}

/// The place of the operation of this name; of several with one name, that of this action.
fn place(contract: &Contract, wanted: &str) -> Result<Option<usize>, Problem> {
    let with = |is: &dyn Fn(&Operation) -> bool| -> Vec<usize> {
        let all = contract.operations.iter().enumerate();
        all.filter(|(_, operation)| is(operation)).map(|(place, _)| place).collect()
    };
    let named = with(&|operation| operation.name == wanted);
    match named.as_slice() {
        [one] => return Ok(Some(*one)),
        [] => {}
        several => {
            let actions = several.iter().map(|i| contract.operations[*i].action.as_str());
            let actions = actions.collect::<Vec<_>>().join(", ");
            return Err(Problem::usage(format!(
                "several operations are called {wanted}: give the action, one of {actions}"
            )));
        }
    }
    Ok(with(&|operation| operation.action == wanted).first().copied())
}

/// An operation of a port.
pub(crate) struct Offered {
    pub(crate) port: PortVerdict,
    pub(crate) codec: Codec,
    place: usize,
}

impl Offered {
    pub(crate) fn contract(&self) -> &Contract {
        &self.codec.contracts().contracts[0]
    }

    pub(crate) fn operation(&self) -> &Operation {
        &self.contract().operations[self.place]
    }

    /// That the operation can be called by a client at all.
    ///
    /// # Errors
    /// It cannot, and why.
    pub(crate) fn callable(&self) -> Result<(), Problem> {
        let operation = self.operation();
        if let Some(fall) = &operation.blocked {
            let (name, reason, at) = (&operation.name, &fall.reason, &fall.at);
            return Err(Problem::failed(format!("{name} cannot be called: {reason} ({at})")));
        }
        if !matches!(operation.pattern, Pattern::RequestResponse | Pattern::OneWay) {
            let name = &operation.name;
            return Err(Problem::failed(format!(
                "{name} is an operation of the callback contract: the service calls it"
            )));
        }
        Ok(())
    }

    /// The factory of channels to the port, by its policy or a configuration file.
    ///
    /// # Errors
    /// The port cannot be talked to, or something is missing. `given`: the address of the port is that of an option.
    pub(crate) fn factory(
        &self,
        config: Option<&Path>,
        endpoint: Option<&str>,
        given: bool,
    ) -> Result<ChannelFactory, Problem> {
        let contract = owned(self.contract(), Some(&self.port));
        match config {
            Some(path) => factory_of(path, endpoint, contract, self.port.address.as_deref(), given),
            None => factory(&self.port, contract),
        }
    }
}

/// The factory of channels to a port, by its policy.
///
/// # Errors
/// It cannot be talked to, or something is missing.
pub(crate) fn factory(
    port: &PortVerdict,
    contract: waxwing::contract::OwnedContract,
) -> Result<ChannelFactory, Problem> {
    let failed = |error: waxwing::ChannelError| Problem::failed(error.to_string());
    if port.talk != Talk::Yes {
        return Err(Problem::failed(refusal(port)));
    }
    let Some(configuration) = port.configuration_file(Some(contract.configuration_name())) else {
        return Err(Problem::failed("no binding of WCF says what the policy says"));
    };
    let file = ConfigurationFile::of(configuration, ".");
    ChannelFactory::from_config(&file, "*", contract).map_err(failed)
}

/// Why a port cannot be talked to.
fn refusal(port: &PortVerdict) -> String {
    let mut text = format!("port {} cannot be talked to: {}", port.port, port.because());
    let assertions = port.blocking().map(|ruling| ruling.label());
    let obstacles = port.obstacles.iter().map(|obstacle| {
        let fix =
            if obstacle.fix.is_empty() { String::new() } else { format!(" Fix: {}", obstacle.fix) };
        format!("{}.{fix}", obstacle.text.trim_end_matches('.'))
    });
    for line in assertions.chain(obstacles) {
        text.push_str(&format!("\n  {line}"));
    }
    text.push_str(
        "\n  `waxwing inspect` says it in full; --config FILE takes the binding of a file instead",
    );
    text
}
