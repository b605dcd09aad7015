//! What the lock of an endpoint's sessions guards of its conversations: their engine, their links, and who waits for a
//! callback.

use std::collections::HashMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tokio::sync::{mpsc, oneshot, watch};
use waxwing_reliable::{Event, SessionId};
use waxwing_security::conversation::SecuritySession;
use waxwing_session::{
    AppMessage, CallId, DuplexInput, DuplexOutput, DuplexService, LinkDemand, LinkId, Moment,
    ServiceEndpoint, ServiceInput, ServiceOutput, SessionError, Time,
};
use waxwing_soap::EndpointReference;

use super::outgoing::{Outgoing, Posting};
use crate::backlog::{Backlog, Weight};
use crate::contract::DuplexChannelId;
use crate::log::Cut;
use crate::net::LinkAbort;

/// A link of the endpoint. Without it the link's task ends.
pub(super) struct Attached {
    accept: Option<oneshot::Sender<()>>,
    /// What waits there is bounded by the engine: calls that are not answered, answers that are not written, callbacks. What
    /// the layers below say (acknowledgements, faults, legs of negotiations) by `backlog`; so are the octets of all.
    queue: mpsc::UnboundedSender<(Outgoing, Weight)>,
    backlog: Backlog,
    hold: watch::Sender<bool>,
    /// There when it is open.
    pub(super) abort: Option<LinkAbort>,
}

/// What a link's task has of it.
pub(super) struct Waiting {
    pub(super) id: LinkId,
    pub(super) accepted: oneshot::Receiver<()>,
    pub(super) outgoing: mpsc::UnboundedReceiver<(Outgoing, Weight)>,
    pub(super) held: watch::Receiver<bool>,
    pub(super) backlog: Backlog,
}

/// How a callback ended.
pub(super) type CallResult = Result<Option<AppMessage>, SessionError>;

/// The conversations of an endpoint.
pub(in crate::service) struct Conversations {
    pub(in crate::service) engine: DuplexService,
    pub(super) links: FxHashMap<LinkId, Attached>,
    calls: FxHashMap<CallId, oneshot::Sender<CallResult>>,
    /// What operations know their sessions by, of those that were asked about.
    ids: HashMap<Box<str>, DuplexChannelId>,
    /// The last number that was given to a link or a call.
    numbers: u64,
}

/// What is to be done when the lock is released: transports may be the program's.
#[derive(Default)]
pub(in crate::service) struct LinkTodo {
    /// Clients that are posted to from now on.
    pub(in crate::service) posting: Vec<Posting>,
    aborts: Vec<LinkAbort>,
    warnings: Vec<String>,
    /// What happened in reliable sessions.
    pub(in crate::service) events: Vec<(SessionId, Event)>,
    /// Security sessions that are over in order, and those that end at once.
    released: Vec<SecuritySession>,
    ended: Vec<SecuritySession>,
}

