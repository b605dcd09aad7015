//! The bindings and endpoints that WCF's own importer wrote for public services (Visual Studio's service references).

use std::collections::BTreeMap;

use waxwing_binding::{Binding, Configuration, EndpointIdentity, Stack, decode_base64};
use waxwing_metadata::judge::PortVerdict;
use waxwing_testkit::metadata::Folder;

use super::ports;

/// What WCF's element says, as a model: what old tools wrote of defaults of their time is taken back.
fn theirs(section: &str, data: &str) -> Binding {
    let element = data.replacen("<Data", "<binding", 1).replace("</Data>", "</binding>");
    let text = format!(
        "<configuration><system.serviceModel><bindings><{section}>{element}</{section}></bindings>\
         </system.serviceModel></configuration>"
    );
    let loaded = Configuration::load(&text);
    let mut binding = loaded.configuration.bindings.into_iter().next().expect("a binding");
    if let Binding::Other(other) = &mut binding {
        other.rest.name.clear();
    }
    without_sizes(&mut binding);
    binding
}

/// Sizes, quotas and pools are in no policy; Visual Studio and its users set them.
fn without_sizes(binding: &mut Binding) {
    match binding {
        Binding::WsHttp(b) => {
            b.http.reader_quotas = Default::default();
            by_default(&mut b.security.message.algorithm_suite);
        }
        Binding::WsFederationHttp(b) => {
            b.http.reader_quotas = Default::default();
            by_default(&mut b.security.message.algorithm_suite);
            // Sets, whose order the two tools have of their own.
            b.security
                .message
                .claim_type_requirements
                .add
                .sort_by(|a, b| a.claim_type.cmp(&b.claim_type));
        }
        Binding::Ws2007FederationHttp(b) => {
            let parameters = &mut b.security.message.token_request_parameters;
            *parameters = sorted(&parameters.xml);
        }
        Binding::BasicHttp(b) => {
            b.http.reader_quotas = Default::default();
            b.http.max_buffer_size = None;
            by_default(&mut b.security.message.algorithm_suite);
        }
        Binding::NetTcp(b) => {
            b.reader_quotas = Default::default();
            (b.max_buffer_size, b.listen_backlog, b.max_connections) = (None, 0, 0);
        }
        _ => {}
    }
}

/// The suite that is written although it is the default.
fn by_default(suite: &mut Option<waxwing_binding::AlgorithmSuite>) {
    *suite = suite.filter(|suite| *suite != waxwing_binding::AlgorithmSuite::Basic256);
}

/// The parameters of a token, each a text, in an order that is always the same.
fn sorted(xml: &str) -> waxwing_binding::RawXml {
    let document = waxwing_xml::Document::parse(xml, &waxwing_xml::Limits::SOAP).expect("XML");
    let root = document.root();
    let mut all: Vec<String> = root
        .elements()
        .map(|e| format!("{{{}}}{}={}", e.namespace(), e.local_name(), e.text()))
        .collect();
    all.sort();
    waxwing_binding::RawXml {
        xml: format!("{{{}}}{} {}", root.namespace(), root.local_name(), all.join(" ")),
    }
}

/// Where Visual Studio had used a name already, it added a digit.
fn same_name(ours: &str, theirs: &str) -> bool {
    ours == theirs || theirs.strip_suffix(|c: char| c.is_ascii_digit()) == Some(ours)
}

fn find<'p>(
    ports: &'p [PortVerdict],
    of: &Folder,
    is: impl Fn(&PortVerdict) -> bool,
) -> &'p PortVerdict {
    ports.iter().find(|port| is(port)).unwrap_or_else(|| panic!("{}: no such port", of.name))
}

