//! A service that calls its clients: each says something, and all hear it. Over netTcpBinding, wsDualHttpBinding or netHttpBinding
//! (a WebSocket): the program is the same, and the pairs of files in the folder `chat` say which.
//!
//! `cargo run -p waxwing --example chat` shows all of them, both ends in this process. Otherwise, from the folder of the example, each in a
//! terminal of its own:
//!
//! ```text
//! cargo run -p waxwing --example chat -- serve chat/net-tcp.service.config
//! cargo run -p waxwing --example chat -- join chat/net-tcp.client.config alice
//! ```
//!
//! Lines of the second one's input are said; one with a question mark at its end asks everybody, and waits for the answers.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;
use waxwing::contract::{CallbackChannel, OperationContext, OperationFault, service_contract};
use waxwing::service::ConcurrencyMode;
use waxwing::{
    ChannelFactory, ClientChannel, ConfigurationFile, ServiceHost, ServiceHostBuilder,
    ServiceInstances,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What clients call: `[ServiceContract(SessionMode = SessionMode.Required, CallbackContract = typeof(IListener))]`.
#[service_contract(
    namespace = "urn:example:chat",
    name = "IChat",
    configuration_name = "Chat.IChat",
    session_mode = Required,
    callback = Listener
)]
trait Chat {
    async fn join(&self, context: &OperationContext, name: &str) -> Result<i32, OperationFault>;
    #[operation(one_way)]
    async fn say(&self, name: &str, text: &str) -> Result<(), OperationFault>;
    async fn ask(&self, question: &str) -> Result<Vec<String>, OperationFault>;
}

/// What the service calls at its clients. Its name and namespace are those of the service contract, as the actions are.
#[service_contract(namespace = "urn:example:chat", name = "IChat")]
trait Listener {
    #[operation(one_way)]
    async fn heard(&self, name: &str, text: &str) -> Result<(), OperationFault>;
    async fn asked(&self, question: &str) -> Result<String, OperationFault>;
}

/// The service: one object, which all clients share.
#[derive(Default)]
struct Room(Mutex<Vec<(String, ListenerClient<CallbackChannel>)>>);

impl Room {
    /// Who is there now. Proxies are cheap to clone, and no lock is held while somebody is called.
    fn members(&self) -> Vec<(String, ListenerClient<CallbackChannel>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn forget(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(own, _)| own != name);
    }
}

impl Chat for Room {
    async fn join(&self, context: &OperationContext, name: &str) -> Result<i32, OperationFault> {
        // The proxy outlives the call: it is good until the session of its client is over.
        let client = context.callback::<ListenerClient<_>>()?;
        let proven = context.caller().map_or("nobody knows who", |caller| caller.name.as_str());
        client.heard("the room", &format!("welcome, {name} ({proven})")).await?;
        self.forget(name);
        let mut members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        members.push((name.to_owned(), client));
        Ok(i32::try_from(members.len())?)
    }

    async fn say(&self, name: &str, text: &str) -> Result<(), OperationFault> {
        for (member, client) in self.members() {
            // One who has gone is an error of his alone.
            if client.heard(name, text).await.is_err() {
                self.forget(&member);
            }
        }
        Ok(())
    }

    /// A callback with an answer, in the middle of a call: the service must be `Reentrant` or `Multiple`, or this would wait for
    /// itself.
    async fn ask(&self, question: &str) -> Result<Vec<String>, OperationFault> {
        let mut answers = Vec::new();
        for (member, client) in self.members() {
            match client.asked(question).await {
                Ok(answer) => answers.push(format!("{member}: {answer}")),
                Err(_) => self.forget(&member),
            }
        }
        Ok(answers)
    }
}

/// The client's end: what the service calls.
struct Ear {
    name: String,
    heard: mpsc::UnboundedSender<String>,
}

impl Listener for Ear {
    async fn heard(&self, name: &str, text: &str) -> Result<(), OperationFault> {
        println!("{} hears {name}: {text}", self.name);
        let _ = self.heard.send(text.to_owned());
        Ok(())
    }

    async fn asked(&self, question: &str) -> Result<String, OperationFault> {
        println!("{} is asked: {question}", self.name);
        Ok(format!("here is {}", self.name))
    }
}

async fn open(file: &Path) -> Result<ServiceHost, Failure> {
    let config = ConfigurationFile::load(file)?;
    let room = Arc::new(Room::default());
    let instances = ServiceInstances::single(ChatService::from(room));
    let host = ServiceHostBuilder::from_config(&config, "Chat.Room", &CHAT_CONTRACT)?
        .open(instances.concurrency(ConcurrencyMode::Multiple))
        .await?;
    println!("listening at {}", host.addresses().join(", "));
    Ok(host)
}

/// A channel that is called back, with what it hears.
async fn join(
    file: &Path,
    name: &str,
) -> Result<(ClientChannel, mpsc::UnboundedReceiver<String>), Failure> {
    let config = ConfigurationFile::load(file)?;
    let (heard, hears) = mpsc::unbounded_channel();
    let ear = Ear { name: name.to_owned(), heard };
    let channel = ChannelFactory::from_config(&config, "chat", &CHAT_CONTRACT)?
        .callback(ListenerService::new(ear))
        .open_channel()
        .await?;
    let members = ChatClient::new(&channel).join(name).await?;
    println!("{name} is in a room of {members}");
    Ok((channel, hears))
}

/// Both ends, and two clients.
async fn shown(service: &Path, client: &Path) -> Result<(), Failure> {
    let host = open(service).await?;
    let (alice, mut alice_hears) = join(client, "alice").await?;
    let (bob, mut bob_hears) = join(client, "bob").await?;
    ChatClient::new(&bob).say("bob", "hello, everybody").await?;
    for hears in [&mut alice_hears, &mut bob_hears] {
        while hears.recv().await.ok_or("nothing more is heard")? != "hello, everybody" {}
    }
    let answers = ChatClient::new(&alice).ask("who is here?").await?;
    println!("alice has asked: {}", answers.join("; "));
    if answers != ["alice: here is alice", "bob: here is bob"] {
        return Err("not everybody was asked".into());
    }
    alice.close().await?;
    bob.close().await?;
    host.close().await;
    Ok(())
}

/// Says what is typed.
async fn talk(file: &Path, name: &str) -> Result<(), Failure> {
    let (channel, _hears) = join(file, name).await?;
    let chat = ChatClient::new(&channel);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match line.ends_with('?') {
            true => println!("{}", chat.ask(&line).await?.join("; ")),
            false => chat.say(name, &line).await?,
        }
    }
    channel.close().await?;
    Ok(())
}

async fn run() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/chat"));
            for binding in ["net-tcp", "ws-dual", "net-http"] {
                let file = |end: &str| folder.join(format!("{binding}.{end}.config"));
                println!("== {binding}");
                shown(&file("service"), &file("client")).await?;
            }
            Ok(())
        }
        ["serve", file] => {
            let host = open(Path::new(file)).await?;
            tokio::signal::ctrl_c().await?;
            host.close().await;
            Ok(())
        }
        ["join", file, name] => talk(Path::new(file), name).await,
        _ => Err("usage: chat [serve FILE | join FILE NAME]".into()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN);
    log.with_writer(std::io::stderr).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
