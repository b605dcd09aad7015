//! The task of one link, from its offer to its end.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use waxwing_security::conversation::LinkSecurity;
use waxwing_session::{
    Arrival, ArrivedMessage, DuplexArrival, DuplexInput, Encoded, LinkId, Origin, Peer,
    ServiceAnswer, TransmissionId, TransportCause, TransportFailure, UnverifiedMessage,
};
use waxwing_soap::encoder::Encoder;

use super::conversations::Waiting;
use super::outgoing::Outgoing;
use crate::backlog::{Backlog, Weight};
use crate::environment::SystemRandom;
use crate::link_encoding::LinkEncoding;
use crate::net::{Link, LinkAbort, LinkInput, LinkOutput, LinkRefusal, OfferedLink};
use crate::service::endpoint::Endpoint;
use crate::service::watch::Counters;
use crate::trace::TraceDirection;

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
    let served = Served { endpoint, id, origin, peer, backlog };
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
    tokio::select! {
        written = &mut writing => {
            if written.is_ok() {
                let patience = served.endpoint.parts.close_timeout;
                if tokio::time::timeout(patience, reading).await.is_err() {
                    served.lost(not_ended(patience));
                }
            } else {
                // Aborted at this end, perhaps: whoever reads may not have said so yet.
                served.lost(given_up());
            }
        }
        read = &mut reading => {
            if read.is_ok() {
                let _ = writing.await;
            }
        }
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
}

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
                    let arrival = DuplexArrival { message, reply };
                    endpoint.converse(DuplexInput::Arrived { link: self.id, arrival });
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
            let (mut octets, mut ids, mut is_last) = (Vec::new(), Vec::new(), false);
            let mut weight = Weight::default();
            for (outgoing, own) in batch.drain(..) {
                weight.add(own);
                match outgoing {
                    Outgoing::Close => is_last = true,
                    outgoing => {
                        let (id, encoded) = self.encode(outgoing, &mut *encoder);
                        ids.extend(id);
                        octets.extend(encoded);
                    }
                }
            }
            let written = tokio::time::timeout(patience, output.send_all(octets)).await;
            match written.unwrap_or_else(|_| Err(not_taken(patience))) {
                Ok(()) => {
                    self.backlog.less(weight);
                    self.written(&ids);
                }
                Err(failure) => return Err(self.over(failure)),
            }
            if is_last {
                let closed = tokio::time::timeout(patience, output.close()).await;
                return match closed.unwrap_or_else(|_| Err(not_taken(patience))) {
                    Ok(()) => Ok(()),
                    Err(failure) => Err(self.over(failure)),
                };
            }
        }
    }

    fn written(&self, ids: &[TransmissionId]) {
        if !ids.is_empty() {
            let link = self.id;
            self.endpoint.converse_all(ids.iter().map(|id| DuplexInput::Written { link, id: *id }));
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
