//! HTTPS: mode Transport and reliable sessions over TLS, between both real ends on loopback.

use std::net::SocketAddr;

use waxwing::{
    ChannelError, ChannelFactory, ConfigurationFile, ServiceHost, ServiceHostBuilder,
    ServiceInstances,
};

use common::{CALCULATOR_CONTRACT, CalculatorClient, CalculatorService, Counting};

mod common;

/// A binding of its section with what stands inside.
struct Wire {
    section: &'static str,
    binding: String,
}

impl Wire {
    fn transport(credential: &str) -> Self {
        let binding = format!(
            r#"<security mode="Transport"><transport clientCredentialType="{credential}"/></security>"#
        );
        Self { section: "wsHttpBinding", binding }
    }

    fn reliable(version: &str, https: &str) -> Self {
        let binding = format!(
            r#"<reliableSession reliableMessagingVersion="{version}"/><textMessageEncoding/><httpsTransport {https}/>"#
        );
        Self { section: "customBinding", binding }
    }

    fn xml(&self) -> String {
        let Self { section, binding } = self;
        format!(
            r#"<bindings><{section}><binding name="B" openTimeout="00:00:20" sendTimeout="00:00:20" closeTimeout="00:00:10">{binding}</binding></{section}></bindings>"#
        )
    }
}

fn load(folder: &std::path::Path, name: &str, text: &str) -> ConfigurationFile {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

fn service_file(wire: &Wire, folder: &std::path::Path) -> ConfigurationFile {
    let text = format!(
        r#"<configuration><system.serviceModel>
  <services><service name="CalculatorService" behaviorConfiguration="S">
    <host><baseAddresses><add baseAddress="https://127.0.0.1:0"/></baseAddresses></host>
    <endpoint address="/calc" binding="{}" bindingConfiguration="B" contract="Microsoft.ServiceModel.Samples.ICalculator"/>
  </service></services>{}
  <behaviors><serviceBehaviors><behavior name="S"><serviceCredentials>
    <serviceCertificate findValue="localhost" x509FindType="FindBySubjectName" storeName="My" storeLocation="LocalMachine"/>
    <clientCertificate><authentication certificateValidationMode="ChainTrust" revocationMode="NoCheck"/></clientCertificate>
  </serviceCredentials></behavior></serviceBehaviors></behaviors>
</system.serviceModel></configuration>"#,
        wire.section,
        wire.xml()
    );
    load(folder, "service.config", &text)
}

fn client_file(
    wire: &Wire,
    folder: &std::path::Path,
    to: SocketAddr,
    extra: &str,
) -> ConfigurationFile {
    let text = format!(
        r#"<configuration><system.serviceModel>
  <client><endpoint name="calc" address="https://localhost:{}/calc" binding="{}" bindingConfiguration="B" behaviorConfiguration="C"
      contract="Microsoft.ServiceModel.Samples.ICalculator"/></client>{}
  <behaviors><endpointBehaviors><behavior name="C"><clientCredentials>
    <clientCertificate findValue="alice" x509FindType="FindBySubjectName" storeName="My" storeLocation="CurrentUser"/>
    {extra}
  </clientCredentials></behavior></endpointBehaviors></behaviors>
</system.serviceModel></configuration>"#,
        to.port(),
        wire.section,
        wire.xml()
    );
    load(folder, "client.config", &text)
}

async fn host(file: &ConfigurationFile, calculator: &Counting) -> ServiceHost {
    ServiceHostBuilder::from_config(file, "CalculatorService", &CALCULATOR_CONTRACT)
        .unwrap_or_else(|e| panic!("{e}"))
        .open(ServiceInstances::single(CalculatorService::new(calculator.clone())))
        .await
        .unwrap_or_else(|e| panic!("{e}"))
}

async fn call(file: &ConfigurationFile) -> Result<f64, ChannelError> {
    let channel =
        ChannelFactory::from_config(file, "calc", &CALCULATOR_CONTRACT)?.open_channel().await?;
    let sum = CalculatorClient::new(&channel).add(1.0, 2.0).await;
    let sum = sum.map_err(|e| panic!("{e}")).unwrap();
    for _ in 0..3 {
        CalculatorClient::new(&channel).subtract(1.0, 2.0).await.unwrap();
    }
    channel.close().await?;
    Ok(sum)
}

#[tokio::test]
async fn calls_go_over_tls() {
    let wires = [
        (Wire::transport("None"), None),
        (Wire::transport("Certificate"), Some("CN=alice")),
        (Wire::reliable("WSReliableMessagingFebruary2005", ""), None),
        (
            Wire::reliable("WSReliableMessaging11", r#"requireClientCertificate="true""#),
            Some("CN=alice"),
        ),
    ];
    for (wire, caller) in wires {
        let (own, peer) =
            (common::stores("service", "ca", &[]), common::stores("alice", "ca", &[]));
        let calculator = Counting::default();
        let host = host(&service_file(&wire, own.path()), &calculator).await;
        let to = host.local_addresses()[0];
        let sum = call(&client_file(&wire, peer.path(), to, "")).await;
        assert_eq!(sum.unwrap_or_else(|e| panic!("{}: {e}", wire.binding)), 3.0);
        let seen = calculator.caller.lock().unwrap().clone();
        assert_eq!(seen.as_deref().map(|name| &name[..8]), caller, "{seen:?}");
        assert!(host.close().await);
    }
}
