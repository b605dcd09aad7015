//! Whom a node speaks with: those whose certificate one of the cluster's authorities gave, and that have one of its names.

use std::sync::Arc;

use jiff::Timestamp;
use waxwing_crypto::{Certificate, CertificateValidator, RevocationMode, Usage, ValidationMode};

use super::options::NodeOptions;
use crate::future::BoxFuture;
use crate::net::{Distrust, ServerTrust};

/// Who is a node.
#[derive(Clone)]
pub(super) struct NodeTrust(Arc<Rules>);

struct Rules {
    servers: CertificateValidator,
    clients: CertificateValidator,
    names: Vec<String>,
}

impl NodeTrust {
    pub(super) fn new(options: &NodeOptions) -> Self {
        let validator = |usage| {
            CertificateValidator::new(ValidationMode::ChainTrust, RevocationMode::NoCheck, usage)
                .with_roots(options.authorities.iter().cloned())
        };
        let (servers, clients) = (validator(Usage::Service), validator(Usage::Client));
        Self(Arc::new(Rules { servers, clients, names: options.names.clone() }))
    }

    /// Whether whoever shows these is a node that may send requests, by the clock.
    ///
    /// # Errors
    /// Why it is not.
    pub(super) fn is_node(&self, shown: &[Certificate]) -> Result<(), String> {
        self.judge(&self.0.clients, shown)
    }

    fn judge(&self, validator: &CertificateValidator, shown: &[Certificate]) -> Result<(), String> {
        let Some((own, chain)) = shown.split_first() else {
            return Err("it shows no certificate".to_owned());
        };
        validator.validate(own, chain, Timestamp::now()).map_err(|error| error.to_string())?;
        if self.0.names.iter().any(|name| has_name(own, name)) {
            return Ok(());
        }
        let (subject, names) = (own.subject_windows(), self.0.names.join(", "));
        Err(format!(
            "the certificate '{subject}' has none of the names that nodes have ({names}): it is of somebody else, or the names \
             of <node> are to be completed"
        ))
    }
}

/// Whether a certificate has a name; `*.x` is every name with one label before `x`.
fn has_name(certificate: &Certificate, name: &str) -> bool {
    match name.strip_prefix("*.") {
        None => certificate.is_of_host(name),
        Some(rest) => certificate.dns_names().iter().any(|own| {
            own.split_once('.').is_some_and(|(label, parent)| {
                !label.is_empty() && label != "*" && parent.eq_ignore_ascii_case(rest)
            })
        }),
    }
}

impl ServerTrust for NodeTrust {
    fn quick(&self, shown: &[Certificate], _host: &str) -> Option<Result<(), Distrust>> {
        Some(self.judge(&self.0.servers, shown).map_err(Distrust::Certificate))
    }

    fn ask<'a>(
        &'a self,
        shown: &'a [Certificate],
        _host: &'a str,
    ) -> BoxFuture<'a, Result<(), Distrust>> {
        let verdict = self.judge(&self.0.servers, shown).map_err(Distrust::Certificate);
        Box::pin(std::future::ready(verdict))
    }
}
