//! From the endpoints of a host to what the exporter is told.

use std::sync::{Arc, OnceLock};

use waxwing_binding::{EffectiveEndpoint, Identity};
use waxwing_metadata::QName;
use waxwing_metadata::export::{
    Documents, EndpointExport, IdentityExport, SchemaExporter, ServiceExport,
};
use waxwing_metadata::policy::PolicyVersion;
use waxwing_xml::Document;

use super::options::MetadataOptions;
use crate::certificates::certificates_of_identity;
use crate::contract::{ContractDescription, ProtectionLevel};

/// The namespace of WCF's bindings and services when nobody says another one.
const TEMPURI: &str = "http://tempuri.org/";

/// A service as its metadata tells of it, with the addresses of its configuration.
#[derive(Debug)]
pub(in crate::service) struct Description {
    service: ServiceExport,
    /// The port that was chosen where an address names none.
    port: OnceLock<u16>,
}

/// An endpoint with what it is known by.
pub(in crate::service) struct Described<'a> {
    pub(in crate::service) endpoint: &'a EffectiveEndpoint,
    pub(in crate::service) contract: &'static ContractDescription,
    /// The certificate that protects its messages, in DER.
    pub(in crate::service) certificate: Option<Vec<u8>>,
    /// Protection that goes before the contract's.
    pub(in crate::service) level: Option<ProtectionLevel>,
    pub(in crate::service) signed_headers: &'a [(String, String)],
}

