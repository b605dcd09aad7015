//! What becomes of each endpoint of a file: it runs, it cannot run here, or it is broken.

use waxwing_soap::Address;

use crate::config::endpoints::{ClientEndpoint, Service, ServiceEndpoint};
use crate::config::loaded::Loaded;
use crate::config::places::Places;
use crate::config::resolve_error::ResolveError;
use crate::diagnostic::{Diagnostic, Span};
use crate::effective::METADATA_CONTRACT;
use crate::effective::{EffectiveEndpoint, Role};
use crate::file::node::Node;
use crate::proxy::instead_of_expression;
use crate::{AuthenticationSchemes, MessageCredentialType, X509CertificateValidationMode};

/// What becomes of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It runs.
    Runs {
        /// What the file does not hold and the program gives in code: `a user name and a password`.
        in_code: Vec<&'static str>,
    },
    /// WCF runs it; this version of Waxwing, or this machine, cannot.
    CannotRun(Vec<Reason>),
    /// WCF refuses it, too.
    Broken(Vec<Reason>),
}

/// Why an endpoint does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Stable identifier: that of the finding.
    pub code: &'static str,
    /// What is in the way, by the name of the setting.
    pub what: String,
    /// How to mend it, or what to use instead.
    pub fix: Option<String>,
    /// What WCF says, if it refuses, too.
    pub wcf_text: Option<String>,
}

/// An endpoint of a file and what becomes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointVerdict {
    /// Which side.
    pub role: Role,
    /// Name of the service; empty for clients.
    pub service: String,
    /// Name of the endpoint, as the file has it or as WCF derives it; empty where neither can be told.
    pub name: String,
    /// The contract.
    pub contract: String,
    /// Type of the binding: `wsHttpBinding`.
    pub binding: String,
    /// The address; absolute if that can be told.
    pub address: String,
    /// Where the endpoint stands in the text; a service that gets its endpoints by default stands
    /// for them.
    pub span: Span,
    /// Line of `span.start`, counted from 1.
    pub line: u32,
    /// What becomes of it.
    pub verdict: Verdict,
    /// The endpoint resolved, where that is possible.
    pub endpoint: Option<Box<EffectiveEndpoint>>,
    /// Where its certificates are named.
    pub certificates: CertificateSpans,
}

/// Where the certificates of an endpoint are named, as spans of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CertificateSpans {
    /// Its own certificate.
    pub own: Span,
    /// The service's certificate as a client knows it beforehand.
    pub known: Span,
    /// How the other side's certificate is checked.
    pub check: Span,
    /// Who the service must be.
    pub identity: Span,
}

impl CertificateSpans {
    pub(crate) fn of(role: Role, places: &Places<'_>) -> CertificateSpans {
        let (own, check) = match role {
            Role::Client => (
                "clientCredentials/clientCertificate",
                "clientCredentials/serviceCertificate/authentication",
            ),
            Role::Service => (
                "serviceCredentials/serviceCertificate",
                "serviceCredentials/clientCertificate/authentication",
            ),
        };
        CertificateSpans {
            own: places.in_behavior(own),
            known: places.in_behavior("clientCredentials/serviceCertificate/defaultCertificate"),
            check: places.in_behavior(check),
            identity: places.endpoint.locate("identity/certificate/@encodedValue"),
        }
    }
}

impl Verdict {
    /// `runs`, `cannot run here` or `broken`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Verdict::Runs { .. } => "runs",
            Verdict::CannotRun(_) => "cannot run here",
            Verdict::Broken(_) => "broken",
        }
    }

    /// Whether it runs.
    pub fn runs(&self) -> bool {
        matches!(self, Verdict::Runs { .. })
    }

    /// Why it does not run; empty when it does.
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Verdict::Runs { .. } => &[],
            Verdict::CannotRun(reasons) | Verdict::Broken(reasons) => reasons,
        }
    }

    /// Adds something that keeps the endpoint from running on this machine; what is broken stays
    /// broken.
    pub fn cannot_run(&mut self, reason: Reason) {
        match self {
            Verdict::Runs { .. } => *self = Verdict::CannotRun(vec![reason]),
            Verdict::CannotRun(reasons) => {
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
            Verdict::Broken(_) => {}
        }
    }
}

impl EndpointVerdict {
    /// Whether it is an endpoint of metadata, which nobody calls for the sake of the service.
    pub fn is_metadata(&self) -> bool {
        self.contract == METADATA_CONTRACT
    }

