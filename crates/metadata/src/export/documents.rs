//! From a service to the models of its documents: one for each target namespace, that of the service first.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::binding::{Exporter, soap_version};
use super::port_type;
use super::reference::reference;
use super::service::{ContractExport, EndpointExport, ServiceExport};
use crate::location::At;
use crate::name::QName;
use crate::policy::{Attached, PolicyVersion};
use crate::schema::{Annotation, Schema, SchemaImport, SchemaImportKind};
use crate::wsdl::{Binding, Definitions, Port, Service, WsdlImport};

/// The documents of one service, as models. No import has a location yet: a [`Form`](super::Form) gives them.
#[derive(Clone, Debug)]
pub struct Documents {
    /// WSDL, the one with the service first.
    pub wsdl: Vec<Definitions>,
    /// Schemas, one for each namespace.
    pub schemas: Vec<Schema>,
    /// The version of the policies.
    pub version: PolicyVersion,
    /// The namespaces of the contracts.
    pub contract_namespaces: BTreeSet<String>,
}

impl Documents {
    /// The documents of a service.
    pub fn of(service: &ServiceExport) -> Self {
        let mut builder = Builder {
            documents: vec![empty(&service.namespace)],
            contracts: Vec::new(),
            bindings: Vec::new(),
        };
        let ports = service.endpoints.iter().map(|e| builder.endpoint(service, e)).collect();
        let first = &mut builder.documents[0];
        first.name = Some(service.name.clone());
        first.services.push(Service {
            name: QName::new(service.namespace.clone(), service.name.clone()),
            ports,
            policies: Attached::default(),
            documentation: service.documentation.clone(),
            at: At::nowhere(),
        });
        let contract_namespaces =
            builder.contracts.iter().map(|contract| contract.name.namespace.to_string()).collect();
        Self {
            wsdl: builder.documents,
            schemas: service.schemas.clone(),
            version: service.version,
            contract_namespaces,
        }
    }
}

struct Builder<'a> {
    documents: Vec<Definitions>,
    /// Contracts that are there.
    contracts: Vec<&'a ContractExport>,
    /// Bindings that are there, with the endpoints that they were made for.
    bindings: Vec<(&'a EndpointExport, QName)>,
}

impl<'a> Builder<'a> {
    /// The document of a namespace.
    fn document(&mut self, namespace: &str) -> &mut Definitions {
        let found = self.documents.iter().position(|own| own.target_namespace == namespace);
        let at = found.unwrap_or_else(|| {
            self.documents.push(empty(namespace));
            self.documents.len() - 1
        });
        &mut self.documents[at]
    }

    fn endpoint(&mut self, service: &ServiceExport, endpoint: &'a EndpointExport) -> Port {
        self.contract(service, &endpoint.contract);
        let binding = self.binding(service, endpoint);
        self.import(&service.namespace, &binding.namespace);
        let taken = |name: &str, taken: &[(&EndpointExport, String)]| {
            taken.iter().any(|(_, known)| known == name)
        };
        let mut ports: Vec<(&EndpointExport, String)> = Vec::new();
        for known in &service.endpoints {
            let name = unique(&known.name, |name| taken(name, &ports));
            ports.push((known, name));
            if std::ptr::eq(known, endpoint) {
                break;
            }
        }
        let name = ports.pop().map_or_else(|| endpoint.name.clone(), |(_, name)| name);
        Port {
            name,
            binding,
            address: Some(endpoint.address.clone()),
            soap_version: Some(soap_version(&endpoint.stack)),
            endpoint_reference: reference(endpoint),
            policies: Attached::default(),
            extensions: Vec::new(),
            documentation: None,
            at: At::nowhere(),
        }
    }

    fn contract(&mut self, service: &ServiceExport, contract: &'a Arc<ContractExport>) {
        if self.contracts.iter().any(|known| known.name == contract.name) {
            return;
        }
        self.contracts.push(contract);
        let document = self.document(&contract.name.namespace);
        port_type::add(contract, &mut document.messages, &mut document.port_types);
        if document.schemas.is_empty() && !service.schemas.is_empty() {
            document.schemas.push(imports_of(&contract.name.namespace, &service.schemas));
        }
    }

    /// The binding of an endpoint: endpoints with one contract and equal bindings share it, as those with one object do in WCF.
    fn binding(&mut self, service: &ServiceExport, endpoint: &'a EndpointExport) -> QName {
        let same = |known: &EndpointExport| {
            known.contract.name == endpoint.contract.name
                && known.binding_namespace == endpoint.binding_namespace
                && known.stack == endpoint.stack
                && known.signed_headers == endpoint.signed_headers
        };
        if let Some((_, name)) = self.bindings.iter().find(|(known, _)| same(known)) {
            return name.clone();
        }
        let namespace: Arc<str> = endpoint.binding_namespace.as_str().into();
        let name = |local: &str| QName::new(Arc::clone(&namespace), local);
        let local = unique(&endpoint.name, |local| {
            self.bindings.iter().any(|(_, known)| *known == name(local))
        });
        let name = name(&local);
        self.bindings.push((endpoint, name.clone()));
        let mut exporter = Exporter {
            name: name.clone(),
            contract: &endpoint.contract,
            stack: &endpoint.stack,
            version: service.version,
            signed_headers: &endpoint.signed_headers,
            policies: Vec::new(),
        };
        let binding: Binding = exporter.export();
        let policies = exporter.policies;
        let document = self.document(&namespace);
        document.policies.extend(policies);
        document.bindings.push(binding);
        self.import(&namespace, &endpoint.contract.name.namespace);
        name
    }

    fn import(&mut self, from: &str, to: &str) {
        let document = self.document(from);
        if from == to || document.imports.iter().any(|known| known.namespace == to) {
            return;
        }
        document.imports.push(WsdlImport {
            namespace: to.to_owned(),
            location: None,
            resolved: None,
            at: At::nowhere(),
        });
    }
}

/// A name that is not taken: the wish, or with a number.
fn unique(wish: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(wish) {
        return wish.to_owned();
    }
    let numbered = (1u32..).map(|number| format!("{wish}{number}"));
    numbered.into_iter().find(|name| !taken(name)).unwrap_or_else(|| wish.to_owned())
}

fn empty(namespace: &str) -> Definitions {
    Definitions {
        at: At::nowhere(),
        name: None,
        target_namespace: namespace.to_owned(),
        policies: Vec::new(),
        imports: Vec::new(),
        schemas: Vec::new(),
        messages: Vec::new(),
        port_types: Vec::new(),
        bindings: Vec::new(),
        services: Vec::new(),
        documentation: None,
    }
}

/// The schema in `wsdl:types` that does nothing but import the others (`MessageContractExporter.EnsureXsdImport`).
fn imports_of(namespace: &str, schemas: &[Schema]) -> Schema {
    let slash = if namespace.ends_with('/') { "" } else { "/" };
    let imports = schemas.iter().map(|schema| SchemaImport {
        kind: SchemaImportKind::Import,
        namespace: schema.target_namespace.clone(),
        schema_location: None,
        resolved: None,
        at: At::nowhere(),
    });
    Schema {
        at: At::nowhere(),
        target_namespace: format!("{namespace}{slash}Imports"),
        elements_qualified: false,
        attributes_qualified: false,
        imports: imports.collect(),
        elements: Vec::new(),
        attributes: Vec::new(),
        types: Vec::new(),
        groups: Vec::new(),
        attribute_groups: Vec::new(),
        annotation: Annotation::default(),
    }
}
