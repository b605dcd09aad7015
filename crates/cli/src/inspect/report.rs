//! What is told: ports with their verdicts and contracts.

use waxwing_metadata::contract::{Contract, ContractSet};
use waxwing_metadata::judge::{JudgeOptions, PortVerdict, Talk, judge};
use waxwing_metadata::{DocumentKind, Finding, MetadataSet, QName, Severity};

use super::{NOT_TALKABLE, TALKABLE, UNREAD};
use crate::source::Source;

/// A source with all that was found.
pub(crate) struct Report {
    pub(crate) sources: Vec<String>,
    pub(crate) set: MetadataSet,
    pub(crate) ports: Vec<PortVerdict>,
    pub(crate) contracts: ContractSet,
}

impl Report {
    /// Judges what was loaded.
    ///
    /// # Errors
    /// `--port` or `--service` names what is not there.
    pub(crate) fn of(set: MetadataSet, source: &Source) -> Result<Report, String> {
        let which = &source.which;
        let ignore = which.ignore.iter().map(|(ns, local)| QName::new(ns.as_str(), local.as_str()));
        let options = JudgeOptions { ignore: ignore.collect(), address: which.address.clone() };
        let mut ports = judge(&set, &options);
        which.choose(&mut ports)?;
        let bindings: Vec<QName> = ports.iter().map(|port| port.binding.clone()).collect();
        let contracts = ContractSet::of_bindings(&set, &bindings);
        let mut report = Report { sources: source.sources.clone(), set, ports, contracts };
        for port in &mut report.ports {
            if let Some(contract) = contract_of(&report.contracts, port) {
                port.consider(contract);
            }
        }
        Ok(report)
    }

    /// The contract of a port.
    pub(crate) fn contract(&self, port: &PortVerdict) -> Option<&Contract> {
        contract_of(&self.contracts, port)
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
        let given = documents.first().is_some_and(|first| first.kind == DocumentKind::Unreadable);
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

/// The contract of a port: of its port type, in the form that its binding gives it.
fn contract_of<'c>(contracts: &'c ContractSet, port: &PortVerdict) -> Option<&'c Contract> {
    let port_type = port.port_type.as_ref()?;
    contracts.contracts.iter().find(|contract| contract.name == *port_type)
}
