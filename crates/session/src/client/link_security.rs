//! Message security over links: one conversation protects what goes both ways, whichever link carries it. Its key lives
//! with the session; the handshake and renewals are exchanges of their own.

use waxwing_security::conversation::{ClientError, ClientSecurity, FromService, Received};
use waxwing_security::wsse::names::WSSE;
use waxwing_soap::{Envelope, Moment};

use super::answer::other_version;
use super::attempt::Stage;
use super::link::LinkCalls;
use super::state::{Calls, ClientSession, Phase, Way};
use crate::duplex::LinkDemand;
use crate::error::SessionError;
use crate::mutation::{Mutation, broken};

impl ClientSession {
    /// Whether what goes over links is protected, and ends with a word of its own.
    pub(super) fn is_conversation(&self) -> bool {
        matches!(self.security, ClientSecurity::Conversation(_))
    }

    /// Whether the sequences are being created under a key that there is: over links that takes as long as there is no link.
    pub(super) fn is_created_under_key(&self) -> bool {
        let is_creating = match &self.phase {
            Phase::Opening(opening) => opening.stage == Stage::Creating,
            _ => false,
        };
        is_creating && matches!(self.calls, Calls::Links(_))
    }

    /// Protects a message as it goes out: under the key of this moment.
    pub(super) fn protect_on_link(
        &mut self,
        envelope: Envelope,
        at: &mut Moment<'_>,
    ) -> Result<Envelope, ClientError> {
        if matches!(self.security, ClientSecurity::None) {
            return Ok(envelope);
        }
        self.renew_when_due(at);
        if self.is_renewing() && self.security.is_key_over(at) {
            // Perhaps nobody says that it was refused, and the next attempt may be as late as this one.
            self.resend_after_renewal();
        }
        self.security.protect(envelope, at).map(|(envelope, _)| envelope)
    }

    /// A message came in over the session's link: verified before anything of it is believed.
    pub(super) fn came_over_link(&mut self, envelope: Envelope, at: &mut Moment<'_>) {
        let is_unsecured = matches!(self.security, ClientSecurity::None);
        if envelope.version() != self.settings.version {
            let text = other_version(envelope.version(), self.settings.version);
            // Where messages are protected, it is nobody's word.
            return if is_unsecured { self.unusable(text, at) } else { self.warn(dropped(&text)) };
        }
        let believed = broken(Mutation::BelieveUnverified) && !is_protected(&envelope);
        if is_unsecured || believed {
            return self.verified_on_link(Received::Unsecured(envelope), at);
        }
        match self.security.receive(envelope, at) {
            Ok(FromService::Message(received)) => {
                self.trace_plain(None, &received);
                self.verified_on_link(received, at);
            }
            Ok(FromService::Step(step)) => self.step(step, at),
            Ok(FromService::RenewNeeded { relates_to }) => {
                self.renew_for(relates_to.as_deref(), at);
            }
            Ok(FromService::Ended) => self.security_ended(at),
            Err(error) if error.ends_session() && !self.is_composite() => {
                self.security_over(&error);
                self.fault(error.into(), at);
            }
            // Anybody on the way may have written it. What it was instead of is lost: it comes again in a reliable session.
            Err(error) => self.warn(dropped(&error)),
        }
    }

    fn verified_on_link(&mut self, received: Received, at: &mut Moment<'_>) {
        let is_reliable = self.links().is_some_and(|links| links.sequence.is_some());
        match is_reliable {
            true => self.received_reliable(received, at),
            false => self.received(received, at),
        }
    }

    /// The service wants a new key, and has not processed a message: it goes again with that one.
    fn renew_for(&mut self, relates_to: Option<&str>, at: &mut Moment<'_>) {
        if self.has_link_sequence() {
            self.resend_after_renewal();
            return self.renew_when_due(at);
        }
        let Some(links) = self.links() else { return };
        match links.demanded_again(relates_to) {
            Some(again) => links.waiting.push_back(again),
            None => self.warn(UNRELATED_DEMAND),
        }
        self.renew_when_due(at);
        if !self.is_renewing() {
            self.send_waiting(at);
        }
    }

    /// The service has ended its side of the security session: it sends nothing more.
    fn security_ended(&mut self, at: &mut Moment<'_>) {
        let (has_sequence, is_composite) = (self.has_link_sequence(), self.is_composite());
        let Some(links) = self.links() else { return };
        links.is_over_at_service = true;
        match self.phase {
            // It counts as the answer to our own word.
            Phase::Cancelling { .. } => self.leave_link(LinkDemand::Close),
            _ if has_sequence && is_composite => self.security_lost_below(at),
            _ if has_sequence => {
                let reason = "the service has ended the security session".to_owned();
                self.fault(SessionError::Aborted(reason), at);
            }
            _ => self.service_ended(at),
        }
    }

    /// The end of a session over links: every call is answered, the sequences are over. Says the last word of the security
    /// session, and waits for the service's.
    pub(super) fn end_security_over_link(&mut self, at: &mut Moment<'_>) {
        let until = match self.phase {
            Phase::Closing { until } => until,
            _ => at.time + self.settings.send_timeout,
        };
        // A renewal under way is of no use any more.
        self.abandon_exchange();
        let until = self.patience_for_last_word(until, at.time);
        self.phase = Phase::Cancelling { until };
        let is_told = self.say_last_word(at);
        let is_over = self.links().is_none_or(|links| links.is_over_at_service);
        if !is_told || is_over {
            self.leave_link(LinkDemand::Close);
        }
        if self.links().is_none_or(|links| links.link.is_none()) {
            // The service hears of it on a connection of its own, if at all: it knows that the sequences are over.
            self.tell_by_cancel(at);
            self.end();
        }
    }

    /// Tells the service over the link that nothing more comes in this security session. Gives whether it could.
    pub(super) fn say_last_word(&mut self, at: &mut Moment<'_>) -> bool {
        if !self.is_conversation() {
            return false;
        }
        let Some(link) = self.links().and_then(|links| links.open_link()).map(|link| link.id)
        else {
            return false;
        };
        match self.security.end_output(at) {
            Ok(None) => false,
            Ok(Some(envelope)) => {
                let until = match self.phase {
                    Phase::Cancelling { until } => until,
                    _ => at.time + self.settings.send_timeout,
                };
                let way = Way::Link { link, is_answer: false, is_awaited: false };
                self.transmit_over(way, *envelope, None, until);
                if let Some(own) = self.links().and_then(LinkCalls::own_link) {
                    own.is_last_said = true;
                }
                true
            }
            Err(error) => {
                self.warn(format!("the security session was not cancelled: {error}"));
                false
            }
        }
    }

    /// Nothing is said any more in a security session that the service does not know.
    fn security_over(&mut self, error: &ClientError) {
        if let Some(own) = self.links().and_then(LinkCalls::own_link) {
            own.is_last_said = true;
        }
        self.warn(format!("the security session is over: {error}"));
    }
}

fn dropped(why: &dyn std::fmt::Display) -> String {
    format!("a message on the connection was dropped: {why}")
}

/// Whether a message claims to be protected: for who breaks the rule.
fn is_protected(envelope: &Envelope) -> bool {
    envelope.headers().any(|header| header.is(WSSE, "Security"))
}

/// What is said of a demand for a new key that nothing relates to a call.
const UNRELATED_DEMAND: &str = "the service demands a new session key for a one-way message: nothing says for which (RelatesTo), so \
     it is not known whether it was executed, and it was not sent again";
