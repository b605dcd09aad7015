//! A client and a service whose messages go both ways.

use waxwing_security::ProtectionLevel;
use waxwing_security::conversation::{
    ClientError, Flow, FromService, Incoming, LinkSecurity, Received, ReplyContext, ReplyKind,
    SecuredMessage, SecuritySession, ServiceError, Step,
};
use waxwing_security::wsse::Dialect;
use waxwing_security::{Direction, MessageProtection};
use waxwing_soap::{Addressing, EndpointReference, Envelope, MessageVersion, urn_uuid};

use crate::nego::{ADD, ADD_RESPONSE, ADDRESS, Credential, Pair, Setup, moment, payload, wire};

/// A one-way operation of the callback contract.
pub(crate) const EQUALS: &str = "http://Microsoft.ServiceModel.Samples/ICalculator/Equals";
/// One with a reply.
pub(crate) const ASK: &str = "http://Microsoft.ServiceModel.Samples/ICalculator/Ask";
/// Its reply.
pub(crate) const ASK_RESPONSE: &str =
    "http://Microsoft.ServiceModel.Samples/ICalculator/AskResponse";
/// A message of reliable messaging, which both ends send.
pub(crate) const TERMINATE: &str = "http://schemas.xmlsoap.org/ws/2005/02/rm/TerminateSequence";
/// Where the client listens in composite duplex.
pub(crate) const CALLBACK: &str = "http://localhost:9000/callback/1";
const INSTANCE: &str = r#"<ChannelInstance xmlns="http://schemas.microsoft.com/ws/2005/02/duplex">2</ChannelInstance>"#;

pub(crate) const VERSION: MessageVersion = MessageVersion::SOAP12_ADDRESSING10;

pub(crate) const FLOWS: [Flow; 2] = [Flow::DuplexSession, Flow::CompositeDuplex];

/// A setup with a callback contract in this flow.
pub(crate) fn duplex(mut setup: Setup, flow: Flow) -> Setup {
    (setup.client.flow, setup.service.flow) = (flow, flow);
    if flow == Flow::CompositeDuplex {
        let reference_parameters = vec![INSTANCE.to_owned()];
        let address = CALLBACK.to_owned();
        setup.client.reply_to = Some(EndpointReference { address, reference_parameters });
    }
    for requirements in [&mut setup.client.requirements, &mut setup.service.requirements] {
        let level = || MessageProtection::body(ProtectionLevel::EncryptAndSign);
        requirements.set(Direction::Reply, EQUALS, level());
        requirements.set(Direction::Reply, ASK, level());
        requirements.set(Direction::Request, ASK_RESPONSE, level());
    }
    setup
}

/// The setups that both flows can have with a conversation.
pub(crate) fn setups(flow: Flow) -> Vec<Setup> {
    let mut setups = Vec::new();
    for dialect in Dialect::ALL {
        for credential in Credential::ALL {
            setups.push(duplex(Setup::by_certificate(dialect, credential), flow));
            setups.push(duplex(Setup::negotiated(dialect, credential), flow));
            if credential != Credential::None && flow == Flow::DuplexSession {
                setups.push(duplex(Setup::over_transport(dialect, credential), flow));
            }
        }
    }
    setups
}

/// Both ends of a conversation.
pub(crate) struct Duplex {
    pub(crate) pair: Pair,
    pub(crate) flow: Flow,
    /// What the service knows of the session's connection.
    pub(crate) link: LinkSecurity,
    /// How the service protects what it sends.
    pub(crate) context: Option<ReplyContext>,
}

impl Duplex {
    pub(crate) fn new(setup: Setup) -> Self {
        Self::seeded(setup, 7)
    }

    pub(crate) fn seeded(setup: Setup, seed: u64) -> Self {
        let flow = setup.client.flow;
        let link = LinkSecurity::default();
        Self { pair: setup.build_seeded(seed), flow, link, context: None }
    }