    /// A service opens with all its endpoints or not at all; those of metadata are left out. Where
    /// one cannot run, the others of its service cannot either.
    pub fn all_or_none(endpoints: &mut [EndpointVerdict]) {
        let stops =
            |e: &&EndpointVerdict| e.role == Role::Service && !e.is_metadata() && !e.verdict.runs();
        let stopped: Vec<EndpointVerdict> = endpoints.iter().filter(stops).cloned().collect();
        for stopped in stopped {
            let what = format!(
                "the endpoint {} ({}) of the same service cannot run, and a service opens with all \
                 its endpoints or not at all",
                stopped.address, stopped.binding
            );
            let fix = "remove that endpoint, or put it into a service of its own";
            let same = |e: &&mut EndpointVerdict| {
                e.role == Role::Service && e.service == stopped.service && e.verdict.runs()
            };
            for endpoint in endpoints.iter_mut().filter(same) {
                let reason = Reason::not_here("endpoint-of-the-service", what.clone(), fix);
                endpoint.verdict.cannot_run(reason);
            }
        }
    }
}

impl Reason {
    fn of_error(error: &Diagnostic) -> Reason {
        Reason {
            code: error.code,
            what: format!("line {}: {}", error.line, error.message),
            fix: error.fix.clone(),
            wcf_text: error.wcf_text.clone(),
        }
    }

    /// Something that WCF has and this version has not.
    fn not_here(code: &'static str, what: impl Into<String>, fix: &str) -> Reason {
        Reason { code, what: what.into(), fix: Some(fix.to_owned()), wcf_text: None }
    }
}

/// What becomes of a file as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Every endpoint runs.
    AllRun,
    /// Some run, others cannot run here.
    SomeRun,
    /// None of its endpoints can run here.
    NoneRuns,
    /// WCF refuses the file, or an endpoint in it.
    Broken,
    /// It has no endpoint.
    NoEndpoints,
}

impl Outcome {
    /// Of the endpoints of a file, or of several. Those of metadata do not count beside others.
    pub fn of(endpoints: &[EndpointVerdict], has_errors: bool) -> Outcome {
        let broken = endpoints.iter().any(|e| matches!(e.verdict, Verdict::Broken(_)));
        if has_errors || broken {
            return Outcome::Broken;
        }
        let application: Vec<_> = endpoints.iter().filter(|e| !e.is_metadata()).collect();
        // A client may be there to ask for metadata alone; a service that has nothing else is none.
        let asks_only = |e: &EndpointVerdict| e.service.is_empty() && e.verdict.runs();
        if application.is_empty() && !endpoints.is_empty() && endpoints.iter().all(asks_only) {
            return Outcome::AllRun;
        }
        let run = application.iter().filter(|e| e.verdict.runs()).count();
        match (endpoints.is_empty(), run) {
            (true, _) => Outcome::NoEndpoints,
            (false, 0) => Outcome::NoneRuns,
            (false, run) if run == application.len() => Outcome::AllRun,
            _ => Outcome::SomeRun,
        }
    }
}