impl Description {
    pub(in crate::service) fn of(
        name: Option<&str>,
        endpoints: &[Described<'_>],
        options: Option<&MetadataOptions>,
    ) -> Self {
        let mut contracts: Vec<(&'static str, &'static str)> =
            endpoints.iter().map(|e| (e.contract.namespace, e.contract.name)).collect();
        contracts.dedup();
        let one = contracts.first().map(|(namespace, _)| *namespace);
        let one = one.filter(|first| contracts.iter().all(|(namespace, _)| namespace == first));
        let given =
            |get: fn(&MetadataOptions) -> &Option<String>| options.and_then(|o| get(o).clone());
        let name = given(|o| &o.name).unwrap_or_else(|| service_name(name, &contracts));
        let namespace =
            given(|o| &o.namespace).unwrap_or_else(|| one.unwrap_or(TEMPURI).to_owned());
        let comments = options.is_some_and(|options| options.doc_comments);
        let mut schemas = SchemaExporter::new().with_documentation(comments);
        let endpoints = endpoints.iter().map(|own| endpoint(own, &mut schemas)).collect();
        let schemas = schemas.finish();
        for conflict in &schemas.conflicts {
            tracing::warn!("metadata cannot tell two things apart: {conflict}");
        }
        let service = ServiceExport {
            name,
            namespace,
            documentation: given(|o| &o.documentation),
            endpoints,
            schemas: schemas.schemas,
            version: PolicyVersion::Policy12,
        };
        Self { service, port: OnceLock::new() }
    }

    pub(super) fn name(&self) -> &str {
        &self.service.name
    }

    /// The addresses of its endpoints, with their names.
    pub(super) fn endpoints(&self) -> impl Iterator<Item = (&str, &str)> {
        self.service.endpoints.iter().map(|own| (own.name.as_str(), own.address.as_str()))
    }

    /// The documents, with addresses as `seen` has them.
    pub(super) fn documents(
        &self,
        version: Option<waxwing_binding::PolicyVersion>,
        seen: impl Fn(&str) -> String,
    ) -> Documents {
        let mut service = self.service.clone();
        service.version = match version {
            Some(waxwing_binding::PolicyVersion::Policy15) => PolicyVersion::Policy15,
            _ => PolicyVersion::Policy12,
        };
        service.endpoints.iter_mut().for_each(|own| own.address = seen(&own.address));
        Documents::of(&service)
    }

    /// Tells it the port that was chosen.
    pub(in crate::service) fn listens_at(&self, port: u16) {
        let _ = self.port.set(port);
    }

    pub(super) fn port(&self) -> Option<u16> {
        self.port.get().copied()
    }
}

/// The last part of the .NET name; without one what the contract is called.
fn service_name(name: Option<&str>, contracts: &[(&'static str, &'static str)]) -> String {
    if let Some(name) = name.map(|name| name.rsplit('.').next().unwrap_or_default())
        && !name.is_empty()
    {
        return xml_name(name);
    }
    let contract = contracts.first().map_or("Service", |(_, name)| *name);
    let rest = contract.strip_prefix('I').filter(|rest| rest.starts_with(char::is_uppercase));
    let contract = rest.unwrap_or(contract);
    if contract.ends_with("Service") { contract.to_owned() } else { format!("{contract}Service") }
}

/// What a name of XML may have; other characters are escaped as .NET escapes them.
fn xml_name(name: &str) -> String {
    let mut out = String::new();
    for (at, c) in name.chars().enumerate() {
        let plain = c.is_alphabetic()
            || c == '_'
            || at > 0 && (c.is_ascii_digit() || matches!(c, '-' | '.'));
        match plain {
            true => out.push(c),
            false => out.push_str(&format!("_x{:04X}_", u32::from(c))),
        }
    }
    out
}

fn endpoint(described: &Described<'_>, schemas: &mut SchemaExporter) -> EndpointExport {
    let Described { endpoint, .. } = described;
    let public = endpoint.public_addresses.first();
    EndpointExport {
        name: xml_name(&endpoint_name(endpoint, described.contract)),
        binding_namespace: match endpoint.binding_namespace.as_str() {
            "" => TEMPURI.to_owned(),
            own => own.to_owned(),
        },
        address: public.unwrap_or(&endpoint.address).clone(),
        reference_parameters: reference_parameters(endpoint),
        identity: identity(described),
        signed_headers: {
            let all = described.signed_headers.iter();
            all.map(|(local, namespace)| QName::new(namespace.as_str(), local.as_str())).collect()
        },
        stack: endpoint.stack.clone(),
        contract: Arc::new(described.contract.export(schemas, described.level)),
    }
}

/// As WCF calls endpoints that have no name: by binding and contract.
fn endpoint_name(endpoint: &EffectiveEndpoint, contract: &ContractDescription) -> String {
    if !endpoint.name.is_empty() {
        return endpoint.name.clone();
    }
    let defaults = waxwing_binding::Configuration::default();
    let binding = defaults.binding(&endpoint.binding_section, "");
    let binding = binding.as_ref().map_or("Binding", |binding| binding.type_name());
    format!("{binding}_{}", contract.name)
}

fn reference_parameters(endpoint: &EffectiveEndpoint) -> Vec<Document> {
    // What is no XML is refused when the endpoint opens.
    let text = format!("<headers>{}</headers>", endpoint.headers);
    let limits = waxwing_xml::Limits::SOAP;
    let Ok(document) = Document::parse(text.into_bytes(), &limits) else { return Vec::new() };
    let parameters = document.root().elements().map(|element| {
        let mut out = Vec::new();
        document.write_element_to(element.id(), &mut out);
        Document::parse(out, &limits)
    });
    parameters.flatten().collect()
}

/// What is written goes before the certificate that protects messages, which WCF tells by itself.
fn identity(described: &Described<'_>) -> Option<IdentityExport> {
    let certificates = |encoded: &str| {
        let all = certificates_of_identity(encoded).ok()?;
        let der = all.iter().map(|certificate| certificate.der().to_vec()).collect();
        Some(IdentityExport::Certificates(der))
    };
    let of_messages =
        || described.certificate.clone().map(|der| IdentityExport::Certificates(vec![der]));
    match &described.endpoint.identity {
        Some(Identity::Dns(name)) => Some(IdentityExport::Dns(name.clone())),
        Some(Identity::UserPrincipalName(name)) => Some(IdentityExport::Upn(name.clone())),
        Some(Identity::ServicePrincipalName(name)) => Some(IdentityExport::Spn(name.clone())),
        Some(Identity::Certificate(encoded)) => certificates(encoded),
        // A key alone, or a certificate of a store: the one that protects messages is the same or stronger evidence.
        Some(Identity::Rsa(_) | Identity::CertificateReference(_)) | None => of_messages(),
    }
}
