//! What goes into the [`Engine`](super::Engine) and what comes out.

use std::sync::Arc;
use std::time::Duration;

use waxwing_session::{AppMessage, ClientSessionChange, SavedClientSession, Ticket};
use waxwing_store::StoreError;

use super::entry::CallState;
use super::told::OutboxEvent;

/// The place of a call in the outbox: calls of an ordered outbox are delivered in this order. It names the call in its session,
/// too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place(pub(crate) u64);

/// A question of the application, named by whoever passes it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ask(pub(crate) u64);

/// A session of this process, in the order in which they were begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SessionNumber(pub(crate) u64);

/// What is to be made durable at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CommitId(pub(crate) u64);

/// A call to be delivered. Its message is kept elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct NewCall {
    pub(crate) key: Arc<str>,
    /// SHA-256 of all that the service will see of it.
    pub(crate) digest: [u8; 32],
    pub(crate) action: Arc<str>,
    pub(crate) one_way: bool,
    pub(crate) idempotent: bool,
    pub(crate) octets: u64,
}

/// What is known of a call in doubt by whoever decides about it.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// The service has executed it; with this reply, if it is known.
    Delivered(Option<AppMessage>),
    /// It has not.
    SendAgain,
    /// Nobody will know.
    GiveUp(String),
}

/// The longest key: a store's names have 512 octets.
pub(crate) const LONGEST_KEY: usize = 256;

/// Whether it can be a key. PostgreSQL keeps no U+0000 in a text, and would refuse whatever is written together with it.
pub(crate) fn is_key(key: &str) -> bool {
    (1..=LONGEST_KEY).contains(&key.len()) && !key.contains('\0')
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Input {
    /// Deliver a call.
    Enqueue(Ask, NewCall),
    /// Do not deliver the call with this key, if it was not sent.
    Cancel(Ask, Arc<str>),
    /// The application has the result of this call.
    Take(Ask, Arc<str>),
    /// A person says what became of a call in doubt.
    Resolve(Ask, Arc<str>, Verdict),
    /// Send nothing new.
    Pause(Ask),
    /// Go on, also after what only a person can mend.
    Resume(Ask),
    /// What became of a commit. They are told in the order in which they were asked for.
    Stored(CommitId, Stored),
    /// What happens to a session.
    Session(SessionNumber, News),
    /// What the application says of a call in doubt. The error is its own: it is asked again.
    Reconciled(Place, Result<Verdict, String>),
    /// What the application's handler of results says. After an error it gets the result again.
    Handled(Place, Result<(), String>),
    /// Close the session, if it is open, and begin nothing new.
    Close,
    /// Time has passed.
    Tick,
}

/// What became of a commit.
#[derive(Clone, Debug)]
pub(crate) enum Stored {
    /// It is durable.
    Done,
    /// Nothing was written.
    Refused(StoreError),
    /// Nothing is certain: what is there must be read again.
    Uncertain(String),
    /// Another process has the outbox.
    Fenced,
}

/// What happens to a session.
#[derive(Debug)]
pub(crate) enum News {
    /// It is open.
    Opened,
    /// This is to be made durable.
    Persist(Ticket, Box<ClientSessionChange>),
    /// A call has no reply, while its message may be under way.
    CallFailed(Place, String),
    /// An exchange brought nothing.
    Lost(String),
    /// An exchange brought an answer, of whomever.
    Heard,
    /// It has ended, for this reason.
    Ended(Ending, String),
    /// It was closed as it should.
    Closed,
}

/// What the end of a session means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The service is not there, or has no time: the session may go on later.
    Away,
    /// Only a person can mend it: a password, a certificate, an address.
    Refused,
    /// The service knows nothing of the session, and has proven that it is the one that says so.
    Forgotten,
    /// The same, said by anybody.
    SaidForgotten,
}

