//! The task of one link, from its offer to its end.

use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::Either;
use smallvec::SmallVec;
use tokio::sync::{mpsc, watch};
use waxwing_security::conversation::LinkSecurity;
use waxwing_session::{
    Arrival, ArrivedMessage, ConcurrencyMode, DuplexArrival, DuplexInput, Encoded, LinkId, Origin,
    Peer, ServiceAnswer, TransmissionId, TransportCause, TransportFailure, UnverifiedMessage,
};
use waxwing_soap::encoder::Encoder;

use super::conversations::Waiting;
use super::outgoing::Outgoing;
use crate::backlog::{Backlog, Weight};
use crate::environment::SystemRandom;
use crate::future::at_most;
use crate::link_encoding::LinkEncoding;
use crate::net::{Link, LinkAbort, LinkInput, LinkOutput, LinkRefusal, OfferedLink};
use crate::service::endpoint::Endpoint;
use crate::service::watch::Counters;
use crate::trace::TraceDirection;
use crate::turns::in_turns;

/// How many messages go into one write at most.
const BATCH: usize = 32;

/// How long a client may take to its first message in a security session: WCF's default (`inactivityTimeout`).
const PENDING: Duration = Duration::from_secs(120);

/// The link is of no more use.
struct Over;

/// Waits for a place, opens the link and serves it.
pub(super) async fn serve(
    endpoint: Arc<Endpoint>,
    offered: Box<dyn OfferedLink>,
    encoding: LinkEncoding,
) {
    let about = offered.about().clone();
    let peer = about.peer.unwrap_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
    let Ok(caller) = endpoint.admit(about.caller, peer).await else {
        return offered.refuse(LinkRefusal::Forbidden).await;
    };
    // A reliable session may go on over it.
    let is_reliable = endpoint.parts.endpoint.settings().reliable.is_some();
    if endpoint.is_closing() && !is_reliable {
        return offered.refuse(LinkRefusal::Busy).await;
    }
    let origin = Origin { peer: Peer::from(peer).over(about.protected), caller };
    let Some(waiting) = endpoint.offered() else { return };
    let Waiting { id, accepted, outgoing, held, backlog } = waiting;
    let begins_calls = endpoint.begins_calls();
    let served =
        Served { endpoint, id, origin, peer, backlog, begins_calls, written: Mutex::default() };
    let opening = async {
        // Given up: the session was not accepted in its time.
        accepted.await.ok()?;
        match offered.accept().await {
            Ok(link) => Some(link),
            Err(failure) => {
                served.lost(failure);
                None
            }
        }
    };
    let Some(link) = opening.await else { return served.lost(never_accepted()) };
    let Link { output, input, abort, .. } = link;
    if !served.endpoint.opened(id, abort) {
        return;
    }
    let patience = served.endpoint.parts.send_timeout;
    let writing = served.write(output, outgoing, encoding.encoder(), patience);
    let reading = served.read(input, held, encoding, served.endpoint.patience_with_links());
    tokio::pin!(writing, reading);
    // What comes may be answered at once: that goes out in the same turn then.
    match in_turns(reading.as_mut(), writing.as_mut()).await {
        Either::Left(Ok(())) => {
            let _ = writing.await;
        }
        Either::Left(Err(Over)) => {}
        Either::Right(Ok(())) => {
            let patience = served.endpoint.parts.close_timeout;
            if tokio::time::timeout(patience, reading).await.is_err() {
                served.lost(not_ended(patience));
            }
        }
        // Aborted at this end, perhaps: whoever reads may not have said so yet.
        Either::Right(Err(Over)) => served.lost(given_up()),
    }
}

fn never_accepted() -> TransportFailure {
    let reason = "the link was not accepted".to_owned();
    TransportFailure { cause: TransportCause::Busy, reason }
}

fn given_up() -> TransportFailure {
    let reason = "the link was aborted at this end".to_owned();
    TransportFailure { cause: TransportCause::Broken, reason }
}

fn not_ended(patience: Duration) -> TransportFailure {
    let reason = format!("the client did not end the connection within {patience:.1?}");
    TransportFailure { cause: TransportCause::NoAnswer, reason }
}

/// A link that is served.
struct Served {
    endpoint: Arc<Endpoint>,
    id: LinkId,
    origin: Origin,
    peer: SocketAddr,
    backlog: Backlog,
    /// Whether the task of the link begins calls itself.
    begins_calls: bool,
    /// Answers that are written, of which the conversations were not told yet: they hear of it with the next message, or when
    /// that waits for it.
    written: Mutex<Transmissions>,
}

