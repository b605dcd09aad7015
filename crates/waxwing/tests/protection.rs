//! Protection levels, orders and signature confirmations from end to end: contracts of WCF's captured `IProtected`, both
//! roles over loopback, with and without sessions.
#![allow(missing_docs)]

mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};

use common::stores;
use waxwing::contract::{
    CallError, ContractDescription, FaultDetail as _, OperationFault, ProtectionLevel,
    service_contract,
};
use waxwing::{
    ChannelError, ChannelFactory, ConfigurationFile, DataContract, ServiceHost, ServiceHostBuilder,
    ServiceInstances, trace::Trace,
};

#[derive(Clone, Debug, PartialEq, DataContract)]
#[data_contract(namespace = "http://Microsoft.ServiceModel.Samples")]
pub struct MathFault {
    pub operation: String,
    pub reason: String,
}

/// The contract of the captures.
#[service_contract(namespace = "http://Microsoft.ServiceModel.Samples", name = "IProtected")]
pub trait Protected {
    #[operation(protection_level = None)]
    async fn open(&self, text: &str) -> Result<String, OperationFault>;
    #[operation(protection_level = Sign)]
    async fn signed(&self, text: &str) -> Result<String, OperationFault>;
    #[operation(protection_level = EncryptAndSign)]
    async fn secret(&self, text: &str) -> Result<String, OperationFault>;
    async fn default(&self, text: &str) -> Result<String, OperationFault>;
    #[operation(
        wrapper = "Order",
        reply_wrapper = "OrderReply",
        request_protection_level = Sign,
        results(header("Status", protection_level = Sign), header("Ticket"), "Price")
    )]
    async fn order(
        &self,
        #[param(header, name = "CardNumber", protection_level = EncryptAndSign)] card: &str,
        #[param(header, name = "Customer")] customer: &str,
        #[param(header, name = "Trace", protection_level = None)] trace: &str,
        #[param(name = "Quantity")] quantity: i32,
    ) -> Result<(String, String, f64), OperationFault>;
    #[operation(protection_level = Sign, faults(MathFault(protection_level = EncryptAndSign)))]
    async fn fault_secret(&self, text: &str) -> Result<String, OperationFault>;
    #[operation(faults(MathFault(protection_level = Sign)))]
    async fn fault_signed(&self, text: &str) -> Result<String, OperationFault>;
}

/// The same names, signed only: what an older version of the contract may have been.
#[service_contract(
    namespace = "http://Microsoft.ServiceModel.Samples",
    name = "IProtected",
    protection_level = Sign
)]
pub trait SignedOnly {
    async fn default(&self, text: &str) -> Result<String, OperationFault>;
    #[operation(one_way)]
    async fn note(&self, text: &str) -> Result<(), OperationFault>;
}

struct Service;

impl Protected for Service {
    async fn open(&self, text: &str) -> Result<String, OperationFault> {
        Ok(text.to_owned())
    }
    async fn signed(&self, text: &str) -> Result<String, OperationFault> {
        Ok(text.to_owned())
    }
    async fn secret(&self, text: &str) -> Result<String, OperationFault> {
        Ok(text.to_owned())
    }
    async fn default(&self, text: &str) -> Result<String, OperationFault> {
        Ok(text.to_owned())
    }
    async fn order(
        &self,
        card: &str,
        customer: &str,
        trace: &str,
        quantity: i32,
    ) -> Result<(String, String, f64), OperationFault> {
        Ok((format!("{customer}/{trace}"), format!("ticket-{card}"), f64::from(quantity) * 9.5))
    }
    async fn fault_secret(&self, text: &str) -> Result<String, OperationFault> {
        Err(fault("FaultSecret", text))
    }
    async fn fault_signed(&self, text: &str) -> Result<String, OperationFault> {
        Err(fault("FaultSigned", text))
    }
}

impl SignedOnly for Service {
    async fn default(&self, text: &str) -> Result<String, OperationFault> {
        Ok(text.to_owned())
    }
    async fn note(&self, _: &str) -> Result<(), OperationFault> {
        Ok(())
    }
}