/// What the engine wants done.
#[derive(Debug)]
pub(crate) enum Output {
    /// Make this durable and say [`Input::Stored`]; in this order.
    Commit(CommitId, Change),
    /// Answer a question.
    Answer(Ask, Result<Told, Refusal>),
    /// Open a session.
    Open(SessionNumber),
    /// Go on with one that was kept, with the messages of these calls.
    Restore(SessionNumber, Box<SavedClientSession>, Vec<Place>),
    /// Give a call to the session.
    Send(SessionNumber, Place),
    /// What the session wanted is durable.
    Persisted(SessionNumber, Ticket),
    /// Close the session.
    CloseSession(SessionNumber),
    /// Forget the session without a word.
    Discard(SessionNumber),
    /// A call has its result, durably: whoever waits for it is told.
    Settled(Place),
    /// Ask the application what became of a call in doubt.
    Reconcile(Place),
    /// Give the result of a call to the application's handler.
    Handle(Place),
    /// For a person to watch.
    Event(OutboxEvent),
    /// Read everything again: what the store has is not known any more.
    Reload(String),
    /// Another process has the outbox. Last output.
    Fenced,
    /// The session is closed, as [`Input::Close`] wanted. Last output.
    Ended,
}

/// What is to be made durable at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    /// The state of the outbox from now on; none: as it was.
    pub(crate) state: Option<StateNow>,
    /// What becomes of its calls.
    pub(crate) parts: Vec<Part>,
}

/// The state of an outbox.
#[derive(Clone, Debug, Default)]
pub(crate) struct StateNow {
    /// The place of the next call, or a later one.
    pub(crate) next: u64,
    pub(crate) is_paused: bool,
    pub(crate) conversation: Option<Arc<SavedClientSession>>,
}

/// What becomes of one call.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// It is there from now on.
    Call(Place),
    /// Its message is needed no more.
    DropMessage(Place),
    /// This is known of it: its state; with the reply, if it has one.
    Note(Place, CallState, Option<AppMessage>),
    /// Nothing is known of it any more, beside that it is to be delivered.
    DropNote(Place),
    /// It is in doubt: the same is among the dead letters, where people look.
    DeadLetter(Place, CallState),
    /// It is in doubt no more.
    DropDeadLetter(Place),
}

/// Answers to questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// The call is kept.
    Enqueued,
    /// A call with this key was kept before.
    Known(CallState),
    /// It is done.
    Done,
}

/// Why the application did not get what it wanted.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// There is no call with this key.
    NoSuchKey,
    /// Another call has the key.
    OtherCall(CallState),
    /// The outbox has no room.
    Full(String),
    /// The call is in this state, which does not allow it.
    State(CallState),
    /// The store did not take it.
    Store(StoreError),
    /// Nobody knows whether the store has it.
    Uncertain(String),
    /// Another process has the outbox.
    TakenOver,
    /// The outbox is closing.
    Closing,
    /// The key is empty or too long.
    Key,
}

/// How an outbox behaves.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How many calls may have a number and no result.
    pub(crate) in_flight: u32,
    /// Whether a call in doubt holds those behind it.
    pub(crate) hold_in_doubt: bool,
    /// The pause after the first failure; it doubles.
    pub(crate) first_pause: Duration,
    /// The longest pause.
    pub(crate) longest_pause: Duration,
    /// How long somebody must have said that the service has forgotten the session until it is believed without proof.
    pub(crate) patience: Duration,
    /// How long a session without calls is kept open.
    pub(crate) idle: Duration,
    /// How long a result waits to be taken.
    pub(crate) retention: Duration,
    /// How long the key of a call whose result was taken is known.
    pub(crate) remember: Duration,
    /// How many calls there may be, results and remembered keys included.
    pub(crate) max_calls: usize,
    /// How many octets their messages may have.
    pub(crate) max_octets: u64,
    /// How long the application's hook or handler may take until it is asked again.
    pub(crate) hook_timeout: Duration,
    /// Whether the application is asked about calls in doubt.
    pub(crate) reconciles: bool,
    /// Whether the application has a handler of results.
    pub(crate) handles: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            in_flight: 8,
            hold_in_doubt: true,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
            patience: Duration::from_secs(120),
            idle: Duration::from_secs(60),
            retention: Duration::from_secs(7 * 24 * 3600),
            remember: Duration::from_secs(24 * 3600),
            max_calls: 100_000,
            max_octets: 256 << 20,
            hook_timeout: Duration::from_secs(5 * 60),
            reconciles: false,
            handles: false,
        }
    }
}
