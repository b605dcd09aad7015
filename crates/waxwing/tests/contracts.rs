//! Contracts as WCF users know them, over loopback: inheritance, sessions with a beginning and an end, headers, a call's
//! own time, who calls.

#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::{pki, stores};
use waxwing::binding::{MessageCredentialType, SecurityMode, ServiceBehavior, WsHttpBinding};
use waxwing::contract::{
    CallError, CallOptions, ClaimRight, ClaimValue, ContractDescription, Dispatch, Identity,
    MessageHeader, OperationContext, OperationFault, OwnedContract, OwnedOperation, RawBody,
    ReplyHeaders, Request, RequestChannel, SessionMode, claim_types, service_contract,
};
use waxwing::crypto::Identity as Own;
use waxwing::service::{ConcurrencyMode, Instances};
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};

/// What every service of the company can do.
#[service_contract(namespace = "urn:company", name = "ICommon")]
pub trait Common {
    /// Name, kind and thumbprint of the caller, and the claims of him.
    async fn who(&self, context: &OperationContext) -> Result<Vec<String>, OperationFault>;
    /// Waits so many milliseconds.
    async fn wait(&self, milliseconds: i32) -> Result<(), OperationFault>;
    /// Gives back the number of the header and puts the next one into the reply.
    async fn header(&self, context: &OperationContext) -> Result<i32, OperationFault>;
}

#[service_contract(namespace = "urn:orders", name = "IOrders", session_mode = Required)]
pub trait Orders: Common {
    async fn begin(&self, customer: &str) -> Result<i32, OperationFault>;
    #[operation(is_initiating = false)]
    async fn add(&self, article: &str) -> Result<i32, OperationFault>;
    #[operation(is_initiating = false, is_terminating)]
    async fn submit(&self) -> Result<i32, OperationFault>;
}

/// The same messages as those of [`Orders`], from a client that knows no rules.
#[service_contract(namespace = "urn:orders", name = "IOrders")]
pub trait Lawless {
    async fn begin(&self, customer: &str) -> Result<i32, OperationFault>;
    async fn add(&self, article: &str) -> Result<i32, OperationFault>;
    async fn submit(&self) -> Result<i32, OperationFault>;
}

#[derive(Default)]
struct Desk {
    articles: AtomicU64,
    submitted: Arc<AtomicU64>,
}

impl Common for Desk {
    async fn who(&self, context: &OperationContext) -> Result<Vec<String>, OperationFault> {
        assert!(context.endpoint_address().is_some_and(|address| address.ends_with("/orders")));
        let Some(caller) = context.caller() else { return Ok(Vec::new()) };
        let mut told = vec![caller.name.clone(), caller.authentication_type().to_owned()];
        match &caller.identity {
            Identity::Certificate(certificate) => told.push(certificate.thumbprint_hex()),
            other => told.push(format!("{other:?}")),
        }
        for claim in caller.claims().iter().filter(|claim| claim.right == ClaimRight::Identity) {
            assert_eq!(claim.claim_type, claim_types::THUMBPRINT);
            let ClaimValue::Octets(octets) = &claim.value else { panic!("octets") };
            told.push(octets.iter().map(|octet| format!("{octet:02X}")).collect());
        }
        Ok(told)
    }
    async fn wait(&self, milliseconds: i32) -> Result<(), OperationFault> {
        tokio::time::sleep(Duration::from_millis(u64::try_from(milliseconds)?)).await;
        Ok(())
    }
    async fn header(&self, context: &OperationContext) -> Result<i32, OperationFault> {
        let number = context.header::<i32>("Number", "urn:n")?.unwrap_or(-1);
        context.add_reply_header(MessageHeader::new("Next", "urn:n", &(number + 1))?);
        Ok(number)
    }
}

impl Orders for Desk {
    async fn begin(&self, _: &str) -> Result<i32, OperationFault> {
        Ok(1)
    }
    async fn add(&self, _: &str) -> Result<i32, OperationFault> {
        Ok(i32::try_from(self.articles.fetch_add(1, Ordering::SeqCst) + 1)?)
    }
    async fn submit(&self) -> Result<i32, OperationFault> {
        self.submitted.fetch_add(1, Ordering::SeqCst);
        Ok(i32::try_from(self.articles.load(Ordering::SeqCst))?)
    }
}

fn plain(reliable: bool) -> WsHttpBinding {
    WsHttpBinding::new(SecurityMode::None, reliable)
}

async fn host_of<D: Dispatch + 'static>(
    binding: WsHttpBinding,
    contract: &'static ContractDescription,
    make: impl Fn() -> D + Send + Sync + 'static,
) -> ServiceHost {
    let builder = ServiceHostBuilder::new();
    let behavior = ServiceBehavior::default();
    let builder =
        builder.endpoint(binding, "http://127.0.0.1:0/orders", contract, behavior).unwrap();
    builder.open(ServiceInstances::per_session(make)).await.unwrap()
}