impl Loaded {
    /// What becomes of each endpoint of the file: clients first, then services, in the order of the
    /// file. Files and certificates are not looked at; `waxwing::check` does.
    pub fn verdicts(&self) -> Vec<EndpointVerdict> {
        let empty = Node::default();
        let model = self.model().unwrap_or(&empty);
        let nodes = |section: &str, name: &'static str| -> Vec<&Node> {
            model.child(section).into_iter().flat_map(|s| s.children_named(name)).collect()
        };
        let mut found = Vec::new();
        let places = nodes("client", "endpoint");
        for (i, endpoint) in self.configuration.client.endpoints.iter().enumerate() {
            let node = places.get(i).copied().unwrap_or(&empty);
            found.push(self.client(endpoint, Places::of_client(model, node)));
        }
        let places = nodes("services", "service");
        for (i, service) in self.configuration.services.services.iter().enumerate() {
            let node = places.get(i).copied().unwrap_or(&empty);
            found.extend(self.service_endpoints(service, model, node));
        }
        EndpointVerdict::all_or_none(&mut found);
        for endpoint in &mut found {
            endpoint.line = self.line(endpoint.span);
        }
        found
    }

    fn client(&self, endpoint: &ClientEndpoint, places: Places<'_>) -> EndpointVerdict {
        let errors = self.errors_of_client(endpoint);
        let resolved = self.configuration.resolve_client(endpoint);
        let mut judged = judge(Role::Client, &errors, resolved, places);
        judged.name.clone_from(&endpoint.name);
        judged.contract.clone_from(&endpoint.contract);
        judged.binding.clone_from(&endpoint.binding);
        judged.address = endpoint.address.clone().unwrap_or_default().trim().to_owned();
        judged
    }

    fn service_endpoints(
        &self,
        service: &Service,
        model: &Node,
        node: &Node,
    ) -> Vec<EndpointVerdict> {
        let errors = self.errors_of_service(service);
        let behavior = self.configuration.service_behavior(service).cloned().unwrap_or_default();
        let resolve = |e: &ServiceEndpoint| {
            self.configuration.resolve_service_endpoint(service, e, &behavior)
        };
        let nodes: Vec<&Node> = node.children_named("endpoint").collect();
        // Which contracts a service has is known to the program only.
        let by_default = self.configuration.default_endpoints(service, &["each of its contracts"]);
        let all = if service.endpoints.is_empty() { &by_default } else { &service.endpoints };
        let mut found: Vec<EndpointVerdict> = Vec::new();
        for (i, endpoint) in all.iter().enumerate() {
            let node_of_endpoint = nodes.get(i).copied().unwrap_or(node);
            let places = Places::of_service(model, node, node_of_endpoint);
            let mut resolved = resolve(endpoint);
            let mut from_outside = false;
            if let Err(ResolveError::NoAddress { scheme, .. }) = &resolved {
                // The host gives base addresses, too: judged as if it had.
                from_outside = true;
                let below = format!("{scheme}://localhost/{}", endpoint.address);
                resolved = resolve(&endpoint.clone().address(below));
            }
            let mut judged = judge(Role::Service, &errors, resolved, places);
            judged.service.clone_from(&service.name);
            if from_outside {
                judged.address.clone_from(&endpoint.address);
                if let Verdict::Runs { in_code } = &mut judged.verdict {
                    in_code.push("a base address");
                }
            }
            if judged.endpoint.is_none() {
                judged.name.clone_from(&endpoint.name);
                judged.contract.clone_from(&endpoint.contract);
                judged.binding.clone_from(&endpoint.binding);
                judged.address.clone_from(&endpoint.address);
            }
            if service.endpoints.is_empty() {
                judged.name.clear();
            }
            found.push(judged);
        }
        if found.is_empty() && !errors.is_empty() {
            // Nothing but the service itself can be shown.
            let places = Places::of_service(model, node, node);
            let none = ResolveError::NoService { name: service.name.clone(), known: String::new() };
            let mut judged = judge(Role::Service, &errors, Err(none), places);
            judged.service.clone_from(&service.name);
            found.push(judged);
        }
        found
    }
}

fn judge(
    role: Role,
    errors: &[&Diagnostic],
    resolved: Result<EffectiveEndpoint, ResolveError>,
    places: Places<'_>,
) -> EndpointVerdict {
    let verdict = if errors.is_empty() {
        match &resolved {
            Ok(endpoint) => of_endpoint(endpoint),
            Err(error) => unresolved(error),
        }
    } else {
        Verdict::Broken(errors.iter().map(|error| Reason::of_error(error)).collect())
    };
    let endpoint = resolved.ok().map(Box::new);
    let text = |of: fn(&EffectiveEndpoint) -> &String| {
        endpoint.as_deref().map_or_else(String::new, |e| of(e).clone())
    };
    EndpointVerdict {
        role,
        service: String::new(),
        name: text(|e| &e.name),
        contract: text(|e| &e.contract),
        binding: text(|e| &e.binding_section),
        address: text(|e| &e.address),
        span: places.endpoint.name_span,
        line: 0,
        verdict,
        certificates: CertificateSpans::of(role, &places),
        endpoint,
    }
}

fn of_endpoint(endpoint: &EffectiveEndpoint) -> Verdict {
    let mut reasons: Vec<Reason> = endpoint
        .unsupported()
        .into_iter()
        .map(|u| Reason::not_here("not-supported", u.feature, &u.instead))
        .collect();
    if endpoint.role == Role::Client
        && let Some((text, why)) = endpoint.transport.proxy.unusable_expression()
    {
        reasons.push(Reason::not_here("bypass-expression", why, &instead_of_expression(text)));
    }
    if let Some(reason) = forgotten_scheme(endpoint) {
        return Verdict::Broken(vec![reason]);
    }
    if reasons.is_empty() {
        Verdict::Runs { in_code: given_in_code(endpoint) }
    } else {
        Verdict::CannotRun(reasons)
    }
}

