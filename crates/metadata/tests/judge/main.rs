//! Verdicts of the ports of public services, and of what WCF exports.

mod golden;
mod imported;
mod public;
mod rows;
mod small;

use waxwing_metadata::judge::{JudgeOptions, PortVerdict, judge};
use waxwing_metadata::load::{LoadOptions, Loader, folder};
use waxwing_metadata::{Location, MetadataSet};
use waxwing_testkit::metadata::Folder;

fn set(of: &Folder) -> MetadataSet {
    folder(&of.name, &of.files, LoadOptions::default())
}

fn ports(of: &Folder) -> Vec<PortVerdict> {
    judge(&set(of), &JudgeOptions::default())
}

/// A service with one operation whose binding has this policy (the content of `wsp:Policy`).
struct Service {
    policy: String,
    transport: &'static str,
    address: &'static str,
    /// More of the document: policies, attributes of nothing.
    more: String,
    /// Inside the input of the operation of the binding.
    input: String,
    /// Inside the port type.
    port_type: String,
}

impl Service {
    fn new(policy: &str) -> Service {
        Service {
            policy: policy.to_owned(),
            transport: "http://schemas.xmlsoap.org/soap/http",
            address: "http://example.org/s",
            more: String::new(),
            input: String::new(),
            port_type: String::new(),
        }
    }

    fn https(policy: &str) -> Service {
        Service { address: "https://example.org/s", ..Service::new(policy) }
    }

    fn text(&self) -> String {
        let Service { policy, transport, address, more, input, port_type } = self;
        format!(
            r##"<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap12/"
 xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy" xmlns:tns="urn:t" targetNamespace="urn:t"
 xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
 xmlns:sp="http://schemas.xmlsoap.org/ws/2005/07/securitypolicy" xmlns:sp12="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"
 xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl" xmlns:wsrm="http://schemas.xmlsoap.org/ws/2005/02/rm/policy"
 xmlns:rm11="http://docs.oasis-open.org/ws-rx/wsrmp/200702" xmlns:mssp="http://schemas.microsoft.com/ws/2005/07/securitypolicy"
 xmlns:xs="http://www.w3.org/2001/XMLSchema">
<wsp:Policy wsu:Id="p">{policy}</wsp:Policy>{more}
<wsdl:types><xs:schema targetNamespace="urn:t" elementFormDefault="qualified"><xs:element name="Do" type="xs:string"/></xs:schema></wsdl:types>
<wsdl:message name="In"><wsdl:part name="parameters" element="tns:Do"/></wsdl:message>
<wsdl:portType name="I">{port_type}<wsdl:operation name="Do"><wsdl:input message="tns:In"/></wsdl:operation></wsdl:portType>
<wsdl:binding name="B" type="tns:I"><wsp:PolicyReference URI="#p"/><soap:binding transport="{transport}"/>
<wsdl:operation name="Do"><soap:operation soapAction="urn:do"/><wsdl:input>{input}<soap:body use="literal"/></wsdl:input></wsdl:operation></wsdl:binding>
<wsdl:service name="S"><wsdl:port name="P" binding="tns:B"><soap:address location="{address}"/></wsdl:port></wsdl:service></wsdl:definitions>"##
        )
    }

    fn set(&self) -> MetadataSet {
        let mut loader = Loader::new(LoadOptions::default());
        loader.give(Location::new("s.wsdl"), self.text().into_bytes());
        loader.finish()
    }

    fn judged(&self) -> PortVerdict {
        self.judged_with(&JudgeOptions::default())
    }

    fn judged_with(&self, options: &JudgeOptions) -> PortVerdict {
        let set = self.set();
        let mut all = judge(&set, options);
        assert_eq!(all.len(), 1, "{:?}", set.findings());
        all.remove(0)
    }
}