fn fault(operation: &str, reason: &str) -> OperationFault {
    let (operation, reason) = (operation.to_owned(), reason.to_owned());
    OperationFault::new("typed fault").with_detail(MathFault { operation, reason })
}

/// What went over the wire, both ways, as the client saw it.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Vec<u8>>>);

impl Write for Wire {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Wire {
    fn shows(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.0.lock().unwrap()).contains(text)
    }
}

fn load(
    folder: &std::path::Path,
    binding: &str,
    contract: &str,
    address: &str,
) -> ConfigurationFile {
    let section = &binding[1..binding.find('>').unwrap()];
    let check =
        r#"<authentication certificateValidationMode="ChainTrust" revocationMode="NoCheck"/>"#;
    let text = format!(
        r#"<configuration><system.serviceModel><bindings>{binding}</bindings>
<services><service name="S" behaviorConfiguration="S"><host><timeouts closeTimeout="00:00:02"/></host>
  <endpoint address="{address}" binding="{section}" bindingConfiguration="B" contract="{contract}"/></service></services>
<client><endpoint name="c" address="{address}" binding="{section}" bindingConfiguration="B" behaviorConfiguration="C" contract="{contract}">
  <identity><dns value="localhost"/></identity></endpoint></client>
<behaviors><serviceBehaviors><behavior name="S"><serviceCredentials>
    <serviceCertificate findValue="CN=localhost" storeName="My" storeLocation="LocalMachine"/>
    <clientCertificate>{check}</clientCertificate>
  </serviceCredentials></behavior></serviceBehaviors>
  <endpointBehaviors><behavior name="C"><clientCredentials><clientCertificate findValue="alice" x509FindType="FindBySubjectName"/>
    <serviceCertificate><defaultCertificate findValue="localhost" x509FindType="FindBySubjectName" storeName="TrustedPeople"/>{check}</serviceCertificate>
  </clientCredentials></behavior></endpointBehaviors></behaviors>
</system.serviceModel></configuration>"#
    );
    let path = folder.join("app.config");
    std::fs::write(&path, text).unwrap();
    ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

/// A service that runs, and the client's factory for it, which may have another binding and contract.
struct Ends {
    host: ServiceHost,
    factory: ChannelFactory,
    _folders: [tempfile::TempDir; 2],
}

async fn ends(
    (there, here): (&str, &str),
    instances: ServiceInstances,
    contract: &'static ContractDescription,
) -> Ends {
    let service = stores("service", "ca", &[]);
    let name = contract.configuration_name;
    let config = load(service.path(), there, name, "http://127.0.0.1:0/p");
    let offered = waxwing::service::Instances::contracts(&instances)[0];
    let builder = ServiceHostBuilder::from_config(&config, "S", offered).unwrap();
    let host = builder.open(instances).await.unwrap();
    let client = stores("alice", "ca", &["service"]);
    let address = format!("http://{}/p", host.local_addresses()[0]);
    let config = load(client.path(), here, name, &address);
    let factory = ChannelFactory::from_config(&config, "c", contract).unwrap();
    Ends { host, factory, _folders: [service, client] }
}

fn protected() -> ServiceInstances {
    ServiceInstances::per_session(|| ProtectedService::new(Service))
}

fn signed_only() -> ServiceInstances {
    ServiceInstances::per_session(|| SignedOnlyService::new(Service))
}

fn ws(section: &str, reliable: bool, session: bool) -> String {
    format!(
        r#"<{section}><binding name="B" openTimeout="00:00:20" sendTimeout="00:00:20" closeTimeout="00:00:10"><reliableSession enabled="{reliable}"/><security mode="Message"><message clientCredentialType="Certificate" negotiateServiceCredential="false" establishSecurityContext="{session}"/></security></binding></{section}>"#
    )
}

/// `outer` and `first` are attributes of the security of the session and of its bootstrap.
fn custom(reliable: bool, outer: &str, first: &str) -> String {
    let reliable = if reliable { "<reliableSession/>" } else { "" };
    let version = r#"messageSecurityVersion="WSSecurity11WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11BasicSecurityProfile10""#;
    format!(
        r#"<customBinding><binding name="B" openTimeout="00:00:20" sendTimeout="00:00:20" closeTimeout="00:00:10">{reliable}<security authenticationMode="SecureConversation" {version} {outer}><secureConversationBootstrap authenticationMode="MutualCertificate" {version} {first}/></security><textMessageEncoding messageVersion="Soap12WSAddressing10"/><httpTransport/></binding></customBinding>"#
    )
}

/// What a failed call most probably means.
fn code(error: &CallError) -> Option<&'static str> {
    let CallError::Channel(error) = error else { panic!("{error}") };
    error.downcast_ref::<ChannelError>().and_then(ChannelError::code)
}

