//! What a host does, for those who watch it: counters and events.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use waxwing_session::RefusalKind;

use crate::events::{CommunicationState, Emitter};

/// Something that happened at a host.
///
/// **For the local eyes only**: reasons of refusals are what a peer must not learn. What peers have written is cut and
/// escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostEvent {
    /// The host has another state.
    State(CommunicationState),
    /// A session was created; it may have to wait for a place (`maxConcurrentSessions`).
    SessionCreated {
        /// The address of the endpoint.
        address: Arc<str>,
        /// The session: the identifier of its first sequence.
        session: String,
    },
    /// The session's calls are executed from now on.
    SessionAccepted {
        /// The address of the endpoint.
        address: Arc<str>,
        /// The session.
        session: String,
    },
    /// The session was closed as it should.
    SessionClosed {
        /// The address of the endpoint.
        address: Arc<str>,
        /// The session.
        session: String,
    },
    /// The session has ended with an error.
    SessionFaulted {
        /// The address of the endpoint.
        address: Arc<str>,
        /// The session.
        session: String,
        /// Why.
        reason: String,
    },
    /// A session goes on that was kept in the store: of a process before this one, or of another node.
    SessionRestored {
        /// The address of the endpoint.
        address: Arc<str>,
        /// The session.
        session: String,
    },
    /// Nothing is certain of a session any more, since a commit failed or another node has it. It was forgotten here, whoever
    /// waited got 503, and the next message loads it again.
    SessionDiscarded {
        /// The address of the endpoint.
        address: Arc<str>,
        /// The session.
        session: String,
        /// Why.
        reason: String,
    },
    /// A message was given up: it was acknowledged, and is not executed any more. It is among the dead letters
    /// ([`ServiceHost::dead_letters`](crate::ServiceHost::dead_letters)).
    DeadLetter {
        /// The address of the endpoint.
        address: Arc<str>,
        /// The session.
        session: String,
        /// The number of the message in it.
        number: u64,
        /// Why.
        reason: String,
    },
    /// A message came again, and was not executed again.
    Duplicate {
        /// The address of the endpoint.
        address: Arc<str>,
        /// The session.
        session: String,
    },
    /// A message whose action no contract of the endpoint has (WCF's `UnknownMessageReceived`).
    UnknownMessage {
        /// The address of the endpoint.
        address: Arc<str>,
        /// The action.
        action: String,
    },
    /// Somebody did not prove who he is: a wrong password, a certificate that is not trusted.
    LoginRefused {
        /// The address of the endpoint.
        address: Arc<str>,
        /// Where the message came from.
        peer: SocketAddr,
        /// Why; with the name that was claimed.
        reason: String,
    },
    /// A connection to an `https` address did not come about: another version of TLS, no TLS at all, a client that does not
    /// trust the service.
    HandshakeFailed {
        /// The address of an endpoint of that port.
        address: Arc<str>,
        /// Who wanted it.
        peer: SocketAddr,
        /// Why.
        reason: String,
    },
    /// Another certificate is shown at an `https` address from now on: its file has changed.
    CertificateChanged {
        /// The address of the endpoint.
        address: Arc<str>,
        /// The SHA-1 thumbprint of the new one.
        thumbprint: String,
    },
    /// The file of a certificate has changed and cannot be used: the old one is shown on.
    CertificateRefused {
        /// The address of the endpoint.
        address: Arc<str>,
        /// Why.
        reason: String,
    },
    /// The program has refused a call ([`ServiceHostBuilder::authorize`](crate::ServiceHostBuilder::authorize)).
    CallRefused {
        /// The address of the endpoint.
        address: Arc<str>,
        /// Who called; none without authentication.
        caller: Option<String>,
        /// The action.
        action: String,
        /// Why.
        reason: String,
    },
    /// A message was refused for another reason.
    MessageRefused {
        /// The address of the endpoint.
        address: Arc<str>,
        /// Where it came from.
        peer: SocketAddr,
        /// Why.
        reason: String,
    },
    /// An operation failed with an error that is none of its client's business, or panicked.
    OperationFailed {
        /// The address of the endpoint.
        address: Arc<str>,
        /// The action.
        action: String,
        /// The error.
        reason: String,
    },
}

/// What a host has done so far, all endpoints together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostStatistics {
    /// Messages that came in.
    pub messages: u64,
    /// Messages that were refused, of whatever kind.
    pub refused: u64,
    /// Messages that were refused, by kind.
    pub refusals: Refusals,
    /// Operations that were executed.
    pub executed: u64,
    /// Operations that are being executed at this moment.
    pub executing: u64,
    /// Operations that gave a fault.
    pub faults: u64,
    /// Operations that failed with an error that is none of their client's business, or panicked; among the faults.
    pub failures: u64,
    /// The time that all operations together took.
    pub time_executing: Duration,
    /// The time of the longest operation.
    pub longest: Duration,
    /// Messages that had come before, and were not executed again.
    pub duplicates: u64,
    /// Sessions at this moment, those that wait for a place included: reliable ones, and at endpoints without them the
    /// security sessions that called.
    pub sessions: usize,
    /// Sessions that wait for a place at this moment (`maxConcurrentSessions`).
    pub sessions_waiting: usize,
    /// Sessions that were created.
    pub sessions_created: u64,
    /// Sessions that were closed as they should.
    pub sessions_closed: u64,
    /// Sessions that ended with an error.
    pub sessions_faulted: u64,
    /// Messages whose reading took an operation with a private key: legs of a negotiation, and under certificates those that open or
    /// renew a security session, and those that stand for themselves.
    pub key_operations: u64,
    /// Security sessions at this moment.
    pub security_sessions: usize,
    /// What the store has to do with it; all zero without one.
    pub kept: KeptStatistics,
}

