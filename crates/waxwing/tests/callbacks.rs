//! Callbacks over net.tcp: the service calls its clients, in the operation that they called and after it.

#![allow(clippy::disallowed_methods, missing_docs, reason = "a test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;
use waxwing::binding::{CallbackDebug, NetTcpBinding, SecurityMode, ServiceBehavior};
use waxwing::contract::{
    CallError, CallbackChannel, CallbackInstance, OperationContext, OperationFault,
    service_contract,
};
use waxwing::service::ConcurrencyMode;
use waxwing::{ChannelFactory, ClientChannel, ServiceHost, ServiceHostBuilder, ServiceInstances};

#[service_contract(namespace = "urn:chat", name = "IChat", callback = Listener)]
pub trait Chat {
    /// Asks the client so often, and gives what it said.
    async fn ask(&self, ctx: &OperationContext, times: i32) -> Result<String, OperationFault>;
    /// Asks the client once, and keeps its thread until it has an answer.
    async fn insist(&self, ctx: &OperationContext) -> Result<String, OperationFault>;
    /// Tells the client, now and a little later.
    async fn tell(&self, ctx: &OperationContext, text: String) -> Result<(), OperationFault>;
    #[operation(one_way)]
    async fn note(&self, ctx: &OperationContext, text: String) -> Result<(), OperationFault>;
}

#[service_contract(namespace = "urn:chat", name = "IChat")]
pub trait Listener {
    async fn question(&self, number: i32) -> Result<String, OperationFault>;
    #[operation(one_way)]
    async fn heard(&self, text: String) -> Result<(), OperationFault>;
}

/// A service whose last client is remembered, as services do that tell their clients later.
#[derive(Clone, Default)]
struct Room {
    last: Arc<Mutex<Option<ListenerClient<CallbackChannel>>>>,
    /// What went wrong with its clients.
    errors: Arc<Mutex<Vec<String>>>,
}

impl Chat for Room {
    async fn ask(&self, ctx: &OperationContext, times: i32) -> Result<String, OperationFault> {
        let client = ctx.callback::<ListenerClient<_>>()?;
        let mut said = String::new();
        for number in 0..times {
            let answer = client.question(number).await;
            let told = |error: &CallError| self.errors.lock().unwrap().push(error.to_string());
            said += &answer.inspect_err(told)?;
        }
        Ok(said)
    }

    async fn insist(&self, ctx: &OperationContext) -> Result<String, OperationFault> {
        let client = ctx.callback::<ListenerClient<_>>()?;
        let asked = async { client.question(3).await.map_err(Box::new) };
        let answer = tokio::task::block_in_place(|| Handle::current().block_on(asked));
        Ok(answer.map_err(|error| *error)?)
    }

    async fn tell(&self, ctx: &OperationContext, text: String) -> Result<(), OperationFault> {
        let client = ctx.callback::<ListenerClient<_>>()?;
        client.heard(text.clone()).await?;
        let later = client.clone();
        *self.last.lock().unwrap() = Some(client);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            later.heard(format!("{text}, later")).await.unwrap();
        });
        Ok(())
    }

    async fn note(&self, ctx: &OperationContext, text: String) -> Result<(), OperationFault> {
        Ok(ctx.callback::<ListenerClient<_>>()?.heard(text).await?)
    }
}

/// The client's end: what it was told.
#[derive(Clone, Default)]
struct Ear {
    heard: Arc<Mutex<Vec<String>>>,
    /// Called in turn by a callback.
    channel: Arc<Mutex<Option<ClientChannel>>>,
}

impl Listener for Ear {
    async fn question(&self, number: i32) -> Result<String, OperationFault> {
        let channel = self.channel.lock().unwrap().clone();
        match channel {
            None if number == 6 => Err(std::io::Error::other("six is broken").into()),
            None if number == 7 => Err(OperationFault::new("no seven")),
            None => Ok(format!("{number};")),
            Some(channel) => {
                let error = ChatClient::new(channel).ask(0).await.err();
                Ok(error.map(|error| error.to_string()).unwrap_or_else(|| "done;".to_owned()))
            }
        }
    }

    async fn heard(&self, text: String) -> Result<(), OperationFault> {
        self.heard.lock().unwrap().push(text);
        Ok(())
    }
}

