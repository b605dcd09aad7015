//! Who may do what: the decision of the program before each call.

#![allow(clippy::disallowed_methods, missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use waxwing::binding::{
    MessageCredentialType, SecurityMode, ServiceBehavior, TimeSpan, WsHttpBinding,
};
use waxwing::contract::{CallError, OperationContext, OperationFault, service_contract};
use waxwing::crypto::{
    Certificate, CertificateValidator, Identity, RevocationMode, Usage, ValidationMode,
};
use waxwing::{
    ChannelError, ChannelFactory, ClientChannel, ConfigurationFile, ServiceHost,
    ServiceHostBuilder, ServiceInstances,
};

#[service_contract(namespace = "urn:account", name = "IAccount")]
pub trait Account {
    async fn balance(&self) -> Result<i32, OperationFault>;
    async fn pay(&self, amount: i32) -> Result<i32, OperationFault>;
    #[operation(one_way)]
    async fn forget(&self) -> Result<(), OperationFault>;
}

#[derive(Clone, Default)]
struct Book(Arc<AtomicU64>);

impl Account for Book {
    async fn balance(&self) -> Result<i32, OperationFault> {
        Ok(7)
    }
    async fn pay(&self, amount: i32) -> Result<i32, OperationFault> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(amount)
    }
    async fn forget(&self) -> Result<(), OperationFault> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

