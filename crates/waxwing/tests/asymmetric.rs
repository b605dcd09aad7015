//! Certificates on both sides by WS-Security 1.0 (`MutualCertificate`, `MutualCertificateDuplex`), as configuration files say
//! it: a service and a client, each with its own file and folder, over loopback.

#![allow(clippy::disallowed_methods)]

mod common;
#[path = "../examples/nemhandel.rs"]
mod nemhandel_example;

use std::path::Path;
use std::sync::atomic::Ordering;

use common::*;
use waxwing::contract::{CallOptions, MessageHeader};
use waxwing::{
    ChannelFactory, ConfigurationFile, ServiceHost, ServiceHostBuilder, ServiceInstances,
};

const WSS10: &str = "WSSecurity10WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11BasicSecurityProfile10";
const WSS10_NEW: &str =
    "WSSecurity10WSTrust13WSSecureConversation13WSSecurityPolicy12BasicSecurityProfile10";
const WSS11: &str =
    "WSSecurity11WSTrust13WSSecureConversation13WSSecurityPolicy12BasicSecurityProfile10";

/// The elements of a custom binding above its encoding.
#[derive(Clone)]
struct Elements {
    reliable: String,
    security: String,
}

/// The binding of NemHandel (OIORASP), as its library's configuration files have it.
fn nemhandel() -> Elements {
    Elements {
        reliable:
            r#"<reliableSession inactivityTimeout="00:05:00" maxRetryCount="8" ordered="true"/>"#
                .to_owned(),
        security: format!(
            r#"<security defaultAlgorithmSuite="Default" authenticationMode="MutualCertificate" requireDerivedKeys="false"
                 securityHeaderLayout="Strict" includeTimestamp="true" messageProtectionOrder="SignBeforeEncrypt"
                 messageSecurityVersion="{WSS10}" requireSignatureConfirmation="false">
                 <localClientSettings maxClockSkew="00:10:00"/><localServiceSettings maxClockSkew="00:10:00"/>
                 <secureConversationBootstrap/></security>"#
        ),
    }
}

fn binding(elements: &Elements) -> String {
    let Elements { reliable, security } = elements;
    format!(
        r#"<bindings><customBinding><binding name="B" openTimeout="00:00:20" sendTimeout="00:00:20" closeTimeout="00:00:10">
             {reliable}{security}<textMessageEncoding messageVersion="Default" writeEncoding="utf-8"/>
             <httpTransport/></binding></customBinding></bindings>"#
    )
}

/// A file of either side, in which the bindings are others.
fn file(folder: &Path, name: &str, elements: &Elements) -> ConfigurationFile {
    let path = folder.join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    let (start, rest) = text.split_once("<bindings>").unwrap();
    let (_, end) = rest.split_once("</bindings>").unwrap();
    let start = start.replace("binding=\"wsHttpBinding\"", "binding=\"customBinding\"");
    let text = format!("{start}{}{end}", binding(elements));
    std::fs::write(&path, text).unwrap();
    ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

struct Pair {
    host: ServiceHost,
    service: Counting,
    factory: ChannelFactory,
    _folders: [tempfile::TempDir; 2],
}

async fn pair(of_service: &Elements, of_client: &Elements, client: &str) -> Pair {
    let folders = [stores("service", "ca", &[]), stores(client, "ca", &["service"])];
    service_config(&Binding::none(), folders[0].path());
    let config = file(folders[0].path(), "service.config", of_service);
    let service = Counting::default();
    let host = ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT)
        .unwrap()
        .user_names(|name: &str, password: Option<&str>| match (name, password) {
            ("alice", Some("secret")) => Ok(()),
            _ => Err("the password is wrong".to_owned()),
        })
        .open(ServiceInstances::single(CalculatorService::new(service.clone())))
        .await
        .unwrap();
    let address = format!("http://{}/calc", host.local_addresses()[0]);
    client_config(&Binding::none(), folders[1].path(), &address, "CN=", "localhost");
    let config = file(folders[1].path(), "client.config", of_client);
    let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap();
    let factory = factory.user_name("alice", "secret");
    Pair { host, service, factory, _folders: folders }
}

