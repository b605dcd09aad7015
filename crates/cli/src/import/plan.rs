//! What is to be written.

use std::collections::BTreeSet;
use std::io;

use waxwing::binding::nearest;
use waxwing_build::config::{Change, apart, merge};
use waxwing_build::generate::{Generated, generate};
use waxwing_build::{contracts, formatted, header, protection};
use waxwing_metadata::contract::ContractSet;
use waxwing_metadata::judge::{JudgeOptions, PortVerdict, Talk, best, configuration_of, judge};
use waxwing_metadata::wsdl::{Binding, BindingProtocol};
use waxwing_metadata::{Finding, MetadataSet, QName, Severity};

use super::Arguments;
use super::files::{File, read};
use super::keep::kept;
use super::refusal::Refusal;
use crate::peer::Problem;

/// What stands at the top of a contract: a program seldom uses all of it, and nobody writes it by hand.
const ALLOWED: &str = "#![allow(clippy::all, dead_code)]\n\n";

/// Everything that is to be written, and what is to be told.
pub(super) struct Plan {
    pub(super) files: Vec<File>,
    /// What was read, in words.
    pub(super) read: String,
    /// The ports that the contract is of: name, binding, address, and what a program has to give.
    pub(super) ports: Vec<[String; 4]>,
    pub(super) notes: Vec<String>,
    /// Whether client.config has bindings that stay, and differ from the metadata.
    pub(super) differs: bool,
}

impl Plan {
    pub(super) fn of(set: &MetadataSet, arguments: &Arguments) -> Result<Self, Refusal> {
        let which = &arguments.source.which;
        let ignore = which.ignore.iter().map(|(ns, name)| QName::new(ns.as_str(), name.as_str()));
        let options = JudgeOptions { ignore: ignore.collect(), address: which.address.clone() };
        let mut ports = judge(set, &options);
        which.choose(&mut ports).map_err(Refusal::Usage)?;
        // `?wsdl` and `?singleWsdl` of one service in one folder say everything twice.
        let mut known = BTreeSet::new();
        ports.retain(|port| known.insert((port.service.clone(), port.port.clone())));
        let all: Vec<PortVerdict> = ports;
        let talkable: Vec<&PortVerdict> =
            all.iter().filter(|port| port.talk == Talk::Yes).collect();
        // A contract that several services have may stand in documents without any of them.
        let alone: Vec<&QName> = match all.is_empty() {
            true => set.bindings().filter(|binding| is_soap(binding)).map(|b| &b.name).collect(),
            false => Vec::new(),
        };
        if talkable.is_empty() && alone.is_empty() && !arguments.types_only {
            return Err(nobody(set, &all));
        }
        named(set, arguments)?;
        // The best port of a port type says how its messages look.
        let first = best(&all).filter(|port| port.talk == Talk::Yes);
        let ordered: Vec<&PortVerdict> =
            first.into_iter().chain(talkable.iter().copied()).collect();
        let bindings = ordered.iter().map(|port| &port.binding);
        let contracts = contracts(set, bindings.chain(alone.iter().copied()));
        let generated = code(&contracts, &ordered, arguments)?;
        let mut plan = Self {
            files: Vec::new(),
            differs: false,
            read: told(set),
            ports: talkable.iter().map(|port| row(port)).collect(),
            notes: notes(set, &contracts, &generated),
        };
        plan.contract(set, &generated, arguments);
        if !alone.is_empty() {
            let text = "no service is described here, only its contract: there is no client.config to write";
            plan.notes.push(text.to_owned());
        } else if !arguments.types_only {
            plan.configuration(&talkable, arguments)?;
        }
        if arguments.keep {
            plan.files.extend(kept(set, &arguments.output));
        }
        Ok(plan)
    }

    fn contract(&mut self, set: &MetadataSet, generated: &Generated, arguments: &Arguments) {
        let path = arguments.output.join("contract.rs");
        let text = format!("{}{ALLOWED}{}", header(set), generated.text);
        let content = formatted(&text, &arguments.output).into_bytes();
        let mut what = Vec::new();
        match generated.contracts.as_slice() {
            [] => {}
            [only] => what.push(format!("1 trait ({only})")),
            several => what.push(format!("{} traits ({})", several.len(), several.join(", "))),
        }
        let counted = |count: usize, one: &str| {
            let plural = if count == 1 { "" } else { "s" };
            (count > 0).then(|| format!("{count} {one}{plural}"))
        };
        what.extend(counted(generated.structs, "struct"));
        what.extend(counted(generated.enums, "enum"));
        self.files.push(File { path, content, what: what.join(", "), code: true });
    }

