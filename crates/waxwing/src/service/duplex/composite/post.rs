//! The task that posts to one client, as long as its session lives.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use waxwing_session::{
    DuplexInput, Encoded, LinkId, ServiceAnswer, TransmissionId, TransportCause, TransportFailure,
};
use waxwing_soap::EndpointReference;
use waxwing_soap::encoder::{self as soap, Encoder};

use crate::environment::SystemRandom;
use crate::service::duplex::outgoing::{Outgoing, Posting};
use crate::service::endpoint::Endpoint;
use crate::trace::TraceDirection;

/// How many messages are on their way to one client at a time.
const UNDER_WAY: usize = 8;

/// How many wait behind them. What finds no place is as if it were lost: it comes again.
const WAITING: usize = 128;

/// How a message fared.
type Sent = (Option<TransmissionId>, Result<(), TransportFailure>);

/// Posts what is handed out, until nothing more is.
pub(in crate::service::duplex) async fn post(endpoint: Weak<Endpoint>, posting: Posting) {
    let Posting { link, to, mut outgoing, backlog, .. } = posting;
    let mut client =
        Client { endpoint, link, to, under_way: FuturesUnordered::new(), waiting: VecDeque::new() };
    loop {
        tokio::select! {
            handed = outgoing.recv() => {
                let Some((message, weight)) = handed else { break };
                backlog.less(weight);
                match message {
                    Outgoing::Close => break,
                    message => client.hand_out(message),
                }
            }
            Some(sent) = client.under_way.next() => client.sent(sent),
        }
    }
    let Some(patience) = client.endpoint.upgrade().map(|own| own.parts.close_timeout) else {
        return;
    };
    let flush = async {
        while let Some(sent) = client.under_way.next().await {
            client.sent(sent);
        }
    };
    let _ = tokio::time::timeout(patience, flush).await;
}

/// A client, and what is on its way to it.
struct Client {
    endpoint: Weak<Endpoint>,
    link: LinkId,
    to: Arc<EndpointReference>,
    under_way: FuturesUnordered<BoxFuture<'static, Sent>>,
    waiting: VecDeque<Outgoing>,
}

impl Client {
    fn hand_out(&mut self, message: Outgoing) {
        if self.waiting.len() < WAITING {
            self.waiting.push_back(message);
            return self.post();
        }
        let reason = format!("{WAITING} messages wait to be posted to {}", self.to.address);
        let failure = TransportFailure { cause: TransportCause::NoAnswer, reason };
        if let Outgoing::Message(id, _) = message {
            self.sent((Some(id), Err(failure)));
        }
    }

    /// Posts what waits, as far as may be on its way.
    fn post(&mut self) {
        while self.under_way.len() < UNDER_WAY
            && let Some(message) = self.waiting.pop_front()
            && let Some(endpoint) = self.endpoint.upgrade()
        {
            let to = Arc::clone(&self.to);
            self.under_way.push(Box::pin(endpoint.post_one_way(to, message)));
        }
    }

    fn sent(&mut self, (id, result): Sent) {
        if let (Some(endpoint), Some(id)) = (self.endpoint.upgrade(), id) {
            let link = self.link;
            endpoint.converse(match result {
                Ok(()) => DuplexInput::Written { link, id },
                Err(failure) => DuplexInput::NotSent { link, id, failure },
            });
        }
        self.post();
    }
}

impl Endpoint {
    /// Protects a message and posts it.
    pub(super) async fn post_one_way(
        self: Arc<Self>,
        to: Arc<EndpointReference>,
        message: Outgoing,
    ) -> Sent {
        let (id, encoded) = match message {
            Outgoing::Message(id, message) => {
                let mut random = SystemRandom;
                let mut at = self.parts.clock.moment(&mut random);
                (Some(id), self.parts.endpoint.encode_on_link(*message, &mut at))
            }
            Outgoing::Encoded(encoded) => (None, *encoded),
            Outgoing::Close => return (None, Ok(())),
        };
        (id, self.post_encoded(&to.address, encoded).await)
    }

    async fn post_encoded(
        self: &Arc<Self>,
        to: &str,
        encoded: Encoded,
    ) -> Result<(), TransportFailure> {
        let (ServiceAnswer::Message(envelope) | ServiceAnswer::Fault(envelope)) = encoded.answer
        else {
            return Ok(());
        };
        let action = envelope.action().unwrap_or_default().into_owned();
        let mut encoder = self.parts.encoding;
        let soap::Encoded { content_type, octets } = encoder.write(&envelope, &mut SystemRandom);
        if let Some(trace) = &self.parts.trace {
            let now = self.parts.clock.wall();
            if let Some(plain) = &encoded.plain {
                trace.plain(now, TraceDirection::Sent, "message", plain);
            }
            trace.wire(now, TraceDirection::Sent, "message", &octets, Some(&envelope));
        }
        drop(envelope);
        let Some(outward) = &self.parts.outward else { return Ok(()) };
        let patience = self.parts.send_timeout;
        let post = outward.post(to, &action, &content_type, octets.into());
        tokio::time::timeout(patience, post).await.unwrap_or_else(|_| {
            let reason = format!("{to} did not take a message within {patience:.1?}");
            Err(TransportFailure { cause: TransportCause::NoAnswer, reason })
        })
    }
}
