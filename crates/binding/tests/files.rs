//! Files in the shape of real ones: every binding, every credential, what generators write. They
//! load, are explained, and survive a round trip; a custom binding that spells out a standard one
//! resolves to the same stack.

#![allow(clippy::disallowed_methods, reason = "tests read their data from files")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use waxwing_binding::{Binding, Configuration, MessageCredentialType, Severity, Stack, decode};

fn files() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    let entries = std::fs::read_dir(folder).expect("tests/files");
    entries
        .map(|entry| {
            let path = entry.expect("entry").path();
            let name = path.file_stem().expect("name").to_string_lossy().into_owned();
            (name, decode(&std::fs::read(&path).expect("read")).expect("text"))
        })
        .collect()
}

fn load(name: &str) -> Configuration {
    let text = &files()[name];
    Configuration::parse_file(text, name).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn they_load_and_are_explained() {
    let files = files();
    assert!(files.len() >= 25, "{}", files.len());
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "files-snapshots" }, {
        for (name, text) in &files {
            let loaded = Configuration::load(text);
            let mut said: Vec<String> =
                loaded.diagnostics.iter().map(|d| d.in_file(name).to_string()).collect();
            assert!(!loaded.has_errors(), "{}", said.join("\n"));
            said.extend(loaded.configuration.explain().iter().map(ToString::to_string));
            insta::assert_snapshot!(name.as_str(), said.join("\n\n"));
        }
    });
}

#[test]
fn they_survive_a_round_trip() {
    for (name, text) in &files() {
        let loaded = Configuration::load(text);
        let written = loaded.configuration.to_xml();
        let again = Configuration::load(&written);
        assert_eq!(loaded.configuration, again.configuration, "{name}\n{written}");
        let codes = |l: &waxwing_binding::Loaded| {
            l.diagnostics.iter().map(|d| (d.severity, d.code)).collect::<BTreeSet<_>>()
        };
        assert_eq!(codes(&loaded), codes(&again), "{name}\n{written}");
        assert_eq!(again.configuration.to_xml(), written, "{name}");
    }
}

#[test]
fn every_binding_and_credential_occurs() {
    let mut sections = BTreeSet::new();
    let mut credentials = BTreeSet::new();
    for text in files().values() {
        let configuration = Configuration::load(text).configuration;
        sections.extend(configuration.bindings.iter().map(|b| b.section().to_owned()));
        let clients =
            configuration.client.endpoints.iter().map(|e| configuration.resolve_client(e));
        let services = configuration.services.services.iter();
        let services = services
            .flat_map(|s| configuration.resolve_service(s, &[]).expect("resolves").endpoints);
        let endpoints = clients.map(|e| e.expect("resolves")).chain(services);
        credentials.extend(endpoints.filter_map(|e| e.security).map(|s| s.credential.to_string()));
    }
    for section in [
        "wsHttpBinding",
        "ws2007HttpBinding",
        "wsFederationHttpBinding",
        "ws2007FederationHttpBinding",
        "wsDualHttpBinding",
        "netTcpBinding",
        "netHttpBinding",
        "netHttpsBinding",
        "basicHttpBinding",
        "basicHttpsBinding",
        "customBinding",
    ] {
        assert!(sections.contains(section), "{section}");
    }
    use MessageCredentialType as C;
    for credential in [C::None, C::Windows, C::UserName, C::Certificate, C::IssuedToken] {
        assert!(credentials.contains(credential.as_str()), "{credential}");
    }
}

#[test]
fn custom_files_equal_the_standard_ones_that_they_spell_out() {
    for (custom, standard) in [
        ("seed-as-custom", "seed-client-out-of-band"),
        ("anonymous-as-custom", "ws-anonymous"),
        ("https-user-name-as-custom", "ws-https-user-name"),
        ("ws2007-as-custom", "ws2007-certificate"),
    ] {
        let stack = |name: &str| Stack::of(&load(name).bindings[0]);
        assert_eq!(stack(custom), stack(standard), "{custom}");
    }
}