/// Mostly one or none.
type Transmissions = SmallVec<[TransmissionId; 2]>;

/// Of so many answers the conversations hear at the latest.
const UNTOLD: usize = 16;

impl Served {
    fn lost(&self, failure: TransportFailure) {
        let link = self.id;
        self.endpoint.drive(|state, at| {
            if let Some(duplex) = &mut state.duplex {
                duplex.links.remove(&link);
                duplex.engine.handle(DuplexInput::Lost { link, failure }, at);
            }
        });
    }

    fn over(&self, failure: TransportFailure) -> Over {
        self.lost(failure);
        Over
    }

    async fn read(
        &self,
        mut input: Box<dyn LinkInput>,
        mut held: watch::Receiver<bool>,
        encoding: LinkEncoding,
        mut unnamed: Option<Duration>,
    ) -> Result<(), Over> {
        let (mut decoder, content_type) = (encoding.decoder(), encoding.content_type());
        let mut security = LinkSecurity::default();
        let begin = tokio::time::Instant::now();
        loop {
            self.backlog.has_room().await;
            // Until a message has named its session, nobody else has patience with it.
            unnamed = unnamed.filter(|_| !self.endpoint.is_carrying(self.id));
            if *held.borrow() {
                self.tell_written();
            }
            // The link is left when nobody can hold it any more: its end is waited for.
            let is_left = held.wait_for(|held| !held).await.is_err();
            let received = match unnamed {
                None => input.receive().await,
                Some(patience) => tokio::time::timeout_at(begin + patience, input.receive())
                    .await
                    .unwrap_or_else(|_| Err(no_session(patience))),
            };
            let octets = match received {
                Ok(Some(octets)) => octets,
                Ok(None) => {
                    self.endpoint.converse(DuplexInput::End(self.id));
                    return Ok(());
                }
                Err(failure) => return Err(self.over(failure)),
            };
            let endpoint = &self.endpoint;
            let read = decoder.read(content_type, &octets);
            if let Some(trace) = &endpoint.parts.trace {
                let now = endpoint.parts.clock.wall();
                let envelope = read.as_ref().ok();
                trace.wire(now, TraceDirection::Received, "message", &octets, envelope);
            }
            match read {
                Ok(envelope) => {
                    drop(octets);
                    let message = UnverifiedMessage::from(envelope);
                    self.receive(message, &mut security, is_left).await?;
                }
                Err(error) => {
                    endpoint.refused_message(self.peer, &error);
                    let (cause, reason) = (TransportCause::NotSoap, error.to_string());
                    return Err(self.over(TransportFailure { cause, reason }));
                }
            }
        }
    }

    /// One message: verified, then given to the conversations. The next one is read when that is done. Of what comes over a
    /// link that was left (`is_left`) only the end of a security session is of use.
    async fn receive(
        &self,
        message: UnverifiedMessage,
        security: &mut LinkSecurity,
        is_left: bool,
    ) -> Result<(), Over> {
        let endpoint = &self.endpoint;
        Counters::add(&endpoint.counters.messages);
        let mut arrival = {
            let mut random = SystemRandom;
            let mut moment = endpoint.parts.clock.moment(&mut random);
            let origin = self.origin.clone();
            endpoint.parts.endpoint.receive_on(security, message, origin, &mut moment)
        };
        loop {
            arrival = match arrival {
                Arrival::Answer(_) | Arrival::Message(_) if is_left => return Ok(()),
                Arrival::Answer(encoded) => {
                    return match &encoded.answer {
                        ServiceAnswer::Message(_) | ServiceAnswer::Fault(_)
                            if encoded.ends_link =>
                        {
                            let problem = encoded.problem.clone().unwrap_or_default();
                            endpoint.send_last(self.id, encoded, problem);
                            Ok(())
                        }
                        ServiceAnswer::Message(_) | ServiceAnswer::Fault(_) => {
                            endpoint.send(self.id, Outgoing::Encoded(encoded));
                            Ok(())
                        }
                        ServiceAnswer::Accepted => Ok(()),
                        // Nothing is said, and the peer must not wait for it.
                        _ => {
                            let problem = encoded.problem.clone().unwrap_or_default();
                            endpoint.report(&encoded, self.peer);
                            let (cause, reason) = (TransportCause::Broken, problem);
                            Err(self.over(TransportFailure { cause, reason }))
                        }
                    };
                }
                Arrival::Authenticate(sender) => {
                    let verdict = endpoint.verdict(sender.evidence().clone(), self.peer).await;
                    let (mut random, parts) = (SystemRandom, &endpoint.parts);
                    let mut at = parts.clock.moment(&mut random);
                    parts.endpoint.authenticated_on(security, sender, verdict, &mut at)
                }
                Arrival::Ended(session) => {
                    let (link, security) = (self.id, session);
                    endpoint.converse(DuplexInput::SecurityEnded { link, security });
                    return Ok(());
                }
                Arrival::Message(message) => {
                    let ArrivedMessage { message, plain, reply } = *message;
                    endpoint.trace_request(plain.as_ref(), &message);
                    self.arrived(DuplexArrival { message, reply }).await;
                    return Ok(());
                }
            }
        }
    }

