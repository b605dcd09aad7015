//! What a host tells those who watch it: counters and events, and what a call knows of where it came from.

#![allow(clippy::disallowed_methods, missing_docs)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use waxwing::binding::{
    MessageCredentialType, SecurityMode, ServiceBehavior, ServiceThrottling, TimeSpan,
    WsHttpBinding,
};
use waxwing::client::ChannelEvent;
use waxwing::contract::{OperationContext, OperationFault, service_contract};
use waxwing::crypto::{
    Certificate, CertificateValidator, Identity, RevocationMode, Usage, ValidationMode,
};
use waxwing::events::{CommunicationState, Events};
use waxwing::service::HostEvent;
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};

#[service_contract(namespace = "urn:desk", name = "IDesk")]
pub trait Desk {
    async fn ask(&self, context: &OperationContext, millis: u64) -> Result<i32, OperationFault>;
    async fn refuse(&self, internal: bool) -> Result<i32, OperationFault>;
    async fn panics(&self) -> Result<i32, OperationFault>;
}

/// Has an operation that the desk does not have.
#[service_contract(namespace = "urn:desk", name = "IDesk", configuration_name = "Older")]
pub trait OlderDesk {
    async fn knock(&self) -> Result<i32, OperationFault>;
}

#[derive(Clone, Default)]
struct Clerk(Arc<Mutex<Option<OperationContext>>>);

impl Desk for Clerk {
    async fn ask(&self, context: &OperationContext, millis: u64) -> Result<i32, OperationFault> {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        *self.0.lock().unwrap() = Some(context.clone());
        Ok(1)
    }
    async fn refuse(&self, internal: bool) -> Result<i32, OperationFault> {
        match internal {
            true => Err(OperationFault::internal("the ink is dry")),
            false => Err(OperationFault::new("Not today.")),
        }
    }
    async fn panics(&self) -> Result<i32, OperationFault> {
        panic!("the desk burns")
    }
}

