//! Exchanges of HTTP: text in every version of SOAP and WS-Addressing, binary, MTOM; with and without a reliable session.

use std::sync::{Arc, Mutex};

use waxwing::contract::{BoxFuture, FaultDetail as _};
use waxwing::net::memory::Memory;
use waxwing::net::{Answer, Outcome, Request, Transport};
use waxwing::{ChannelFactory, ClientChannel, ServiceHost, ServiceHostBuilder, ServiceInstances};
use waxwing_soap::{Addressing, Envelope};
use waxwing_xml::Limits;

use crate::contracts::{
    CALCULATOR_CONTRACT, CalculatorClient, CalculatorService, MIXED_CONTRACT, MathFault,
    MixedClient, MixedService, Service, octets,
};
use crate::messages::{Message, packed, text_of, without_language};
use crate::names::Names;

/// A captured flow: requests with their answers, none where the request was only accepted.
pub struct Flow {
    pub name: &'static str,
    pub address: String,
    pub exchanges: Vec<(Message, Option<Message>)>,
}

impl Flow {
    pub fn read(folder: &str, name: &'static str) -> Self {
        let file = packed(folder, name);
        let message = Message::read;
        let exchanges = file["messages"].as_array().unwrap().chunks(2);
        let exchanges = exchanges.map(|pair| (message(&pair[0]).unwrap(), message(&pair[1])));
        let exchanges: Vec<_> = exchanges.collect();
        let first = Envelope::parse(text_of(&exchanges[0].0), &Limits::SOAP).unwrap();
        let to = Addressing::read(&first).unwrap().to;
        // Without addressing messages say nowhere where they go.
        let address = to.unwrap_or_else(|| "http://localhost:4711/calc".to_owned());
        let mut flow = Self { name, address, exchanges };
        flow.without_tls();
        flow
    }

    /// What was under TLS goes through memory: the messages say so.
    fn without_tls(&mut self) {
        let Some(rest) = self.address.strip_prefix("https") else { return };
        let address = format!("http{rest}");
        // As it stands in binary messages: a text with its length before it.
        let of = |address: &str| [&[address.len() as u8], address.as_bytes()].concat();
        let (long, short) = (of(&self.address), of(&address));
        let messages = self.exchanges.iter_mut();
        for message in messages.flat_map(|(request, answer)| [Some(request), answer.as_mut()]) {
            let Some(message) = message else { continue };
            let mut octets = message.octets.clone();
            while let Some(at) = octets.windows(long.len()).position(|w| w == long) {
                octets.splice(at..at + long.len(), short.iter().copied());
            }
            message.octets = octets;
        }
        self.address = address;
    }
}

/// Gives WCF's requests to our service and WCF's answers to our client, and compares what ours made of both.
struct Replayed {
    memory: Memory,
    flow: Arc<Flow>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// How many exchanges there were.
    count: usize,
    client: Names,
    service: Names,
}

/// Compares a message of ours with the captured one in its place.
fn compare(place: &str, names: &mut Names, ours: &Message, theirs: &Message) {
    let (own, captured) = (text_of(ours), text_of(theirs));
    names.learn(place, &own, &captured);
    let own = String::from_utf8(names.as_captured(own.as_bytes())).unwrap();
    assert_eq!(without_language(&own), captured, "{place}");
    if !theirs.content_type.starts_with("multipart") {
        assert_eq!(ours.content_type, theirs.content_type, "{place}");
        let octets = names.as_captured(&ours.octets);
        let octets = match theirs.content_type.contains("msbin") {
            true => octets,
            false => without_language(&String::from_utf8(octets).unwrap()).into_bytes(),
        };
        assert_eq!(octets, theirs.octets, "{place}: octets");
        return;
    }
    // Boundaries and names of parts are random; WCF closes empty elements with a tag of their own here.
    let parts = |message: &Message| {
        let head = b"Content-ID:";
        message.octets.windows(head.len()).filter(|w| w == head).count()
    };
    assert_eq!(parts(ours), parts(theirs), "{place}: parts");
    let random = |text: &str| text.split("boundary=").next().unwrap().to_owned();
    assert_eq!(random(&ours.content_type), random(&theirs.content_type), "{place}");
}

impl Transport for Replayed {
    fn schemes(&self) -> &[&str] {
        &["http"]
    }

