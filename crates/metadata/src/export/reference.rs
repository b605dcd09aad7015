//! Endpoint references of ports (WS-Addressing 1.0 Core §2.2), with Microsoft's identity.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use waxwing_binding::Stack;
use waxwing_soap::AddressingVersion;
use waxwing_xml::{Document, Name, NodeId};

use super::service::{EndpointExport, IdentityExport};
use crate::name::namespaces::{IDENTITY, WSA10, WSA2004};

const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

/// The reference of an endpoint; none where messages have no addressing, as WCF does.
pub(super) fn reference(endpoint: &EndpointExport) -> Option<Document> {
    let (prefix, namespace) = addressing(&endpoint.stack)?;
    let mut document = Document::new(Name::new(prefix, "EndpointReference", namespace));
    let root = document.root().id();
    let name = |local| Name::new(prefix, local, namespace);
    document.append_text_element(root, name("Address"), &endpoint.address);
    if !endpoint.reference_parameters.is_empty() {
        let parameters = document.append_element(root, name("ReferenceParameters"));
        for parameter in &endpoint.reference_parameters {
            document.import(parameters, parameter.root());
        }
    }
    if let Some(identity) = &endpoint.identity {
        let element = document.append_element(root, Name::new("", "Identity", IDENTITY));
        write_identity(&mut document, element, identity);
    }
    Some(document)
}

fn addressing(stack: &Stack) -> Option<(&'static str, &'static str)> {
    match stack.message_version().versions()?.addressing {
        AddressingVersion::Addressing10 => Some(("wsa10", WSA10)),
        AddressingVersion::August2004 => Some(("wsa", WSA2004)),
        AddressingVersion::None => None,
    }
}

fn write_identity(document: &mut Document, parent: NodeId, identity: &IdentityExport) {
    let text = |document: &mut Document, local: &str, text: &str| {
        document.append_text_element(parent, Name::new("", local, IDENTITY), text);
    };
    match identity {
        IdentityExport::Dns(name) => text(document, "Dns", name),
        IdentityExport::Upn(name) => text(document, "Upn", name),
        IdentityExport::Spn(name) => text(document, "Spn", name),
        IdentityExport::Certificates(all) => {
            let info = document.append_element(parent, Name::new("", "KeyInfo", DS));
            let data = document.append_element(info, Name::new("", "X509Data", DS));
            for certificate in all {
                let text = STANDARD.encode(certificate);
                document.append_text_element(data, Name::new("", "X509Certificate", DS), &text);
            }
        }
        IdentityExport::Rsa(modulus, exponent) => {
            let info = document.append_element(parent, Name::new("", "KeyInfo", DS));
            let value = document.append_element(info, Name::new("", "KeyValue", DS));
            let key = document.append_element(value, Name::new("", "RSAKeyValue", DS));
            document.append_text_element(key, Name::new("", "Modulus", DS), modulus);
            document.append_text_element(key, Name::new("", "Exponent", DS), exponent);
        }
    }
}