async fn call(factory: &ChannelFactory) -> Result<(), String> {
    let channel = factory.open_channel().await.map_err(|e| e.to_string())?;
    let client = CalculatorClient::new(&channel);
    for n in 0..3 {
        match client.add(f64::from(n), 2.0).await {
            Ok(sum) => assert_eq!(sum, f64::from(n) + 2.0),
            Err(error) => {
                channel.abort("the test is over");
                return Err(error.to_string());
            }
        }
    }
    let fault = client.divide(1.0, 0.0).await.unwrap_err().to_string();
    assert!(fault.contains("Division by zero"), "{fault}");
    channel.close().await.map_err(|e| e.to_string())
}

fn security(attributes: &str) -> Elements {
    Elements { reliable: String::new(), security: format!("<security {attributes}/>") }
}

impl Elements {
    fn reliable(mut self, version: &str) -> Self {
        self.reliable = format!(r#"<reliableSession reliableMessagingVersion="{version}"/>"#);
        self
    }
}

fn conversation(bootstrap: &str, version: &str) -> Elements {
    Elements {
        reliable: String::new(),
        security: format!(
            r#"<security authenticationMode="SecureConversation" messageSecurityVersion="{version}">
                 <secureConversationBootstrap {bootstrap} messageSecurityVersion="{version}"/></security>"#
        ),
    }
}

const RM10: &str = "WSReliableMessagingFebruary2005";
const RM11: &str = "WSReliableMessaging11";

#[tokio::test]
async fn a_binding_of_nemhandel_runs() {
    let pair = pair(&nemhandel(), &nemhandel(), "alice").await;
    call(&pair.factory).await.unwrap();
    assert_eq!(pair.service.executed.load(Ordering::SeqCst), 4);
    let caller = pair.service.caller.lock().unwrap().clone().unwrap();
    assert_eq!(caller, "CN=alice; 6F5B48E4E16E1BE648C46642470445381215C311");
    pair.host.close().await;
}

/// Each mode runs alone, in a reliable session of either version, and under a secure conversation.
#[tokio::test]
async fn every_mode_by_certificate_runs() {
    let mutual = "authenticationMode=\"MutualCertificate\"";
    let duplex = "authenticationMode=\"MutualCertificateDuplex\"";
    let mut all = Vec::new();
    for (mode, versions) in [
        (mutual, &[WSS10, WSS10_NEW, WSS11][..]),
        (duplex, &[WSS10, WSS11]),
        ("authenticationMode=\"AnonymousForCertificate\"", &[WSS11]),
        ("authenticationMode=\"UserNameForCertificate\"", &[WSS11]),
    ] {
        for version in versions {
            let alone = format!("{mode} messageSecurityVersion=\"{version}\"");
            all.push(security(&alone));
            all.push(security(&alone).reliable(RM10));
            all.push(security(&alone).reliable(RM11));
            all.push(conversation(mode, version));
            all.push(conversation(mode, version).reliable(RM10));
            all.push(conversation(mode, version).reliable(RM11));
        }
    }
    for order in ["SignBeforeEncrypt", "SignBeforeEncryptAndEncryptSignature", "EncryptBeforeSign"]
    {
        for derived in [false, true] {
            for suite in ["Basic256", "Basic128Rsa15", "TripleDesSha256"] {
                all.push(security(&format!(
                    "{mutual} messageSecurityVersion=\"{WSS10}\" messageProtectionOrder=\"{order}\" \
                     requireDerivedKeys=\"{derived}\" defaultAlgorithmSuite=\"{suite}\" protectTokens=\"true\" \
                     securityHeaderLayout=\"Lax\" allowSerializedSigningTokenOnReply=\"true\""
                )));
            }
        }
    }
    let confirmed = "requireSignatureConfirmation=\"true\"";
    all.push(security(&format!("{duplex} messageSecurityVersion=\"{WSS11}\" {confirmed}")));
    for elements in all {
        let what = format!("{}{}", elements.reliable, elements.security);
        let pair = pair(&elements, &elements, "alice").await;
        call(&pair.factory).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        let caller = pair.service.caller.lock().unwrap().clone();
        let expected = match &what {
            what if what.contains("Anonymous") => None,
            what if what.contains("UserName") => Some("alice"),
            _ => Some("CN=alice; 6F5B48E4E16E1BE648C46642470445381215C311"),
        };
        assert_eq!(caller.as_deref(), expected, "{what}");
        pair.host.close().await;
    }
}

#[tokio::test]
async fn strangers_and_other_bindings_are_refused() {
    let pair = pair(&nemhandel(), &nemhandel(), "mallory").await;
    let error = call(&pair.factory).await.unwrap_err();
    assert!(error.contains("could not be validated") || error.contains("not trusted"), "{error}");
    pair.host.close().await;
    let symmetric = security(&format!(
        "authenticationMode=\"MutualCertificate\" messageSecurityVersion=\"{WSS11}\""
    ));
    let asymmetric = security(&format!(
        "authenticationMode=\"MutualCertificate\" messageSecurityVersion=\"{WSS10}\""
    ));
    for (service, client) in [(&symmetric, &asymmetric), (&asymmetric, &symmetric)] {
        let pair = self::pair(service, client, "alice").await;
        let error = call(&pair.factory).await.unwrap_err();
        assert!(error.contains("InvalidSecurity"), "{error}");
        assert_eq!(pair.service.executed.load(Ordering::SeqCst), 0);
        pair.host.close().await;
    }
}

#[tokio::test]
async fn the_example_runs() {
    let receipts = nemhandel_example::run().await.unwrap();
    assert_eq!(receipts.len(), 3);
    let receipt = "29 characters from 5798000416604, signed by CN=alice; 6F5B48E4E16E1BE648C46642470445381215C311";
    assert!(receipts.iter().all(|r| r == receipt), "{receipts:?}");
}

/// A header that no contract declares (`signCustomHeaders` of NemHandel's library): signed where both sides say so, and
/// refused where the service says so and the client does not.
#[tokio::test]
async fn headers_that_no_contract_declares_are_signed() {
    for (by_service, by_client, runs) in
        [(true, true, true), (true, false, false), (false, true, true), (false, false, true)]
    {
        let elements = nemhandel();
        let folders = [stores("service", "ca", &[]), stores("alice", "ca", &["service"])];
        service_config(&Binding::none(), folders[0].path());
        let config = file(folders[0].path(), "service.config", &elements);
        let mut host =
            ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT)
                .unwrap();
        if by_service {
            host = host.sign_header("MessageIdentifier", "urn:rasp");
        }
        let service = Counting::default();
        let instances = ServiceInstances::single(CalculatorService::new(service.clone()));
        let host = host.open(instances).await.unwrap();
        let address = format!("http://{}/calc", host.local_addresses()[0]);
        client_config(&Binding::none(), folders[1].path(), &address, "CN=", "localhost");
        let config = file(folders[1].path(), "client.config", &elements);
        let mut factory =
            ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap();
        if by_client {
            factory = factory.sign_header("MessageIdentifier", "urn:rasp");
        }
        let channel = factory.open_channel().await.unwrap();
        let client = CalculatorClient::new(&channel);
        let header = MessageHeader::new("MessageIdentifier", "urn:rasp", &7).unwrap();
        let sum = client.with_options(CallOptions::new().header(header)).add(1.0, 2.0).await;
        let what = format!("{by_service} {by_client}");
        match runs {
            true => assert_eq!(sum.unwrap(), 3.0, "{what}"),
            false => {
                let error = sum.unwrap_err().to_string();
                assert!(error.contains("InvalidSecurity"), "{what}: {error}");
                assert_eq!(service.executed.load(Ordering::SeqCst), 0);
            }
        }
        channel.abort("the test is over");
        host.close().await;
    }
}
