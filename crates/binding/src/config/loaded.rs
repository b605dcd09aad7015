//! A model with its findings: what is broken, and what of the file can be used all the same.

use std::fmt;

use crate::config::Configuration;
use crate::config::endpoints::{ClientEndpoint, Service};
use crate::config::resolve::{EffectiveService, ResolveError};
use crate::diagnostic::{Diagnostic, Severity};
use crate::effective::EffectiveEndpoint;
use crate::scope::Scope;

/// A model together with everything that is remarkable about the file.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The model: what could be read.
    pub configuration: Configuration,
    /// Findings, by place in the file.
    pub diagnostics: Vec<Diagnostic>,
    /// Name of the file as it was given; empty when none was.
    pub file: String,
}

impl Loaded {
    /// A model made in code: without findings.
    pub fn of(configuration: Configuration) -> Loaded {
        Loaded { configuration, ..Loaded::default() }
    }

    /// Whether WCF would refuse the file or an endpoint in it.
    pub fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }

    fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|d| d.severity == Severity::Error)
    }

    /// The errors that stop everything in the file.
    pub fn errors_of_file(&self) -> Vec<&Diagnostic> {
        self.errors().filter(|d| d.scope == Scope::File).collect()
    }

    /// The file as one error, if something is wrong that stops everything in it; then every error is
    /// told.
    pub fn error_of_file(&self) -> Option<ConfigurationError> {
        let stopped = !self.errors_of_file().is_empty();
        stopped.then(|| ConfigurationError::of(&self.file, self.errors().collect()))
    }

    /// The errors that keep this client endpoint from being opened: its own, those of its binding
    /// and behavior, those of the whole file.
    pub fn errors_of_client(&self, endpoint: &ClientEndpoint) -> Vec<&Diagnostic> {
        self.errors().filter(|d| d.scope.concerns_client(endpoint)).collect()
    }

    /// The errors that keep this service from being opened: its own, those of its endpoints, of
    /// their bindings and behaviors, those of the whole file.
    pub fn errors_of_service(&self, service: &Service) -> Vec<&Diagnostic> {
        let concerns = |d: &&Diagnostic| d.scope.concerns_service(service, &self.configuration);
        self.errors().filter(concerns).collect()
    }

    /// The model, if nothing is wrong with it.
    ///
    /// # Errors
    /// All errors of the file.
    pub fn strict(self) -> Result<Configuration, ConfigurationError> {
        if self.has_errors() {
            return Err(ConfigurationError::of(&self.file, self.errors().collect()));
        }
        Ok(self.configuration)
    }

    /// [`Configuration::client_endpoint`], unless the file has errors that concern the endpoint.
    ///
    /// # Errors
    /// There is no such endpoint, or there are several, or something that it needs has errors.
    pub fn client_endpoint(
        &self,
        name: &str,
        contract: &str,
    ) -> Result<EffectiveEndpoint, ResolveError> {
        self.refuse(self.errors_of_file())?;
        let endpoint = self.configuration.find_client(name, contract)?;
        self.refuse(self.errors_of_client(endpoint))?;
        self.configuration.resolve_client(endpoint)
    }

    /// A service to be opened: as [`Configuration::services`] has it, unless the file has errors
    /// that concern it. [`Configuration::resolve_service`] gives its endpoints.
    ///
    /// # Errors
    /// There is no such service, or something that it needs has errors.
    pub fn find_service(&self, name: &str) -> Result<&Service, ResolveError> {
        self.refuse(self.errors_of_file())?;
        let service = self.configuration.find_service(name)?;
        self.refuse(self.errors_of_service(service))?;
        Ok(service)
    }

    /// [`Configuration::service`], unless the file has errors that concern the service.
    ///
    /// # Errors
    /// There is no such service, or something that it needs has errors, or one of its endpoints
    /// cannot be resolved.
    pub fn service(
        &self,
        name: &str,
        contracts: &[&str],
    ) -> Result<EffectiveService, ResolveError> {
        self.configuration.resolve_service(self.find_service(name)?, contracts)
    }

    fn refuse(&self, errors: Vec<&Diagnostic>) -> Result<(), ResolveError> {
        if errors.is_empty() {
            return Ok(());
        }
        Err(ResolveError::Mistakes(ConfigurationError::of(&self.file, errors)))
    }
}

impl Scope {
    /// Whether a finding of this scope concerns a client endpoint.
    pub fn concerns_client(&self, endpoint: &ClientEndpoint) -> bool {
        match self {
            Scope::File | Scope::Clients => true,
            Scope::Services | Scope::Service { .. } | Scope::ServiceBehavior { .. } => false,
            Scope::Binding { section, name } => {
                endpoint.binding == *section && endpoint.binding_configuration == *name
            }
            Scope::EndpointBehavior { name } => endpoint.behavior_configuration == *name,
            Scope::ClientEndpoint { name, contract } => {
                endpoint.name == *name && endpoint.contract == *contract
            }
        }
    }

    /// Whether a finding of this scope concerns a service of `configuration` or one of its
    /// endpoints.
    pub fn concerns_service(&self, service: &Service, configuration: &Configuration) -> bool {
        let mut endpoints = service.endpoints.iter();
        // Without endpoints it gets one for each base address, with whatever binding is mapped.
        let by_default = service.endpoints.is_empty();
        match self {
            Scope::File | Scope::Services => true,
            Scope::Clients | Scope::ClientEndpoint { .. } => false,
            Scope::Binding { section, name } if by_default => {
                let mut mapped = configuration.protocol_mapping.add.iter();
                name.is_empty()
                    || mapped.any(|m| m.binding == *section && m.binding_configuration == *name)
            }
            Scope::Binding { section, name } => {
                endpoints.any(|e| e.binding == *section && e.binding_configuration == *name)
            }
            Scope::EndpointBehavior { name } => {
                by_default && name.is_empty()
                    || endpoints.any(|e| e.behavior_configuration == *name)
            }
            Scope::ServiceBehavior { name } => service.behavior_configuration == *name,
            Scope::Service { name } => service.name == *name,
        }
    }
}

/// The file has errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationError {
    /// Name of the file as it was given; empty when none was.
    pub file: String,
    /// The errors; warnings and notes are left out.
    pub diagnostics: Vec<Diagnostic>,
}

impl ConfigurationError {
    fn of(file: &str, errors: Vec<&Diagnostic>) -> ConfigurationError {
        let diagnostics = errors.into_iter().cloned().collect();
        ConfigurationError { file: file.to_owned(), diagnostics }
    }
}

impl std::error::Error for ConfigurationError {}

impl fmt::Display for ConfigurationError {
    /// A line of summary, then each error with its source line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = if self.file.is_empty() { "the configuration" } else { &self.file };
        let plural = if self.diagnostics.len() == 1 { "" } else { "s" };
        write!(f, "{file} has {} error{plural}", self.diagnostics.len())?;
        self.diagnostics.iter().try_for_each(|d| write!(f, "\n\n{}", d.in_file(&self.file)))
    }
}