    fn exchange<'a>(&'a self, mut request: Request<'a>) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let (number, place) = {
                let mut state = self.state.lock().unwrap();
                state.count += 1;
                (state.count, format!("{} {:03}", self.flow.name, state.count))
            };
            let (theirs, answer) = &self.flow.exchanges[number - 1];
            let (content_type, octets) = (request.content_type.to_owned(), request.octets.to_vec());
            let ours = Message { content_type, octets };
            {
                let mut state = self.state.lock().unwrap();
                compare(&format!("{place}-request"), &mut state.client, &ours, theirs);
                request.octets = state.service.as_ours(&theirs.octets).into();
            }
            request.content_type = &theirs.content_type;
            let given = self.memory.exchange(request).await;
            let mut state = self.state.lock().unwrap();
            match (given.outcome, answer) {
                (Outcome::Message { content_type }, Some(answer)) => {
                    let content_type = content_type.unwrap_or_default();
                    let ours = Message { content_type, octets: given.octets.to_vec() };
                    compare(&format!("{place}-response"), &mut state.service, &ours, answer);
                    let octets = state.client.as_ours(&answer.octets);
                    Answer::message(answer.content_type.clone(), octets)
                }
                (Outcome::Empty, None) => Answer::empty(),
                (outcome, _) => panic!("{place}: {outcome:?}"),
            }
        })
    }
}

/// A service and an open channel, each with WCF at its other end.
struct Ends {
    flow: Arc<Flow>,
    state: Arc<Mutex<State>>,
    host: ServiceHost,
    channel: ClientChannel,
}

