//! Every folder of `testdata/metadata`.

use waxwing_metadata::load::{LoadOptions, folder};
use waxwing_metadata::{Finding, MetadataSet, Severity};
use waxwing_testkit::metadata::{self, Folder};

fn load(of: &Folder) -> MetadataSet {
    folder(&of.name, &of.files, LoadOptions::default())
}

fn told(finding: &Finding) -> String {
    let at = finding.at.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("{} {at}", finding.code)
}

/// What is found in the folders where something is: every one has its place.
const FINDINGS: &[&str] = &[
    "missing-import 001-wcf-wshttp-windows-default/Reference.svcmap:26:5",
    "refused-origin 010-wcf-com-moniker-single/serviceWsdl.xml:263:7",
    "xml-syntax 034-svcutil-broken/brokenWsdl.wsdl:1:2706",
    "not-xml 035-svcutil-bad-xml/badwsdl.wsdl.txt:1:1",
    "missing-import 051-metro-msinterop-7/interop-7.wsdl:17:13",
    "refused-origin 052-wcf-mtom-soap11-custom/Soap11MtomUtf8.svc.xml:1:1185",
    "wsdl-20 071-axis2-wsdl20/HotelReservationService.wsdl:22:1",
    "refused-origin 073-adfs-mex-real/microsoft.mex.xml:652:13",
    "refused-origin 073-adfs-mex-real/microsoft.mex.xml:653:13",
    "xml-syntax 074-adfs-mex-broken/syntax.notrelated.mex.xml:43:29",
    "other-namespace 076-wcf-radixx-split/soap.wsdl:11:4",
    "other-namespace 076-wcf-radixx-split/soap.wsdl:12:4",
    "xml-syntax 077-nodesoap-recursive-xsd/A.xsd:25:20",
    "xml-syntax 077-nodesoap-recursive-xsd/B.xsd:25:20",
    "xml-syntax 078-nodesoap-ws-policy/ws-policy.wsdl:6:6",
];

#[test]
fn the_findings_of_public_services_are_these() {
    let mut found = Vec::new();
    for of in metadata::public() {
        let set = load(&of);
        for finding in set.findings() {
            assert!(finding.at.as_ref().is_some_and(|at| at.line > 0), "{finding:?}");
            found.push(told(finding));
        }
    }
    assert_eq!(found, FINDINGS);
}

#[test]
fn every_expected_port_is_there_and_finds_its_binding() {
    for of in metadata::public() {
        let set = load(&of);
        let is_unreadable = set.services().next().is_none();
        assert_eq!(is_unreadable, of.expected.starts_with("error"), "{}", of.name);
        if is_unreadable {
            continue;
        }
        let ports: Vec<_> = set.services().flat_map(|s| &s.ports).collect();
        let names: Vec<_> = ports.iter().map(|port| port.name.as_str()).collect();
        let mut expected: Vec<_> = of.ports.iter().map(|row| row[0].as_str()).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        expected.sort_unstable();
        assert_eq!(sorted, expected, "{}", of.name);
        for port in ports {
            let binding = set.binding(&port.binding).expect("the binding of the port");
            let port_type = set.port_type(&binding.port_type);
            // 052 imports it from elsewhere.
            assert_eq!(
                port_type.is_none(),
                of.name.starts_with("052"),
                "{} {}",
                of.name,
                port.name
            );
        }
    }
}

#[test]
fn every_wcf_export_is_read_without_a_word() {
    for of in metadata::wcf() {
        for (path, octets) in &of.files {
            let one = [(path.clone(), octets.clone())].into();
            if !path.ends_with(".xml") || path.contains("request") {
                continue;
            }
            let set = folder(&of.name, &one, LoadOptions::default());
            // Pages that were left out, since they are those of wsdl-plain.
            let is_elsewhere = |f: &&Finding| f.code == "refused-origin";
            let found: Vec<_> = set.findings().iter().filter(|f| !is_elsewhere(f)).collect();
            assert!(found.is_empty(), "{}/{path}: {found:?}", of.name);
            let things = set.schemas().count() + set.definitions().len();
            assert!(things > 0, "{}/{path}", of.name);
        }
    }
}

#[test]
fn broken_documents_are_errors() {
    for number in ["034", "035", "071", "074", "078"] {
        let set = load(&metadata::folder(number));
        assert!(set.findings().iter().any(|f| f.severity == Severity::Error), "{number}");
    }
}