    async fn write(
        &self,
        mut output: Box<dyn LinkOutput>,
        mut outgoing: mpsc::UnboundedReceiver<(Outgoing, Weight)>,
        mut encoder: Box<dyn Encoder + Send>,
        patience: Duration,
    ) -> Result<(), Over> {
        let mut batch = Vec::new();
        loop {
            if outgoing.recv_many(&mut batch, BATCH).await == 0 {
                return Err(Over);
            }
            let (mut octets, mut is_last) = (Vec::with_capacity(batch.len()), false);
            let mut ids = Transmissions::new();
            let (mut weight, mut is_awaited) = (Weight::default(), false);
            for (outgoing, own) in batch.drain(..) {
                weight.add(own);
                match outgoing {
                    Outgoing::Close => is_last = true,
                    outgoing => {
                        is_awaited |= outgoing.is_awaited();
                        let (id, encoded) = self.encode(outgoing, &mut *encoder);
                        ids.extend(id);
                        octets.extend(encoded);
                    }
                }
            }
            let written = at_most(patience, output.send_all(octets)).await;
            match written.unwrap_or_else(|| Err(not_taken(patience))) {
                Ok(()) => {
                    self.backlog.less(weight);
                    self.written(ids, is_awaited);
                }
                Err(failure) => return Err(self.over(failure)),
            }
            if is_last {
                let closed = at_most(patience, output.close()).await;
                return match closed.unwrap_or_else(|| Err(not_taken(patience))) {
                    Ok(()) => Ok(()),
                    Err(failure) => Err(self.over(failure)),
                };
            }
        }
    }

    /// These are written; `is_awaited`: somebody waits for one of them.
    fn written(&self, ids: Transmissions, is_awaited: bool) {
        let is_due = {
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            written.extend(ids);
            is_awaited || written.len() >= UNTOLD
        };
        if is_due {
            self.tell_written();
        }
    }

    fn take_written(&self) -> Transmissions {
        std::mem::take(&mut *self.written.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tell_written(&self) {
        let (link, written) = (self.id, self.take_written());
        if !written.is_empty() {
            let told = written.into_iter().map(|id| DuplexInput::Written { link, id });
            self.endpoint.converse_all(told);
        }
    }

    /// Gives a message to the conversations. A call that is to be executed at once begins in this task; what does not end without
    /// waiting goes on in one of its own.
    async fn arrived(&self, arrival: DuplexArrival) {
        let (link, written) = (self.id, self.take_written());
        let begins = self.begins_calls && self.backlog.is_empty();
        let request = arrival.message.request().filter(|_| begins).map(Arc::downgrade);
        let ((), call) = self.endpoint.drive_but(request, |state, at| {
            let Some(duplex) = &mut state.duplex else { return };
            for id in written {
                duplex.engine.handle(DuplexInput::Written { link, id }, at);
            }
            duplex.engine.handle(DuplexInput::Arrived { link, arrival }, at);
        });
        let Some(mut call) = call else { return };
        let poll_once = poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_ready()));
        if !poll_once.await {
            tokio::spawn(call);
        }
    }

    fn encode(
        &self,
        outgoing: Outgoing,
        encoder: &mut (dyn Encoder + Send),
    ) -> (Option<TransmissionId>, Option<Bytes>) {
        let endpoint = &self.endpoint;
        let (id, encoded) = match outgoing {
            Outgoing::Message(id, message) => {
                let mut random = SystemRandom;
                let mut at = endpoint.parts.clock.moment(&mut random);
                (Some(id), endpoint.parts.endpoint.encode_on_link(*message, &mut at))
            }
            Outgoing::Encoded(encoded) => (None, *encoded),
            Outgoing::Close => return (None, None),
        };
        (id, endpoint.write_on_link(encoded, self.peer, encoder))
    }
}

