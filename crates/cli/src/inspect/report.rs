//! What is told: ports with their verdicts and contracts.

use waxwing_metadata::contract::{Contract, ContractSet};
use waxwing_metadata::judge::{JudgeOptions, PortVerdict, Talk, judge};
use waxwing_metadata::{DocumentKind, Finding, MetadataSet, QName, Severity};

use super::{NOT_TALKABLE, TALKABLE, UNREAD};
use crate::peer::Problem;
use crate::source::Source;

/// A source with all that was found.
pub(crate) struct Report {
    pub(crate) sources: Vec<String>,
    pub(crate) set: MetadataSet,
    pub(crate) ports: Vec<PortVerdict>,
    pub(crate) contracts: ContractSet,
    /// The binding of each of the contracts, in their order: two bindings make two contracts of one port type.
    bindings: Vec<QName>,
}

impl Report {
    /// Judges what was loaded.
    ///
    /// # Errors
    /// `--port` or `--service` names what is not there.
    pub(crate) fn of(set: MetadataSet, source: &Source) -> Result<Report, Problem> {
        let which = &source.which;
        let ignore = which.ignore.iter().map(|(ns, local)| QName::new(ns.as_str(), local.as_str()));
        let options = JudgeOptions { ignore: ignore.collect(), address: which.address.clone() };
        let mut ports = judge(&set, &options);
        which.choose(&mut ports).map_err(Problem::usage)?;
        let mut bindings: Vec<QName> = Vec::new();
        for port in ports.iter().filter(|port| has_contract(&set, port)) {
            if !bindings.contains(&port.binding) {
                bindings.push(port.binding.clone());
            }
        }
        let contracts = ContractSet::of_bindings(&set, &bindings);
        for port in &mut ports {
            if let Some(contract) = contract_of(&contracts, &bindings, port) {
                port.consider(contract);
            }
        }
        Ok(Report { sources: source.sources.clone(), set, ports, contracts, bindings })
    }

    /// The contract of a port.
    pub(crate) fn contract(&self, port: &PortVerdict) -> Option<&Contract> {
        contract_of(&self.contracts, &self.bindings, port)
    }

    /// What is wrong or noteworthy with the documents and types, worst first.
    pub(crate) fn findings(&self) -> Vec<&Finding> {
        let mut all: Vec<&Finding> =
            self.set.findings().iter().chain(&self.contracts.findings).collect();
        all.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        all
    }

    /// Whether no document says anything of a service, and something was wrong.
    pub(crate) fn is_unread(&self) -> bool {
        let broken = self.set.findings().iter().any(|f| f.severity == Severity::Error);
        let documents = self.set.documents();
        let readable = |kind| {
            matches!(kind, DocumentKind::Wsdl | DocumentKind::Metadata | DocumentKind::Schema)
        };
        let given = documents.iter().any(|d| d.given && d.kind == DocumentKind::Unreadable);
        self.ports.is_empty() && (given || (broken && !documents.iter().any(|d| readable(d.kind))))
    }

    pub(crate) fn exit_code(&self) -> u8 {
        if self.is_unread() {
            UNREAD
        } else if self.ports.iter().any(|port| port.talk == Talk::Yes) {
            TALKABLE
        } else {
            NOT_TALKABLE
        }
    }
}

/// Whether there is a contract to a port: SOAP, with a port type.
fn has_contract(set: &MetadataSet, port: &PortVerdict) -> bool {
    let is_there = port.port_type.as_ref().is_some_and(|name| set.port_type(name).is_some());
    port.soap.is_some() && is_there
}

/// The contract of a port: of its port type, in the form that its binding gives it.
fn contract_of<'c>(
    contracts: &'c ContractSet,
    bindings: &[QName],
    port: &PortVerdict,
) -> Option<&'c Contract> {
    let place = bindings.iter().position(|binding| *binding == port.binding)?;
    contracts.contracts.get(place)
}
