//! The session with the service: one channel at a time.

use std::future::pending;

use tokio::sync::mpsc;
use waxwing_reliable::SessionError as ReliableError;
use waxwing_security::conversation::{ClientError, SecurityFaultKind};
use waxwing_session::{
    AppMessage, CallId, SavedClientSession, SessionError, Ticket, TransportCause,
};

use super::place::Shelf;
use crate::client::{ChannelError, ChannelErrorKind, ChannelFactory, ChannelNews, ClientChannel};
use crate::outbox::engine::{Ending, Input, News, Place, SessionNumber};

/// The session of an outbox, if there is one.
#[derive(Default)]
pub(super) struct Link(Option<Session>);

struct Session {
    number: SessionNumber,
    channel: ClientChannel,
    news: mpsc::UnboundedReceiver<ChannelNews>,
    is_opened: bool,
}

/// A session as it was kept, and the calls that it has not answered.
type Kept = (Box<SavedClientSession>, Vec<Place>);

impl Link {
    /// What happens next to the session.
    pub(super) async fn next(&mut self) -> (SessionNumber, News) {
        let Some(session) = &mut self.0 else { return pending().await };
        loop {
            let Some(news) = session.news.recv().await else { return pending().await };
            if let Some(news) = session.read(news) {
                return (session.number, news);
            }
        }
    }

    fn of(&self, number: SessionNumber) -> Option<&Session> {
        self.0.as_ref().filter(|session| session.number == number)
    }

    /// Makes a channel. What comes instead of it ends the session.
    async fn channel(
        &mut self,
        number: SessionNumber,
        factory: &ChannelFactory,
    ) -> Result<ClientChannel, Input> {
        self.discard();
        let (listener, news) = mpsc::unbounded_channel();
        match factory.durable_channel(listener).await {
            Ok(channel) => {
                let own = channel.clone();
                self.0 = Some(Session { number, channel: own, news, is_opened: false });
                Ok(channel)
            }
            Err(error) => Err(ended(number, Ending::Refused, error.to_string())),
        }
    }

    pub(super) async fn open(
        &mut self,
        number: SessionNumber,
        factory: &ChannelFactory,
    ) -> Option<Input> {
        match self.channel(number, factory).await {
            Ok(channel) => {
                channel.begin_opening();
                None
            }
            Err(input) => Some(input),
        }
    }

    pub(super) async fn restore(
        &mut self,
        number: SessionNumber,
        (saved, places): Kept,
        factory: &ChannelFactory,
        shelf: &Shelf,
    ) -> Option<Input> {
        let mut messages = Vec::with_capacity(places.len());
        for place in places {
            match shelf.message(place).await {
                Ok(message) => messages.push((CallId(place.0), message)),
                Err(why) => return Some(ended(number, Ending::Away, why)),
            }
        }
        match self.channel(number, factory).await {
            Ok(channel) => {
                channel.restore(saved, messages);
                if let Some(session) = &mut self.0 {
                    session.is_opened = true;
                }
                None
            }
            Err(input) => Some(input),
        }
    }

    pub(super) async fn send(
        &mut self,
        number: SessionNumber,
        place: Place,
        fresh: Option<AppMessage>,
        shelf: &Shelf,
    ) -> Option<Input> {
        let session = self.of(number)?;
        let message = match fresh {
            Some(message) => message,
            None => match shelf.message(place).await {
                Ok(message) => message,
                Err(why) => return Some(ended(number, Ending::Away, why)),
            },
        };
        session.channel.submit(CallId(place.0), message);
        None
    }

    pub(super) fn persisted(&self, number: SessionNumber, ticket: Ticket) {
        if let Some(session) = self.of(number) {
            session.channel.persisted(ticket);
        }
    }

    pub(super) fn close(&self, number: SessionNumber) {
        if let Some(session) = self.of(number) {
            session.channel.begin_closing();
        }
    }

    pub(super) fn discard_one(&mut self, number: SessionNumber) {
        if self.of(number).is_some() {
            self.discard();
        }
    }

    /// Forgets the session without a word.
    pub(super) fn discard(&mut self) {
        if let Some(session) = self.0.take() {
            session.channel.discard();
        }
    }
}

fn ended(number: SessionNumber, ending: Ending, why: String) -> Input {
    Input::Session(number, News::Ended(ending, why))
}

impl Session {
    fn read(&mut self, news: ChannelNews) -> Option<News> {
        Some(match news {
            ChannelNews::Opened => {
                self.is_opened = true;
                News::Opened
            }
            ChannelNews::Persist { ticket, change } => News::Persist(ticket, change),
            ChannelNews::CallFailed { call, error } => {
                News::CallFailed(Place(call.0), error.to_string())
            }
            ChannelNews::Lost(why) => News::Lost(why),
            ChannelNews::Heard => News::Heard,
            ChannelNews::Faulted(error) => {
                News::Ended(ending(&error, self.is_opened), error.to_string())
            }
            ChannelNews::Closed => News::Closed,
        })
    }
}

