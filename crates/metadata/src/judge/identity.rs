//! The endpoint reference of a port: address, headers, and who the service must be.

use waxwing_binding::{EncodedCertificate, EndpointIdentity, ValueElement};
use waxwing_xml::{Document, Element, Exclusive, canonicalize};

use crate::name::namespaces::{IDENTITY, WSA10, WSA2004};

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// What an endpoint reference says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reference {
    pub(super) address: Option<String>,
    /// Elements, one after the other.
    pub(super) headers: String,
    pub(super) identity: Option<EndpointIdentity>,
}

/// Reads `wsa:EndpointReference` of WS-Addressing 1.0 or of August 2004.
pub(super) fn read(document: &Document) -> Reference {
    let root = document.root();
    let child = |local: &str| root.child(WSA10, local).or_else(|| root.child(WSA2004, local));
    let address = child("Address").map(|address| address.text().trim().to_owned());
    let parameters = ["ReferenceParameters", "ReferenceProperties"];
    let headers = parameters
        .iter()
        .filter_map(|local| child(local))
        .flat_map(|parameters| parameters.elements().map(alone).collect::<Vec<_>>())
        .collect();
    Reference {
        address: address.filter(|address| !address.is_empty()),
        headers,
        identity: root.child(IDENTITY, "Identity").and_then(identity),
    }
}

/// An element that stands for itself, with the namespaces that it uses.
fn alone(element: Element<'_>) -> String {
    let mut octets = Vec::new();
    canonicalize(element, &Exclusive::default(), &mut octets);
    String::from_utf8(octets).unwrap_or_default()
}

fn identity(element: Element<'_>) -> Option<EndpointIdentity> {
    let found = element.first_element()?;
    let value = || ValueElement::default().value(found.text().trim());
    let none = EndpointIdentity::default();
    match (found.namespace(), found.local_name()) {
        (IDENTITY, "Dns") => Some(none.dns(value())),
        (IDENTITY, "Upn") => Some(none.user_principal_name(value())),
        (IDENTITY, "Spn") => Some(none.service_principal_name(value())),
        (DSIG, "KeyInfo") => key_info(found),
        _ => None,
    }
}

fn key_info(element: Element<'_>) -> Option<EndpointIdentity> {
    let none = EndpointIdentity::default();
    if let Some(data) = element.child(DSIG, "X509Data") {
        let certificate = data.child(DSIG, "X509Certificate")?;
        let text: String = certificate.text().split_ascii_whitespace().collect();
        return Some(none.certificate(EncodedCertificate::default().encoded_value(text)));
    }
    let key = element.child(DSIG, "RsaKeyValue").or_else(|| {
        element.child(DSIG, "KeyValue").and_then(|value| value.child(DSIG, "RSAKeyValue"))
    })?;
    let part = |local| {
        let part = key.child(DSIG, local)?;
        Some(part.text().split_ascii_whitespace().collect::<String>())
    };
    let (modulus, exponent) = (part("Modulus")?, part("Exponent")?);
    // As .NET writes a key as text.
    let text = format!(
        "<RSAKeyValue><Modulus>{modulus}</Modulus><Exponent>{exponent}</Exponent></RSAKeyValue>"
    );
    Some(none.rsa(ValueElement::default().value(text)))
}