/// `binding` is the content of `<bindings>`, with one binding named B.
async fn ends(folder: &str, name: &'static str, binding: &str) -> Ends {
    let flow = Arc::new(Flow::read(folder, name));
    let is_mixed = name == "basic-oneway";
    let contract = if is_mixed { "IMixed" } else { "ICalculator" };
    let (section, address) = (&binding[1..binding.find('>').unwrap()], &flow.address);
    let text = format!(
        r#"<configuration><system.serviceModel><bindings>{binding}</bindings>
        <services><service name="S"><endpoint address="{address}" binding="{section}" bindingConfiguration="B"
          contract="{contract}"/></service></services>
        <client><endpoint name="c" address="{address}" binding="{section}" bindingConfiguration="B" contract="{contract}"/></client>
        </system.serviceModel></configuration>"#
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.config");
    std::fs::write(&path, text).unwrap();
    let config = waxwing::ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"));
    let contract = if is_mixed { &MIXED_CONTRACT } else { &CALCULATOR_CONTRACT };
    let memory = Memory::new();
    let host = ServiceHostBuilder::from_config(&config, "S", contract).unwrap();
    let host = host.listener(memory.clone());
    let host = match is_mixed {
        true => host.open(ServiceInstances::single(MixedService::new(Service))).await,
        false => host.open(ServiceInstances::single(CalculatorService::new(Service))).await,
    };
    let host = host.unwrap_or_else(|e| panic!("{e}"));
    let state = Arc::new(Mutex::new(State::default()));
    let transport = Replayed { memory, flow: Arc::clone(&flow), state: Arc::clone(&state) };
    let factory = ChannelFactory::from_config(&config, "c", contract).unwrap();
    let channel = factory.transport(transport).open_channel().await;
    Ends { flow, state, host, channel: channel.unwrap_or_else(|e| panic!("{e}")) }
}

impl Ends {
    fn client(&self) -> CalculatorClient<&ClientChannel> {
        CalculatorClient::new(&self.channel)
    }

    async fn close(self) {
        self.channel.close().await.unwrap_or_else(|e| panic!("{}: {e}", self.flow.name));
        self.host.close().await;
        let count = self.state.lock().unwrap().count;
        assert_eq!(count, self.flow.exchanges.len(), "{}: every exchange", self.flow.name);
    }
}

pub fn custom(elements: &str) -> String {
    format!(
        r#"<customBinding><binding name="B" sendTimeout="00:00:30">{elements}<httpTransport maxReceivedMessageSize="1000000"/></binding></customBinding>"#
    )
}

fn versions(version: &str, before: &str) -> String {
    custom(&format!(r#"{before}<textMessageEncoding messageVersion="{version}"/>"#))
}

const BASIC: &str =
    r#"<basicHttpBinding><binding name="B" sendTimeout="00:00:30"/></basicHttpBinding>"#;
const RELIABLE: &str = "<reliableSession/>";
pub const QUOTAS: &str =
    r#"<readerQuotas maxArrayLength="100000" maxStringContentLength="100000"/>"#;
const WSA_2004: [&str; 2] = ["Soap12WSAddressingAugust2004", "Soap11WSAddressingAugust2004"];

/// Add and Subtract: over every version of SOAP and WS-Addressing, with and without a reliable session.
#[tokio::test]
async fn two_calls() {
    let net_http = |inside: &str| {
        format!("<netHttpBinding><binding name=\"B\" {inside}</binding></netHttpBinding>")
    };
    for (folder, name, binding) in [
        ("wcf-basic", "basic", BASIC.to_owned()),
        ("wcf-versions", "wsa2004", versions(WSA_2004[0], "")),
        ("wcf-versions", "soap11-wsa2004", versions(WSA_2004[1], "")),
        ("wcf-versions", "wsa2004-rm10", versions(WSA_2004[0], RELIABLE)),
        ("wcf-versions", "soap11-wsa2004-rm10", versions(WSA_2004[1], RELIABLE)),
        ("wcf-binary", "nethttp", net_http(r#"><security mode="None"/>"#)),
        (
            "wcf-binary",
            "nethttps-rm",
            net_http(r#"><reliableSession enabled="true"/><security mode="None"/>"#),
        ),
    ] {
        let ends = ends(folder, name, &binding).await;
        assert_eq!(ends.client().add(100.0, 15.99).await.unwrap(), 115.99, "{name}");
        assert_eq!(ends.client().subtract(145.0, 76.54).await.unwrap(), 68.46, "{name}");
        ends.close().await;
    }
}

/// A declared fault, one with a code of its own, an internal error.
#[tokio::test]
async fn faults() {
    for (folder, name, binding) in [
        ("wcf-basic", "basic-fault", BASIC.to_owned()),
        ("wcf-versions", "wsa2004-fault", versions(WSA_2004[0], "")),
        ("wcf-versions", "soap11-wsa2004-fault", versions(WSA_2004[1], "")),
    ] {
        let ends = ends(folder, name, &binding).await;
        let fault = ends.client().divide(1.0, 0.0).await.unwrap_err();
        let detail = fault.fault().unwrap().detail::<MathFault>().unwrap();
        assert_eq!(detail.operation.as_deref(), Some("Divide"), "{name}");
        let fault = ends.client().divide(1.0, -2.0).await.unwrap_err().to_string();
        assert!(fault.contains("Plain fault."), "{name}: {fault}");
        let fault = ends.client().divide(1.0, -1.0).await.unwrap_err().to_string();
        assert!(fault.contains("due to an internal error"), "{name}: {fault}");
        ends.close().await;
    }
}

#[tokio::test]
async fn a_note_and_a_call_without_addressing() {
    let ends = ends("wcf-basic", "basic-oneway", BASIC).await;
    let client = MixedClient::new(&ends.channel);
    client.note("text".to_owned()).await.unwrap();
    assert_eq!(client.add(1.0, 2.0).await.unwrap(), 3.0);
    ends.close().await;
}

/// Octets become parts, as attachments or in their place.
#[tokio::test]
async fn octets_and_texts() {
    let mtom = format!("<mtomMessageEncoding>{QUOTAS}</mtomMessageEncoding>");
    let binary = format!("<binaryMessageEncoding>{QUOTAS}</binaryMessageEncoding>");
    let encodings = [
        ("wcf-mtom", "mtom-bytes", custom(&mtom)),
        ("wcf-mtom", "mtom-bytes-rm10", custom(&format!("{RELIABLE}{mtom}"))),
        ("wcf-binary", "nethttp-bytes", custom(&binary)),
    ];
    for (folder, name, binding) in encodings {
        let ends = ends(folder, name, &binding).await;
        assert_eq!(ends.client().echo_bytes(octets(5000)).await.unwrap(), octets(5000), "{name}");
        if name == "mtom-bytes" {
            assert_eq!(ends.client().echo_bytes(octets(100)).await.unwrap(), octets(100));
            let text = captured_text(&ends.flow);
            assert_eq!(ends.client().echo(text.clone()).await.unwrap(), text);
        }
        ends.close().await;
    }
}

/// What the third call of `mtom-bytes` says: 3000 characters.
fn captured_text(flow: &Flow) -> String {
    let text = text_of(&flow.exchanges[2].0);
    let text = text.split("<text>").nth(1).unwrap().split("</text>").next().unwrap();
    text.to_owned()
}
