//! Certificates that an endpoint needs and nobody has named.

use crate::effective::{EffectiveEndpoint, Role};
use crate::refusal::{Refusal, refusal};
use crate::transport::StreamSecurity;
use crate::{AuthenticationMode, MessageCredentialType};

impl EffectiveEndpoint {
    /// Certificates that the security of this endpoint needs and that neither the file nor the
    /// program has named; WCF refuses at open without them. Empty for a complete endpoint.
    pub fn missing_credentials(&self) -> Vec<Refusal> {
        missing(self)
    }
}

/// The certificate that TLS shows.
fn missing_for_tls(endpoint: &EffectiveEndpoint) -> Vec<Refusal> {
    let shown = endpoint.role == Role::Client && endpoint.transport.require_client_certificate;
    match shown && endpoint.client_certificate().is_none() {
        true => vec![client_certificate_missing()],
        false => Vec::new(),
    }
}

fn missing(endpoint: &EffectiveEndpoint) -> Vec<Refusal> {
    let mode = endpoint.security.as_ref().map(|security| security.authentication);
    // TLS inside a net.tcp connection shows the certificate of <serviceCredentials>, and no other.
    let by_stream = matches!(endpoint.transport.stream_security, Some(StreamSecurity::Tls { .. }));
    let needed = by_stream || mode.is_some_and(AuthenticationMode::needs_service_certificate);
    if endpoint.role == Role::Service && needed && endpoint.service_certificate().is_none() {
        return vec![service_certificate_missing()];
    }
    let Some(security) = endpoint.security.as_ref().filter(|_| endpoint.role == Role::Client)
    else {
        return missing_for_tls(endpoint);
    };
    let (mode, mut found) = (security.authentication, Vec::new());
    let certificate = security.credential == MessageCredentialType::Certificate;
    if certificate && endpoint.client_certificate().is_none() {
        found.push(client_certificate_missing());
    }
    let by_identity = matches!(
        endpoint.identity,
        Some(crate::Identity::Certificate(_) | crate::Identity::CertificateReference(_))
    );
    let known = endpoint.known_service_certificate().is_some() || by_identity;
    if mode.needs_service_certificate() && !security.negotiated && !known {
        found.push(refusal(
            "known-service-certificate-missing",
            "",
            "without negotiation the client must have the service's certificate beforehand, but \
             none is named",
            format!(
                "The service certificate is not provided for target '{}'. Specify a service \
                 certificate in ClientCredentials.",
                endpoint.address
            ),
            "add <serviceCertificate> <defaultCertificate findValue=\"…\" /> to the \
             <clientCredentials>, or <identity> <certificate encodedValue=\"…\" /> to the endpoint",
        ));
    }
    found
}

fn service_certificate_missing() -> Refusal {
    refusal(
        "service-certificate-missing",
        "",
        "the service proves itself with a certificate, but none is named",
        "The service certificate is not provided. Specify a service certificate in \
         ServiceCredentials.",
        "add <serviceCredentials> <serviceCertificate findValue=\"…\" /> to the service's \
         behavior, or set it in code",
    )
}

fn client_certificate_missing() -> Refusal {
    refusal(
        "client-certificate-missing",
        "",
        "the client proves itself with a certificate, but none is named",
        "The client certificate is not provided. Specify a client certificate in \
             ClientCredentials.",
        "add <clientCredentials> <clientCertificate findValue=\"…\" /> to the endpoint's \
             behavior, or set it in code",
    )
}
