//! One exchange of HTTP in pieces: the operation runs while the stream of its request comes, and that of its answer goes out as it
//! is made.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use waxwing_session::{
    Arrival, Encoded, Origin, Peer, ServiceAnswer, TransportCause, TransportFailure,
    UnverifiedMessage,
};
use waxwing_soap::Envelope;

use super::Streamed;
use crate::environment::SystemRandom;
use crate::net::{
    self, Incoming, LinkInput, Pieces, Refusal, Reply, StreamedReply, Whole, drain_refused,
};
use crate::service::endpoint::{Endpoint, told_action};
use crate::service::watch::Counters;
use crate::streaming::{Leave, NotReceived, Received, receive};
use crate::trace::TraceDirection;

/// Who is refused hears it, though he is still sending.
fn refused(input: Box<dyn LinkInput>, reply: Reply) -> StreamedReply {
    if !matches!(reply, Reply::NoAnswer) {
        drain_refused(input);
    }
    StreamedReply::Whole(reply)
}

impl Endpoint {
    /// Answers one request whose octets come.
    pub(in crate::service) async fn in_pieces(
        self: Arc<Self>,
        mut incoming: Incoming,
        mut input: Box<dyn LinkInput>,
        streamed: Streamed,
    ) -> StreamedReply {
        let peer = incoming.peer;
        let caller = match self.admit(std::mem::take(&mut incoming.caller), peer).await {
            Ok(caller) => caller,
            Err(refusal) => return refused(input, Reply::Refused(refusal)),
        };
        if self.is_closing() {
            return refused(input, Reply::Refused(Refusal::Unavailable));
        }
        let received = match self.first_of(&incoming, &mut *input, &streamed).await {
            Ok(received) => received,
            Err(reply) => return refused(input, reply),
        };
        let Received { envelope, octets, rest } = received;
        if let Some(trace) = &self.parts.trace {
            let (now, note) = (self.parts.clock.wall(), "request");
            trace.wire(now, TraceDirection::Received, note, &octets, Some(&envelope));
        }
        drop(octets);
        let message = match self.told(UnverifiedMessage::from(envelope), &incoming) {
            Ok(message) => message,
            Err(reply) => return refused(input, reply),
        };
        Counters::add(&self.counters.messages);
        let (under_way, answered) = oneshot::channel();
        if let Some(rest) = rest {
            // The operation reads it while it comes, or after the answer. It ends with the exchange.
            let leave = Leave::Answered(answered, self.parts.close_timeout);
            tokio::spawn(rest.pump(input, streamed.patience, leave));
        }
        let origin = Origin { peer: Peer::from(peer).over(incoming.protected), caller };
        let mut arrival = {
            let mut random = SystemRandom;
            let mut moment = self.parts.clock.moment(&mut random);
            self.parts.endpoint.receive(message, origin, &mut moment)
        };
        // The place of the call is free when its answer has gone.
        let (encoded, place) = loop {
            arrival = match arrival {
                Arrival::Answer(encoded) => break (*encoded, None),
                Arrival::Authenticate(sender) => self.judge(sender, peer).await,
                // There is no security session in an exchange.
                Arrival::Ended(_) => return StreamedReply::Whole(Reply::NoAnswer),
                Arrival::Message(message) => {
                    self.trace_request(message.plain.as_ref(), &message.message);
                    break self.request(*message, None).await;
                }
            }
        };
        match &encoded.answer {
            ServiceAnswer::Message(envelope) if envelope.attached().is_some() => {
                self.stream_out(encoded, (place, under_way), (peer, streamed))
            }
            _ => {
                let accepted = incoming.accepted_codings.as_deref();
                StreamedReply::Whole(self.write(encoded, peer, accepted))
            }
        }
    }

