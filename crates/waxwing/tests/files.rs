//! Configuration files of which a part is broken, lacks what comes from outside, or stands in files of its own.

#![allow(clippy::disallowed_methods, unreachable_pub)]

mod common;

use std::path::Path;

use common::{CALCULATOR_CONTRACT, CalculatorClient, CalculatorService, Counting, pki};
use waxwing::certificates::{CertificateStores, certificates_of_identity};
use waxwing::crypto::Certificate;
use waxwing::{
    ChannelError, ChannelFactory, ConfigurationFile, ServiceHost, ServiceHostBuilder,
    ServiceInstances,
};

const PLAIN: &str = r#"<bindings><wsHttpBinding><binding><reliableSession enabled="true"/><security mode="None"/></binding></wsHttpBinding></bindings>"#;

/// A service as a web.config has it: the addresses come from IIS.
fn web_config(bindings: &str) -> String {
    format!(
        r#"<configuration><system.serviceModel>
  <services><service name="CalculatorService">
    <endpoint address="calc" binding="wsHttpBinding" contract="Microsoft.ServiceModel.Samples.ICalculator"/>
  </service></services>
  <client><endpoint name="calc" binding="wsHttpBinding" contract="Microsoft.ServiceModel.Samples.ICalculator"/></client>
  {bindings}</system.serviceModel></configuration>"#
    )
}

fn load(folder: &Path, name: &str, text: &str) -> ConfigurationFile {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

fn builder(file: &ConfigurationFile) -> ServiceHostBuilder {
    ServiceHostBuilder::from_config(file, "CalculatorService", &CALCULATOR_CONTRACT)
        .unwrap_or_else(|e| panic!("{e}"))
}

async fn open(builder: ServiceHostBuilder) -> Result<ServiceHost, waxwing::HostError> {
    let instances = ServiceInstances::per_session(|| CalculatorService::new(Counting::default()));
    builder.open(instances).await
}

#[tokio::test]
async fn addresses_are_given_in_code() {
    let folder = tempfile::tempdir().unwrap();
    let file = load(folder.path(), "Web.config", &web_config(PLAIN));
    let refused = open(builder(&file)).await.expect_err("no base address").to_string();
    assert!(refused.contains("ServiceHostBuilder::base_address"), "{refused}");
    let relative = builder(&file).base_address("calc").expect_err("relative").to_string();
    assert!(relative.contains("Only an absolute Uri can be used as a base address."), "{relative}");
    let host = builder(&file).base_address("http://127.0.0.1:0/svc").unwrap();
    let host = open(host).await.unwrap_or_else(|e| panic!("{e}"));
    assert!(host.addresses()[0].ends_with("/svc/calc"), "{:?}", host.addresses());

    let factory = ChannelFactory::from_config(&file, "calc", &CALCULATOR_CONTRACT).unwrap();
    let missing = factory.create_channel().expect_err("no address").to_string();
    assert!(missing.contains("ChannelFactory::address"), "{missing}");
    let factory = factory.address(format!("http://{}/svc/calc", host.local_addresses()[0]));
    let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(CalculatorClient::new(&channel).add(1.0, 2.0).await.unwrap(), 3.0);
    channel.close().await.unwrap();
    host.close().await;
}

#[tokio::test]
async fn what_is_broken_stops_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let broken_service = web_config(PLAIN).replace("<service name", "<service nonsense=\"1\" name");
    let file = load(folder.path(), "app.config", &broken_service);
    assert_eq!(file.diagnostics().iter().filter(|d| d.code == "unknown-attribute").count(), 1);
    let refused = ServiceHostBuilder::from_config(&file, "CalculatorService", &CALCULATOR_CONTRACT);
    let refused = refused.expect_err("broken").to_string();
    assert!(refused.contains("has 1 error") && refused.contains("nonsense"), "{refused}");
    ChannelFactory::from_config(&file, "calc", &CALCULATOR_CONTRACT).expect("the client is good");

    let broken_client =
        web_config(PLAIN).replace("<endpoint name", "<endpoint nonsense=\"1\" name");
    let file = load(folder.path(), "app.config", &broken_client);
    builder(&file);
    let refused: ChannelError =
        ChannelFactory::from_config(&file, "calc", &CALCULATOR_CONTRACT).expect_err("broken");
    assert!(refused.to_string().contains("nonsense"), "{refused}");

    let broken_file = web_config(PLAIN).replace("<bindings>", "<bindings nonsense=\"1\">");
    std::fs::write(folder.path().join("app.config"), broken_file).unwrap();
    let refused = ConfigurationFile::load(folder.path().join("app.config")).expect_err("broken");
    assert!(refused.to_string().contains("nonsense"), "{refused}");
}

