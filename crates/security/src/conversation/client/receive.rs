//! What comes from the service in the duplex flows: among answers and calls of the application the messages of the security
//! protocol, and in the end the service's last word.

use jiff::Timestamp;
use waxwing_soap::{Addressing, EndpointReference, Envelope, Moment};

use super::super::ending::{self, LastWord};
use super::super::error::{ClientError, FaultOrigin};
use super::super::faults::SECURE_CONVERSATION_FAULT;
use super::super::flow::Flow;
use super::super::received::Received;
use super::classify::{failure, visible_fault};
use super::exchange::{self, reference, trust_addressing};
use super::session::{Session, demands_renewal, not_open};
use super::{ClientSecurity, OneShotClient, SecureConversationClient, Step};
use crate::error::{Reason, SecurityError};
use crate::trust::TrustAction;
use crate::wsse::PrimaryToken;

/// What a message of the service comes to in a duplex flow.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is passed on once, never kept in numbers")]
pub enum FromService {
    /// It is for the layers above: an answer, a call, or a message of reliable messaging. What it answers its `RelatesTo`
    /// says, which was verified as everything else.
    Message(Received),
    /// It was the answer to a [`Step::SendInSession`]: this is next.
    Step(Step),
    /// The service demands a new session key, and did not process the message that this relates to: the renewal is
    /// [due](ClientSecurity::renewal_due) now, and the message may be sent again after it.
    RenewNeeded {
        /// The `MessageID` of the message, if it had one.
        relates_to: Option<String>,
    },
    /// The service sends nothing more in the session. It is over when the client has [said its last](ClientSecurity::end_output),
    /// too.
    Ended,
}

impl ClientSecurity {
    /// Takes a message that came from the service over the session's own link or address: all of them, whatever they are.
    /// Only for the duplex [flows](Flow).
    ///
    /// It must come from the service and be no message of the client's own that somebody sent back, must not have come
    /// before, and must be protected as its action demands in that direction. It answers no request by that: which one, if
    /// any, its `RelatesTo` says.
    ///
    /// # Errors
    /// [`ClientError::ends_session`]: the service's security refuses the session. Otherwise the message is to be
    /// forgotten. Over a connection, where messages do not get lost, it had better end, too; where anybody can post
    /// ([`Flow::CompositeDuplex`]) nothing that does not verify ends anything.
    pub fn receive(
        &mut self,
        envelope: Envelope,
        at: &mut Moment<'_>,
    ) -> Result<FromService, ClientError> {
        let unsecured = self.takes_unsecured(&envelope);
        match self {
            ClientSecurity::None => Ok(FromService::Message(Received::Unsecured(envelope))),
            ClientSecurity::OneShot(_) if unsecured => {
                Ok(FromService::Message(Received::Unsecured(envelope)))
            }
            ClientSecurity::OneShot(client) => client.receive(envelope, at.wall),
            ClientSecurity::Conversation(client) => client.receive(envelope, unsecured, at),
            ClientSecurity::Cookie(_) => Err(no_flow()),
        }
    }

    /// The client listens at this address ([`Flow::CompositeDuplex`]): what the service sends goes there. Before
    /// [`ClientSecurity::open`], where the address was not known when the security was made
    /// ([`ClientOptions::reply_to`](super::super::ClientOptions::reply_to)).
    pub fn listens_at(&mut self, address: EndpointReference) {
        let core = match self {
            ClientSecurity::None => return,
            ClientSecurity::OneShot(client) => &mut client.core,
            ClientSecurity::Conversation(client) => &mut client.core,
            ClientSecurity::Cookie(client) => &mut client.core,
        };
        core.options.reply_to = Some(address);
    }

    /// The last message of the client in its session, after which it sends nothing more: the request to cancel the
    /// session, or the answer to the service's. It goes out as every message of the session. None when nothing is to be
    /// said (any more); without a session the service says nothing last, either. Only for the duplex [flows](Flow).
    ///
    /// # Errors
    /// When it cannot be protected.
    pub fn end_output(
        &mut self,
        at: &mut Moment<'_>,
    ) -> Result<Option<Box<Envelope>>, ClientError> {
        match self {
            ClientSecurity::Conversation(client) => client.end_output(at),
            ClientSecurity::None | ClientSecurity::OneShot(_) | ClientSecurity::Cookie(_) => {
                Ok(None)
            }
        }
    }
}

impl OneShotClient {
    /// A message over a protected transport, which no request binds.
    fn receive(&self, envelope: Envelope, now: Timestamp) -> Result<FromService, ClientError> {
        if !self.core.options.flow.is_duplex() {
            return Err(no_flow());
        }
        let fault = visible_fault(&envelope);
        let dialect = self.core.options.settings.dialect;
        let verified = self
            .core
            .verify_by_transport(envelope, now)
            .map_err(|error| failure(fault, error, FaultOrigin::Call, dialect))?;
        Ok(FromService::Message(Received::Verified(Box::new(verified))))
    }
}

impl SecureConversationClient {
    fn receive(
        &mut self,
        envelope: Envelope,
        unsecured: bool,
        at: &mut Moment<'_>,
    ) -> Result<FromService, ClientError> {
        let flow = self.core.options.flow;
        if !flow.is_duplex() {
            return Err(no_flow());
        }
        if flow == Flow::CompositeDuplex
            && exchange::is_answered_by(&self.exchange, &self.core, &envelope)
        {
            return self.posted(envelope, at);
        }
        let received = match unsecured {
            true => Received::Unsecured(envelope),
            false => self.verified(envelope, at.wall)?,
        };
        let dialect = self.core.options.settings.dialect;
        let action = received.envelope().action().unwrap_or_default();
        match TrustAction::of(&action, dialect) {
            Some(TrustAction::Cancel) => return self.cancelled(&received),
            Some(TrustAction::CancelResponse) => return self.cancel_answered(&received),
            _ => {}
        }
        if *action == *SECURE_CONVERSATION_FAULT && demands_renewal(received.envelope()) {
            return Ok(self.renewal_demanded(&received));
        }
        let session = self.session.as_ref().ok_or_else(not_open)?;
        // What was posted may overtake.
        if session.ending.has_heard() && flow == Flow::DuplexSession {
            return Err(ClientError::Unverifiable(Reason::AfterTheEnd.into()));
        }
        drop(action);
        Ok(FromService::Message(received))
    }