    pub(crate) fn opened(setup: Setup) -> Self {
        let mut duplex = Self::new(setup);
        duplex.open().unwrap();
        duplex
    }

    pub(crate) fn open(&mut self) -> Result<(), ClientError> {
        let step = self.pair.client.open(&mut moment(self.pair.now, &mut self.pair.random))?;
        self.carry(step)
    }

    pub(crate) fn renew(&mut self) -> Result<(), ClientError> {
        let step = self.pair.client.renew(&mut moment(self.pair.now, &mut self.pair.random))?;
        self.carry(step)
    }

    /// Carries requests of the security protocol to their end, as the flow has it.
    fn carry(&mut self, mut step: Step) -> Result<(), ClientError> {
        let mut requests = LinkSecurity::default();
        loop {
            step = match step {
                Step::Send(request) => {
                    let reply = self.at_service_over(&mut requests, &request);
                    let Incoming::Reply(reply) = reply else { panic!("{reply:?}") };
                    let to = Addressing::read(&reply.envelope).unwrap().to;
                    let anonymous = VERSION.addressing.anonymous().to_owned();
                    let addressed = self.flow == Flow::DuplexSession;
                    assert_eq!(to, addressed.then_some(anonymous), "whom an answer is for");
                    let at = &mut moment(self.pair.now, &mut self.pair.random);
                    self.pair.client.handle_reply(wire(&reply.envelope), at)?
                }
                Step::SendInSession(request) => {
                    assert_eq!(self.flow, Flow::CompositeDuplex);
                    let reply = self.at_service(&request);
                    let Incoming::Reply(reply) = reply else { panic!("{reply:?}") };
                    match self.at_client(&reply.envelope)? {
                        FromService::Step(step) => step,
                        other => panic!("{other:?}"),
                    }
                }
                Step::Established => return Ok(()),
                Step::Authenticate(evidence) => panic!("{evidence}"),
            };
        }
    }

    /// A message of the client at the service, over the session's own connection where there is one.
    pub(crate) fn at_service(&mut self, message: &Envelope) -> Incoming {
        let mut link = std::mem::take(&mut self.link);
        let incoming = self.at_service_over(&mut link, message);
        self.link = link;
        incoming
    }

    pub(crate) fn at_service_over(
        &mut self,
        link: &mut LinkSecurity,
        message: &Envelope,
    ) -> Incoming {
        let service = &mut self.pair.service;
        let (security, now) = (&service.security, service.now(self.pair.now));
        let (rules, random) = (&service.rules, &mut service.random);
        match self.flow {
            Flow::DuplexSession => rules.receive_on(security, link, wire(message), now, random),
            _ => rules.receive(security, wire(message), now, random),
        }
    }

    /// A message of the service at the client.
    pub(crate) fn at_client(&mut self, message: &Envelope) -> Result<FromService, ClientError> {
        let at = &mut moment(self.pair.now, &mut self.pair.random);
        self.pair.client.receive(wire(message), at)
    }

    /// A message of the client, protected.
    pub(crate) fn client_says(&mut self, action: &str, change: Change<'_>) -> Envelope {
        let mut addressing =
            Addressing { action: Some(action.to_owned()), ..Addressing::default() };
        addressing.to = Some(ADDRESS.to_owned());
        addressing.message_id = Some(urn_uuid(&mut self.pair.random));
        let envelope = message(addressing, change);
        let at = &mut moment(self.pair.now, &mut self.pair.random);
        self.pair.client.protect(envelope, at).unwrap().0
    }

    /// A message of the service that answers nothing unless it is said so.
    pub(crate) fn service_says(&mut self, action: &str, change: Change<'_>) -> Envelope {
        let mut addressing =
            Addressing { action: Some(action.to_owned()), ..Addressing::default() };
        let to = match self.flow {
            Flow::CompositeDuplex => CALLBACK,
            _ => VERSION.addressing.anonymous(),
        };
        addressing.to = Some(to.to_owned());
        let envelope = message(addressing, change);
        let service = &mut self.pair.service;
        let at = &mut moment(service.now(self.pair.now), &mut service.random);
        let context = self.context.as_ref().expect("the client has said something");
        service.security.protect_reply(context, envelope, at).unwrap()
    }

