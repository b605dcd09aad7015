//! Does again what the captured client program did: its operations stand in the capture.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use waxwing::contract::{CallbackInstance, OperationFault};
use waxwing::{ChannelFactory, ClientChannel};

use crate::contracts::{
    Answers, AnswersService, CalculatorClient, DuplexClient, MixedClient, NotifyClient, octets,
};

/// What WCF's client says of an abort.
const ABORTED: &str = "Due to a user abort the reliable session cannot continue.";

/// The client's end of the captured callback contract: it says what it is told.
struct Told(mpsc::UnboundedSender<String>);

impl Answers for Told {
    async fn equals(&self, result: f64) -> Result<(), OperationFault> {
        self.0.send(format!("Equals {result}"))?;
        Ok(())
    }
    async fn equation(&self, eqn: String) -> Result<(), OperationFault> {
        self.0.send(format!("Equation {eqn}"))?;
        Ok(())
    }
    async fn ask(&self, index: i32) -> Result<i32, OperationFault> {
        self.0.send(format!("Ask {index}"))?;
        Ok(index * 10 + 1)
    }
}

/// What a program does, and what it does it with.
pub struct Program {
    make: Box<dyn Fn() -> ChannelFactory + Send>,
    factory: ChannelFactory,
    channels: BTreeMap<String, ClientChannel>,
    /// What was added over each channel.
    sums: BTreeMap<String, f64>,
    told: mpsc::UnboundedReceiver<String>,
    heard: usize,
    /// How many callbacks are waited for over each channel.
    awaited: BTreeMap<String, usize>,
    contract: &'static str,
}

impl Program {
    /// `make` makes a factory whose channels are not called back yet.
    pub fn new(make: impl Fn() -> ChannelFactory + Send + 'static, contract: &'static str) -> Self {
        let (sender, told) = mpsc::unbounded_channel();
        let make = move || match contract {
            "duplex" => {
                let told = AnswersService::new(Told(sender.clone()));
                make().callback(CallbackInstance::new(told))
            }
            _ => make(),
        };
        Self {
            factory: make(),
            make: Box::new(make),
            channels: BTreeMap::new(),
            sums: BTreeMap::new(),
            told,
            heard: 0,
            awaited: BTreeMap::new(),
            contract,
        }
    }

    /// Every operation, in order.
    pub async fn run(mut self, operations: &str) {
        for operation in operations.split(';') {
            let (words, arguments) = operation.split_once(':').unwrap_or((operation, ""));
            let (word, channel) = words.split_once('@').unwrap_or((words, "1"));
            match word {
                "newfactory" => self.factory = (self.make)(),
                "wait" => {
                    self.awaited.insert(channel.to_owned(), arguments.parse().unwrap());
                    self.wait(self.awaited.values().sum()).await;
                }
                _ => {}
            }
            if matches!(word, "newfactory" | "wait" | "sleep") {
                continue;
            }
            if word == "open" || !self.channels.contains_key(channel) {
                let open = self.factory.open_channel().await;
                let open = open.unwrap_or_else(|e| panic!("{operation}: {e}"));
                self.channels.insert(channel.to_owned(), open);
            }
            match word {
                "open" => {}
                "close" => {
                    let channel = self.channels.remove(channel).unwrap();
                    channel.close().await.unwrap_or_else(|e| panic!("{operation}: {e}"));
                }
                "abort" => self.channels.remove(channel).unwrap().abort(ABORTED),
                _ => self.call(word, channel, arguments).await,
            }
        }
    }

    async fn wait(&mut self, count: usize) {
        while self.heard < count {
            let told = tokio::time::timeout(Duration::from_secs(30), self.told.recv()).await;
            told.expect("a callback").unwrap();
            self.heard += 1;
        }
    }

    async fn call(&mut self, word: &str, name: &str, arguments: &str) {
        let channel = self.channels[name].clone();
        let numbers: Vec<f64> = arguments.split(':').filter_map(|n| n.parse().ok()).collect();
        let place = format!("{word}:{arguments}");
        let failed = |error: &dyn std::fmt::Display| panic!("{place}: {error}");
        match (self.contract, word) {
            ("duplex", _) => {
                let client = DuplexClient::new(channel);
                let sum = self.sums.entry(name.to_owned()).or_default();
                match word {
                    "AddTo" => {
                        *sum += numbers[0];
                        client.add_to(numbers[0]).await.unwrap_or_else(|e| failed(&e));
                    }
                    "Result" => assert_eq!(client.result().await.unwrap(), *sum),
                    "SumOfAsked" => assert_eq!(client.sum_of_asked(2).await.unwrap(), 12),
                    _ => client.clear().await.unwrap_or_else(|e| failed(&e)),
                }
            }
            ("notify", _) => {
                let client = NotifyClient::new(channel);
                client.note(arguments.to_owned()).await.unwrap_or_else(|e| failed(&e));
            }
            ("mixedc", "Note") => {
                let client = MixedClient::new(channel);
                client.note(arguments.to_owned()).await.unwrap_or_else(|e| failed(&e));
            }
            ("mixedc", _) => {
                let sum = MixedClient::new(channel).add(numbers[0], numbers[1]).await;
                assert_eq!(sum.unwrap(), numbers[0] + numbers[1]);
            }
            _ => calculate(&CalculatorClient::new(channel), word, arguments, &numbers).await,
        }
    }
}

async fn calculate(
    client: &CalculatorClient<ClientChannel>,
    word: &str,
    arguments: &str,
    numbers: &[f64],
) {
    match (word, numbers) {
        ("Add", [a, b]) => assert_eq!(client.add(*a, *b).await.unwrap(), a + b),
        ("Subtract", [a, b]) => assert_eq!(client.subtract(*a, *b).await.unwrap(), a - b),
        ("Multiply", [a, b]) => assert_eq!(client.multiply(*a, *b).await.unwrap(), a * b),
        ("Divide", [a, b]) => match *b > 0.0 {
            true => assert_eq!(client.divide(*a, *b).await.unwrap(), a / b),
            false => assert!(client.divide(*a, *b).await.unwrap_err().fault().is_some()),
        },
        ("EchoBytes", _) => {
            let octets = octets(arguments.parse().unwrap());
            assert_eq!(client.echo_bytes(octets.clone()).await.unwrap(), octets);
        }
        ("Echo", _) => {
            let text = text(arguments.trim_start_matches('*').parse().unwrap());
            assert_eq!(client.echo(text.clone()).await.unwrap(), text);
        }
        _ => panic!("{word} is none of its operations"),
    }
}

/// What the captured programs said of this length.
pub fn text(length: usize) -> String {
    Arc::<str>::from("x").repeat(length)
}
