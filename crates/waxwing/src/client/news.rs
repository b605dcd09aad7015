//! What happens to a session that somebody keeps, as he hears of it.

use tokio::sync::mpsc;
use waxwing_session::{CallId, ClientSessionChange, ClientSettings, Ticket, Time};

use super::error::ChannelError;

/// What happens to the session of a durable channel.
#[derive(Debug)]
pub(crate) enum ChannelNews {
    /// It is open.
    Opened,
    /// This is to be made durable; then [`ClientChannel::persisted`](super::ClientChannel::persisted) is to be called.
    Persist { ticket: Ticket, change: Box<ClientSessionChange> },
    /// A call has no reply, while its message may be under way.
    CallFailed { call: CallId, error: ChannelError },
    /// An exchange brought no answer.
    Lost(String),
    /// An exchange brought one.
    Heard,
    /// The session has failed.
    Faulted(ChannelError),
    /// It was closed as it should.
    Closed,
}

/// Who is told. What waits there is bounded by the session: the calls of one window, and an exchange or two for each.
pub(crate) type Listener = mpsc::UnboundedSender<ChannelNews>;

/// When a durable call gives up: never.
pub(super) const NEVER: Time = Time::since_start(std::time::Duration::MAX);

/// What a session is told that is kept durably.
///
/// # Errors
/// The binding has no reliable session, or one over connections, in words for the user.
pub(super) fn make_durable(settings: &mut ClientSettings, over_links: bool) -> Result<(), String> {
    let Some((_, _, reliable)) = &mut settings.reliable else {
        return Err("an outbox delivers over reliable sessions only, and the binding has none: without numbers nobody can \
                    tell whether a message was delivered before a crash. Write \
                    <reliableSession enabled=\"true\"/> into the binding of both ends (in code: \
                    WsHttpBinding::new(security, true))"
            .to_owned());
    };
    if over_links {
        return Err("an outbox delivers over HTTP only: reliable sessions of duplex bindings (net.tcp, WebSockets, wsDualHttpBinding) are not kept in \
                    a store yet. Use a binding over HTTP with a reliable session (wsHttpBinding), at both ends [store-links]"
            .to_owned());
    }
    reliable.durable = true;
    // Whoever keeps the session decides when it is tried again, and for how long.
    reliable.max_retry_count = u32::MAX;
    Ok(())
}