fn binding(section: &str, inside: &str) -> Binding {
    let text = format!(
        "<configuration><system.serviceModel><bindings><{section}>{inside}</{section}></bindings>\
         </system.serviceModel></configuration>"
    );
    let mut configuration = Configuration::parse(&text).unwrap_or_else(|e| panic!("{e}"));
    configuration.bindings.remove(0)
}

/// The message security versions of the standard bindings.
const FEBRUARY_2005: &str = "messageSecurityVersion=\"WSSecurity11WSTrustFebruary2005\
    WSSecureConversationFebruary2005WSSecurityPolicy11BasicSecurityProfile10\"";
const SHORT_LIVED: &str = "<localServiceSettings issuedCookieLifetime=\"00:15:00\"/>";

#[test]
fn each_standard_binding_has_its_equal_in_custom_elements() {
    let october = "<transactionFlow transactionProtocol=\"WSAtomicTransactionOctober2004\"/>";
    let conversation = |bootstrap: &str, version: &str| {
        format!(
            "<security authenticationMode=\"SecureConversation\" {version}>\
             <secureConversationBootstrap authenticationMode=\"{bootstrap}\" {version}>{SHORT_LIVED}\
             </secureConversationBootstrap></security>"
        )
    };
    let web_socket = "<webSocketSettings transportUsage=\"WhenDuplex\" subProtocol=\"soap\"/>";
    let pairs: Vec<(&str, &str, String)> = vec![
        (
            "wsHttpBinding",
            "<binding><security mode=\"None\"/></binding>",
            format!("{october}<textMessageEncoding/><httpTransport/>"),
        ),
        (
            "wsDualHttpBinding",
            "<binding><security><message clientCredentialType=\"Certificate\"/></security></binding>",
            format!(
                "{october}<reliableSession/>{}<compositeDuplex/><oneWay/><textMessageEncoding/>\
                 <httpTransport/>",
                conversation("MutualSslNegotiated", FEBRUARY_2005)
            ),
        ),
        (
            "netTcpBinding",
            "<binding><reliableSession enabled=\"true\"/><security mode=\"Message\"><message \
             clientCredentialType=\"UserName\"/></security></binding>",
            format!(
                "<transactionFlow/><reliableSession/>{}<binaryMessageEncoding/><tcpTransport/>",
                conversation("UserNameForSslNegotiated", "")
            ),
        ),
        (
            "netTcpBinding",
            "<binding><security><transport clientCredentialType=\"Certificate\"/></security></binding>",
            "<transactionFlow/><binaryMessageEncoding/><sslStreamSecurity \
             requireClientCertificate=\"true\"/><tcpTransport/>"
                .to_owned(),
        ),
        (
            "netTcpBinding",
            "<binding/>",
            "<transactionFlow/><binaryMessageEncoding/><windowsStreamSecurity/><tcpTransport/>"
                .to_owned(),
        ),
        (
            "netHttpBinding",
            "<binding><reliableSession enabled=\"true\"/></binding>",
            format!(
                "<reliableSession/><binaryMessageEncoding/><httpTransport>{web_socket}</httpTransport>"
            ),
        ),
        (
            "netHttpsBinding",
            "<binding messageEncoding=\"Text\"/>",
            format!("<textMessageEncoding/><httpsTransport>{web_socket}</httpsTransport>"),
        ),
        (
            "basicHttpBinding",
            "<binding/>",
            "<textMessageEncoding messageVersion=\"Soap11\"/><httpTransport/>".to_owned(),
        ),
        (
            "basicHttpsBinding",
            "<binding/>",
            "<textMessageEncoding messageVersion=\"Soap11\"/><httpsTransport/>".to_owned(),
        ),
    ];
    for (section, standard, custom) in pairs {
        let standard = Stack::of(&binding(section, standard));
        let custom = Stack::of(&binding("customBinding", &format!("<binding>{custom}</binding>")));
        assert_eq!(custom, standard, "{section}");
    }
}

#[test]
fn findings_of_good_files_are_warnings_and_notes() {
    for (name, text) in &files() {
        for d in Configuration::load(text).diagnostics {
            assert_ne!(d.severity, Severity::Error, "{name}: {d}");
            assert!(d.fix.is_some(), "{name}: {d}");
        }
    }
}