impl Ear {
    async fn has_heard(&self, count: usize) -> Vec<String> {
        let all = async {
            loop {
                let heard = self.heard.lock().unwrap().clone();
                if heard.len() >= count {
                    return heard;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), all).await.unwrap()
    }
}

struct Pair {
    host: ServiceHost,
    room: Room,
    ear: Ear,
    channel: ClientChannel,
}

async fn pair(service: ConcurrencyMode, client: ConcurrencyMode) -> Pair {
    pair_with(service, client, |_| {}).await
}

async fn pair_with(
    service: ConcurrencyMode,
    client: ConcurrencyMode,
    change: impl FnOnce(&mut ChannelFactory),
) -> Pair {
    let binding = || NetTcpBinding::new(SecurityMode::None, false);
    let (room, ear) = (Room::default(), Ear::default());
    let instances = ServiceInstances::per_session({
        let room = room.clone();
        move || ChatService::new(room.clone())
    });
    let host = ServiceHostBuilder::new()
        .endpoint(
            binding(),
            "net.tcp://127.0.0.1:0/chat",
            &CHAT_CONTRACT,
            ServiceBehavior::default(),
        )
        .unwrap()
        .open(instances.concurrency(service))
        .await
        .unwrap();
    let address = format!("net.tcp://{}/chat", host.local_addresses()[0]);
    let callbacks = CallbackInstance::new(ListenerService::new(ear.clone())).concurrency(client);
    let mut factory = ChannelFactory::new(binding(), &address, &CHAT_CONTRACT).unwrap();
    change(&mut factory);
    let channel = factory.callback(callbacks).open_channel().await.unwrap();
    Pair { host, room, ear, channel }
}

const DEADLOCK: &str = "This operation would deadlock because the reply cannot be received until the current Message completes \
     processing. If you want to allow out-of-order message processing, specify ConcurrencyMode of Reentrant or Multiple on ";

#[tokio::test]
async fn one_way_callbacks_in_the_operation_and_after_it() {
    let single = ConcurrencyMode::Single;
    let Pair { host, room, ear, channel } = pair(single, single).await;
    let client = ChatClient::new(&channel);
    client.tell("hello".to_owned()).await.unwrap();
    client.note("note".to_owned()).await.unwrap();
    let mut heard = ear.has_heard(3).await;
    assert_eq!(heard.remove(0), "hello");
    heard.sort();
    assert_eq!(heard, ["hello, later", "note"]);
    let kept = room.last.lock().unwrap().take().unwrap();
    kept.heard("kept".to_owned()).await.unwrap();
    ear.has_heard(4).await;
    channel.close().await.unwrap();
    assert!(host.close().await);
    let error = kept.heard("too late".to_owned()).await.unwrap_err().to_string();
    assert!(error.contains("cannot be called any more") || error.contains("closed"), "{error}");
}

/// The answer to the callback comes over the connection of the call whose operation keeps its thread.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_operation_may_wait_for_its_client_without_letting_its_thread_go() {
    for mode in [ConcurrencyMode::Reentrant, ConcurrencyMode::Multiple] {
        let Pair { host, channel, .. } = pair(mode, ConcurrencyMode::Single).await;
        assert_eq!(ChatClient::new(&channel).insist().await.unwrap(), "3;");
        channel.close().await.unwrap();
        assert!(host.close().await);
    }
}

#[tokio::test]
async fn two_way_callbacks_from_within_an_operation() {
    for mode in [ConcurrencyMode::Reentrant, ConcurrencyMode::Multiple] {
        let Pair { host, channel, .. } = pair(mode, ConcurrencyMode::Single).await;
        let client = ChatClient::new(&channel);
        assert_eq!(client.ask(3).await.unwrap(), "0;1;2;");
        let error = client.ask(8).await.unwrap_err().to_string();
        assert!(error.contains("internal error"), "an error of the operation: {error}");
        channel.close().await.unwrap();
        assert!(host.close().await);
    }
}

/// What an unexpected error in a callback is stays with the client, unless its file says otherwise (`callbackDebug`).
#[tokio::test]
async fn an_error_in_a_callback_is_told_where_the_client_wants_it() {
    for tells in [false, true] {
        let mode = ConcurrencyMode::Reentrant;
        let debug = CallbackDebug::default().include_exception_detail_in_faults(tells);
        let Pair { host, room, channel, .. } = pair_with(mode, mode, |factory| {
            factory.endpoint_mut().endpoint_behavior.callback_debug = Some(debug);
        })
        .await;
        let client = ChatClient::new(&channel);
        client.ask(7).await.unwrap_err();
        assert_eq!(client.ask(1).await.unwrap(), "0;", "the session goes on");
        let [error] = &room.errors.lock().unwrap().clone()[..] else { panic!("one error") };
        assert_eq!(error.contains("six is broken"), tells, "{error}");
        assert_eq!(error.contains("internal error"), !tells, "{error}");
        channel.close().await.unwrap();
        assert!(host.close().await);
    }
}

#[tokio::test]
async fn an_operation_that_would_wait_for_itself_is_told_at_once() {
    let single = ConcurrencyMode::Single;
    let Pair { host, channel, .. } = pair(single, single).await;
    let client = ChatClient::new(&channel);
    let error = client.ask(1).await.unwrap_err().to_string();
    assert!(error.contains("internal error"), "{error}");
    assert_eq!(client.ask(0).await.unwrap(), "", "the session goes on");
    channel.close().await.unwrap();
    assert!(host.close().await);
}

/// Each end calls the other from within what the other called: with `Reentrant` neither waits for itself.
#[tokio::test]
async fn reentrant_ends_call_each_other_in_turn() {
    let reentrant = ConcurrencyMode::Reentrant;
    let Pair { host, ear, channel, .. } = pair(reentrant, reentrant).await;
    *ear.channel.lock().unwrap() = Some(channel.clone());
    let client = ChatClient::new(&channel);
    let asked = tokio::time::timeout(Duration::from_secs(20), client.ask(3)).await;
    assert_eq!(asked.expect("nobody waits for himself").unwrap(), "done;done;done;");
    ear.channel.lock().unwrap().take();
    channel.close().await.unwrap();
    assert!(host.close().await);
}

/// The same at the client: a callback that calls the service, which waits for the callback.
#[tokio::test]
async fn a_callback_that_would_wait_for_itself_is_told_at_once() {
    let Pair { host, ear, channel, .. } =
        pair(ConcurrencyMode::Multiple, ConcurrencyMode::Single).await;
    *ear.channel.lock().unwrap() = Some(channel.clone());
    let said = ChatClient::new(&channel).ask(1).await.unwrap();
    assert!(said.contains(&format!("{DEADLOCK}CallbackBehaviorAttribute.")), "{said}");
    ear.channel.lock().unwrap().take();
    channel.close().await.unwrap();
    assert!(host.close().await);
    let Pair { host, ear, channel, .. } =
        pair(ConcurrencyMode::Multiple, ConcurrencyMode::Multiple).await;
    *ear.channel.lock().unwrap() = Some(channel.clone());
    assert_eq!(ChatClient::new(&channel).ask(2).await.unwrap(), "done;done;");
    ear.channel.lock().unwrap().take();
    channel.close().await.unwrap();
    assert!(host.close().await);
}