/// Every operation of the contract, and what of it can be read on the way.
async fn call_everything(ends: Ends) {
    let wire = Wire::default();
    let factory = ends.factory.clone().trace(Trace::new(wire.clone(), false));
    let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("{e}"));
    let client = ProtectedClient::new(&channel);
    assert_eq!(client.open("text-open").await.unwrap(), "text-open");
    assert_eq!(client.signed("text-signed").await.unwrap(), "text-signed");
    assert_eq!(client.secret("text-secret").await.unwrap(), "text-secret");
    assert_eq!(client.default("text-default").await.unwrap(), "text-default");
    let order = client.order("card-1", "customer-1", "trace-1", 3).await.unwrap();
    assert_eq!(order, ("customer-1/trace-1".to_owned(), "ticket-card-1".to_owned(), 28.5));
    let refused = client.fault_secret("reason-secret").await.unwrap_err();
    let detail = refused.fault().expect("a fault").detail::<MathFault>().unwrap();
    assert_eq!((&*detail.operation, &*detail.reason), ("FaultSecret", "reason-secret"));
    let refused = client.fault_signed("reason-signed").await.unwrap_err();
    let detail = refused.fault().expect("a fault").detail::<MathFault>().unwrap();
    assert_eq!((&*detail.operation, &*detail.reason), ("FaultSigned", "reason-signed"));
    channel.close().await.unwrap();
    assert!(ends.host.close().await);
    for readable in ["text-open", "text-signed", "customer-1/trace-1", "<Quantity>3", "trace-1"] {
        assert!(wire.shows(readable), "{readable}");
    }
    for hidden in ["text-secret", "text-default", "card-1", "<Price>", "<Operation>FaultSecret<"] {
        assert!(!wire.shows(hidden), "{hidden}");
    }
    // Of a fault with its own level: the detail of the signed one can be read, the other's cannot.
    assert!(wire.shows("<Operation>FaultSigned<"), "the signed fault");
}

#[tokio::test]
async fn levels_of_every_kind_with_and_without_sessions() {
    for binding in [
        ws("wsHttpBinding", false, false),
        ws("wsHttpBinding", false, true),
        ws("wsHttpBinding", true, true),
        ws("ws2007HttpBinding", true, true),
    ] {
        call_everything(ends((&binding, &binding), protected(), &PROTECTED_CONTRACT).await).await;
    }
}

#[tokio::test]
async fn every_order_and_signature_confirmation_by_configuration() {
    let orders = [
        r#"messageProtectionOrder="SignBeforeEncrypt""#,
        r#"messageProtectionOrder="EncryptBeforeSign""#,
        r#"messageProtectionOrder="EncryptBeforeSign" requireSignatureConfirmation="true""#,
        r#"requireSignatureConfirmation="true""#,
    ];
    for (reliable, outer) in [(false, 0), (true, 1), (true, 2), (true, 3), (false, 3)] {
        for first in ["", orders[1]] {
            let binding = custom(reliable, orders[outer], first);
            let ends = ends((&binding, &binding), protected(), &PROTECTED_CONTRACT).await;
            call_everything(ends).await;
        }
    }
}