fn factory(
    binding: WsHttpBinding,
    host: &ServiceHost,
    contract: &'static ContractDescription,
) -> ChannelFactory {
    let address = format!("http://{}/orders", host.local_addresses()[0]);
    ChannelFactory::new(binding, &address, contract).unwrap()
}

#[tokio::test]
async fn a_session_goes_from_its_first_operation_to_its_last() {
    let submitted = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&submitted);
    let make =
        move || OrdersService::new(Desk { submitted: Arc::clone(&counted), ..Desk::default() });
    let host = host_of(plain(true), &ORDERS_CONTRACT, make).await;
    let factory = factory(plain(true), &host, &ORDERS_CONTRACT);
    let client = OrdersClient::new(factory.create_channel().unwrap());
    // Refused before anything is sent, and before the channel opens.
    let refused = client.add("umbrella").await.unwrap_err().to_string();
    assert!(refused.contains("The operation 'Add' cannot be the first operation to be called because IsInitiating is false."), "{refused}");
    assert_eq!(host.statistics().messages, 0);
    assert_eq!(client.begin("Ann").await.unwrap(), 1);
    // An operation of the base may stand anywhere.
    client.wait(0).await.unwrap();
    assert_eq!(client.add("umbrella").await.unwrap(), 1);
    assert_eq!(client.add("boots").await.unwrap(), 2);
    assert_eq!(client.submit().await.unwrap(), 2);
    let refused = client.add("hat").await.unwrap_err().to_string();
    assert!(refused.contains("This channel cannot send any more messages because IsTerminating operation 'Submit' has already been called."), "{refused}");
    // The channel closed itself, and with it the session.
    client.channel().close().await.unwrap();
    assert_eq!((host.statistics().sessions, submitted.load(Ordering::SeqCst)), (0, 1));
    assert!(host.close().await);
}

/// A client that keeps no rules learns them from the service, in WCF's words.
#[tokio::test]
async fn a_service_executes_only_what_stands_in_its_place() {
    let submitted = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&submitted);
    let make =
        move || OrdersService::new(Desk { submitted: Arc::clone(&counted), ..Desk::default() });
    let binding = plain(true).close_timeout(waxwing::binding::TimeSpan::milliseconds(300));
    let host = host_of(binding, &ORDERS_CONTRACT, make).await;
    let channel = factory(plain(true), &host, &LAWLESS_CONTRACT).open_channel().await.unwrap();
    let client = LawlessClient::new(channel);
    let refused = client.submit().await.unwrap_err().to_string();
    assert!(refused.contains("ContractFilter mismatch"), "{refused}");
    client.begin("Ann").await.unwrap();
    client.add("umbrella").await.unwrap();
    assert_eq!(client.submit().await.unwrap(), 1);
    let refused = client.add("hat").await.unwrap_err().to_string();
    assert!(
        refused.contains(
            "An operation marked as IsTerminating has already been invoked on this channel"
        ),
        "{refused}"
    );
    assert_eq!(submitted.load(Ordering::SeqCst), 1);
    // The client does not close: the service does.
    for _ in 0..100 {
        if host.statistics().sessions == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(host.statistics().sessions, 0);
    assert!(host.close().await);
}

#[service_contract(namespace = "urn:datagrams", session_mode = NotAllowed)]
pub trait Datagrams {
    /// How many calls this instance has executed, if it knows no session.
    async fn count(&self, context: &OperationContext) -> Result<i32, OperationFault>;
}

impl Datagrams for Desk {
    async fn count(&self, context: &OperationContext) -> Result<i32, OperationFault> {
        assert_eq!(context.session_id(), None);
        Ok(i32::try_from(self.articles.fetch_add(1, Ordering::SeqCst) + 1)?)
    }
}

#[tokio::test]
async fn a_contract_that_allows_no_session_sees_none() {
    let make = || DatagramsService::new(Desk::default());
    let host = host_of(plain(true), &DATAGRAMS_CONTRACT, make).await;
    let channel = factory(plain(true), &host, &DATAGRAMS_CONTRACT).open_channel().await.unwrap();
    let client = DatagramsClient::new(channel);
    for _ in 0..3 {
        assert_eq!(client.count().await.unwrap(), 1, "an instance of its own");
    }
    client.channel().close().await.unwrap();
    assert!(host.close().await);
}

#[service_contract(namespace = "urn:modes")]
pub trait Modes {
    /// How many calls the instance has executed, and how many of them at a time at most.
    async fn call(&self) -> Result<Vec<i32>, OperationFault>;
}

#[derive(Default)]
struct Instance {
    executed: AtomicU64,
    running: AtomicU64,
    most: AtomicU64,
}

