//! One exchange in pieces, from the offer of its link to the end of both streams.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::sync::oneshot;
use waxwing_session::{Arrival, Encoded, Origin, Peer, ServiceAnswer, UnverifiedMessage};
use waxwing_soap::Envelope;

use super::Streamed;
use crate::contract::StreamPlace;
use crate::environment::SystemRandom;
use crate::log::Cut;
use crate::net::{Link, LinkOutput, LinkRefusal, OfferedLink};
use crate::service::endpoint::Endpoint;
use crate::service::watch::Counters;
use crate::streaming::{Leave, NotReceived, Patience, Received, receive};
use crate::trace::TraceDirection;

/// Takes the link, and answers the message that comes over it. Ready when the request has come in to its end and the answer
/// has gone out, or when the link broke.
pub(super) async fn serve(
    endpoint: Arc<Endpoint>,
    offered: Box<dyn OfferedLink>,
    streamed: Streamed,
) {
    let about = offered.about().clone();
    let peer = about.peer.unwrap_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
    let Ok(caller) = endpoint.admit(about.caller, peer).await else {
        return offered.refuse(LinkRefusal::Forbidden).await;
    };
    if endpoint.is_closing() {
        return offered.refuse(LinkRefusal::Busy).await;
    }
    let origin = Origin { peer: Peer::from(peer).over(about.protected), caller };
    let Ok(Link { mut output, mut input, .. }) = offered.accept().await else { return };
    let is_stream =
        |request: &Envelope| endpoint.takes_stream(&request.action().unwrap_or_default(), request);
    let encoding = (&streamed.encoding, streamed.encoding.content_type());
    let patience = Patience { first: streamed.first, each: streamed.patience };
    let received = receive(&mut *input, encoding, patience, is_stream).await;
    let Received { envelope, octets, rest } = match received {
        Ok(Some(received)) => received,
        // It has changed its mind.
        Ok(None) => return drop(output.close().await),
        Err(NotReceived::Malformed(problem) | NotReceived::ContentType(problem)) => {
            return endpoint.refused_message(peer, &problem);
        }
        Err(NotReceived::Link(failure)) => {
            return tracing::debug!(address = endpoint.address(), %peer, "no message: {}", Cut::of(&failure.reason));
        }
    };
    if let Some(trace) = &endpoint.parts.trace {
        let (now, note) = (endpoint.parts.clock.wall(), "request");
        trace.wire(now, TraceDirection::Received, note, &octets, Some(&envelope));
    }
    drop(octets);
    let close_timeout = endpoint.parts.close_timeout;
    let exchange = Exchange { endpoint, origin, peer, streamed };
    let answering = exchange.answer(UnverifiedMessage::from(envelope), output);
    match rest {
        // The operation reads it while it comes, or after the answer.
        Some(rest) => {
            let (under_way, answered) = oneshot::channel();
            let leave = Leave::Answered(answered, close_timeout);
            tokio::join!(rest.pump(input, streamed.patience, leave), async {
                answering.await;
                drop(under_way);
            });
        }
        None => answering.await,
    }
}

struct Exchange {
    endpoint: Arc<Endpoint>,
    origin: Origin,
    peer: SocketAddr,
    streamed: Streamed,
}

impl Exchange {
    /// Verifies a request, has it executed, and sends the answer.
    async fn answer(self, request: UnverifiedMessage, mut output: Box<dyn LinkOutput>) {
        let Self { endpoint, origin, peer, streamed } = self;
        Counters::add(&endpoint.counters.messages);
        let mut arrival = {
            let mut random = SystemRandom;
            let mut moment = endpoint.parts.clock.moment(&mut random);
            endpoint.parts.endpoint.receive(request, origin, &mut moment)
        };
        // The place of the call is free when its answer has gone.
        let (encoded, _place) = loop {
            arrival = match arrival {
                Arrival::Answer(encoded) => break (*encoded, None),
                Arrival::Authenticate(sender) => endpoint.judge(sender, peer).await,
                // There is no security session in an exchange.
                Arrival::Ended(_) => return,
                Arrival::Message(message) => {
                    endpoint.trace_request(message.plain.as_ref(), &message.message);
                    break endpoint.request(*message, None).await;
                }
            };
        };
        endpoint.report(&encoded, peer);
        let Encoded { answer, plain, .. } = encoded;
        let envelope = match answer {
            ServiceAnswer::Message(envelope) | ServiceAnswer::Fault(envelope) => envelope,
            ServiceAnswer::Accepted => return drop(output.close().await),
            // Nothing is said: the connection is aborted, as WCF does.
            _ => return,
        };
        let message = match streamed.encoding.prepare(&envelope, &mut SystemRandom) {
            Ok(message) => message,
            Err(error) => return endpoint.not_sent(peer, &error.into_failure().reason),
        };
        if let Some(trace) = &endpoint.parts.trace {
            let now = endpoint.parts.clock.wall();
            if let Some(plain) = &plain {
                trace.plain(now, TraceDirection::Sent, "answer", plain);
            }
            trace.wire(now, TraceDirection::Sent, "answer", message.octets(), Some(&envelope));
        }
        drop(envelope);
        if let Err(error) = message.send(output, endpoint.parts.send_timeout).await {
            endpoint.not_sent(peer, &error.into_failure().reason);
        }
    }
}

impl Endpoint {
    /// Whether what has come of a request of this action is that up to its stream.
    pub(super) fn takes_stream(&self, action: &str, request: &Envelope) -> bool {
        let operation = self.contract(action).operation(action);
        let place = operation.and_then(|operation| StreamPlace::of(&operation.request));
        place.is_some_and(|place| place.is_reached(request))
    }

    /// The client sees a connection that broke; why is for those who look after the service.
    pub(super) fn not_sent(&self, peer: SocketAddr, problem: &str) {
        if let Some(left_out) = self.log.pass() {
            let address = self.address();
            tracing::warn!(address, %peer, left_out, "an answer did not go out: {}", Cut::of(problem));
        }
    }
}
