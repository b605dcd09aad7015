//! Requests to other nodes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use waxwing_crypto::CryptoError;
use waxwing_crypto::https::TlsProfile;
use waxwing_store::NodeAddress;

use super::hook::Forwarded;
use super::membership::Membership;
use super::options::NodeOptions;
use super::trust::NodeTrust;
use super::wire::{self, MAX_HEAD};
use crate::net::{
    ClientTls, HttpSettings, HttpTransport, Outcome, Reply, Request, Transport, TransportCause,
    written,
};

/// The path that nodes listen at.
pub(super) const PATH: &str = "/waxwing/node";

/// The content type of what nodes say to each other.
pub(super) const CONTENT_TYPE: &str = "application/x-waxwing-node";

/// The request that only asks whether a node lives, and its answer.
pub(super) const ARE_YOU_THERE: &[u8] = b"?";

/// How many nodes have a gate at most; more are looked after when those that nobody uses are gone.
const MAX_GATES: usize = 1024;

/// The connections to all other nodes: kept while they are used, for a minute and a half when not.
pub(super) struct Links {
    transport: HttpTransport,
    membership: Arc<Membership>,
    /// How many requests may be under way, for each node.
    gates: Mutex<HashMap<NodeAddress, Arc<Semaphore>>>,
    limits: Limits,
}

struct Limits {
    connect: Duration,
    silence: Duration,
    answer: Duration,
    requests: usize,
    message: usize,
}

/// Why there is no answer of another node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAnswer {
    /// So many requests are under way to it.
    #[error("{0} requests are under way to it")]
    Full(usize),
    /// It does not say any more that it lives.
    #[error("it does not live any more")]
    Dead,
    /// It does not answer that it lives.
    #[error("it takes connections and does not answer")]
    Silent,
    /// The time is over.
    #[error("it did not answer in {0:?}")]
    TooLate(Duration),
    /// What it says is not understood: it is of another release.
    #[error("what it says is not understood: is it of another release?")]
    Foreign,
    /// What proves who the caller is is known to this node alone.
    #[error("what its caller has shown (HTTP Digest) is good at one node only")]
    Caller,
    /// The transport says why.
    #[error("{0}")]
    Transport(String),
}

impl Links {
    pub(super) fn new(
        options: &NodeOptions,
        trust: NodeTrust,
        membership: Arc<Membership>,
    ) -> Result<Self, CryptoError> {
        let identity = Some(&options.identity);
        let tls = ClientTls::new(TlsProfile::default(), identity, Arc::new(trust))?;
        let settings = HttpSettings { tls: Some(tls), ..HttpSettings::default() };
        let limits = Limits {
            connect: options.connect_timeout,
            silence: options.silence_timeout,
            answer: options.answer_timeout,
            requests: options.max_requests,
            message: options.max_message,
        };
        let transport = HttpTransport::new(settings);
        Ok(Self { transport, membership, gates: Mutex::default(), limits })
    }

    /// Hands a request to another node and waits for its answer, as long as that lives.
    ///
    /// # Errors
    /// Why there is none. What became of the request is not known.
    pub(super) async fn forward(
        &self,
        to: &NodeAddress,
        forwarded: &Forwarded,
    ) -> Result<Reply, NoAnswer> {
        let octets = wire::request(forwarded).ok_or(NoAnswer::Caller)?;
        let gate = self.gate(to);
        let full = |_| NoAnswer::Full(self.limits.requests);
        let _place = gate.try_acquire().map_err(full)?;
        let answered = tokio::select! {
            answered = self.exchange(to, octets) => answered?,
            why = self.watch(to) => return Err(why),
            () = tokio::time::sleep(self.limits.answer) => {
                return Err(NoAnswer::TooLate(self.limits.answer));
            }
        };
        wire::read_reply(&answered).ok_or(NoAnswer::Foreign)
    }

    /// Ends when the other node seems not to live any more. It is asked over a connection of its own, from the time on when an
    /// answer might have been there.
    async fn watch(&self, to: &NodeAddress) -> NoAnswer {
        loop {
            tokio::time::sleep(self.limits.silence).await;
            if !self.membership.lives(to) {
                return NoAnswer::Dead;
            }
            let asked = self.exchange(to, Bytes::from_static(ARE_YOU_THERE));
            match tokio::time::timeout(self.limits.silence, asked).await {
                Ok(Ok(_)) => {}
                Ok(Err(why)) => return why,
                Err(_) => return NoAnswer::Silent,
            }
        }
    }

    async fn exchange(&self, to: &NodeAddress, octets: Bytes) -> Result<Bytes, NoAnswer> {
        let address = format!("https://{}{PATH}", to.0);
        let (written, told) = written();
        let mut request = Request::new(&address, CONTENT_TYPE, octets, written);
        request.max_answer = self.limits.message.saturating_add(MAX_HEAD);
        let exchange = self.transport.exchange(request);
        // Until it is written: then it is a matter of the other node.
        let connecting = async {
            if tokio::time::timeout(self.limits.connect, told).await.is_ok() {
                std::future::pending::<()>().await;
            }
        };
        let answer = tokio::select! {
            answer = exchange => answer,
            () = connecting => {
                let text = format!("it was not connected within {:?}", self.limits.connect);
                return Err(NoAnswer::Transport(text));
            }
        };
        match answer.outcome {
            Outcome::Message { .. } => Ok(answer.octets),
            Outcome::Empty => Err(NoAnswer::Foreign),
            Outcome::Failed(failure) if failure.cause == TransportCause::NotFound => {
                Err(NoAnswer::Foreign)
            }
            Outcome::Failed(failure) => Err(NoAnswer::Transport(failure.reason)),
        }
    }

    /// The most octets of a message that is handed on.
    pub(super) fn max_message(&self) -> usize {
        self.limits.message
    }

    fn gate(&self, to: &NodeAddress) -> Arc<Semaphore> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.len() >= MAX_GATES {
            gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        }
        let new = || Arc::new(Semaphore::new(self.limits.requests));
        Arc::clone(gates.entry(to.clone()).or_insert_with(new))
    }
}
