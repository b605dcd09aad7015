//! Taking what comes in: it is read, answered with 202, and only then looked at, as WCF's one-way adapter does.

use std::net::SocketAddr;
use std::sync::Arc;

use waxwing_session::{
    Arrival, ArrivedMessage, DuplexArrival, DuplexInput, Encoded, Origin, Peer, UnverifiedMessage,
};

use super::outward::Outward;
use super::post::post;
use crate::environment::SystemRandom;
use crate::net::{Incoming, Refusal, Reply};
use crate::service::duplex::outgoing::{Outgoing, Posting};
use crate::service::endpoint::Endpoint;
use crate::service::watch::Counters;

impl Endpoint {
    /// Takes one message.
    pub(in crate::service) async fn take(self: Arc<Self>, mut request: Incoming) -> Reply {
        let (peer, protected) = (request.peer, request.protected);
        let caller = match self.admitted(&mut request).await {
            Ok(caller) => caller,
            Err(refusal) => return Reply::Refused(refusal),
        };
        let message = match self.parse(&mut request) {
            Ok(message) => message,
            Err(refusal) => return refusal,
        };
        let accepted = request.accepted_codings.take();
        drop(request);
        // Whoever finds no place comes again: WCF's clients do after a 503.
        let Ok(place) = Arc::clone(&self.looked_at).try_acquire_owned() else {
            return Reply::Refused(Refusal::Unavailable);
        };
        Counters::add(&self.counters.messages);
        let origin = Origin { peer: Peer::from(peer).over(protected), caller };
        if self.parts.endpoint.answers_in_exchange(&message) {
            return self.leg(message, origin, peer, accepted.as_deref()).await;
        }
        tokio::spawn(async move {
            self.look_at(message, origin, peer).await;
            drop(place);
        });
        Reply::Accepted
    }

    /// A leg of a negotiation, which is answered in its exchange. Whatever else it proves to be is taken as every message.
    async fn leg(
        self: &Arc<Self>,
        message: UnverifiedMessage,
        origin: Origin,
        peer: SocketAddr,
        accepted: Option<&str>,
    ) -> Reply {
        let arrival = {
            let mut random = SystemRandom;
            let mut moment = self.parts.clock.moment(&mut random);
            self.parts.endpoint.receive(message, origin, &mut moment)
        };
        match self.judged(arrival, peer).await {
            Arrival::Answer(encoded) if encoded.to.is_none() => {
                self.write(*encoded, peer, accepted)
            }
            other => {
                self.arrived(other, peer).await;
                Reply::Accepted
            }
        }
    }

    /// Who sent it is decided.
    async fn judged(self: &Arc<Self>, mut arrival: Arrival, peer: SocketAddr) -> Arrival {
        while let Arrival::Authenticate(sender) = arrival {
            arrival = self.judge(sender, peer).await;
        }
        arrival
    }

    /// Verifies a message and gives it to the conversations.
    async fn look_at(
        self: &Arc<Self>,
        message: UnverifiedMessage,
        origin: Origin,
        peer: SocketAddr,
    ) {
        let arrival = {
            let mut random = SystemRandom;
            let mut moment = self.parts.clock.moment(&mut random);
            self.parts.endpoint.receive(message, origin, &mut moment)
        };
        let arrival = self.judged(arrival, peer).await;
        self.arrived(arrival, peer).await;
    }

    async fn arrived(self: &Arc<Self>, arrival: Arrival, peer: SocketAddr) {
        match arrival {
            Arrival::Answer(encoded) => self.post_answer(*encoded, peer).await,
            Arrival::Ended(session) => self.converse(DuplexInput::PostedEnd(session)),
            Arrival::Message(message) if self.may_not_listen(&message) => {}
            Arrival::Message(message) => {
                let ArrivedMessage { message, plain, reply } = *message;
                self.trace_request(plain.as_ref(), &message);
                self.converse(DuplexInput::Posted(DuplexArrival { message, reply }));
            }
            // It was judged before.
            Arrival::Authenticate(_) => {}
        }
    }

    /// Whether somebody asks for a session who listens where nothing may be posted: there is none, and nobody is told.
    fn may_not_listen(&self, message: &ArrivedMessage) -> bool {
        let place = message.asks_for_session_at().zip(self.parts.outward.as_ref());
        place.is_some_and(|(to, outward)| outward.may_post(&to.address).is_err())
    }

    /// What the layers below say goes where the message has its answers, or to nobody.
    async fn post_answer(self: &Arc<Self>, mut encoded: Encoded, peer: SocketAddr) {
        self.report(&encoded, peer);
        // Who was given a session or a key is no stranger.
        let is_known = encoded.persist.is_some();
        let place = self.parts.outward.as_ref().and_then(Outward::to_stranger);
        if let (Some(to), true) = (encoded.to.take(), is_known || place.is_some()) {
            let message = Outgoing::Encoded(Box::new(encoded));
            let _ = Arc::clone(self).post_one_way(Arc::new(to), message).await;
            drop(place);
        }
    }

    /// Posts what is handed out for a link.
    pub(in crate::service) fn begin_posting(self: &Arc<Self>, posting: Posting) {
        let place = match posting.of_session {
            true => None,
            false => match self.parts.outward.as_ref().and_then(Outward::to_stranger) {
                None => return,
                place => place,
            },
        };
        let endpoint = Arc::downgrade(self);
        tokio::spawn(async move {
            post(endpoint, posting).await;
            drop(place);
        });
    }
}
