//! An endpoint whose sessions are kept: what comes before a message is judged, what is made durable of its sessions, and how they
//! are taken up and let go.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use waxwing_reliable::SessionId;
use waxwing_security::conversation::{ServiceError, ServiceSecurity};
use waxwing_security::trust::TrustAction;
use waxwing_security::wsse::Dialect;
use waxwing_session::{
    ClaimedNames, Encoded, Moment, ServiceInput, SessionChange, Ticket, UnverifiedMessage,
};
use waxwing_store::NodeAddress;

use super::durable::{
    Access, Asker, Came, Claimed, Counters as Kept, Durability, Holder, NotRestored, Pass, Pending,
    Restored, RestoredSession,
};
use super::endpoint::Endpoint;
use super::watch::HostEvent;
use crate::cluster::{Forwarded, Placement};
use crate::environment::SystemRandom;
use crate::log::Cut;
use crate::net::{Incoming, Refusal, Reply};

/// Whether a message begins a security session. What it names is of a negotiation, and in no store.
fn begins_a_session(message: &UnverifiedMessage) -> bool {
    let action = message.action().unwrap_or_default();
    let begins = |dialect| {
        TrustAction::of(action, dialect)
            .is_some_and(|action| !matches!(action, TrustAction::Renew | TrustAction::Cancel))
    };
    Dialect::ALL.into_iter().any(begins)
}

impl Endpoint {
    /// Finds out whether a message is judged here, and brings here what it belongs to. Nothing of it is verified.
    pub(super) async fn claimed(
        &self,
        durability: &Durability,
        message: &UnverifiedMessage,
        came: Came,
        asker: impl FnOnce() -> Asker,
    ) -> Claimed {
        if self.is_closing.load(Ordering::SeqCst) {
            return self.later(
                "the host is closing; its sessions go on when it opens again, or elsewhere",
            );
        }
        let keeper = &durability.keeper;
        let names = message.names();
        if self.is_draining.load(Ordering::SeqCst) {
            return self.claimed_elsewhere(durability, message, &names, came);
        }
        if begins_a_session(message) {
            let cluster = durability.cluster.as_ref().filter(|_| came == Came::FromAClient);
            return match cluster.map(|cluster| cluster.place(&names)) {
                None | Some(Placement::Here) => Claimed::Here(Pass::default()),
                Some(Placement::There(node)) => Claimed::There(node),
                Some(Placement::Nowhere) => self.later("the node that negotiates is gone"),
            };
        }
        match keeper.access(&names, durability.belongs, asker).await {
            Access::Here(pass) => Claimed::Here(pass),
            Access::There(node) if durability.cluster.is_some() && came == Came::FromAClient => {
                Claimed::There(node)
            }
            Access::There(node) => self.later(&format!("the node {} has its session", node.0)),
            Access::Later(why) => self.later(&why),
        }
    }

    /// Where a message goes while this node lets everything go: what is not here any more belongs to whoever takes it up.
    fn claimed_elsewhere(
        &self,
        durability: &Durability,
        message: &UnverifiedMessage,
        names: &ClaimedNames,
        came: Came,
    ) -> Claimed {
        let known = durability.keeper.is_known(names, durability.belongs);
        let cluster = durability.cluster.as_ref();
        let cluster = cluster.filter(|_| came == Came::FromAClient && !known);
        let Some(cluster) = cluster else {
            return self.later("this node is being drained, and lets the session go");
        };
        if let (true, Placement::There(node)) = (begins_a_session(message), cluster.place(names)) {
            return Claimed::There(node);
        }
        let all = names.contexts.iter().chain(&names.sequences).chain(&names.origin);
        let name = all.chain(&names.negotiation).next().map_or("", String::as_str);
        match cluster.elsewhere(name) {
            Some(node) => Claimed::There(node),
            None => self.later("this node is being drained, and there is no other"),
        }
    }

    /// A message is answered 503: nothing of it was looked at, and its sender comes again.
    fn later(&self, why: &str) -> Claimed {
        if let Some(durability) = &self.parts.durability {
            Kept::add(&durability.keeper.counters.refused);
        }
        if let Some(left_out) = self.log.pass() {
            let address = self.address();
            tracing::warn!(address, left_out, "a message is answered 503: {}", Cut::own(why));
        }
        Claimed::Later
    }

    /// Hands a request to the node that has its session, and gives that one's answer.
    pub(super) async fn hand_over(
        &self,
        durability: &Durability,
        node: &NodeAddress,
        incoming: Incoming,
    ) -> Reply {
        let Some(cluster) = &durability.cluster else {
            return Reply::Refused(Refusal::Unavailable);
        };
        Kept::add(&durability.keeper.counters.forwarded);
        let endpoint = Arc::clone(&durability.name);
        let reply = cluster.forward(node, Forwarded { endpoint, incoming }).await;
        reply.unwrap_or_else(|| {
            self.later(&format!("the node {} has its session and does not answer", node.0));
            Reply::Refused(Refusal::Unavailable)
        })
    }