    /// What has come of a request up to its stream, or all of it; or what is answered to one that is none.
    async fn first_of(
        &self,
        incoming: &Incoming,
        input: &mut dyn LinkInput,
        streamed: &Streamed,
    ) -> Result<Received, Reply> {
        let content_type = incoming.content_type.as_deref().unwrap_or_default();
        let is_stream = |request: &Envelope| {
            let own = request.action().map(std::borrow::Cow::into_owned);
            let action = own.or_else(|| told_action(incoming, content_type)).unwrap_or_default();
            streamed.encoding.requests() && self.takes_stream(&action, request)
        };
        let encoding = (&streamed.encoding, content_type);
        let patience = self.parts.request_timeout.unwrap_or(Duration::MAX);
        let receiving = receive(input, encoding, streamed.patience, is_stream);
        let received = tokio::time::timeout(patience, receiving).await.unwrap_or_else(|_| {
            let reason = format!("its head did not come within {patience:.1?}");
            let cause = TransportCause::NoAnswer;
            Err(NotReceived::Link(TransportFailure { cause, reason }))
        });
        let (problem, reply) = match received {
            Ok(Some(received)) => return Ok(received),
            Ok(None) => ("it is empty".to_owned(), Reply::Refused(Refusal::Malformed)),
            Err(NotReceived::Malformed(problem)) => (problem, Reply::Refused(Refusal::Malformed)),
            Err(NotReceived::ContentType(problem)) => {
                (problem, Reply::Refused(Refusal::ContentType))
            }
            Err(NotReceived::Link(TransportFailure { cause, reason })) => match cause {
                TransportCause::AnswerTooLarge => (reason, Reply::Refused(Refusal::TooLarge)),
                _ => (reason, Reply::NoAnswer),
            },
        };
        self.refused_message(incoming.peer, &problem);
        Err(reply)
    }

    /// An answer with a stream; `held` is dropped when it has gone.
    fn stream_out(
        self: &Arc<Self>,
        encoded: Encoded,
        held: impl Send + 'static,
        (peer, streamed): (SocketAddr, Streamed),
    ) -> StreamedReply {
        self.report(&encoded, peer);
        let Encoded { answer, plain, .. } = encoded;
        let ServiceAnswer::Message(envelope) = answer else {
            return StreamedReply::Whole(Reply::NoAnswer);
        };
        let message = match streamed.encoding.prepare(&envelope, &mut SystemRandom) {
            Ok(message) => message,
            Err(error) => {
                self.not_sent(peer, &error.into_failure().reason);
                return StreamedReply::Whole(Reply::Refused(Refusal::Failed));
            }
        };
        if let Some(trace) = &self.parts.trace {
            let now = self.parts.clock.wall();
            if let Some(plain) = &plain {
                trace.plain(now, TraceDirection::Sent, "answer", plain);
            }
            trace.wire(now, TraceDirection::Sent, "answer", message.octets(), Some(&envelope));
        }
        let content_type = message.content_type().clone();
        let (output, octets) = net::pieces();
        let endpoint = Arc::clone(self);
        tokio::spawn(async move {
            let sent = message.send(Box::new(output), endpoint.parts.send_timeout).await;
            drop(held);
            if let Err(error) = sent {
                endpoint.not_sent(peer, &error.into_failure().reason);
            }
        });
        StreamedReply::Pieces { content_type, octets }
    }

    /// The same of a message that is whole, over a transport that has no pieces.
    pub(in crate::service) async fn whole_in_pieces(
        self: Arc<Self>,
        mut incoming: Incoming,
        streamed: Streamed,
    ) -> Reply {
        let (most, peer) = (streamed.encoding.max_held(), incoming.peer);
        let input = Box::new(Whole::new(std::mem::take(&mut incoming.octets)));
        match Arc::clone(&self).in_pieces(incoming, input, streamed).await {
            StreamedReply::Whole(reply) => reply,
            StreamedReply::Pieces { content_type, octets } => {
                match Pieces::collect(octets, most).await {
                    Ok(octets) => Reply::Message { content_type, octets, is_fault: false },
                    Err(error) => {
                        self.not_sent(peer, &error.to_string());
                        Reply::Refused(Refusal::Failed)
                    }
                }
            }
        }
    }
}