fn pki(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../testdata/pki/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn plain() -> WsHttpBinding {
    WsHttpBinding::new(SecurityMode::None, true).send_timeout(TimeSpan::seconds(20))
}

fn builder(binding: WsHttpBinding, behavior: ServiceBehavior) -> ServiceHostBuilder {
    let builder = ServiceHostBuilder::new();
    builder.endpoint(binding, "http://127.0.0.1:0/desk", &DESK_CONTRACT, behavior).unwrap()
}

fn address(host: &ServiceHost) -> String {
    format!("http://localhost:{}/desk", host.local_addresses()[0].port())
}

/// The events until one that is looked for; it comes within seconds.
async fn until(
    events: &mut Events<HostEvent>,
    wanted: impl Fn(&HostEvent) -> bool,
) -> Vec<HostEvent> {
    let mut seen = Vec::new();
    loop {
        let event = tokio::time::timeout(Duration::from_secs(10), events.next()).await;
        let event = event.unwrap_or_else(|_| panic!("only {seen:?}")).expect("the host lives");
        seen.push(event.expect("none is lost"));
        if wanted(seen.last().unwrap()) {
            return seen;
        }
    }
}

#[tokio::test]
async fn a_session_is_told_from_its_beginning_to_its_end() {
    let builder = builder(plain(), ServiceBehavior::default());
    let mut events = builder.events();
    let host = builder.open(ServiceInstances::single(DeskService::new(Clerk::default())));
    let host = host.await.unwrap();
    let channel = ChannelFactory::new(plain(), &address(&host), &DESK_CONTRACT).unwrap();
    let channel = channel.open_channel().await.unwrap();
    let desk = DeskClient::new(&channel);
    assert_eq!(desk.ask(20).await.unwrap(), 1);
    for internal in [true, false] {
        desk.refuse(internal).await.unwrap_err();
    }
    desk.panics().await.unwrap_err();
    let older = OlderDeskClient::new(&channel);
    older.knock().await.unwrap_err();
    let now = host.statistics();
    assert_eq!((now.executed, now.executing, now.faults, now.failures), (4, 0, 3, 2), "{now:?}");
    assert_eq!((now.sessions, now.sessions_waiting, now.sessions_created), (1, 0, 1));
    assert_eq!((now.refused, now.refusals.unknown), (1, 1));
    assert!(now.longest >= Duration::from_millis(20) && now.time_executing >= now.longest);
    channel.close().await.unwrap();
    let seen = until(&mut events, |event| matches!(event, HostEvent::SessionClosed { .. })).await;
    let state = |state| HostEvent::State(state);
    assert_eq!(seen[0], state(CommunicationState::Opening));
    assert_eq!(seen[1], state(CommunicationState::Opened));
    let [HostEvent::SessionCreated { session, address }, rest @ ..] = &seen[2..] else {
        panic!("{seen:?}")
    };
    assert_eq!(&**address, "http://127.0.0.1:0/desk");
    assert!(matches!(&rest[0], HostEvent::SessionAccepted { session: own, .. } if own == session));
    let failed: Vec<_> = rest
        .iter()
        .filter_map(|event| match event {
            HostEvent::OperationFailed { action, reason, .. } => Some((&**action, &**reason)),
            _ => None,
        })
        .collect();
    assert_eq!(failed[0], ("urn:desk/IDesk/Refuse", "the ink is dry"));
    assert!(failed[1].1.contains("the desk burns"), "{failed:?}");
    let unknown = HostEvent::UnknownMessage {
        address: Arc::clone(address),
        action: "urn:desk/IDesk/Knock".to_owned(),
    };
    assert!(rest.contains(&unknown), "{rest:?}");
    assert!(host.close().await);
    let closed = |event: &HostEvent| *event == state(CommunicationState::Closed);
    let seen = until(&mut events, closed).await;
    assert_eq!(seen, [state(CommunicationState::Closing), state(CommunicationState::Closed)]);
    assert_eq!(events.next().await, None, "nothing comes any more");
}

#[tokio::test]
async fn refused_logins_are_told_with_their_reason_and_calls_know_where_they_came_from() {
    let secured = || {
        WsHttpBinding::new(SecurityMode::Message, true)
            .message_credential(MessageCredentialType::UserName)
            .send_timeout(TimeSpan::seconds(20))
    };
    let identity = [pki("service.cert.pem"), pki("service.key.pem")].concat();
    let clerk = Clerk::default();
    let host = builder(secured(), ServiceBehavior::default())
        .certificate(Identity::from_pem(&identity).unwrap())
        .user_names(|_: &str, password: Option<&str>| match password {
            Some("secret") => Ok(()),
            _ => Err("his password is old".to_owned()),
        })
        .open(ServiceInstances::single(DeskService::new(clerk.clone())))
        .await
        .unwrap();
    let mut events = host.events();
    let factory = |password: &str| {
        let validator = CertificateValidator::new(
            ValidationMode::ChainTrust,
            RevocationMode::NoCheck,
            Usage::Service,
        )
        .with_roots(Certificate::from_pem(&pki("ca.cert.pem")).unwrap());
        let factory = ChannelFactory::new(secured(), &address(&host), &DESK_CONTRACT).unwrap();
        factory.user_name("alice", password).service_trust(
            move |certificate: &Certificate, chain: &[Certificate], now| {
                validator.validate(certificate, chain, now).map_err(|e| e.to_string())
            },
        )
    };
    factory("guess").open_channel().await.expect_err("a wrong password");
    let login = |event: &HostEvent| matches!(event, HostEvent::LoginRefused { .. });
    let seen = until(&mut events, login).await;
    let Some(HostEvent::LoginRefused { peer, reason, .. }) = seen.last() else { unreachable!() };
    assert!(peer.ip().is_loopback());
    assert!(reason.contains("his password is old") && reason.contains("alice"), "{reason}");
    assert_eq!(host.statistics().refusals.logins, 1);

    let channel = factory("secret").open_channel().await.unwrap();
    // What was answered before is counted by now: the legs of two negotiations. The requests behind them are under their keys.
    let opened = host.statistics().key_operations;
    assert_eq!(opened, 4);
    DeskClient::new(&channel).ask(0).await.unwrap();
    assert_eq!(host.statistics().key_operations, opened, "a call takes none");
    let context = clerk.0.lock().unwrap().take().unwrap();
    let peer: SocketAddr = context.peer_address().expect("it came over TCP");
    assert!(peer.ip().is_loopback() && peer.port() != 0);
    assert_eq!(context.endpoint_address(), Some("http://127.0.0.1:0/desk"));
    assert!(context.session_id().is_some_and(|id| id.starts_with("urn:uuid:")));
    channel.close().await.unwrap();
    assert!(host.close().await);
}

#[tokio::test]
async fn sessions_that_wait_for_a_place_are_counted() {
    let most = ServiceThrottling::default().max_concurrent_sessions(1);
    let behavior = ServiceBehavior::default().service_throttling(most);
    let host = builder(plain(), behavior);
    let host = host.open(ServiceInstances::single(DeskService::new(Clerk::default())));
    let host = host.await.unwrap();
    let mut events = host.events();
    let factory = ChannelFactory::new(plain(), &address(&host), &DESK_CONTRACT).unwrap();
    let first = factory.open_channel().await.unwrap();
    let second = factory.open_channel().await.unwrap();
    let now = host.statistics();
    assert_eq!((now.sessions, now.sessions_waiting, now.sessions_created), (2, 1, 2), "{now:?}");
    first.close().await.unwrap();
    let accepted = std::cell::Cell::new(0);
    until(&mut events, |event| {
        accepted
            .set(accepted.get() + u32::from(matches!(event, HostEvent::SessionAccepted { .. })));
        accepted.get() == 2
    })
    .await;
    assert_eq!(host.statistics().sessions_waiting, 0);
    second.close().await.unwrap();
    assert!(host.close().await);
}

#[tokio::test]
async fn a_channel_tells_its_states_and_counts_its_calls() {
    let host = builder(plain(), ServiceBehavior::default());
    let host = host.open(ServiceInstances::single(DeskService::new(Clerk::default())));
    let host = host.await.unwrap();
    let factory = ChannelFactory::new(plain(), &address(&host), &DESK_CONTRACT).unwrap();
    let channel = factory.create_channel().unwrap();
    let mut events = channel.events();
    assert_eq!(channel.state(), CommunicationState::Created);
    let desk = DeskClient::new(&channel);
    assert_eq!(desk.ask(20).await.unwrap(), 1);
    assert_eq!(channel.state(), CommunicationState::Opened);
    desk.refuse(false).await.unwrap_err();
    OlderDeskClient::new(&channel).knock().await.unwrap_err();
    let now = channel.statistics();
    assert_eq!((now.calls, now.faults, now.calls_failed), (3, 1, 1), "{now:?}");
    assert!(now.longest_call >= Duration::from_millis(20) && now.time_calling >= now.longest_call);
    channel.close().await.unwrap();
    assert_eq!(channel.state(), CommunicationState::Closed);
    let mut states = Vec::new();
    let mut round_trips = 0;
    while states.last() != Some(&CommunicationState::Closed) {
        match events.next().await.expect("the channel lives").expect("none is lost") {
            ChannelEvent::State(state) => states.push(state),
            ChannelEvent::RoundTrip { .. } => round_trips += 1,
            other => panic!("{other:?}"),
        }
    }
    use CommunicationState::{Closed, Closing, Opened, Opening};
    assert_eq!(states, [Opening, Opened, Closing, Closed]);
    assert!(round_trips > 0);
    assert!(host.close().await);

    // Nobody is there.
    let channel = factory.create_channel().unwrap();
    let mut events = channel.events();
    let first = channel.open().await.unwrap_err().to_string();
    assert_eq!(channel.state(), CommunicationState::Faulted);
    // What comes later has not failed of it itself.
    let again = channel.open().await.unwrap_err().to_string();
    let faulted = "cannot be used for communication because it is in the Faulted state";
    assert!(again.contains(faulted) && !first.contains(faulted), "{again}");
    let reason = first.split_once(": ").map(|(_, reason)| reason).expect("an address");
    assert!(again.ends_with(reason), "{again}");
    let mut lost = 0;
    loop {
        match events.next().await.unwrap().unwrap() {
            ChannelEvent::State(CommunicationState::Faulted) => break,
            ChannelEvent::State(state) => assert_eq!(state, Opening),
            ChannelEvent::ExchangeLost { .. } => lost += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((lost, channel.statistics().exchanges_lost), (1, 1));
}

/// Asks the channel something at each line of the log.
#[derive(Clone, Default)]
struct Curious(Arc<std::sync::OnceLock<waxwing::ClientChannel>>, Arc<Mutex<u64>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Curious {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        if event.metadata().target().starts_with("waxwing::client")
            && let Some(channel) = self.0.get()
        {
            let _ = (channel.statistics(), channel.state());
            *self.1.lock().unwrap() += 1;
        }
    }
}

/// Who reads the log is code of the user: a channel holds no lock while it tells something.
#[test]
fn who_reads_the_log_may_ask_the_channel() {
    use tracing_subscriber::layer::SubscriberExt;
    // Without one for all threads, a place that another thread came to first may be taken for one that nobody listens to.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
    let curious = Curious::default();
    let (sender, receiver) = std::sync::mpsc::channel();
    let reader = curious.clone();
    // A thread of its own: who waits for a lock that he holds waits for ever.
    std::thread::spawn(move || {
        let subscriber = tracing_subscriber::registry().with(reader.clone());
        let _told = tracing::subscriber::set_default(subscriber);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let binding = WsHttpBinding::new(SecurityMode::None, true);
            let behavior = ServiceBehavior::default();
            let builder = ServiceHostBuilder::new();
            let builder = builder.endpoint(
                binding.clone(),
                "http://127.0.0.1:0/desk",
                &DESK_CONTRACT,
                behavior,
            );
            let instances = ServiceInstances::single(DeskService::new(Clerk::default()));
            let host = builder.unwrap().open(instances).await.unwrap();
            let address = format!("http://{}/desk", host.local_addresses()[0]);
            let factory = ChannelFactory::new(binding, &address, &DESK_CONTRACT).unwrap();
            let channel = factory.create_channel().unwrap();
            reader.0.set(channel.clone()).unwrap();
            assert!(DeskClient::new(&channel).ask(0).await.is_ok());
            channel.close().await.unwrap();
        });
        sender.send(()).unwrap();
    });
    receiver.recv_timeout(Duration::from_secs(30)).expect("no deadlock");
    assert!(*curious.1.lock().unwrap() > 0, "nothing was told");
}
