//! What a client's file says, exported and imported again, is what the file said: every endpoint of `testdata/config/valid`.

use std::collections::BTreeMap;

use waxwing_binding::{
    BindingElement, Configuration, EffectiveEndpoint, Identity, MessageVersion,
    ReliableMessagingVersion, ReliableSessionElement, SecurityKind, Stack, TokenKind, TrustVersion,
};
use waxwing_metadata::export::{Documents, EndpointExport, Form, IdentityExport, ServiceExport};
use waxwing_metadata::judge::{JudgeOptions, PortVerdict, judge};
use waxwing_metadata::load::{LoadOptions, folder};
use waxwing_metadata::policy::PolicyVersion;
use waxwing_testkit::config;

use crate::contracts::{SAMPLES, calculator};
use crate::empty_schema;

/// The name of a file and the endpoint of its client.
fn endpoints(
    files: impl IntoIterator<Item = (String, String)>,
) -> Vec<(String, EffectiveEndpoint)> {
    let mut all = Vec::new();
    for (name, text) in files {
        let file = Configuration::load(&text).configuration;
        for endpoint in &file.client.endpoints {
            all.push((name.clone(), file.resolve_client(endpoint).expect("resolves")));
        }
    }
    all
}

fn export(endpoint: &EffectiveEndpoint, version: PolicyVersion) -> ServiceExport {
    ServiceExport {
        name: "CalculatorService".to_owned(),
        namespace: SAMPLES.to_owned(),
        documentation: None,
        endpoints: vec![EndpointExport {
            name: endpoint.name.clone(),
            binding_namespace: "http://tempuri.org/".to_owned(),
            address: endpoint.address.clone(),
            reference_parameters: Vec::new(),
            identity: match &endpoint.identity {
                Some(Identity::Dns(name)) => Some(IdentityExport::Dns(name.clone())),
                None => None,
                other => panic!("no file has {other:?}"),
            },
            signed_headers: Vec::new(),
            stack: endpoint.stack.clone(),
            contract: calculator(),
        }],
        schemas: vec![empty_schema(SAMPLES)],
        version,
    }
}

/// Everything that the exporter writes, in one document or several.
fn written(service: &ServiceExport, single: bool) -> BTreeMap<String, Vec<u8>> {
    let documents = Documents::of(service);
    if single {
        let document = documents.single().expect("one namespace");
        return BTreeMap::from([("all.wsdl".to_owned(), document.to_xml().into_bytes())]);
    }
    let files = documents.write(Form::Files).into_iter();
    files.map(|file| (file.name, file.document.to_xml().into_bytes())).collect()
}

/// What a policy has no words for: sizes and times of one side, order by WS-ReliableMessaging of February 2005, whether a
/// context is renewed by WS-SecurityPolicy 1.1. WCF's importer takes the defaults, too.
fn in_policy(stack: &Stack) -> Stack {
    let mut stack = stack.clone();
    for element in &mut stack.elements {
        match element {
            BindingElement::ReliableSession(session) => {
                let defaults = ReliableSessionElement::default();
                session.flow_control_enabled = defaults.flow_control_enabled;
                session.max_pending_channels = defaults.max_pending_channels;
                session.max_retry_count = defaults.max_retry_count;
                session.max_transfer_window_size = defaults.max_transfer_window_size;
                let february = ReliableMessagingVersion::WsReliableMessagingFebruary2005;
                if session.reliable_messaging_version == february {
                    session.ordered = defaults.ordered;
                }
            }
            BindingElement::Security(security) => {
                let february =
                    security.message_security_version.trust() == TrustVersion::February2005;
                if let (SecurityKind::Symmetric { protection: token }, true) =
                    (&mut security.kind, february)
                    && let TokenKind::SecureConversation { can_renew, .. } = &mut token.kind
                {
                    *can_renew = true;
                }
            }
            _ => {}
        }
    }
    stack
}

/// In what the port is not what the endpoint was.
fn difference(endpoint: &EffectiveEndpoint, port: &PortVerdict) -> Option<String> {
    let Some(binding) = &port.configuration else {
        return Some(format!("nothing: {:?}", port.classes()));
    };
    let Some(own) = &port.endpoint else { return Some("no endpoint".to_owned()) };
    if !Stack::of(binding).same_in_policy(&in_policy(&endpoint.stack)) {
        return Some(format!("{} {}", binding.section(), binding.to_element()));
    }
    let file = port.configuration_file(None).expect("a binding");
    let resolved = match file.resolve_client(&file.client.endpoints[0]) {
        Ok(resolved) => resolved,
        Err(error) => return Some(error.to_string()),
    };
    // The endpoint reference that has the identity is one of WS-Addressing 1.0.
    let addressed = matches!(
        endpoint.message_version,
        MessageVersion::Soap11WsAddressing10 | MessageVersion::Soap12WsAddressing10
    );
    let identity = |e: &EffectiveEndpoint| e.identity.clone().filter(|_| addressed);
    let told = |e: &EffectiveEndpoint| (e.address.clone(), e.name.clone(), identity(e));
    (told(&resolved) != told(endpoint)).then(|| own.to_element())
}