impl Modes for Instance {
    async fn call(&self) -> Result<Vec<i32>, OperationFault> {
        let executed = self.executed.fetch_add(1, Ordering::SeqCst) + 1;
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(200)).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        let most = self.most.load(Ordering::SeqCst);
        Ok(vec![i32::try_from(executed)?, i32::try_from(most)?])
    }
}

#[tokio::test]
async fn instances_and_concurrency_are_as_the_service_says() {
    let new = || ModesService::new(Instance::default());
    let single = || ServiceInstances::single(ModesService::new(Instance::default()));
    let multiple = ConcurrencyMode::Multiple;
    for (instances, executed, most) in [
        (ServiceInstances::per_session(new), 3, 1),
        (ServiceInstances::per_session(new).concurrency(multiple), 3, 3),
        (ServiceInstances::per_call(new), 1, 1),
        (ServiceInstances::per_call(new).concurrency(multiple), 1, 1),
        (single(), 3, 1),
        (single().concurrency(ConcurrencyMode::Reentrant), 3, 1),
        (single().concurrency(multiple), 3, 3),
    ] {
        let told = format!("{:?}", Instances::modes(&instances));
        let builder = ServiceHostBuilder::new()
            .endpoint(
                plain(true),
                "http://127.0.0.1:0/orders",
                &MODES_CONTRACT,
                ServiceBehavior::default(),
            )
            .unwrap();
        let host = builder.open(instances).await.unwrap();
        let channel = factory(plain(true), &host, &MODES_CONTRACT).open_channel().await.unwrap();
        let client = ModesClient::new(channel);
        let (a, b, c) = tokio::join!(client.call(), client.call(), client.call());
        let found = [a.unwrap(), b.unwrap(), c.unwrap()];
        let last = |at: usize| found.iter().map(|told| told[at]).max();
        assert_eq!(last(0), Some(executed), "{told}: {found:?}");
        // That calls overlap is not certain on a busy machine; that they do not is.
        assert!(last(1) <= Some(most), "{told}: {found:?}");
        client.channel().close().await.unwrap();
        host.close().await;
    }
}

#[tokio::test]
async fn a_contract_that_needs_a_session_is_not_opened_without() {
    let text = "Contract requires Session, but Binding 'WSHttpBinding' doesn't support it or isn't configured properly to support it.";
    let builder = ServiceHostBuilder::new();
    let address = "http://127.0.0.1:0/orders";
    let builder = builder
        .endpoint(plain(false), address, &ORDERS_CONTRACT, ServiceBehavior::default())
        .unwrap();
    let make = || OrdersService::new(Desk::default());
    let refused = builder.open(ServiceInstances::per_session(make)).await.unwrap_err();
    assert!(refused.to_string().contains(text), "{refused}");
    let factory = ChannelFactory::new(plain(false), "http://127.0.0.1:9/", &ORDERS_CONTRACT);
    let refused = factory.unwrap().create_channel().unwrap_err();
    assert!(refused.to_string().contains(text), "{refused}");
}

#[tokio::test]
async fn headers_go_both_ways() {
    let make = || CommonService::new(Desk::default());
    let host = host_of(plain(true), &COMMON_CONTRACT, make).await;
    let channel = factory(plain(true), &host, &COMMON_CONTRACT).open_channel().await.unwrap();
    let client = CommonClient::new(channel);
    assert_eq!(client.header().await.unwrap(), -1);
    let next = ReplyHeaders::new();
    let number = MessageHeader::new("Number", "urn:n", &7).unwrap();
    let options = CallOptions::new().header(number.clone()).reply_headers(&next);
    assert_eq!(client.with_options(options).header().await.unwrap(), 7);
    assert_eq!(next.header::<i32>("Next", "urn:n").unwrap(), Some(8));
    // Nobody said that the service understands it. The fault is the answer in the session, which goes on, as WCF's.
    for _ in 0..2 {
        let must = client.with_header(number.clone().must_understand(true)).header().await;
        let must = must.unwrap_err().to_string();
        assert!(must.contains("The header 'Number' from the namespace 'urn:n' was not understood"));
    }
    assert_eq!(client.header().await.unwrap(), -1);
    client.channel().close().await.unwrap();
    host.close().await;
}

#[tokio::test]
async fn a_call_has_a_time_of_its_own() {
    for reliable in [true, false] {
        let make = || CommonService::new(Desk::default());
        let host = host_of(plain(reliable), &COMMON_CONTRACT, make).await;
        let factory = factory(plain(reliable), &host, &COMMON_CONTRACT);
        let client = CommonClient::new(factory.open_channel().await.unwrap());
        client.with_timeout(Duration::from_secs(20)).wait(1).await.unwrap();
        let late = client.with_timeout(Duration::from_millis(300)).wait(3_000).await.unwrap_err();
        let text = late.to_string();
        assert!(
            text.contains(
                "The request channel timed out while waiting for a reply after 00:00:00.3000000."
            ),
            "{text}"
        );
        let CallError::Channel(error) = &late else { panic!("{late}") };
        let error = error.downcast_ref::<waxwing::ChannelError>().expect("the channel's");
        assert_eq!(error.timed_out_after(), Some(Duration::from_millis(300)));
        client.channel().abort("enough");
        host.close().await;
    }
}