#[test]
fn sections_are_read_from_files_beside() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("conf")).unwrap();
    std::fs::write(folder.path().join("conf/b.config"), PLAIN).unwrap();
    let text = web_config(r#"<bindings configSource="conf\b.config"/>"#);
    let file = load(folder.path(), "app.config", &text);
    let factory = ChannelFactory::from_config(&file, "calc", &CALCULATOR_CONTRACT).unwrap();
    assert!(factory.endpoint().reliable_session.is_some() && factory.endpoint().security.is_none());
    std::fs::remove_file(folder.path().join("conf/b.config")).unwrap();
    let refused = ConfigurationFile::load(folder.path().join("app.config")).expect_err("missing");
    assert!(
        refused.to_string().contains("Unable to open configSource file 'conf\\b.config'"),
        "{refused}"
    );
}

fn base64(octets: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(octets)
}

/// As svcutil and Visual Studio write it: SHA-1 hash and certificate, each with identifier, encoding and length.
fn serialized(certificate: &Certificate) -> Vec<u8> {
    let property = |identifier: u32, value: &[u8]| {
        let length = u32::try_from(value.len()).unwrap();
        [[identifier, 1, length].map(u32::to_le_bytes).concat(), value.to_vec()].concat()
    };
    [property(3, &certificate.thumbprint()), property(32, certificate.der())].concat()
}

#[test]
fn an_identity_is_read_as_svcutil_writes_it() {
    let service = std::fs::read(pki().join("service.cert.pem")).unwrap();
    let service = Certificate::from_pem(&service).unwrap().remove(0);
    let forms = [base64(service.der()), base64(&serialized(&service))];
    assert!(forms[1].starts_with("AwAAAAEAAAAUAAAA"), "{}", forms[1]);
    let folder = common::stores("alice", "ca", &[]);
    for encoded in forms {
        assert_eq!(certificates_of_identity(&encoded).unwrap(), std::slice::from_ref(&service));
        // The identity is the service's certificate, too: nothing else names it.
        let security = r#"<bindings><wsHttpBinding><binding><security><message clientCredentialType="None" negotiateServiceCredential="false"/></security></binding></wsHttpBinding></bindings>"#;
        let text = web_config(security).replace(
            r#"contract="Microsoft.ServiceModel.Samples.ICalculator"/></client>"#,
            &format!(r#"contract="Microsoft.ServiceModel.Samples.ICalculator"><identity><certificate encodedValue="{encoded}"/></identity></endpoint></client>"#),
        );
        let file = load(folder.path(), "client.config", &text);
        let factory = ChannelFactory::from_config(&file, "calc", &CALCULATOR_CONTRACT).unwrap();
        let factory = factory
            .address("http://127.0.0.1:9/calc")
            .certificate_stores(CertificateStores::new(folder.path()));
        factory.create_channel().unwrap_or_else(|e| panic!("{e}"));
        let file = load(folder.path(), "client.config", &text.replace(&encoded, "AwAAAAEA"));
        let factory = ChannelFactory::from_config(&file, "calc", &CALCULATOR_CONTRACT).unwrap();
        let refused = factory.address("http://127.0.0.1:9/calc").create_channel();
        let refused = refused.expect_err("no certificate").to_string();
        assert!(refused.contains("encodedValue cannot be used"), "{refused}");
    }
}