impl Conversations {
    pub(in crate::service) fn new(engine: DuplexService) -> Self {
        let (links, calls) = (FxHashMap::default(), FxHashMap::default());
        Self { engine, links, calls, ids: HashMap::new(), numbers: 0 }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// A link that was offered.
    pub(super) fn offered(&mut self, at: &mut Moment<'_>) -> Waiting {
        let id = LinkId(self.number());
        let (accept, accepted) = oneshot::channel();
        let (queue, outgoing) = mpsc::unbounded_channel();
        let (hold, held) = watch::channel(false);
        let backlog = Backlog::default();
        let own = backlog.clone();
        let attached = Attached { accept: Some(accept), queue, backlog: own, hold, abort: None };
        self.links.insert(id, attached);
        self.engine.handle(DuplexInput::Offered(id), at);
        Waiting { id, accepted, outgoing, held, backlog }
    }

    /// A client that is posted to.
    fn addressed(&mut self, link: LinkId, to: Arc<EndpointReference>, of_session: bool) -> Posting {
        let (queue, outgoing) = mpsc::unbounded_channel();
        let (hold, backlog) = (watch::Sender::new(false), Backlog::default());
        let own = backlog.clone();
        self.links.insert(link, Attached { accept: None, queue, backlog: own, hold, abort: None });
        Posting { link, to, outgoing, backlog, of_session }
    }

    /// What operations know a session by; none of one that is gone.
    pub(super) fn id_of(&mut self, session: &str) -> Option<DuplexChannelId> {
        if !self.engine.has(&session.into()) {
            return None;
        }
        let id = self.ids.entry(session.into()).or_insert_with(DuplexChannelId::new);
        Some(id.clone())
    }

    /// Somebody waits for a callback. Gives its name.
    pub(super) fn calls(&mut self, waits: oneshot::Sender<CallResult>) -> CallId {
        let call = CallId(self.number());
        self.calls.insert(call, waits);
        call
    }

    /// Nobody waits for it any more.
    pub(super) fn given_up(&mut self, call: CallId, at: &mut Moment<'_>) {
        if self.calls.remove(&call).is_some() {
            self.engine.handle(DuplexInput::GivenUp(call), at);
        }
    }

    /// Does what the engine wants done. Gives what is for the sessions, if the next output is that; None: it wants nothing.
    pub(in crate::service) fn poll(&mut self, todo: &mut LinkTodo) -> Option<Option<ServiceInput>> {
        match self.engine.poll()? {
            DuplexOutput::Sessions(input) => return Some(Some(input)),
            DuplexOutput::Link { link, demand } => self.demand(link, demand, todo),
            DuplexOutput::Transmit { link, id, message } => {
                self.send(link, Outgoing::Message(id, Box::new(message)));
            }
            DuplexOutput::Addressed { link, to, of_session } => {
                todo.posting.push(self.addressed(link, to, of_session));
            }
            DuplexOutput::Completed { call, reply } => self.ended(call, Ok(reply)),
            DuplexOutput::CallFailed { call, error } => self.ended(call, Err(error)),
            DuplexOutput::Event { session, event } => todo.events.push((session, event)),
            DuplexOutput::ReleaseSecurity(session) => todo.released.push(session),
            DuplexOutput::EndSecurity(session) => todo.ended.push(session),
            DuplexOutput::Warning { session, text } => {
                todo.warnings.push(format!("{}: {text}", session.as_str()));
            }
            DuplexOutput::Refused(text) => todo.warnings.push(text),
        }
        Some(None)
    }

    /// What the sessions say of one of them.
    pub(in crate::service) fn hears(&mut self, output: &ServiceOutput, at: &mut Moment<'_>) {
        let input = match output {
            ServiceOutput::Accepted(session) => DuplexInput::Accepted(session.clone()),
            ServiceOutput::Failed { session, .. } => DuplexInput::Failed(session.clone()),
            ServiceOutput::Gone(session) => {
                self.ids.remove(session.as_str());
                DuplexInput::Gone(session.clone())
            }
            _ => return,
        };
        self.engine.handle(input, at);
    }

    /// Gives a message to the task of its link. They are sent in the order in which they are given.
    pub(super) fn send(&mut self, link: LinkId, outgoing: Outgoing) {
        if let Some(attached) = self.links.get(&link) {
            let weight = Weight::of(match &outgoing {
                Outgoing::Message(_, message) => message.memory(),
                Outgoing::Encoded(encoded) => encoded.memory(),
                Outgoing::Close => 0,
            });
            attached.backlog.more(weight);
            // Its task may be over; the engine hears so.
            let _ = attached.queue.send((outgoing, weight));
        }
    }

    fn ended(&mut self, call: CallId, result: CallResult) {
        if let Some(waits) = self.calls.remove(&call) {
            let _ = waits.send(result);
        }
    }

    fn demand(&mut self, link: LinkId, demand: LinkDemand, todo: &mut LinkTodo) {
        match demand {
            LinkDemand::Accept => {
                let accept = self.links.get_mut(&link).and_then(|own| own.accept.take());
                if let Some(accept) = accept {
                    let _ = accept.send(());
                }
            }
            LinkDemand::Hold | LinkDemand::Resume => {
                if let Some(attached) = self.links.get(&link) {
                    attached.hold.send_replace(demand == LinkDemand::Hold);
                }
            }
            LinkDemand::Close => {
                self.send(link, Outgoing::Close);
                // Its task needs nothing more of us; what it reports is of no use to anybody.
                self.links.remove(&link);
            }
            LinkDemand::Abort => {
                let attached = self.links.remove(&link);
                todo.aborts.extend(attached.and_then(|attached| attached.abort));
            }
            // A service dials nobody.
            LinkDemand::Dial { .. } => {}
        }
    }

    pub(in crate::service) fn wake_at(&self) -> Option<Time> {
        self.engine.wake_at()
    }
}

impl LinkTodo {
    /// Under no lock.
    pub(in crate::service) fn run(&mut self, endpoint: &ServiceEndpoint, at: &Moment<'_>) {
        let (address, security) = (endpoint.settings().address.as_str(), endpoint.security());
        self.released.iter().for_each(|session| security.release_session(session, at));
        self.ended.iter().for_each(|session| security.end_session(session));
        for abort in self.aborts.drain(..) {
            abort.abort();
        }
        for warning in self.warnings.drain(..) {
            tracing::warn!(address, "{}", Cut::of(warning));
        }
    }
}