#[tokio::test]
async fn an_operation_knows_who_calls() {
    let read = |name: &str| {
        let file = |kind: &str| std::fs::read(pki().join(format!("{name}.{kind}.pem"))).unwrap();
        Own::from_pem(&[file("cert"), file("key")].concat()).unwrap()
    };
    let binding = WsHttpBinding::new(SecurityMode::Message, true)
        .message_credential(MessageCredentialType::Certificate);
    let folder = stores("service", "ca", &[]);
    let certificates =
        waxwing::certificates::CertificateStores::new(folder.path().join("certificates"));
    let trust = |_: &waxwing::crypto::Certificate, _: &[waxwing::crypto::Certificate], _| Ok(());
    let builder = ServiceHostBuilder::new()
        .certificate(read("service"))
        .client_trust(trust)
        .certificate_stores(certificates.clone())
        .endpoint(
            binding.clone(),
            "http://127.0.0.1:0/orders",
            &COMMON_CONTRACT,
            ServiceBehavior::default(),
        )
        .unwrap();
    let make = || CommonService::new(Desk::default());
    let host = builder.open(ServiceInstances::per_session(make)).await.unwrap();
    let alice = read("alice");
    let factory = factory(binding, &host, &COMMON_CONTRACT)
        .client_certificate(alice.clone())
        .service_trust(trust)
        .identity(waxwing::security::ExpectedIdentity::Dns("localhost".into()));
    let client = CommonClient::new(factory.open_channel().await.unwrap());
    let thumbprint = alice.certificate.thumbprint_hex();
    assert_eq!(
        client.who().await.unwrap(),
        [&alice.certificate.identity_name(), "X509", &thumbprint, &thumbprint]
    );
    // A header that no contract declares is not signed, and gets through.
    let next = ReplyHeaders::new();
    let number = MessageHeader::new("Number", "urn:n", &7).unwrap();
    let options = CallOptions::new().header(number).reply_headers(&next);
    assert_eq!(client.with_options(options).header().await.unwrap(), 7);
    assert_eq!(next.header::<i32>("Next", "urn:n").unwrap(), Some(8));
    client.channel().close().await.unwrap();
    assert!(host.close().await);
}

/// What a program that read a WSDL has: names and actions, no trait.
#[tokio::test]
async fn a_contract_may_be_made_at_run_time() {
    let host = host_of(plain(true), &ORDERS_CONTRACT, || OrdersService::new(Desk::default())).await;
    let action = |name: &str| format!("urn:orders/IOrders/{name}");
    let operation = |name: &str| {
        let reply = action(&format!("{name}Response"));
        OwnedOperation::new(name, &action(name), Some(&reply))
    };
    let read = String::from("IOrders");
    let contract = OwnedContract::new(&read, "urn:orders")
        .with_session_mode(SessionMode::Required)
        .operation(operation("Begin"))
        .operation(operation("Add").in_session(false, false))
        .operation(operation("Submit").in_session(false, true));
    let address = format!("http://{}/orders", host.local_addresses()[0]);
    let factory = ChannelFactory::new(plain(true), &address, contract).unwrap();
    let channel = factory.open_channel().await.unwrap();
    let call = async |name: &str, parts: &str| {
        let body = format!("<{name} xmlns='urn:orders'>{parts}</{name}>");
        let body = RawBody::parse(body.as_bytes()).unwrap();
        let mut message = waxwing::soap::Envelope::new(channel.message_version());
        let parent = message.body().id();
        message.document_mut().import(parent, body.payload().unwrap());
        let reply = channel.request(Request::new(&action(name), message)).await?;
        let result = reply.payload().unwrap().first_element().unwrap();
        Ok::<_, CallError>(result.text().into_owned())
    };
    let early = call("Add", "<article>umbrella</article>").await.unwrap_err().to_string();
    assert!(early.contains("'Add' cannot be the first operation"), "{early}");
    assert_eq!(call("Begin", "<customer>Ann</customer>").await.unwrap(), "1");
    assert_eq!(call("Add", "<article>boots</article>").await.unwrap(), "1");
    assert_eq!(call("Submit", "").await.unwrap(), "1");
    let late = call("Add", "<article>hat</article>").await.unwrap_err().to_string();
    assert!(late.contains("IsTerminating operation 'Submit'"), "{late}");
    channel.close().await.unwrap();
    host.close().await;
}