    fn configuration(
        &mut self,
        ports: &[&PortVerdict],
        arguments: &Arguments,
    ) -> Result<(), Refusal> {
        let path = arguments.output.join("client.config");
        let file = configuration_of(ports.iter().copied());
        let new = file.to_xml();
        let before = match read(&path)? {
            None => None,
            Some(octets) => Some(waxwing::binding::decode(&octets).map_err(|error| {
                Refusal::File(
                    path.clone(),
                    io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
                )
            })?),
        };
        let merged = merge(before.as_deref(), &new, arguments.force);
        let merged = merged.map_err(|error| Refusal::Merge(path.clone(), error))?;
        for change in &merged.changes {
            match change {
                Change::Kept(what, differs) => self.notes.push(format!(
                    "{what} of client.config stays as it is, and differs from the metadata ({}): --force changes that, and \
                     nothing else of it",
                    differs.join("; ")
                )),
                Change::Replaced(what, differs) => self.notes.push(format!(
                    "{what} of client.config was changed where it differed from the metadata ({})",
                    differs.join("; ")
                )),
                Change::Renamed(what, name) => self.notes.push(format!(
                    "{what} is called {name} in client.config: another endpoint has one of that name"
                )),
                Change::Added(_) => {}
            }
        }
        if let Some(before) = before.as_deref().filter(|_| !arguments.force) {
            let apart = apart(before, &new);
            self.differs = apart.values().any(|apart| !apart.binding.is_empty());
        }
        let endpoints = &file.client.endpoints;
        let names: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
        let plural = if names.len() == 1 { "" } else { "s" };
        let what = format!("endpoint{plural} {}", names.join(", "));
        self.files.push(File { path, content: merged.text.into_bytes(), what, code: false });
        Ok(())
    }
}

fn is_soap(binding: &Binding) -> bool {
    matches!(binding.protocol, BindingProtocol::Soap { .. })
}

fn code(
    contracts: &ContractSet,
    ports: &[&PortVerdict],
    arguments: &Arguments,
) -> Result<Generated, Refusal> {
    let mut options = arguments.options();
    options.protection = protection(contracts, ports.iter().copied());
    let operations = contracts.contracts.iter().flat_map(|contract| &contract.operations);
    let known: BTreeSet<&str> = operations.map(|operation| operation.name.as_str()).collect();
    let unknown = options.raw.iter().find(|name| !known.contains(name.as_str()));
    if let Some(name) = unknown.filter(|_| !arguments.types_only) {
        let near = nearest(name, known.iter().copied());
        let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        return Err(Refusal::Usage(format!("--raw: there is no operation {name}{hint}")));
    }
    generate(contracts, &options).map_err(|error| Refusal::Generator(error.to_string()))
}

/// That the documents have the namespaces that modules are named for.
fn named(set: &MetadataSet, arguments: &Arguments) -> Result<(), Refusal> {
    let of_wsdl = set.definitions().iter().map(|all| &*all.target_namespace);
    let of_schemas = set.schemas().map(|schema| &*schema.target_namespace);
    let known: BTreeSet<&str> = of_wsdl.chain(of_schemas).collect();
    let unknown = arguments.namespace.iter().find(|(uri, _)| !known.contains(uri.as_str()));
    let Some((uri, _)) = unknown else { return Ok(()) };
    let near = nearest(uri, known.iter().copied());
    let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    let known = known.into_iter().collect::<Vec<_>>().join(", ");
    let text =
        format!("--namespace: the documents have no namespace {uri}{hint} (there are {known})");
    Err(Refusal::Usage(text))
}

/// Why nobody can be talked to.
fn nobody(set: &MetadataSet, ports: &[PortVerdict]) -> Refusal {
    if !ports.is_empty() {
        let reasons = ports.iter().map(|port| (port.port.clone(), port.because()));
        return Refusal::Nobody(reasons.collect(), crate::source::not_followed(set));
    }
    let findings = set.findings().iter().filter(|finding| finding.severity == Severity::Error);
    let lines: String = findings.map(|finding| format!("\n  {}", line(finding))).collect();
    Refusal::Source(Problem::unreadable(format!("no service is described here{lines}")))
}

fn line(finding: &Finding) -> String {
    match &finding.at {
        Some(at) => format!("{at}: {}", finding.message),
        None => finding.message.clone(),
    }
}

fn row(port: &PortVerdict) -> [String; 4] {
    let binding = port.configuration.as_ref().map(|binding| binding.section().to_owned());
    [
        port.port.clone(),
        binding.unwrap_or_default(),
        port.address.clone().unwrap_or_default(),
        port.given_in_code.join(", "),
    ]
}

/// `calc.wsdl and 2 more (12.1 KB): 1 service, 1 port`.
fn told(set: &MetadataSet) -> String {
    let documents = set.documents();
    let octets: usize = documents.iter().map(|document| document.content.len()).sum();
    let first = documents.first().map(|document| document.location.to_string());
    let more = match documents.len() {
        0 | 1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let counted =
        |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let ports = set.services().map(|service| service.ports.len()).sum();
    format!(
        "{}{more} ({}.{} KB): {}, {}",
        first.unwrap_or_default(),
        octets / 1000,
        octets % 1000 / 100,
        counted(set.services().count(), "service"),
        counted(ports, "port"),
    )
}

/// What was found in the documents and when types and messages were made of them, each once.
fn notes(set: &MetadataSet, contracts: &ContractSet, generated: &Generated) -> Vec<String> {
    let findings = set.findings().iter().chain(&contracts.findings);
    let worth = findings.filter(|finding| finding.severity >= Severity::Warning);
    let mut seen = BTreeSet::new();
    let all = worth.map(line).chain(generated.notes.iter().cloned());
    all.filter(|note| seen.insert(note.clone())).collect()
}
