//! What TLS shows and speaks, below HTTP and inside net.tcp: the certificate of a service, that of a client which shows
//! one, and the settings of `<https>` in the section `<waxwing>`.

use waxwing_binding::{
    Identity as ExpectedIdentity, MessageCredentialType, Role, Severity, StreamSecurity,
};
use waxwing_crypto::https;
use waxwing_soap::Address;

use super::{CertificateUse, Inspection};
use crate::certificates::{CertificateStores, certificate_of_identity};

impl Inspection<'_> {
    /// Whether bytes go over TLS, below HTTP or inside net.tcp.
    pub(super) fn is_tls(&self) -> bool {
        self.is_https() || self.is_stream()
    }

    /// Whether connections of net.tcp are upgraded to TLS.
    fn is_stream(&self) -> bool {
        matches!(self.endpoint.transport.stream_security, Some(StreamSecurity::Tls { .. }))
    }

    /// Whether HTTP goes over TLS.
    pub(super) fn is_https(&self) -> bool {
        let place = self.endpoint.via.as_deref().filter(|via| Address::of(via).is_absolute());
        Address::of(place.unwrap_or(&self.endpoint.address)).has_scheme("https")
    }

    pub(super) fn tls(&mut self) {
        if !self.is_tls() {
            return;
        }
        self.suites();
        let required = self.endpoint.transport.require_client_certificate;
        match self.endpoint.role {
            Role::Client => {
                if let Some(reference) = self.endpoint.client_certificate().filter(|_| required) {
                    self.own(&reference, CertificateStores::tls_identity);
                }
                // Of HTTP the roots of the system decide.
                if self.is_stream() && !self.shows_in_messages() {
                    self.service_in_stream();
                }
            }
            Role::Service => {
                self.shown_by_service();
                let credential = self.endpoint.security.as_ref().map(|own| own.credential);
                // Who shows a certificate in messages is checked in the same way, and told already.
                if required && credential != Some(MessageCredentialType::Certificate) {
                    self.trust();
                }
            }
        }
    }

    /// The service's certificate in net.tcp is checked as those of messages are, and compared with the identity.
    fn service_in_stream(&mut self) {
        self.trust();
        let about = CertificateUse::Identity;
        match &self.endpoint.identity {
            Some(ExpectedIdentity::CertificateReference(reference)) => {
                match self.stores.certificate(reference) {
                    Ok(certificate) => self.passes(&certificate, None, about),
                    Err(error) => self.not_found(about, reference, error),
                }
            }
            Some(ExpectedIdentity::Certificate(encoded)) => {
                match certificate_of_identity(encoded) {
                    Ok(certificate) => self.passes(&certificate, None, about),
                    Err(error) => self.not_encoded(error),
                }
            }
            _ => {}
        }
    }

    fn shown_by_service(&mut self) {
        let of_messages = self.endpoint.service_certificate();
        // Inside net.tcp the certificate of messages is shown, and no other.
        let of_https = self.stores.https_certificate().filter(|_| !self.is_stream());
        match of_https.or_else(|| of_messages.clone()) {
            // Told already: messages need it, too.
            Some(reference)
                if self.shows_in_messages() && of_messages.as_ref() == Some(&reference) => {}
            Some(reference) => self.own(&reference, CertificateStores::tls_identity),
            // Told already: it is missing as that of messages.
            None if self.is_stream() => {}
            None => {
                let message = "the service is at an https address, and no certificate is named that TLS could show";
                let fix = "name it in <serviceCredentials><serviceCertificate findValue=\"…\" /> of the service's behavior or \
                           in <https><serviceCertificate findValue=\"…\" /> of the section <waxwing>, or give it in code \
                           (ServiceHostBuilder::https_certificate)";
                let code = "https-certificate-missing";
                self.say(CertificateUse::Own, Severity::Warning, code, message, fix);
            }
        }
    }

    /// Whether the service's certificate is for its messages as well.
    pub(super) fn shows_in_messages(&self) -> bool {
        let security = self.endpoint.security.as_ref();
        security.is_some_and(|security| security.authentication.needs_service_certificate())
    }

    /// Whether the library takes the list of cipher suites.
    fn suites(&mut self) {
        let Ok(profile) = self.stores.tls_profile() else { return };
        let (Some(suites), Err(error)) = (&profile.suites, https::client(&profile, None)) else {
            return;
        };
        let message = format!("cipherSuites=\"{suites}\" of <https> cannot be used: {error}");
        let fix = "write a list as 'openssl ciphers' takes it (ECDHE+AESGCM:ECDHE+CHACHA20), or leave it out";
        self.say(CertificateUse::Own, Severity::Error, "tls-suites", message, fix);
    }
}