/// What became of sessions that are kept in a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptStatistics {
    /// Commits that were done.
    pub commits: u64,
    /// Commits that are waited for at this moment.
    pub committing: usize,
    /// Commits that came too late: another node had the session by then.
    pub fenced: u64,
    /// Commits that failed, or whose outcome nobody knows.
    pub lost: u64,
    /// Security sessions, and sessions without one, that are here at this moment.
    pub groups: usize,
    /// Those that went on here, of a process before this one or of another node.
    pub restored: u64,
    /// Those that were forgotten here to be loaded again, since nothing was certain of them any more.
    pub discarded: u64,
    /// Messages that were answered 503, since nobody could say what they belong to.
    pub refused: u64,
    /// Messages that were handed to other nodes.
    pub forwarded: u64,
    /// Calls that came again after their session was forgotten here, and were not executed again.
    pub repeated: u64,
    /// Calls that are in doubt: begun by a process that died, and not to be executed twice (`delivery = "once"`).
    pub in_doubt: u64,
    /// Messages that were given up, those in doubt among them.
    pub dead_letters: u64,
}

/// Refused messages, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusals {
    /// What is no message: another content type, no XML, a wrong `SOAPAction`.
    pub malformed: u64,
    /// Somebody did not prove who he is.
    pub logins: u64,
    /// Messages that the security did not take for another reason.
    pub security: u64,
    /// There is no room at the moment, or the host is closing.
    pub busy: u64,
    /// Addresses, versions and headers that are not the endpoint's.
    pub addressing: u64,
    /// Messages that fit no sequence.
    pub sequences: u64,
    /// Calls of operations that the contract does not have.
    pub unknown: u64,
    /// Calls that the program did not allow.
    pub denied: u64,
}

/// The counters of an endpoint.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) messages: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) malformed: AtomicU64,
    logins: AtomicU64,
    security: AtomicU64,
    busy: AtomicU64,
    addressing: AtomicU64,
    sequences: AtomicU64,
    pub(super) unknown: AtomicU64,
    pub(super) denied: AtomicU64,
    executed: AtomicU64,
    ended: AtomicU64,
    pub(super) faults: AtomicU64,
    pub(super) failures: AtomicU64,
    micros: AtomicU64,
    longest: AtomicU64,
    pub(super) duplicates: AtomicU64,
    pub(super) created: AtomicU64,
    pub(super) closed: AtomicU64,
    pub(super) faulted: AtomicU64,
    pub(super) key_operations: AtomicU64,
}

impl Counters {
    pub(super) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refused(&self, kind: RefusalKind) {
        Self::add(&self.refused);
        match kind {
            RefusalKind::Login => Self::add(&self.logins),
            RefusalKind::Security => Self::add(&self.security),
            RefusalKind::Busy => Self::add(&self.busy),
            RefusalKind::Addressing => Self::add(&self.addressing),
            RefusalKind::Sequence => Self::add(&self.sequences),
            // Counted where the operation was looked for.
            _ => {}
        }
    }

    /// An operation begins; it is over when what comes back is dropped.
    pub(super) fn begun(&self) -> Running<'_> {
        Self::add(&self.executed);
        Running { counters: self, since: std::time::Instant::now() }
    }

    /// Adds what these have counted.
    pub(super) fn add_to(&self, sum: &mut HostStatistics) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        sum.messages += read(&self.messages);
        sum.refused += read(&self.refused);
        sum.refusals.malformed += read(&self.malformed);
        sum.refusals.logins += read(&self.logins);
        sum.refusals.security += read(&self.security);
        sum.refusals.busy += read(&self.busy);
        sum.refusals.addressing += read(&self.addressing);
        sum.refusals.sequences += read(&self.sequences);
        sum.refusals.unknown += read(&self.unknown);
        sum.refusals.denied += read(&self.denied);
        let (ended, executed) = (read(&self.ended), read(&self.executed));
        sum.executed += executed;
        sum.executing += executed.saturating_sub(ended);
        sum.faults += read(&self.faults);
        sum.failures += read(&self.failures);
        sum.time_executing += Duration::from_micros(read(&self.micros));
        sum.longest = sum.longest.max(Duration::from_micros(read(&self.longest)));
        sum.duplicates += read(&self.duplicates);
        sum.sessions_created += read(&self.created);
        sum.sessions_closed += read(&self.closed);
        sum.sessions_faulted += read(&self.faulted);
        sum.key_operations += read(&self.key_operations);
    }
}

/// An operation that is being executed.
pub(super) struct Running<'a> {
    counters: &'a Counters,
    since: std::time::Instant,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let micros = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        let counters = self.counters;
        Counters::add(&counters.ended);
        counters.micros.fetch_add(micros, Ordering::Relaxed);
        counters.longest.fetch_max(micros, Ordering::Relaxed);
    }
}

/// Where the events of a host go.
pub(super) type HostEvents = Emitter<HostEvent>;
