//! A model with its findings: what is broken, and what of the file can be used all the same.

use std::sync::Arc;

use crate::config::Configuration;
use crate::config::endpoints::{ClientEndpoint, Service};
use crate::config::error::ConfigurationError;
use crate::config::keeping::Outbox;
use crate::config::resolve_error::ResolveError;
use crate::config::resolve_service::EffectiveService;
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::effective::EffectiveEndpoint;
use crate::file::node::Node;
use crate::file::problem::Problem;
use crate::file::reader::Reader;
use crate::file::step::Step;
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
    /// What it was read from; `None` for a model made in code.
    pub(crate) origin: Option<Arc<Origin>>,
}

/// The texts and the tree that a model was read from.
#[derive(Debug)]
pub(crate) struct Origin {
    /// The texts.
    pub(crate) reader: Reader,
    /// `<system.serviceModel>`: what was merged into one.
    pub(crate) model: Option<Node>,
    /// `<waxwing>`.
    pub(crate) section: Option<Node>,
}

/// A finding that was made elsewhere, about a place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: a span that came from this file.
    pub span: Span,
    /// How bad it is.
    pub severity: Severity,
    /// Stable identifier.
    pub code: &'static str,
    /// What is wrong, in plain words.
    pub message: String,
    /// How to mend it.
    pub fix: String,
    /// What WCF says about it.
    pub wcf_text: Option<String>,
    /// What WCF does.
    pub wcf_behavior: &'static str,
}

impl Loaded {
    /// A finding of somebody else's with its line, its source line and its place in the tree.
    pub fn diagnostic(&self, finding: Finding) -> Diagnostic {
        let Finding { span, severity, code, message, fix, wcf_text, wcf_behavior } = finding;
        let problem = Problem { severity, wcf_text, ..Problem::error(code, span, message) };
        let problem = problem.behavior(wcf_behavior).fix(fix);
        let Some(origin) = &self.origin else { return Reader::new("").diagnosis(problem, &[]).1 };
        let mut steps = vec![Step::named("configuration")];
        let around = |n: &&Node| n.span.start <= span.start && span.end <= n.span.end;
        let mut next = origin.section.as_ref().filter(around).or(origin.model.as_ref());
        while let Some(node) = next {
            steps.push(Step::of(node));
            next = node.children.iter().find(around);
        }
        origin.reader.diagnosis(problem, &steps).1
    }

    /// Where something of the section `<waxwing>` stands (`store/@keyFile`), for a [`Finding`]: the deepest of it that is there.
    /// `None`: the file has no such section.
    pub fn place_in_section(&self, path: &str) -> Option<Span> {
        Some(self.origin.as_ref()?.section.as_ref()?.locate(path))
    }

    /// `<system.serviceModel>`.
    pub(crate) fn model(&self) -> Option<&Node> {
        self.origin.as_ref()?.model.as_ref()
    }

    /// Line of a place, counted from 1; 0 for a model made in code.
    pub(crate) fn line(&self, span: Span) -> u32 {
        self.origin.as_ref().map_or(0, |origin| origin.reader.line(span.start))
    }

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

    /// Bindings and behaviors that have errors and that nothing in the file uses. WCF refuses the file all the same.
    pub fn unused_with_errors(&self) -> Vec<&Scope> {
        let configuration = &self.configuration;
        let mut unused: Vec<&Scope> = Vec::new();
        for scope in self.errors().map(|d| &d.scope) {
            let may_be_unused = matches!(
                scope,
                Scope::Binding { .. }
                    | Scope::ServiceBehavior { .. }
                    | Scope::EndpointBehavior { .. }
            );
            let is_used = configuration.client.endpoints.iter().any(|c| scope.concerns_client(c))
                || configuration
                    .services
                    .services
                    .iter()
                    .any(|s| scope.concerns_service(s, configuration));
            if may_be_unused && !is_used && !unused.contains(&scope) {
                unused.push(scope);
            }
        }
        unused
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

    /// The errors that keep this outbox from being opened: its own, those of the store that it uses, those of the whole
    /// file.
    pub fn errors_of_outbox(&self, outbox: &Outbox) -> Vec<&Diagnostic> {
        let concerns = |d: &&Diagnostic| match &d.scope {
            Scope::File => true,
            Scope::Outbox { name } => *name == outbox.name,
            Scope::Store => outbox.store.is_none(),
            _ => false,
        };
        self.errors().filter(concerns).collect()
    }

    /// The outbox of this name, unless the file has errors that concern it.
    ///
    /// # Errors
    /// There is no such outbox, or something that it needs has errors.
    pub fn find_outbox(&self, name: &str) -> Result<&Outbox, ResolveError> {
        self.refuse(self.errors_of_file())?;
        let outboxes = &self.configuration.waxwing.outboxes;
        let known =
            || outboxes.iter().map(|outbox| outbox.name.clone()).collect::<Vec<_>>().join(", ");
        let outbox = outboxes.iter().find(|outbox| outbox.name == name);
        let none = || ResolveError::NoOutbox { name: name.to_owned(), known: known() };
        let outbox = outbox.ok_or_else(none)?;
        self.refuse(self.errors_of_outbox(outbox))?;
        Ok(outbox)
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
            Scope::Store | Scope::Outbox { .. } => false,
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
            Scope::File | Scope::Services | Scope::Store => true,
            Scope::Clients | Scope::ClientEndpoint { .. } | Scope::Outbox { .. } => false,
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