/// Exports and imports each in both versions of WS-Policy, split and single. Gives how many came back.
fn come_back(all: Vec<(String, EffectiveEndpoint)>) -> usize {
    let (mut seen, mut wrong) = (0, Vec::new());
    for (name, endpoint) in all {
        for version in [PolicyVersion::Policy12, PolicyVersion::Policy15] {
            for single in [false, true] {
                let files = written(&export(&endpoint, version), single);
                let ports =
                    judge(&folder(&name, &files, LoadOptions::default()), &JudgeOptions::default());
                assert_eq!(ports.len(), 1, "{name}");
                if let Some(difference) = difference(&endpoint, &ports[0]) {
                    wrong.push(format!("{name} {version:?} single={single}: {difference}"));
                }
                seen += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {seen}:\n{}", wrong.len(), wrong.join("\n"));
    seen
}

#[test]
fn every_endpoint_that_wcf_loads_comes_back() {
    assert_eq!(come_back(endpoints(config::valid())), 4 * 51);
}

/// Each algorithm suite, in each dialect, negotiated or not, in a conversation or one-shot.
#[test]
fn every_algorithm_suite_comes_back() {
    let mut files = Vec::new();
    for suite in SUITES {
        for section in ["wsHttpBinding", "ws2007HttpBinding"] {
            for (negotiated, session) in
                [("true", "true"), ("false", "true"), ("true", "false"), ("false", "false")]
            {
                let text = format!(
                    r#"<configuration><system.serviceModel><client><endpoint name="calc" address="http://localhost/calc"
 binding="{section}" bindingConfiguration="B" contract="ICalculator"/></client><bindings><{section}><binding name="B"><security>
 <message clientCredentialType="Certificate" negotiateServiceCredential="{negotiated}" establishSecurityContext="{session}"
 algorithmSuite="{suite}"/></security></binding></{section}></bindings></system.serviceModel></configuration>"#
                );
                files.push((format!("{suite} {section} {negotiated} {session}"), text));
            }
        }
    }
    assert_eq!(come_back(endpoints(files)), 4 * 8 * SUITES.len());
}

const SUITES: &[&str] = &[
    "Basic128",
    "Basic128Rsa15",
    "Basic128Sha256",
    "Basic128Sha256Rsa15",
    "Basic192",
    "Basic192Rsa15",
    "Basic192Sha256",
    "Basic192Sha256Rsa15",
    "Basic256",
    "Basic256Rsa15",
    "Basic256Sha256",
    "Basic256Sha256Rsa15",
    "TripleDes",
    "TripleDesRsa15",
    "TripleDesSha256",
    "TripleDesSha256Rsa15",
];

/// What WCF said of itself by WS-MetadataExchange (captured), and the binding of the service that said it.
#[test]
fn captured_answers_are_the_bindings_that_gave_them() {
    const ANSWERS: &[(&str, &str, &str)] = &[
        (
            "oneshot-cert",
            "ws",
            r#"<security><message clientCredentialType="Certificate" negotiateServiceCredential="false" establishSecurityContext="false"/></security>"#,
        ),
        ("plain", "ws", r#"<security mode="None"/>"#),
        // WS-ReliableMessaging of February 2005 has no word for order: WCF's importer takes it to be ordered.
        (
            "rm10-nosec-unordered",
            "ws",
            r#"<reliableSession enabled="true"/><security mode="None"/>"#,
        ),
        ("rm10-nosec", "ws", r#"<reliableSession enabled="true"/><security mode="None"/>"#),
        (
            "rm10-sc-cert-negotiated",
            "ws",
            r#"<reliableSession enabled="true"/><security><message clientCredentialType="Certificate"/></security>"#,
        ),
        (
            "rm10-sc-cert",
            "ws",
            r#"<reliableSession enabled="true"/><security><message clientCredentialType="Certificate" negotiateServiceCredential="false"/></security>"#,
        ),
        (
            "rm10-sc-username",
            "ws",
            r#"<reliableSession enabled="true"/><security><message clientCredentialType="UserName" negotiateServiceCredential="false"/></security>"#,
        ),
        ("rm11-nosec", "ws2007", r#"<reliableSession enabled="true"/><security mode="None"/>"#),
        (
            "rm11-sc13-cert-negotiated-policy15",
            "ws2007",
            r#"<reliableSession enabled="true"/><security><message clientCredentialType="Certificate"/></security>"#,
        ),
        (
            "rm11-sc13-cert-policy15",
            "ws2007",
            r#"<reliableSession enabled="true"/><security><message clientCredentialType="Certificate" negotiateServiceCredential="false"/></security>"#,
        ),
        (
            "rm11-sc13-cert",
            "ws2007",
            r#"<reliableSession enabled="true"/><security><message clientCredentialType="Certificate" negotiateServiceCredential="false"/></security>"#,
        ),
        (
            "sc-cert-norm",
            "ws",
            r#"<security><message clientCredentialType="Certificate" negotiateServiceCredential="false"/></security>"#,
        ),
    ];
    let files = waxwing_testkit::metadata::folder("wsdl").files;
    assert_eq!(files.len(), ANSWERS.len());
    for (name, kind, inside) in ANSWERS {
        let own =
            BTreeMap::from([("answer.xml".to_owned(), files[&format!("{name}.mex.xml")].clone())]);
        let ports = judge(&folder(name, &own, LoadOptions::default()), &JudgeOptions::default());
        assert_eq!(ports.len(), 1, "{name}");
        let section = format!("{kind}HttpBinding");
        let text = format!(
            r#"<configuration><system.serviceModel><bindings><{section}><binding name="{}_ICalculator">{inside}</binding></{section}></bindings></system.serviceModel></configuration>"#,
            if *kind == "ws" { "WSHttpBinding" } else { "WS2007HttpBinding" },
        );
        let expected = Configuration::load(&text).configuration.bindings.remove(0);
        assert_eq!(ports[0].configuration.as_ref(), Some(&expected), "{name}");
    }
}
