//! The configuration file: `<configuration><system.serviceModel>`, and `<waxwing>` beside it.

pub(crate) mod behaviors;
pub(crate) mod check;
pub(crate) mod credentials;
pub(crate) mod endpoints;
pub(crate) mod identity;
pub(crate) mod load;
pub(crate) mod resolve;
pub(crate) mod waxwing;
mod write;

use crate::bindings::Binding;
use crate::diagnostic::{Diagnostic, Severity};
use crate::file::raw::OtherElement;
use behaviors::Behaviors;
use endpoints::{Client, ProtocolMappings, Services};
use waxwing::WaxwingSection;

/// A configuration file as a typed model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Configuration {
    /// Bindings of all types, in file order within a type.
    pub bindings: Vec<Binding>,
    /// Services.
    pub services: Services,
    /// Client endpoints.
    pub client: Client,
    /// Behaviors.
    pub behaviors: Behaviors,
    /// Bindings of default endpoints.
    pub protocol_mapping: ProtocolMappings,
    /// Sections of `<system.serviceModel>` that are recognised and carried, not used.
    pub others: Vec<OtherElement>,
    /// What only Waxwing has.
    pub waxwing: WaxwingSection,
}

/// A model together with everything that is remarkable about the file.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The model: what could be read.
    pub configuration: Configuration,
    /// Findings, by place in the file.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// Whether WCF would refuse the file or an endpoint in it.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }
}

/// The file has errors.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the configuration has {} error(s):\n{}", .diagnostics.len(), list(.diagnostics))]
pub struct ConfigurationError {
    /// The errors; warnings and notes are left out.
    pub diagnostics: Vec<Diagnostic>,
}

fn list(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