/// What the end of a session means. `was_open`: it was open, now or before it was kept.
fn ending(error: &ChannelError, was_open: bool) -> Ending {
    let error = match error.kind() {
        ChannelErrorKind::Session(error) => error,
        _ => return Ending::Refused,
    };
    match error {
        SessionError::Reliable(error) => of_sequence(error, was_open),
        SessionError::Security(error) => of_security(error, was_open),
        SessionError::Transport { failure, .. } => match failure.cause {
            // Somebody on the way may have shown a certificate of his own: calls under way are not left to time for that.
            TransportCause::Untrusted if was_open => Ending::Away,
            TransportCause::Untrusted
            | TransportCause::AccessDenied
            | TransportCause::ProxyAuthentication
            | TransportCause::Address
            | TransportCause::Listening => Ending::Refused,
            _ => Ending::Away,
        },
        _ => Ending::Away,
    }
}

fn of_sequence(error: &ReliableError, was_open: bool) -> Ending {
    match error {
        // In a secured session these were verified; in another one nothing could prove more.
        ReliableError::Peer(_) | ReliableError::Protocol(_) | ReliableError::Rollover
            if was_open =>
        {
            Ending::Forgotten
        }
        _ => Ending::Away,
    }
}

fn of_security(error: &ClientError, was_open: bool) -> Ending {
    match error {
        _ if error.is_busy() || error.is_retryable() => Ending::Away,
        ClientError::Fault { kind: SecurityFaultKind::BadContextToken, .. }
        | ClientError::ContextRefused { .. }
            if was_open =>
        {
            Ending::SaidForgotten
        }
        // Whoever refuses a renewal under the session's key has the session, and it goes on for now.
        ClientError::SecuredFault { .. } if was_open => Ending::Away,
        ClientError::Unverifiable(_) | ClientError::RenewNeeded => Ending::Away,
        // A service that went while the session was being opened.
        ClientError::Fault { kind: SecurityFaultKind::BadContextToken, .. }
        | ClientError::ContextRefused { .. } => Ending::Away,
        // Anybody's word about a session that is open: its calls are not left to time for that.
        ClientError::Fault { .. } | ClientError::Response { .. } if was_open => Ending::Away,
        _ => Ending::Refused,
    }
}

#[cfg(test)]
mod tests {
    use waxwing_security::conversation::FaultOrigin;
    use waxwing_soap::{Fault, FaultCode};

    use super::*;

    const KINDS: [SecurityFaultKind; 8] = [
        SecurityFaultKind::InvalidSecurity,
        SecurityFaultKind::FailedAuthentication,
        SecurityFaultKind::InvalidSecurityToken,
        SecurityFaultKind::BadContextToken,
        SecurityFaultKind::RenewNeeded,
        SecurityFaultKind::InvalidRequest,
        SecurityFaultKind::SecuritySessionAborted,
        SecurityFaultKind::OtherSecurity,
    ];

    fn fault() -> Box<Fault> {
        Box::new(Fault::new(FaultCode::Sender, "anybody says so"))
    }

    fn unsecured(kind: SecurityFaultKind, origin: FaultOrigin) -> ClientError {
        ClientError::Fault { fault: fault(), kind, origin, ends_session: true }
    }

    #[test]
    fn nothing_that_anybody_can_say_ends_or_holds_an_open_session() {
        for kind in KINDS {
            for origin in [FaultOrigin::Call, FaultOrigin::Renew, FaultOrigin::Cancel] {
                let expected = match kind {
                    // Believed when it is said for long.
                    SecurityFaultKind::BadContextToken => Ending::SaidForgotten,
                    _ => Ending::Away,
                };
                assert_eq!(of_security(&unsecured(kind, origin), true), expected, "{kind:?}");
            }
        }
    }

    #[test]
    fn a_service_that_goes_while_a_session_is_opened_is_not_for_a_person() {
        let gone = unsecured(SecurityFaultKind::BadContextToken, FaultOrigin::Call);
        assert_eq!(of_security(&gone, false), Ending::Away);
        let password = unsecured(SecurityFaultKind::FailedAuthentication, FaultOrigin::Issue);
        assert_eq!(of_security(&password, false), Ending::Refused);
    }

    #[test]
    fn who_refuses_a_renewal_has_the_session() {
        let refused = ClientError::SecuredFault { fault: fault(), origin: FaultOrigin::Renew };
        assert_eq!(of_security(&refused, true), Ending::Away);
    }
}
