//! A service that refuses what comes before its turn: 202 with nothing in it, as WCF's ordered request/reply sessions
//! do. No security; every operation of the calculator adds.
#![allow(dead_code, unreachable_pub)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::sync::oneshot;
use waxwing::environment::SystemRandom;
use waxwing_reliable::{
    EarlyMessages, ExchangeId, ReliableMessagingVersion, ReliableSessionSettings, Shape, Time,
};
use waxwing_security::PeerTag;
use waxwing_security::conversation::{
    ClientIdentification, Protection, ServiceOptions, ServiceSecurity,
};
use waxwing_session::{
    AppMessage, Arrival, DispatchModes, Moment, ServiceAnswer, ServiceEndpoint, ServiceInput,
    ServiceOutput, ServiceResponse, ServiceSessions, ServiceSettings, VerifiedRequest,
};
use waxwing_soap::{Envelope, MessageVersion};
use waxwing_testkit::http::{HttpReply, HttpRequest, HttpServer};
use waxwing_xml::{Limits, Name};

const SAMPLES: &str = "http://Microsoft.ServiceModel.Samples";
const TYPE: &str = "application/soap+xml; charset=utf-8";

/// The service, and what it has done.
pub struct Refusing {
    server: HttpServer,
    pub counts: Arc<Counts>,
}

#[derive(Default)]
pub struct Counts {
    pub executed: AtomicU64,
    /// Messages that were answered 202.
    pub refused: AtomicU64,
}

struct Peer {
    endpoint: ServiceEndpoint,
    state: Mutex<State>,
    start: Instant,
    counts: Arc<Counts>,
}

struct State {
    sessions: ServiceSessions,
    waiting: HashMap<u64, oneshot::Sender<ServiceResponse>>,
    exchanges: u64,
}

impl Refusing {
    /// Listens at a free port; the endpoint is at `/calc`.
    pub async fn start(version: ReliableMessagingVersion) -> Self {
        let settings = ReliableSessionSettings {
            early_messages: EarlyMessages::Refuse,
            ..ReliableSessionSettings::default()
        };
        let shape = Shape::RequestReply;
        let mut options = ServiceOptions::new(ClientIdentification::None);
        options.protection = Protection::None;
        let security = ServiceSecurity::new(options, &mut SystemRandom).expect("no security");
        let endpoint = ServiceSettings {
            // Any port: that of the server is not known yet.
            address: "http://localhost:0/calc".to_owned(),
            version: MessageVersion::SOAP12_ADDRESSING10,
            reliable: Some((version, shape, settings)),
            receive_timeout: Duration::from_secs(600),
            understood: Vec::new(),
            trace: false,
        };
        let counts = Arc::new(Counts::default());
        let sessions = ServiceSessions::new(&endpoint, DispatchModes::default()).expect("settings");
        let peer = Arc::new(Peer {
            endpoint: ServiceEndpoint::new(endpoint, security),
            state: Mutex::new(State { sessions, waiting: HashMap::new(), exchanges: 0 }),
            start: Instant::now(),
            counts: Arc::clone(&counts),
        });
        let handler = move |request: HttpRequest| {
            let peer = Arc::clone(&peer);
            async move { peer.handle(&request).await }
        };
        Self { server: HttpServer::start(handler).await.expect("a port"), counts }
    }

    pub fn address(&self) -> String {
        format!("http://{}/calc", self.server.local_addr())
    }
}

impl Peer {
    fn time(&self) -> Time {
        Time::since_start(self.start.elapsed())
    }

    async fn handle(&self, request: &HttpRequest) -> HttpReply {
        let Ok(envelope) = Envelope::parse(&request.body[..], &Limits::SOAP) else {
            return HttpReply::Empty(StatusCode::BAD_REQUEST);
        };
        let mut random = SystemRandom;
        let wall = jiff::Timestamp::now();
        let arrival = {
            let mut moment = Moment { wall, time: self.time(), random: &mut random };
            self.endpoint.receive(envelope, PeerTag::UNKNOWN, &mut moment)
        };
        let encoded = match arrival {
            Arrival::Answer(encoded) => *encoded,
            Arrival::Authenticate(sender) => panic!("{sender:?}"),
            Arrival::Ended(session) => panic!("{session:?}"),
            Arrival::Message(arrived) => {
                let (message, reply) = (arrived.message, arrived.reply);
                let answer = {
                    let mut state = self.state.lock().expect("no panic");
                    state.exchanges += 1;
                    let exchange = ExchangeId(state.exchanges);
                    let (sender, receiver) = oneshot::channel();
                    state.waiting.insert(exchange.0, sender);
                    let mut moment = Moment { wall, time: self.time(), random: &mut random };
                    state.sessions.handle(ServiceInput::Arrived { exchange, message }, &mut moment);
                    self.drain(&mut state, &mut moment);
                    receiver
                };
                let response = answer.await.expect("an answer");
                let mut moment = Moment { wall, time: self.time(), random: &mut random };
                self.endpoint.encode(&reply, response, &mut moment)
            }
        };
        let message = |status, envelope: Envelope| HttpReply::Message {
            status,
            content_type: TYPE.to_owned(),
            body: envelope.to_bytes().into(),
        };
        match encoded.answer {
            ServiceAnswer::Message(envelope) => message(StatusCode::OK, envelope),
            ServiceAnswer::Fault(envelope) => message(StatusCode::INTERNAL_SERVER_ERROR, envelope),
            ServiceAnswer::Accepted => {
                self.counts.refused.fetch_add(1, Ordering::SeqCst);
                HttpReply::Empty(StatusCode::ACCEPTED)
            }
            other => panic!("{other:?}"),
        }
    }

    fn drain(&self, state: &mut State, at: &mut Moment<'_>) {
        while let Some(output) = state.sessions.poll() {
            let input = match output {
                ServiceOutput::Want(place) => ServiceInput::Granted(place),
                ServiceOutput::Execute(execution) => {
                    self.counts.executed.fetch_add(1, Ordering::SeqCst);
                    state.sessions.handle(ServiceInput::Made(execution.instance), at);
                    let reply = Some(add(&execution.request));
                    ServiceInput::Finished { call: execution.call, reply }
                }
                ServiceOutput::Release(instance) => ServiceInput::Released(instance),
                ServiceOutput::Answer { exchange, response } => {
                    if let Some(waiting) = state.waiting.remove(&exchange.0) {
                        let _ = waiting.send(response);
                    }
                    continue;
                }
                _ => continue,
            };
            state.sessions.handle(input, at);
        }
    }
}

fn add(request: &VerifiedRequest) -> AppMessage {
    let payload = request.envelope().payload().expect("a body");
    let number = |e: waxwing_xml::Element<'_>| e.text().trim().parse::<f64>().expect("a number");
    let sum: f64 = payload.elements().map(number).sum();
    let operation = payload.local_name().to_owned();
    let mut envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
    let top = format!("{operation}Response");
    let wrapper = envelope.append_body_element(Name::new("", &top, SAMPLES));
    let result = format!("{operation}Result");
    let name = Name::new("", &result, SAMPLES);
    envelope.document_mut().append_text_element(wrapper, name, &sum.to_string());
    let action = format!("{SAMPLES}/ICalculator/{operation}Response");
    request.reply(action, envelope)
}
