//! Metadata exchanges over net.tcp: `mexTcpBinding` at the service, a `net.tcp` address at the reader.

use std::path::Path;

use waxwing::metadata::MetadataError;
use waxwing::{ConfigurationFile, ServiceHost, ServiceHostBuilder, ServiceInstances};

use super::common::{CALCULATOR_CONTRACT, CalculatorService, Counting};
use super::{attempts, codes, read, told};

/// A service with endpoints at net.tcp, and metadata at `mex` below its base address.
async fn host(folder: &Path) -> ServiceHost {
    let text = r#"<configuration><system.serviceModel><services><service name="Samples.CalculatorService" behaviorConfiguration="S">
  <host><baseAddresses><add baseAddress="net.tcp://127.0.0.1:0/calc"/></baseAddresses></host>
  <endpoint address="" binding="netTcpBinding" bindingConfiguration="B" contract="Microsoft.ServiceModel.Samples.ICalculator"/>
  <endpoint address="mex" binding="mexTcpBinding" contract="IMetadataExchange"/>
</service></services>
<bindings><netTcpBinding><binding name="B"><reliableSession enabled="true"/><security mode="None"/></binding></netTcpBinding></bindings>
<behaviors><serviceBehaviors><behavior name="S"><serviceMetadata/></behavior></serviceBehaviors></behaviors></system.serviceModel></configuration>"#;
    let path = folder.join("service.config");
    std::fs::write(&path, text).unwrap();
    let file = ConfigurationFile::load(&path).unwrap_or_else(|error| panic!("{error}"));
    ServiceHostBuilder::from_config(&file, "Samples.CalculatorService", &CALCULATOR_CONTRACT)
        .unwrap()
        .open(ServiceInstances::single(CalculatorService::new(Counting::default())))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_service_tells_over_net_tcp_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(folder.path()).await;
    let base = format!("net.tcp://{}/calc", host.local_addresses()[0]);
    let metadata = read(&format!("{base}/mex")).await.unwrap();
    assert_eq!(attempts(&metadata), ["MEX, SOAP 1.2 true"]);
    assert_eq!(codes(&metadata), [""; 0]);
    let told = told(&metadata);
    let has = |text: &str| told.iter().any(|line| line.contains(text));
    assert!(has("CalculatorService NetTcpBinding_ICalculator"), "{told:#?}");
    assert!(has("ICalculator Divide"), "{told:#?}");
    let judged = metadata.set.services().flat_map(|service| &service.ports).count();
    assert_eq!(judged, 1, "the metadata endpoint is not one of the service");
    // The address of the service itself says nothing; the one below it is tried next.
    let metadata = read(&base).await.unwrap();
    assert_eq!(attempts(&metadata).last().map(String::as_str), Some("MEX, SOAP 1.2 true"));
    assert!(host.close().await);
}

#[tokio::test]
async fn who_is_not_there_or_says_nothing_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(folder.path()).await;
    let address = host.local_addresses()[0];
    let error = read(&format!("net.tcp://{address}/other")).await.unwrap_err();
    assert!(matches!(&error, MetadataError::Nothing { .. }), "{error}");
    assert!(error.to_string().contains("no endpoint listening at"), "{error}");
    host.close().await;
    let error = read(&format!("net.tcp://{address}/calc/mex")).await.unwrap_err();
    assert!(matches!(&error, MetadataError::Unreachable { .. }), "{error}");
}
