//! A service that calls its clients, over wsDualHttpBinding.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;
use waxwing::binding::{Binding, ServiceBehavior, WsDualHttpBinding, WsDualHttpSecurityMode};
use waxwing::contract::{
    CallbackChannel, CallbackInstance, OperationContext, OperationFault, service_contract,
};
use waxwing::service::ConcurrencyMode;
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};

#[service_contract(namespace = "urn:chat", name = "IChat", callback = Listener)]
pub trait Chat {
    /// Asks the client so often, and gives what it said.
    async fn ask(&self, ctx: &OperationContext, times: i32) -> Result<String, OperationFault>;
    /// Tells the client, now and a little later.
    async fn tell(&self, ctx: &OperationContext, text: String) -> Result<(), OperationFault>;
    #[operation(one_way)]
    async fn note(&self, ctx: &OperationContext, text: String) -> Result<(), OperationFault>;
    async fn echo(&self, text: String) -> Result<String, OperationFault>;
}

#[service_contract(namespace = "urn:chat", name = "IChat")]
pub trait Listener {
    async fn question(&self, number: i32) -> Result<String, OperationFault>;
    #[operation(one_way)]
    async fn heard(&self, text: String) -> Result<(), OperationFault>;
}

/// A service whose last client is remembered, as services do that tell their clients later.
#[derive(Clone, Default)]
pub struct Room {
    pub last: Arc<Mutex<Option<ListenerClient<CallbackChannel>>>>,
    pub noted: Arc<Mutex<Vec<String>>>,
}

impl Chat for Room {
    async fn ask(&self, ctx: &OperationContext, times: i32) -> Result<String, OperationFault> {
        let client = ctx.callback::<ListenerClient<_>>()?;
        let mut said = String::new();
        for number in 0..times {
            said += &client.question(number).await?;
        }
        Ok(said)
    }

    async fn tell(&self, ctx: &OperationContext, text: String) -> Result<(), OperationFault> {
        let client = ctx.callback::<ListenerClient<_>>()?;
        client.heard(text).await?;
        *self.last.lock().unwrap() = Some(client);
        Ok(())
    }

    async fn note(&self, ctx: &OperationContext, text: String) -> Result<(), OperationFault> {
        self.noted.lock().unwrap().push(text.clone());
        Ok(ctx.callback::<ListenerClient<_>>()?.heard(text).await?)
    }

    async fn echo(&self, text: String) -> Result<String, OperationFault> {
        match text.as_str() {
            "fail" => Err(OperationFault::new("as you wish")),
            _ => Ok(text),
        }
    }
}

/// The client's end: what it was told.
#[derive(Clone, Default)]
pub struct Ear {
    pub heard: Arc<Mutex<Vec<String>>>,
    /// What is asked is answered when this is told so.
    pub answers: Option<Arc<Semaphore>>,
}

impl Listener for Ear {
    async fn question(&self, number: i32) -> Result<String, OperationFault> {
        self.heard.lock().unwrap().extend(self.answers.as_ref().map(|_| format!("asked {number}")));
        if let Some(answers) = &self.answers {
            answers.acquire().await.unwrap().forget();
        }
        Ok(format!("{number};"))
    }

    async fn heard(&self, text: String) -> Result<(), OperationFault> {
        self.heard.lock().unwrap().push(text);
        Ok(())
    }
}

impl Ear {
    pub async fn has_heard(&self, count: usize) -> Vec<String> {
        let all = async {
            loop {
                let heard = self.heard.lock().unwrap().clone();
                if heard.len() >= count {
                    return heard;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), all).await.unwrap()
    }
}

/// The binding of both ends, without security.
pub fn plain() -> WsDualHttpBinding {
    WsDualHttpBinding::new(WsDualHttpSecurityMode::None)
        .client_base_address("http://127.0.0.1:0/callbacks".to_owned())
}

/// A service that listens, with its address.
pub async fn hosted(binding: WsDualHttpBinding, room: &Room) -> (ServiceHost, String) {
    hosted_at(binding, room, "http://127.0.0.1:0/chat").await
}

pub async fn hosted_at(
    binding: WsDualHttpBinding,
    room: &Room,
    address: &str,
) -> (ServiceHost, String) {
    let instances = ServiceInstances::per_session({
        let room = room.clone();
        move || ChatService::new(room.clone())
    });
    let host = ServiceHostBuilder::new()
        .endpoint(binding, address, &CHAT_CONTRACT, ServiceBehavior::default())
        .unwrap()
        .open(instances.concurrency(ConcurrencyMode::Reentrant))
        .await
        .unwrap();
    let address = format!("http://{}/chat", host.local_addresses()[0]);
    (host, address)
}

/// What makes channels to it, which are called back at this ear.
pub fn factory(binding: impl Into<Binding>, address: &str, ear: &Ear) -> ChannelFactory {
    let callbacks = CallbackInstance::new(ListenerService::new(ear.clone()));
    ChannelFactory::new(binding, address, &CHAT_CONTRACT).unwrap().callback(callbacks)
}
