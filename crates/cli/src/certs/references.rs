//! Every reference to a certificate in a configuration file, with where it stands.

use waxwing::binding::{
    CertificateReference, Configuration, EndpointIdentity, Identity, StoreLocation,
};

/// A reference, and whose it is.
pub(super) struct Named {
    pub(super) place: String,
    pub(super) reference: CertificateReference,
}

/// The references of credentials, identities and known certificates, in the order of the file's sections; each with the
/// location that it has where it says none.
pub(super) fn references(configuration: &Configuration) -> Vec<Named> {
    let mut found = Vec::new();
    let mut add = |place: String, reference: Option<&CertificateReference>, location| {
        let Some(reference) = reference.filter(|reference| reference.is_specified()) else {
            return;
        };
        let mut reference = reference.clone();
        reference.store_location.get_or_insert(location);
        found.push(Named { place, reference });
    };
    let (machine, user) = (StoreLocation::LocalMachine, StoreLocation::CurrentUser);
    for behavior in &configuration.behaviors.service_behaviors.behaviors {
        let Some(credentials) = &behavior.service_credentials else { continue };
        let place = |what: &str| format!("service behavior \"{}\": <{what}>", behavior.name);
        add(place("serviceCertificate"), credentials.service_certificate.as_ref(), machine);
        let client = credentials.client_certificate.certificate.as_ref();
        add(place("clientCertificate><certificate"), client, machine);
        for known in &credentials.issued_token_authentication.known_certificates.add {
            add(place("knownCertificates><add"), Some(known), machine);
        }
    }
    for behavior in &configuration.behaviors.endpoint_behaviors.behaviors {
        let Some(credentials) = &behavior.client_credentials else { continue };
        let place = |what: &str| format!("endpoint behavior \"{}\": <{what}>", behavior.name);
        add(place("clientCertificate"), credentials.client_certificate.as_ref(), user);
        let service = &credentials.service_certificate;
        add(place("defaultCertificate"), service.default_certificate.as_ref(), user);
        for scoped in &service.scoped_certificates.add {
            let what = format!("scopedCertificates><add targetUri=\"{}\"", scoped.target_uri);
            add(place(&what), Some(&scoped.reference), user);
        }
    }
    let mut of_identity = |place: String, identity: &Option<EndpointIdentity>| {
        if let Some(Identity::CertificateReference(reference)) =
            identity.as_ref().and_then(EndpointIdentity::effective)
        {
            add(place, Some(&reference), machine);
        }
    };
    for service in &configuration.services.services {
        for endpoint in &service.endpoints {
            let place = format!("service \"{}\", contract {}", service.name, endpoint.contract);
            of_identity(format!("{place}: <identity>"), &endpoint.identity);
        }
    }
    for endpoint in &configuration.client.endpoints {
        let place = format!("client endpoint \"{}\": <identity>", endpoint.name);
        of_identity(place, &endpoint.identity);
    }
    found
}