#[test]
fn bindings_are_those_that_wcf_wrote() {
    let mut different = Vec::new();
    let mut seen: BTreeMap<(String, String), ()> = BTreeMap::new();
    for of in waxwing_testkit::metadata::public() {
        let all = ports(&of);
        for row in of.golden.iter().filter(|row| row[0] == "binding") {
            let (name, section, data) = (&row[1], &row[2], &row[3]);
            let port = find(&all, &of, |port| same_name(&port.binding.local, name));
            seen.insert((of.name.clone(), name.clone()), ());
            let Some(ours) = &port.configuration else {
                different.push(format!("{} {name}: nothing; {:?}", of.name, port.classes()));
                continue;
            };
            let mut ours = ours.clone();
            without_sizes(&mut ours);
            let mut theirs = theirs(section, data);
            // The context goes in a cookie: what WCF's importer forgets (it writes a plain basicHttpBinding), is kept here.
            if let (Binding::BasicHttp(b), true) = (&mut theirs, of.name.starts_with("009")) {
                b.http.allow_cookies = true;
            }
            let same = match (&ours, &theirs) {
                (Binding::Custom(_), Binding::Custom(_)) => {
                    Stack::of(&ours).same_in_policy(&Stack::of(&theirs))
                }
                _ => unnamed(&ours) == unnamed(&theirs),
            };
            if !same {
                different.push(format!(
                    "{} {name}:\n  ours   {}\n  theirs {data}",
                    of.name,
                    ours.to_element()
                ));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert_eq!(seen.len(), 37);
}

/// The binding as text, without its name.
fn unnamed(binding: &Binding) -> String {
    let text = binding.to_element();
    let name = format!(" name=\"{}\"", binding.name());
    format!("{} {}", binding.section(), text.replacen(&name, "", 1))
}

#[test]
fn endpoints_are_those_that_wcf_wrote() {
    let mut seen = 0;
    for of in waxwing_testkit::metadata::public() {
        let all = ports(&of);
        for row in of.golden.iter().filter(|row| row[0] == "endpoint") {
            let (name, section, data) = (&row[1], &row[2], &row[3]);
            let text = format!(
                "<configuration><system.serviceModel><client>{}</client></system.serviceModel></configuration>",
                data.replacen("<Data", "<endpoint", 1).replace("</Data>", "</endpoint>")
            );
            let theirs = Configuration::load(&text).configuration.client.endpoints.remove(0);
            let port = find(&all, &of, |port| same_name(&port.port, name));
            let ours =
                port.endpoint.as_ref().unwrap_or_else(|| panic!("{} {name}: no endpoint", of.name));
            assert_eq!(&ours.binding, section, "{} {name}", of.name);
            assert_eq!(ours.address, theirs.address, "{} {name}", of.name);
            let last = |contract: &str| contract.rsplit('.').next().unwrap_or_default().to_owned();
            assert_eq!(ours.contract, last(&theirs.contract), "{} {name}", of.name);
            assert!(
                same_name(&ours.binding_configuration, &theirs.binding_configuration),
                "{} {name}",
                of.name
            );
            assert_eq!(identity(&ours.identity), identity(&theirs.identity), "{} {name}", of.name);
            seen += 1;
        }
    }
    assert_eq!(seen, 38);
}

/// The identity; a certificate by its octets: WCF's tools write it with records of a store around it.
fn identity(identity: &Option<EndpointIdentity>) -> Option<(EndpointIdentity, Vec<u8>)> {
    let mut identity = identity.clone()?;
    let octets =
        identity.certificate.take().map(|c| decode_base64(&c.encoded_value).expect("base64"));
    let octets = octets.unwrap_or_default();
    // The certificate begins where a SEQUENCE of its length reaches to the end.
    let start = (0..octets.len()).find(|at| {
        let rest = &octets[*at..];
        rest.len() > 4
            && rest[..2] == [0x30, 0x82]
            && usize::from(rest[2]) * 256 + usize::from(rest[3]) + 4 == rest.len()
    });
    Some((identity, octets[start.unwrap_or(0)..].to_vec()))
}
