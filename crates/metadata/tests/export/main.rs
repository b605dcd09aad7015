//! What is exported, held against what WCF exported of the same bindings and contracts (`testdata/metadata`).

mod again;
mod cases;
mod compare;
mod configured;
mod contracts;
mod schemas;

use cases::{CASES, Case};
use compare::{differences, parse};
use contracts::SAMPLES;
use waxwing_binding::{Binding, Configuration, Stack};
use waxwing_metadata::export::{Documents, EndpointExport, Form, IdentityExport, ServiceExport};
use waxwing_metadata::namespaces::{SERIALIZATION, WSDL};
use waxwing_metadata::policy::PolicyVersion;
use waxwing_metadata::schema::Schema;
use waxwing_metadata::{At, export::Written};
use waxwing_testkit::metadata::{Folder, folder};
use waxwing_xml::{Document, Element};

impl Case {
    fn stack(&self) -> Stack {
        let (section, inside) = (self.section, self.inside.concat());
        let text = format!(
            r#"<configuration><system.serviceModel><bindings><{section}><binding name="B">{inside}</binding></{section}></bindings></system.serviceModel></configuration>"#
        );
        let file = Configuration::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", self.folder));
        let binding: Binding = file.binding(section, "B").expect("the binding");
        Stack::of(&binding)
    }

    /// The definitions that WCF wrote, that of the service first.
    fn theirs(&self, folder: &Folder) -> Vec<Document> {
        if folder.files.contains_key("wsdl.wsdl.xml") {
            let pages = ["wsdl.wsdl.xml", "wsdl=wsdl0.wsdl.xml"];
            return pages.iter().map(|page| parse(folder.text(page))).collect();
        }
        let answer = parse(folder.text("mex-response-001.xml"));
        let all = answer.root().descendants_and_self().filter(|e| e.is(WSDL, "definitions"));
        let all = all.map(|definitions| {
            let mut out = Vec::new();
            answer.write_element_to(definitions.id(), &mut out);
            parse(std::str::from_utf8(&out).expect("UTF-8"))
        });
        all.collect()
    }

    /// The same service as WCF had.
    fn ours(&self, theirs: &[Document], version: PolicyVersion) -> ServiceExport {
        let contract = (self.contract)();
        let port = only(theirs[0].root(), "port");
        let address = only(theirs[0].root(), "address").attribute("location").expect("an address");
        let imports = theirs[0].root().descendants_and_self();
        let imports = imports.filter(|e| e.local_name() == "import" && e.namespace() != WSDL);
        // Which schemas there are is not what is compared here.
        let schemas =
            imports.map(|import| empty_schema(import.attribute("namespace").expect("one")));
        ServiceExport {
            name: "CalculatorService".to_owned(),
            namespace: SAMPLES.to_owned(),
            documentation: None,
            endpoints: vec![EndpointExport {
                name: port.attribute("name").expect("a name").to_owned(),
                binding_namespace: "http://tempuri.org/".to_owned(),
                address: address.to_owned(),
                reference_parameters: Vec::new(),
                identity: identity(port),
                signed_headers: Vec::new(),
                stack: self.stack(),
                contract,
            }],
            schemas: schemas.collect(),
            version,
        }
    }
}

fn only<'a>(root: Element<'a>, local: &str) -> Element<'a> {
    let mut all = root.descendants_and_self().filter(|element| element.local_name() == local);
    all.next().unwrap_or_else(|| panic!("no {local}"))
}

/// Who WCF's service was: the test's certificate, or a name.
fn identity(port: Element<'_>) -> Option<IdentityExport> {
    use base64::Engine as _;
    let find = |local: &str| port.descendants_and_self().find(|e| e.local_name() == local);
    let certificate = find("X509Certificate").map(|element| {
        let octets = base64::engine::general_purpose::STANDARD.decode(&*element.text());
        IdentityExport::Certificates(vec![octets.expect("base64")])
    });
    certificate.or_else(|| find("Dns").map(|e| IdentityExport::Dns(e.text().into_owned())))
}

fn empty_schema(namespace: &str) -> Schema {
    Schema {
        at: At::nowhere(),
        target_namespace: namespace.to_owned(),
        elements_qualified: true,
        attributes_qualified: false,
        imports: Vec::new(),
        elements: Vec::new(),
        attributes: Vec::new(),
        types: Vec::new(),
        groups: Vec::new(),
        attribute_groups: Vec::new(),
        annotation: Default::default(),
    }
}

fn version(folder: &str) -> PolicyVersion {
    if folder.contains("policy15") { PolicyVersion::Policy15 } else { PolicyVersion::Policy12 }
}

/// Every binding of WCF's exports: policies in the same order, everything else in any.
#[test]
fn bindings_are_exported_as_wcf_exports_them() {
    let mut wrong = Vec::new();
    for case in CASES {
        let folder = folder(case.folder);
        let theirs = case.theirs(&folder);
        let service = case.ours(&theirs, version(case.folder));
        let address = service.endpoints[0].address.clone();
        let sections = folder.files.contains_key("mex-response-001.xml");
        let form = if sections { Form::Sections } else { Form::Split(&address) };
        let ours: Vec<Written> = Documents::of(&service).write(form);
        let ours: Vec<_> = ours.iter().filter(|written| !written.is_schema).collect();
        assert_eq!(ours.len(), theirs.len(), "{}", case.folder);
        for (own, their) in ours.iter().zip(&theirs) {
            let own = parse(&own.document.to_xml());
            let mut found = differences(own.root(), their.root(), false);
            found.extend(policies(&own, their));
            // Empty places say nothing: WCF writes them in the answer to WS-MetadataExchange.
            found.retain(|line| !sections || !line.contains("}import"));
            if !found.is_empty() {
                wrong.push(format!("{}:\n{}", case.folder, found.join("\n")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Policies stand in the same order, and what is in them, too.
fn policies(ours: &Document, theirs: &Document) -> Vec<String> {
    fn all(document: &Document) -> Vec<Element<'_>> {
        document.root().elements().filter(|e| e.local_name() == "Policy").collect()
    }
    let (ours, theirs) = (all(ours), all(theirs));
    let mut found = Vec::new();
    if ours.len() != theirs.len() {
        found.push(format!("{} policies, not {}", ours.len(), theirs.len()));
    }
    for (own, their) in ours.into_iter().zip(theirs) {
        found.extend(differences(own, their, true));
    }
    found
}

#[test]
fn the_serialization_schema_has_its_place() {
    // Numbers of schemas follow their order.
    let case = &CASES[0];
    let theirs = case.theirs(&folder(case.folder));
    let service = case.ours(&theirs, PolicyVersion::Policy12);
    let written = Documents::of(&service).write(Form::Files);
    let names: Vec<_> = written.iter().map(|written| written.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "Microsoft.ServiceModel.Samples.wsdl",
            "tempuri.org.wsdl",
            "Microsoft.ServiceModel.Samples.xsd",
            "schemas.microsoft.com.2003.10.Serialization.xsd"
        ]
    );
    assert!(written[3].namespace == SERIALIZATION && written[3].is_schema);
}