/// Without an error in the file, an endpoint cannot be resolved when it needs .NET's own classes.
fn unresolved(error: &ResolveError) -> Verdict {
    let fix = match error {
        ResolveError::StandardEndpoint { .. } => "write an endpoint with a binding and a contract",
        ResolveError::NoBinding { .. } => "use wsHttpBinding or ws2007HttpBinding",
        other => {
            return Verdict::Broken(vec![Reason {
                code: "unresolved",
                what: other.to_string(),
                fix: None,
                wcf_text: None,
            }]);
        }
    };
    let what = match error {
        ResolveError::NoBinding { section, .. } => {
            format!("{section}, a .NET class of the program's own")
        }
        ResolveError::StandardEndpoint { kind } => format!("the standard endpoint {kind}"),
        other => other.to_string(),
    };
    Verdict::CannotRun(vec![Reason::not_here("not-supported", what, fix)])
}

/// A client's `localhost:8000/calc`: nobody means a scheme `localhost`, and there is no place to
/// send to.
fn forgotten_scheme(endpoint: &EffectiveEndpoint) -> Option<Reason> {
    let address = &endpoint.address;
    let to_nowhere = endpoint.role == Role::Client && endpoint.via.is_none();
    (to_nowhere && Address::of(address).is_host_and_port()).then(|| Reason {
        code: "address-without-host",
        what: format!("the address lacks {}://", endpoint.transport.scheme),
        fix: Some(format!("write {}://{address}", endpoint.transport.scheme)),
        wcf_text: Some(format!(
            "The provided URI scheme '{}' is invalid; expected '{}'.",
            Address::of(address).scheme().unwrap_or_default(),
            endpoint.transport.scheme
        )),
    })
}

/// What no file can hold, or this one does not, and the program gives.
fn given_in_code(endpoint: &EffectiveEndpoint) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = Vec::new();
    if endpoint.role == Role::Client && endpoint.via.is_none() {
        match endpoint.address.as_str() {
            "" => found.push("an address"),
            address if Address::of(address).authority().is_none() => {
                found.push("a place to send to")
            }
            _ => {}
        }
    }
    let authorization = &endpoint.service_behavior.service_authorization;
    let decided_in_net = authorization.as_ref().is_some_and(|a| {
        !a.service_authorization_manager_type.is_empty() || !a.authorization_policies.add.is_empty()
    });
    if endpoint.role == Role::Service && decided_in_net {
        found.push("who may do what (ServiceHostBuilder::authorize)");
    }
    let has = |scheme| endpoint.transport.authentication.contains(scheme);
    let (basic, digest) = (has(AuthenticationSchemes::BASIC), has(AuthenticationSchemes::DIGEST));
    match endpoint.role {
        Role::Client if basic || digest => found.push("a user name and a password"),
        Role::Client => {}
        Role::Service => {
            found.extend(basic.then_some("a check of user names and passwords"));
            found.extend(
                digest.then_some("a store of passwords (ServiceHostBuilder::digest_store)"),
            );
        }
    }
    for missing in endpoint.missing_credentials() {
        found.push(match missing.code {
            "client-certificate-missing" => "the client's certificate",
            _ => "the service's certificate",
        });
    }
    let Some(security) = &endpoint.security else { return found };
    let custom = X509CertificateValidationMode::Custom;
    let user_name = security.credential == MessageCredentialType::UserName;
    match endpoint.role {
        Role::Client => {
            let check = &endpoint.client_credentials.service_certificate.authentication;
            let checked = security.authentication.needs_service_certificate();
            if user_name {
                found.push("a user name and a password");
            }
            if checked && check.certificate_validation_mode == custom {
                found.push("a check of the service's certificate");
            }
        }
        Role::Service => {
            let check = &endpoint.service_credentials.client_certificate.authentication;
            let certificate = security.credential == MessageCredentialType::Certificate;
            if user_name {
                found.push("a check of user names and passwords");
            }
            if certificate && check.certificate_validation_mode == custom {
                found.push("a check of clients' certificates");
            }
        }
    }
    found
}