#[tokio::test]
async fn a_contract_that_is_signed_only() {
    for (reliable, session) in [(false, false), (false, true), (true, true)] {
        let binding = ws("wsHttpBinding", reliable, session);
        let ends = ends((&binding, &binding), signed_only(), &SIGNED_ONLY_CONTRACT).await;
        let wire = Wire::default();
        let factory = ends.factory.clone().trace(Trace::new(wire.clone(), false));
        let channel = factory.open_channel().await.unwrap();
        let client = SignedOnlyClient::new(&channel);
        assert_eq!(client.default("in clear").await.unwrap(), "in clear");
        client.note("a note").await.unwrap();
        channel.close().await.unwrap();
        assert!(ends.host.close().await);
        assert!(wire.shows("<text>in clear<") && wire.shows("<text>a note<"));
    }
}

/// The client's contract demands more than the service gives: told at once, by name, and not after timeouts.
#[tokio::test]
async fn a_service_that_protects_less_is_told_at_once() {
    for (reliable, session) in [(false, false), (false, true), (true, true)] {
        let binding = ws("wsHttpBinding", reliable, session);
        let ends = ends((&binding, &binding), signed_only(), &PROTECTED_CONTRACT).await;
        let channel = ends.factory.open_channel().await.unwrap();
        let error = ProtectedClient::new(&channel).default("x").await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("the Body is signed only"), "{text}");
        assert_eq!(code(&error), Some("protection-level-mismatch"), "{text}");
        // With the service's level it goes.
        let factory = ends.factory.clone().protection_level(ProtectionLevel::Sign);
        let channel = factory.open_channel().await.unwrap();
        assert_eq!(ProtectedClient::new(&channel).default("x").await.unwrap(), "x");
        channel.close().await.unwrap();
    }
}

/// The other way round the service refuses the request, and says no more than a WCF service does.
#[tokio::test]
async fn a_client_that_protects_less_is_refused() {
    let binding = ws("wsHttpBinding", true, true);
    let ends = ends((&binding, &binding), protected(), &SIGNED_ONLY_CONTRACT).await;
    let channel = ends.factory.open_channel().await.unwrap();
    let error = SignedOnlyClient::new(&channel).default("x").await.unwrap_err();
    assert_eq!(code(&error), Some("operation-refused"), "{error}");
}

#[tokio::test]
async fn settings_of_one_end_only_are_named() {
    let confirms = r#"requireSignatureConfirmation="true""#;
    let plain = r#"messageProtectionOrder="SignBeforeEncrypt""#;
    for (there, here, expected) in [
        ("", confirms, "signature-confirmation-mismatch"),
        (confirms, "", "signature-confirmation-mismatch"),
        (plain, "", "protection-order-mismatch"),
    ] {
        for reliable in [false, true] {
            let bindings = (custom(reliable, there, ""), custom(reliable, here, ""));
            let bindings = (bindings.0.as_str(), bindings.1.as_str());
            let ends = ends(bindings, protected(), &PROTECTED_CONTRACT).await;
            let error = match ends.factory.open_channel().await {
                Err(error) => error.code(),
                Ok(channel) => {
                    let error = ProtectedClient::new(&channel).default("x").await.unwrap_err();
                    code(&error)
                }
            };
            assert_eq!(error, Some(expected), "{there} against {here}, {reliable}");
        }
    }
}

/// A binding without security cannot give what the contract asks for by name; both ends say so before anything is sent.
#[tokio::test]
async fn a_binding_without_security_is_refused() {
    let binding =
        r#"<wsHttpBinding><binding name="B"><security mode="None"/></binding></wsHttpBinding>"#;
    let folder = stores("service", "ca", &[]);
    let config = load(folder.path(), binding, "IProtected", "http://127.0.0.1:1/p");
    let builder = ServiceHostBuilder::from_config(&config, "S", &PROTECTED_CONTRACT).unwrap();
    let refused = builder.open(protected()).await.expect_err("no security").to_string();
    let factory = ChannelFactory::from_config(&config, "c", &SIGNED_ONLY_CONTRACT).unwrap();
    let mine = factory.create_channel().expect_err("no security").to_string();
    for text in [refused, mine] {
        let expected = "The request message must be protected. This is required by an operation of the contract \
                        ('IProtected','http://Microsoft.ServiceModel.Samples').";
        assert!(text.contains(expected), "{text}");
    }
}