    /// The answer to a request for a session or a new key.
    fn posted(
        &mut self,
        envelope: Envelope,
        at: &mut Moment<'_>,
    ) -> Result<FromService, ClientError> {
        let current = self.session.as_ref().map(Session::renewed);
        let (core, exchange) = (&mut self.core, &mut self.exchange);
        let issued = exchange::handle_posted(core, exchange, current, envelope, at.wall)?;
        self.adopt(issued, at);
        Ok(FromService::Step(Step::Established))
    }

    fn verified(&self, envelope: Envelope, now: Timestamp) -> Result<Received, ClientError> {
        let options = &self.core.options;
        let (flow, dialect) = (options.flow, options.settings.dialect);
        let fault = visible_fault(&envelope);
        let verified = self.verify_in_session(envelope, &[], now);
        let checked = verified.and_then(|verified| match self.is_for_us(verified.envelope()) {
            true => Ok(verified),
            false => Err(SecurityError::new(Reason::Reflected)),
        });
        match checked {
            Ok(verified) => Ok(Received::Verified(Box::new(verified))),
            // Anybody can post a fault.
            Err(error) if flow == Flow::CompositeDuplex => Err(ClientError::Unverifiable(error)),
            Err(error) => Err(failure(fault, error, FaultOrigin::Call, dialect)),
        }
    }

    /// Whether a message is addressed to the client. With derived keys the keys tell already that it is no message of its
    /// own; without them the address does, which is signed.
    fn is_for_us(&self, envelope: &Envelope) -> bool {
        let options = &self.core.options;
        if options.is_by_transport() || options.settings.derived_keys {
            return true;
        }
        let own = options.reply_to.as_ref().map(|own| own.address.as_str());
        let own = own.unwrap_or(options.version.addressing.anonymous());
        Addressing::read(envelope).is_ok_and(|found| found.to.as_deref() == Some(own))
    }

    /// The service has said its last, unasked.
    fn cancelled(&mut self, received: &Received) -> Result<FromService, ClientError> {
        let dialect = self.core.options.settings.dialect;
        let session = self.session.as_mut().ok_or_else(not_open)?;
        let identifier = &session.current.keys.token().identifier;
        let envelope = received.envelope();
        ending::check_cancellation(envelope, identifier, dialect)
            .map_err(ClientError::Unverifiable)?;
        let message_id = Addressing::read(envelope).ok().and_then(|found| found.message_id);
        if session.ending.hears(message_id) {
            self.session = None;
        }
        Ok(FromService::Ended)
    }

    /// The service has said its last, as it was asked to.
    fn cancel_answered(&mut self, received: &Received) -> Result<FromService, ClientError> {
        let dialect = self.core.options.settings.dialect;
        let session = self.session.as_ref().ok_or_else(not_open)?;
        session
            .ending
            .check_answer(received.envelope(), dialect)
            .map_err(|error| ClientError::Response { origin: FaultOrigin::Cancel, error })?;
        self.session = None;
        Ok(FromService::Ended)
    }

    /// What is said of a key that was renewed meanwhile says nothing of the new one: the fault is under the key that it is
    /// about.
    fn renewal_demanded(&mut self, received: &Received) -> FromService {
        let under = received.verified().map(|verified| verified.token());
        let session = self.session.as_mut();
        let of_current = session.filter(|session| match under {
            Some(PrimaryToken::Context(proven)) => {
                proven.instance() == session.current.keys.token().instance.as_deref()
            }
            _ => true,
        });
        of_current.into_iter().for_each(|session| session.renew_demanded = true);
        let addressing = Addressing::read(received.envelope()).ok();
        FromService::RenewNeeded { relates_to: addressing.and_then(|found| found.relates_to) }
    }

    fn end_output(&mut self, at: &mut Moment<'_>) -> Result<Option<Box<Envelope>>, ClientError> {
        if !self.core.options.flow.is_duplex() {
            return Err(no_flow());
        }
        let Some(session) = &self.session else { return Ok(None) };
        let word = session.ending.last_word();
        let target = reference(session.current.keys.token());
        let options = &self.core.options;
        let dialect = options.settings.dialect;
        let request = trust_addressing(&self.core, TrustAction::Cancel, at.random);
        let message_id = request.message_id.clone().unwrap_or_default();
        let addressing = ending::addressing(&word, dialect, request);
        let mut envelope = ending::headers(options.version, &addressing, options.is_by_transport());
        options.headers.write(&mut envelope);
        match word {
            LastWord::Said => return Ok(None),
            LastWord::Ask => ending::write_cancellation(&mut envelope, target, dialect),
            LastWord::Answer(_) => ending::write_cancelled(&mut envelope, dialect),
        }
        let (envelope, _) = self.protect(envelope, at)?;
        match (word, &mut self.session) {
            (LastWord::Ask, Some(session)) => session.ending.asks(message_id),
            _ => self.session = None,
        }
        Ok(Some(Box::new(envelope)))
    }
}

#[cold]
fn no_flow() -> ClientError {
    ClientError::State("the messages of this binding are exchanges: a reply belongs to its request")
}