    /// A call of the client as the service gets it.
    pub(crate) fn call(&mut self, text: &str) -> SecuredMessage {
        let request = self.client_says(ADD, Change::text(text));
        let Incoming::Message(message) = self.at_service(&request) else { panic!("refused") };
        assert_eq!(message.received.envelope().payload().unwrap().text(), text);
        self.context = Some(message.reply.clone());
        *message
    }

    /// A message of the service as the client gets it.
    pub(crate) fn heard(&mut self, message: &Envelope) -> Received {
        match self.at_client(message).unwrap() {
            FromService::Message(received) => received,
            other => panic!("{other:?}"),
        }
    }

    /// Answers a call.
    pub(crate) fn answer(&mut self, call: &SecuredMessage, text: &str) -> Envelope {
        let id = Addressing::read(call.received.envelope()).unwrap().message_id;
        self.service_says(ADD_RESPONSE, Change { relates_to: id.as_deref(), text })
    }

    /// The service's session.
    pub(crate) fn session(&mut self) -> SecuritySession {
        self.call("whose").session.expect("a conversation")
    }

    /// The client's last word.
    pub(crate) fn client_ends(&mut self) -> Option<Box<Envelope>> {
        let at = &mut moment(self.pair.now, &mut self.pair.random);
        self.pair.client.end_output(at).unwrap()
    }

    /// The service's last word.
    pub(crate) fn service_ends(&mut self, session: &SecuritySession) -> Option<Envelope> {
        let service = &mut self.pair.service;
        let at = &mut moment(service.now(self.pair.now), &mut service.random);
        let own = EndpointReference::new(CALLBACK);
        let to = (self.flow == Flow::CompositeDuplex).then_some(&own);
        service.security.end_output(session, VERSION, to, at).unwrap()
    }

    /// The reason why the service refuses a message.
    #[track_caller]
    pub(crate) fn refused(&mut self, message: &Envelope) -> ServiceError {
        let incoming = self.at_service(message);
        why(self.flow, incoming)
    }

    /// Why the client refuses a message.
    #[track_caller]
    pub(crate) fn refused_by_client(&mut self, message: &Envelope) -> ClientError {
        match self.at_client(message) {
            Err(error) => error,
            Ok(taken) => panic!("taken: {taken:?}"),
        }
    }
}

/// Why a message is refused, which a stranger could have sent.
#[track_caller]
pub(crate) fn why(flow: Flow, incoming: Incoming) -> ServiceError {
    let Incoming::Reply(reply) = incoming else { panic!("taken: {incoming:?}") };
    let kind = match flow {
        Flow::CompositeDuplex => ReplyKind::Silent,
        _ => ReplyKind::Fault,
    };
    assert_eq!(reply.kind, kind, "{:?}", reply.error);
    reply.error.expect("a refusal says why")
}

/// What a message of a test says.
#[derive(Clone, Copy, Default)]
pub(crate) struct Change<'a> {
    pub(crate) relates_to: Option<&'a str>,
    pub(crate) text: &'a str,
}

impl<'a> Change<'a> {
    pub(crate) fn text(text: &'a str) -> Self {
        Self { text, ..Self::default() }
    }
}

fn message(mut addressing: Addressing, change: Change<'_>) -> Envelope {
    let mut envelope = Envelope::new(VERSION);
    if let Some(id) = change.relates_to {
        addressing.relates_to = Some(id.to_owned());
        addressing.message_id = None;
    }
    addressing.write(&mut envelope);
    payload(&mut envelope, "Said", change.text);
    envelope
}
