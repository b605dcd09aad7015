//! Services and ports (WSDL 1.1 §2.6, §2.7).

use waxwing_soap::SoapVersion;
use waxwing_xml::Element;

use super::reader::Wsdl;
use crate::name::namespaces::{WSA10, WSA2004, WSDL, WSDL_SOAP11, WSDL_SOAP12};
use crate::policy::read::{attached, version_of};
use crate::reading::detached;
use crate::wsdl::model::{Port, Service};

pub(super) fn service<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>) -> Option<Service> {
    let ports = element.elements().filter(|child| child.is(WSDL, "port"));
    Some(Service {
        name: wsdl.own_name(element)?,
        ports: ports.filter_map(|child| port(wsdl, child)).collect(),
        policies: attached(wsdl.reading, element),
        documentation: wsdl.documentation(element),
        at: wsdl.reading.at(element),
    })
}

fn port<'d>(wsdl: &Wsdl<'_, 'd>, element: Element<'d>) -> Option<Port> {
    let reading = wsdl.reading;
    let mut found = Port {
        name: reading.required(element, "name")?.trim().to_owned(),
        binding: wsdl.required_reference(element, "binding")?,
        address: None,
        soap_version: None,
        endpoint_reference: None,
        policies: attached(reading, element),
        extensions: Vec::new(),
        documentation: wsdl.documentation(element),
        at: reading.at(element),
    };
    let mut august_2004 = None;
    for child in element.elements() {
        let namespace = child.namespace();
        if matches!(namespace, WSDL_SOAP11 | WSDL_SOAP12) {
            if child.local_name() == "address" {
                found.soap_version = Some(match namespace {
                    WSDL_SOAP12 => SoapVersion::Soap12,
                    _ => SoapVersion::Soap11,
                });
                found.address = child.attribute("location").map(|text| text.trim().to_owned());
            }
        } else if child.is(WSA10, "EndpointReference") {
            found.endpoint_reference = Some(detached(child));
        } else if child.is(WSA2004, "EndpointReference") {
            august_2004 = Some(child);
        } else if namespace != WSDL && version_of(namespace).is_none() {
            found.extensions.push(wsdl.extension(child));
        }
    }
    if found.endpoint_reference.is_none() {
        found.endpoint_reference = august_2004.map(detached);
    }
    Some(found)
}
