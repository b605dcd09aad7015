//! How a session ends in the duplex flows: the client's last word and the service's.

use std::sync::Arc;

use waxwing_soap::{Addressing, EndpointReference, Envelope, MessageVersion, Moment};

use super::super::ending::{self, LastWord};
use super::super::faults::make;
use super::super::flow::Flow;
use super::error::ServiceError;
use super::reply::{Reply, SessionReply};
use super::request::Request;
use super::session::Session;
use super::{Incoming, ReplyContext, SecuritySession, ServiceSecurity};
use crate::error::Reason;
use crate::trust::{ContextReference, TrustAction};
use crate::wsse::Verified;

impl ReplyContext {
    /// How messages of the service are protected in a session, whatever they answer. In the duplex flows it is the context of
    /// each message of the session, and good for all that the service sends in it, as long as it is there; it follows
    /// renewals of the key by itself.
    pub fn of(session: &SecuritySession) -> Self {
        ReplyContext(Reply::Session(unprompted(&session.0)))
    }
}

fn unprompted(session: &Arc<Session>) -> Arc<SessionReply> {
    Arc::new(SessionReply { session: Arc::clone(session), confirmations: Vec::new() })
}

impl ServiceSecurity {
    /// The last message of the service in a session, after which it sends nothing more: the answer to the client's
    /// cancellation ([`Incoming::Ended`]), or if it has not come the service's own. None when nothing is to be said (any
    /// more). Only for the duplex [flows](super::super::Flow). When both ends have said their last the session is over, and
    /// its messages get `BadContextToken`.
    ///
    /// `to` is where the messages of the session go to; none means the anonymous endpoint, as over a connection.
    ///
    /// # Errors
    /// When the message cannot be protected.
    pub fn end_output(
        &self,
        session: &SecuritySession,
        version: MessageVersion,
        to: Option<&EndpointReference>,
        at: &mut Moment<'_>,
    ) -> Result<Option<Envelope>, ServiceError> {
        let own = &session.0;
        let mut ending = own.ending();
        let word = ending.last_word();
        if word == LastWord::Said || !self.knows(&own.identifier) {
            return Ok(None);
        }
        let dialect = self.options.settings.dialect;
        let action = TrustAction::Cancel.uri(dialect);
        let anonymous = EndpointReference::anonymous(version.addressing);
        let to = to.unwrap_or(&anonymous);
        let mut request = Addressing::request(&action, &to.address, version.addressing, at.random);
        request.reply_to = self.options.reply_to.clone();
        let message_id = request.message_id.clone().unwrap_or_default();
        let mut addressing = ending::addressing(&word, dialect, request);
        // With a pair of addresses WCF names whom it answers before what.
        let composite = self.options.flow == Flow::CompositeDuplex;
        let relates_to = addressing.relates_to.take_if(|_| composite);
        let mut envelope = ending::headers(version, &addressing, self.options.is_by_transport());
        to.headers().write(&mut envelope);
        Addressing { relates_to, ..Addressing::default() }.write(&mut envelope);
        match word {
            LastWord::Said => return Ok(None),
            LastWord::Ask => {
                let keys = own.outgoing();
                let token = keys.token();
                let (identifier, instance) = (token.identifier.clone(), token.instance.clone());
                let target = ContextReference { identifier, instance };
                ending::write_cancellation(&mut envelope, target, dialect);
            }
            LastWord::Answer(_) => ending::write_cancelled(&mut envelope, dialect),
        }
        let envelope = self.protect(&Reply::Session(unprompted(own)), envelope, at)?;
        match word {
            LastWord::Ask => ending.asks(message_id),
            _ => self.sessions.remove(&own.identifier),
        }
        Ok(Some(envelope))
    }

    /// Whether the client has said before that it sends nothing more. What is posted may overtake.
    pub(super) fn is_after_the_end(&self, session: &Session) -> bool {
        self.options.flow == Flow::DuplexSession && session.ending().has_heard()
    }

    /// A message of the client's last: its cancellation, its answer to the service's, or one that comes after them.
    pub(super) fn hear_last(
        &self,
        session: Arc<Session>,
        verified: &Verified,
        request: &Request,
        at: &mut Moment<'_>,
    ) -> Incoming {
        let envelope = verified.envelope();
        match request.trust {
            Some(TrustAction::CancelResponse) => self.hear_answer(session, envelope, request),
            Some(TrustAction::Cancel) => self.hear_cancellation(session, envelope, request, at),
            _ => self.refuse_error(request, Reason::AfterTheEnd.into()),
        }
    }

    /// The client sends nothing more in its session.
    fn hear_cancellation(
        &self,
        session: Arc<Session>,
        envelope: &Envelope,
        request: &Request,
        at: &mut Moment<'_>,
    ) -> Incoming {
        let dialect = self.options.settings.dialect;
        let checked = ending::check_cancellation(envelope, &session.identifier, dialect);
        if let Err(error) = checked {
            let context = Reply::Session(unprompted(&session));
            let error = ServiceError::Request(error);
            return self.refuse_secured(&context, request, &make::invalid_request(), error, at);
        }
        let message_id = Addressing::read(envelope).ok().and_then(|found| found.message_id);
        if session.ending().hears(message_id) {
            self.sessions.remove(&session.identifier);
        }
        Incoming::Ended(SecuritySession(session))
    }

    /// The client has cancelled its session, as it was asked to.
    fn hear_answer(
        &self,
        session: Arc<Session>,
        envelope: &Envelope,
        request: &Request,
    ) -> Incoming {
        let dialect = self.options.settings.dialect;
        let checked = session.ending().check_answer(envelope, dialect);
        match checked {
            Err(error) => self.refuse_error(request, error),
            Ok(()) => {
                self.sessions.remove(&session.identifier);
                Incoming::Ended(SecuritySession(session))
            }
        }
    }
}
