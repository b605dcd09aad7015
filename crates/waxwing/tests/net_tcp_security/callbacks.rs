//! Callbacks inside secured sessions, which call in turn.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use waxwing::binding::ServiceBehavior;
use waxwing::contract::{
    CallbackChannel, CallbackInstance, OperationContext, OperationFault, service_contract,
};
use waxwing::security::ExpectedIdentity;
use waxwing::service::ConcurrencyMode;
use waxwing::{ChannelFactory, ServiceHostBuilder, ServiceInstances};

use crate::cut::Between;
use crate::kit::{Kind, client_trust, identity, service_trust, user_names};

#[service_contract(namespace = "urn:chat", name = "IChat", callback = Listener)]
pub trait Chat {
    /// Asks the client so often, and gives what it said.
    async fn ask(&self, ctx: &OperationContext, times: i32) -> Result<String, OperationFault>;
    /// Tells the client, now and a little later.
    async fn tell(&self, ctx: &OperationContext, text: String) -> Result<(), OperationFault>;
}

#[service_contract(namespace = "urn:chat", name = "IChat")]
pub trait Listener {
    async fn question(&self, number: i32) -> Result<String, OperationFault>;
    #[operation(one_way)]
    async fn heard(&self, text: String) -> Result<(), OperationFault>;
}

#[derive(Clone, Default)]
struct Room;

impl Chat for Room {
    async fn ask(&self, ctx: &OperationContext, times: i32) -> Result<String, OperationFault> {
        let client = ctx.callback::<ListenerClient<CallbackChannel>>()?;
        let mut said = String::new();
        for number in 0..times {
            match client.question(number).await {
                Ok(answer) => said += &answer,
                Err(error) => said += &format!("[{error}]"),
            }
        }
        Ok(said)
    }

    async fn tell(&self, ctx: &OperationContext, text: String) -> Result<(), OperationFault> {
        let client = ctx.callback::<ListenerClient<CallbackChannel>>()?;
        client.heard(text.clone()).await?;
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            client.heard(format!("{text}, later")).await.unwrap();
        });
        Ok(())
    }
}

#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<String>>>);

impl Listener for Ear {
    async fn question(&self, number: i32) -> Result<String, OperationFault> {
        if number == 2 { Err(OperationFault::new("no two")) } else { Ok(format!("{number};")) }
    }

    async fn heard(&self, text: String) -> Result<(), OperationFault> {
        self.0.lock().unwrap().push(text);
        Ok(())
    }
}

async fn has_heard(ear: &Ear, count: usize) -> Vec<String> {
    let all = async {
        loop {
            let heard = ear.0.lock().unwrap().clone();
            if heard.len() >= count {
                return heard;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), all).await.unwrap()
}

#[tokio::test]
async fn in_the_operation_and_after_it() {
    for kind in Kind::all() {
        let ear = Ear::default();
        let host = ServiceHostBuilder::new()
            .endpoint(
                kind.binding(),
                "net.tcp://127.0.0.1:0/chat",
                &CHAT_CONTRACT,
                ServiceBehavior::default(),
            )
            .unwrap_or_else(|error| panic!("{kind:?}: {error}"))
            .certificate(identity("service"))
            .client_trust(client_trust)
            .user_names(user_names)
            .open(
                ServiceInstances::per_session(|| ChatService::new(Room))
                    .concurrency(ConcurrencyMode::Reentrant),
            )
            .await
            .unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        let between = Between::before(host.local_addresses()[0]).await;
        let address = format!("net.tcp://{}/chat", host.local_addresses()[0]);
        let callbacks = CallbackInstance::new(ListenerService::new(ear.clone()));
        let channel = ChannelFactory::new(kind.binding(), &address, &CHAT_CONTRACT)
            .unwrap_or_else(|error| panic!("{kind:?}: {error}"))
            .identity(ExpectedIdentity::Dns("localhost".into()))
            .client_certificate(identity("alice"))
            .user_name("alice", "secret")
            .service_certificate(identity("service").certificate)
            .service_trust(service_trust)
            .via(format!("net.tcp://{}/chat", between.address))
            .callback(callbacks)
            .open_channel()
            .await
            .unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        let client = ChatClient::new(&channel);
        let said = client.ask(4).await.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        assert!(
            said.starts_with("0;1;[") && said.contains("no two") && said.ends_with("3;"),
            "{said}"
        );
        client.tell("hear".into()).await.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        let heard = has_heard(&ear, 2).await;
        assert_eq!(heard, ["hear", "hear, later"], "{kind:?}");
        if kind.reliable {
            between.cut();
            client.tell("again".into()).await.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
            let heard = has_heard(&ear, 4).await;
            assert_eq!(heard[2..], ["again", "again, later"], "{kind:?}");
        }
        channel.close().await.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        assert!(host.close().await, "{kind:?}");
    }
}
