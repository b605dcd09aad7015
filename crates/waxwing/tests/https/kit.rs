//! Both ends of HTTPS as configuration files say them.
#![allow(dead_code, unreachable_pub)]

use std::net::SocketAddr;
use std::path::Path;

use waxwing::{
    ChannelFactory, ConfigurationFile, ServiceHost, ServiceHostBuilder, ServiceInstances,
};

use crate::common::{CALCULATOR_CONTRACT, CalculatorClient, CalculatorService, Counting};

/// A binding of its section with what stands inside.
pub struct Wire {
    pub section: &'static str,
    pub binding: String,
}

impl Wire {
    pub fn transport(credential: &str) -> Self {
        let binding = format!(
            r#"<security mode="Transport"><transport clientCredentialType="{credential}"/></security>"#
        );
        Self { section: "wsHttpBinding", binding }
    }

    pub fn reliable(version: &str, https: &str) -> Self {
        let binding = format!(
            r#"<reliableSession reliableMessagingVersion="{version}"/><textMessageEncoding/><httpsTransport {https}/>"#
        );
        Self { section: "customBinding", binding }
    }

    pub fn xml(&self) -> String {
        let Self { section, binding } = self;
        format!(
            r#"<bindings><{section}><binding name="B" openTimeout="00:00:20" sendTimeout="00:00:20" closeTimeout="00:00:10">{binding}</binding></{section}></bindings>"#
        )
    }
}

pub fn load(folder: &Path, name: &str, text: &str) -> ConfigurationFile {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

pub fn service_file(wire: &Wire, folder: &Path) -> ConfigurationFile {
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

pub fn client_file(wire: &Wire, folder: &Path, to: SocketAddr, extra: &str) -> ConfigurationFile {
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

pub async fn host(file: &ConfigurationFile, calculator: &Counting) -> ServiceHost {
    ServiceHostBuilder::from_config(file, "CalculatorService", &CALCULATOR_CONTRACT)
        .unwrap_or_else(|e| panic!("{e}"))
        .open(ServiceInstances::single(CalculatorService::new(calculator.clone())))
        .await
        .unwrap_or_else(|e| panic!("{e}"))
}

pub fn builder(file: &ConfigurationFile) -> ServiceHostBuilder {
    ServiceHostBuilder::from_config(file, "CalculatorService", &CALCULATOR_CONTRACT)
        .unwrap_or_else(|e| panic!("{e}"))
}

pub fn instances(calculator: &Counting) -> impl waxwing::service::Instances + 'static {
    ServiceInstances::single(CalculatorService::new(calculator.clone()))
}

pub fn factory(file: &ConfigurationFile) -> ChannelFactory {
    ChannelFactory::from_config(file, "calc", &CALCULATOR_CONTRACT)
        .unwrap_or_else(|e| panic!("{e}"))
}

/// Opens, calls four times, closes; or why not.
pub async fn call(factory: &ChannelFactory) -> Result<f64, String> {
    let channel = factory.open_channel().await.map_err(|e| e.to_string())?;
    let client = CalculatorClient::new(&channel);
    let sum = client.add(1.0, 2.0).await.map_err(|e| e.to_string())?;
    for _ in 0..3 {
        client.subtract(1.0, 2.0).await.map_err(|e| e.to_string())?;
    }
    channel.close().await.map_err(|e| e.to_string())?;
    Ok(sum)
}