fn no_session(patience: Duration) -> TransportFailure {
    let reason =
        format!("no message on the connection began or named a session within {patience:.1?}");
    TransportFailure { cause: TransportCause::NoAnswer, reason }
}

fn not_taken(patience: Duration) -> TransportFailure {
    let reason = format!("the client took nothing of a message within {patience:.1?}");
    TransportFailure { cause: TransportCause::NoAnswer, reason }
}

impl Endpoint {
    /// Gives the conversations an input and does what comes of it.
    pub(super) fn converse(self: &Arc<Self>, input: DuplexInput) {
        self.converse_all(std::iter::once(input));
    }

    fn converse_all(self: &Arc<Self>, inputs: impl Iterator<Item = DuplexInput>) {
        self.drive(|state, at| {
            if let Some(duplex) = &mut state.duplex {
                inputs.for_each(|input| duplex.engine.handle(input, at));
            }
        });
    }

    fn offered(self: &Arc<Self>) -> Option<Waiting> {
        self.drive(|state, at| state.duplex.as_mut().map(|duplex| duplex.offered(at)))
    }

    /// Whether the task of a link may begin the calls that come over it, instead of one of their own: nothing that must go on
    /// meanwhile depends on that task, even when an operation keeps its thread busy. Calls of a session are executed one after
    /// the other then, no acknowledgement is due, and no callback is waited for.
    fn begins_calls(&self) -> bool {
        let parts = &self.parts;
        parts.instances.modes().concurrency != ConcurrencyMode::Multiple
            && parts.endpoint.settings().reliable.is_none()
            && parts.callback().is_none()
    }

    /// A link is open. Gives whether anybody wants it still; otherwise it is dropped.
    fn opened(self: &Arc<Self>, id: LinkId, abort: LinkAbort) -> bool {
        self.drive(|state, _| {
            let own = state.duplex.as_mut().and_then(|duplex| duplex.links.get_mut(&id));
            own.map(|attached| attached.abort = Some(abort)).is_some()
        })
    }

    /// Whether a link carries a session.
    fn is_carrying(&self, link: LinkId) -> bool {
        let state = self.sessions.lock();
        state.duplex.as_ref().is_some_and(|duplex| duplex.engine.carries(link))
    }

    fn send(self: &Arc<Self>, link: LinkId, outgoing: Outgoing) {
        self.drive(|state, _| {
            if let Some(duplex) = &mut state.duplex {
                duplex.send(link, outgoing);
            }
        });
    }

    /// Says a last word over a link, which is lost to whatever it carried. Nothing that still comes is of use.
    fn send_last(self: &Arc<Self>, link: LinkId, encoded: Box<Encoded>, reason: String) {
        let failure = TransportFailure { cause: TransportCause::Broken, reason };
        self.drive(|state, at| {
            if let Some(duplex) = &mut state.duplex {
                duplex.send(link, Outgoing::Encoded(encoded));
                duplex.send(link, Outgoing::Close);
                duplex.links.remove(&link);
                duplex.engine.handle(DuplexInput::Lost { link, failure }, at);
            }
        });
    }

    /// How long a link may be there before a message on it has begun or named a session; as long as it likes where it is one
    /// itself. A security session that nobody speaks in ends by itself in any case.
    fn patience_with_links(&self) -> Option<Duration> {
        let endpoint = &self.parts.endpoint;
        match (endpoint.settings().reliable.is_some(), endpoint.security().profile()) {
            (true, _) => Some(self.parts.send_timeout),
            (false, Some(_)) => Some(self.parts.send_timeout.max(PENDING)),
            (false, None) => None,
        }
    }

    /// The octets of a message, for its link; none where there is nothing to send.
    fn write_on_link(
        self: &Arc<Self>,
        encoded: Encoded,
        peer: SocketAddr,
        encoder: &mut (dyn Encoder + Send),
    ) -> Option<Bytes> {
        self.report(&encoded, peer);
        let (ServiceAnswer::Message(envelope) | ServiceAnswer::Fault(envelope)) = encoded.answer
        else {
            return None;
        };
        let octets = encoder.write(&envelope, &mut SystemRandom).octets;
        if let Some(trace) = &self.parts.trace {
            let now = self.parts.clock.wall();
            if let Some(plain) = &encoded.plain {
                trace.plain(now, TraceDirection::Sent, "message", plain);
            }
            trace.wire(now, TraceDirection::Sent, "message", &octets, Some(&envelope));
        }
        Some(octets.into())
    }

    pub(in crate::service) fn is_closing(&self) -> bool {
        self.is_closing.load(std::sync::atomic::Ordering::SeqCst)
    }
}