    /// Writes an answer of the security protocol, when what it promises is durable.
    pub(super) async fn answer(
        self: &Arc<Self>,
        encoded: Encoded,
        pass: Option<&Pass>,
        peer: std::net::SocketAddr,
        accepted: Option<&str>,
    ) -> Reply {
        let Some(durability) = &self.parts.durability else {
            return self.write(encoded, peer, accepted);
        };
        if encoded.refused.is_some() && !self.is_certain(pass) {
            // It was forgotten here after it had been found: the refusal says nothing.
            self.later("its security session was forgotten here while it was looked at");
            return Reply::Refused(Refusal::Unavailable);
        }
        if let Some(session) = &encoded.persist {
            let (keeper, now) = (&durability.keeper, self.parts.clock.wall());
            let (identifier, save) = (session.identifier(), || self.security().save(session));
            let kept = keeper.keep_context(durability.place, identifier, save, now).await;
            if let Err(why) = kept {
                self.security().discard(session.identifier());
                self.later(&format!("its new security session or key cannot be kept: {why}"));
                return Reply::Refused(Refusal::Unavailable);
            }
        }
        self.write(encoded, peer, accepted)
    }

    fn security(&self) -> &ServiceSecurity {
        self.parts.endpoint.security()
    }

    /// Whether what a message belongs to is as certain as it was when it was found.
    pub(super) fn is_certain(&self, pass: Option<&Pass>) -> bool {
        match (&self.parts.durability, pass) {
            (Some(durability), Some(pass)) => durability.keeper.still(pass),
            _ => true,
        }
    }

    /// Hands what is to be kept of a session to the store. Under the lock of the sessions.
    pub(super) fn persist(&self, change: &SessionChange, at: &Moment<'_>) -> Option<Pending> {
        let Durability { keeper, place, .. } = self.parts.durability.as_ref()?;
        Some(keeper.persist(*place, change, at.wall))
    }

    /// Waits for what is being made durable; under no lock.
    pub(super) fn settle(&self, pending: Vec<Pending>) {
        let Some(durability) = &self.parts.durability else { return };
        for pending in pending {
            tokio::spawn(Arc::clone(&durability.keeper).settle(pending));
        }
    }

    /// Nothing need be kept of a session any more.
    pub(super) fn forget(&self, session: &SessionId) {
        let Some(durability) = &self.parts.durability else { return };
        let is_marked = durability.keeper.forget(session);
        if let Some(applications) = durability.applications.clone().filter(|_| is_marked) {
            let session = session.clone();
            tokio::spawn(async move {
                if let Err(error) = applications.forget(session.as_str(), u64::MAX).await {
                    tracing::info!(%session, "marks of the application stay until their time is over: {error}");
                }
            });
        }
    }

    /// Nothing need be kept of security sessions that are over.
    pub(super) fn forget_contexts(&self) {
        let Some(durability) = &self.parts.durability else { return };
        for identifier in self.security().forgotten() {
            durability.keeper.end_context(&identifier);
        }
    }
}

impl Holder for Endpoint {
    fn persisted(self: Arc<Self>, session: SessionId, ticket: Ticket) {
        self.give(ServiceInput::Persisted { session, ticket });
    }

    fn discard(self: Arc<Self>, context: Option<&str>, sessions: Vec<SessionId>, why: &str) {
        for session in sessions {
            self.tell(|address| HostEvent::SessionDiscarded {
                address,
                session: session.to_string(),
                reason: Cut::of(why).to_string(),
            });
            if let Some(left_out) = self.log.pass() {
                let (address, why) = (self.address(), Cut::of(why));
                tracing::warn!(address, %session, left_out, "a session was forgotten here, to be loaded again: {why}");
            }
            self.give(ServiceInput::Discard(session));
        }
        if let Some(context) = context {
            self.security().discard(context);
        }
    }

    fn restore(self: Arc<Self>, restored: Restored) -> Result<(), NotRestored> {
        let Restored { context, sessions } = restored;
        let security = match &context {
            None => None,
            Some(saved) => {
                let mut random = SystemRandom;
                let mut at = self.parts.clock.moment(&mut random);
                let restored = self.security().restore(saved, &mut at);
                Some(restored.map_err(|error| match error {
                    ServiceError::NotRestored(_) => NotRestored::Never(error.to_string()),
                    _ => NotRestored::Later(error.to_string()),
                })?)
            }
        };
        for RestoredSession { saved, messages } in sessions {
            let (saved, security) = (Box::new(saved), security.clone());
            self.give(ServiceInput::Restore { saved, security, messages });
        }
        Ok(())
    }
}
