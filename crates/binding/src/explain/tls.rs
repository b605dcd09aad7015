//! Certificates of the connection.

use super::{Facts, Topic};
use crate::effective::{EffectiveEndpoint, Role};
use crate::{CertificateReference, Identity};

/// Who shows what, and what it is worth.
pub(super) fn certificates(endpoint: &EffectiveEndpoint, facts: &mut Facts) {
    let mut say = |text: String| facts.say(Topic::Certificates, text);
    let shown = endpoint.transport.require_client_certificate;
    match endpoint.role {
        Role::Service => {
            say("TLS shows the one of <https> in the section <waxwing>, or the one of <serviceCredentials>".to_owned());
            if shown {
                say("TLS asks every client for its certificate; whoever shows none, or one that is not good, gets HTTP 403".to_owned());
            }
        }
        Role::Client => {
            if shown {
                let own = endpoint.client_certificate();
                let own = own.map_or("none is named in the file".to_owned(), |own| own.to_string());
                say(format!("TLS shows the client's own: {own}"));
            }
            let check = &endpoint.client_credentials.service_certificate;
            if check.ssl_certificate_authentication.is_some() {
                say("the server's is judged by sslCertificateAuthentication alone: whether it is the host's is not checked".to_owned());
                return;
            }
            say("the server's must be the host's, with a chain to a root of the system or of the Root folders".to_owned());
            if let Some(Identity::Certificate(_) | Identity::CertificateReference(_)) =
                &endpoint.identity
            {
                say("and the server's must be the one in <identity>".to_owned());
            }
        }
    }
}

/// The same inside a net.tcp connection, where WCF asks its own validators.
pub(super) fn certificates_of_stream(endpoint: &EffectiveEndpoint, facts: &mut Facts) {
    let mut say = |text: String| facts.say(Topic::Certificates, text);
    let named = |own: Option<CertificateReference>| {
        own.map_or_else(|| "none is named in the file".to_owned(), |own| own.to_string())
    };
    let shown = endpoint.transport.require_client_certificate;
    match endpoint.role {
        Role::Service => {
            say(format!("TLS shows the service's own: {}", named(endpoint.service_certificate())));
            if shown {
                let check = &endpoint.service_credentials.client_certificate.authentication;
                say(format!(
                    "TLS asks every client for its certificate, which is checked by {}",
                    check.certificate_validation_mode
                ));
            }
        }
        Role::Client => {
            if shown {
                say(format!(
                    "TLS shows the client's own: {}",
                    named(endpoint.client_certificate())
                ));
            }
            let check = &endpoint.client_credentials.service_certificate.authentication;
            let identity = match &endpoint.identity {
                Some(_) => "the <identity> of the endpoint".to_owned(),
                None => format!("the host {}", endpoint.host().unwrap_or_default()),
            };
            say(format!(
                "the service's is checked by {}, and must be that of {identity}",
                check.certificate_validation_mode
            ));
        }
    }
}