fn pki(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../testdata/pki/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn secured(reliable: bool) -> WsHttpBinding {
    WsHttpBinding::new(SecurityMode::Message, reliable)
        .message_credential(MessageCredentialType::UserName)
        .send_timeout(TimeSpan::seconds(20))
}

/// Users of any name whose password is `secret`.
fn builder(binding: WsHttpBinding) -> ServiceHostBuilder {
    let identity = [pki("service.cert.pem"), pki("service.key.pem")].concat();
    ServiceHostBuilder::new()
        .endpoint(binding, "http://127.0.0.1:0/book", &ACCOUNT_CONTRACT, ServiceBehavior::default())
        .unwrap()
        .certificate(Identity::from_pem(&identity).unwrap())
        .user_names(|_: &str, password: Option<&str>| match password {
            Some("secret") => Ok(()),
            _ => Err("the password is wrong".to_owned()),
        })
}

async fn channel(
    host: &ServiceHost,
    binding: WsHttpBinding,
    user: &str,
) -> Result<ClientChannel, ChannelError> {
    let address = format!("http://localhost:{}/book", host.local_addresses()[0].port());
    let validator = CertificateValidator::new(
        ValidationMode::ChainTrust,
        RevocationMode::NoCheck,
        Usage::Service,
    )
    .with_roots(Certificate::from_pem(&pki("ca.cert.pem")).unwrap());
    let factory = ChannelFactory::new(binding, &address, &ACCOUNT_CONTRACT).unwrap();
    factory
        .user_name(user, "secret")
        .service_trust(move |certificate: &Certificate, chain: &[Certificate], now| {
            validator.validate(certificate, chain, now).map_err(|e| e.to_string())
        })
        .open_channel()
        .await
}

/// Only alice changes anything. Asks somebody else first, as a database would be.
async fn decide(caller: String, action: String) -> Result<(), String> {
    tokio::time::sleep(Duration::from_millis(10)).await;
    match (caller.as_str(), action.rsplit('/').next()) {
        ("alice", _) | (_, Some("Balance")) => Ok(()),
        ("mallory", _) => panic!("mallory is too much for me"),
        (other, _) => Err(format!("{other} may only read")),
    }
}

fn by_name(call: &OperationContext) -> impl Future<Output = Result<(), String>> + Send + use<> {
    let caller = call.caller().map(|caller| caller.name.clone()).unwrap_or_default();
    decide(caller, call.action().to_owned())
}

fn is_denied(error: &CallError) -> bool {
    let text = error.to_string();
    text.contains("FailedAuthentication: Access is denied.") && text.contains("[access-denied]")
}

#[tokio::test]
async fn one_user_may_and_the_other_hears_that_access_is_denied() {
    for reliable in [true, false] {
        let book = Book::default();
        let builder = builder(secured(reliable)).authorize(by_name);
        let instances = ServiceInstances::single(AccountService::new(book.clone()));
        let host = builder.open(instances).await.unwrap();
        let alice = channel(&host, secured(reliable), "alice").await.unwrap();
        let bob = channel(&host, secured(reliable), "bob").await.unwrap();
        assert_eq!(AccountClient::new(&alice).pay(3).await.unwrap(), 3);
        let client = AccountClient::new(&bob);
        for _ in 0..2 {
            let error = client.pay(3).await.unwrap_err();
            assert!(is_denied(&error), "{error}");
            assert!(!error.to_string().contains("only read"), "the reason is for the log: {error}");
            // The session goes on.
            assert_eq!(client.balance().await.unwrap(), 7);
        }
        // Nobody hears of a one-way message; it is not executed all the same.
        client.forget().await.unwrap();
        assert_eq!(client.balance().await.unwrap(), 7);
        assert_eq!(book.0.load(Ordering::SeqCst), 1, "only alice's call was executed");
        assert_eq!(host.statistics().executed, 4);
        for channel in [alice, bob] {
            channel.close().await.unwrap();
        }
        assert!(host.close().await);
    }
}

#[tokio::test]
async fn a_decision_that_panics_refuses() {
    let book = Book::default();
    let builder = builder(secured(true)).authorize(by_name);
    let host =
        builder.open(ServiceInstances::single(AccountService::new(book.clone()))).await.unwrap();
    let mallory = channel(&host, secured(true), "mallory").await.unwrap();
    let error = AccountClient::new(&mallory).pay(3).await.unwrap_err();
    let subcode = error.fault().and_then(|fault| fault.subcode()).map(|code| code.local.clone());
    assert_eq!(subcode.as_deref(), Some("InternalServiceFault"), "{error}");
    assert_eq!(book.0.load(Ordering::SeqCst), 0);
    assert_eq!(AccountClient::new(&mallory).balance().await.unwrap(), 7);
    mallory.close().await.unwrap();
    assert!(host.close().await);
}

#[tokio::test]
async fn a_file_that_names_a_manager_does_not_open_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let policy =
        r#"<authorizationPolicies><add policyType="Shop.Policy, Shop"/></authorizationPolicies>"#;
    for (attribute, policies, named) in [
        (
            r#"serviceAuthorizationManagerType="Shop.Manager, Shop""#,
            "",
            "serviceAuthorizationManagerType",
        ),
        ("", policy, "Shop.Policy, Shop"),
    ] {
        let text = format!(
            r#"<configuration><system.serviceModel>
  <services><service name="Book" behaviorConfiguration="S">
    <endpoint address="http://127.0.0.1:0/book" binding="wsHttpBinding" bindingConfiguration="B" contract="IAccount"/>
  </service></services>
  <bindings><wsHttpBinding><binding name="B"><reliableSession enabled="true"/><security mode="None"/></binding></wsHttpBinding></bindings>
  <behaviors><serviceBehaviors><behavior name="S">
    <serviceAuthorization {attribute}>{policies}</serviceAuthorization>
  </behavior></serviceBehaviors></behaviors></system.serviceModel></configuration>"#
        );
        let path = folder.path().join("app.config");
        std::fs::write(&path, text).unwrap();
        let file = ConfigurationFile::load(&path).unwrap();
        let builder = || ServiceHostBuilder::from_config(&file, "Book", &ACCOUNT_CONTRACT).unwrap();
        let instances = || ServiceInstances::single(AccountService::new(Book::default()));
        let error = builder().open(instances()).await.unwrap_err().to_string();
        assert!(
            error.contains(named) && error.contains("ServiceHostBuilder::authorize"),
            "{error}"
        );
        let host = builder().authorize(by_name).open(instances()).await.unwrap();
        assert!(host.close().await);
    }
}
