//! What an application says about its calls: what became of one in doubt, and that it has a result.

use crate::contract::{Answer, BoxFuture};
use crate::outbox::engine::CallState;

/// A call in doubt, as it is shown to who decides about it.
#[derive(Clone, Debug)]
pub struct Doubt {
    /// The application's key.
    pub key: String,
    /// The action of the operation.
    pub action: String,
    /// Whether nothing answers it.
    pub is_one_way: bool,
    /// What is known: sequence, number, since when and why.
    pub state: CallState,
}

/// What became of a call in doubt.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Decision {
    /// The service has executed it. With this answer, if it is known; whoever asks for the result gets it.
    Delivered(Option<waxwing_soap::Envelope>),
    /// The service has not executed it: it is delivered in a new session, at its place.
    SendAgain,
    /// Nobody will know, and it is not delivered any more: whoever asks for the result is told this reason.
    GiveUp(String),
}

/// The application's answer about calls in doubt: it asks the service, or looks into a database, whether the call was executed.
///
/// It is asked again, with growing pauses, until it gives a decision.
pub trait Reconcile: Send + Sync + 'static {
    /// What became of the call.
    ///
    /// # Errors
    /// It cannot be said now, for this reason.
    fn reconcile(&self, doubt: Doubt) -> BoxFuture<'_, Result<Decision, String>>;
}

impl<F> Reconcile for F
where
    F: Fn(Doubt) -> BoxFuture<'static, Result<Decision, String>> + Send + Sync + 'static,
{
    fn reconcile(&self, doubt: Doubt) -> BoxFuture<'_, Result<Decision, String>> {
        self(doubt)
    }
}

/// What takes results as they come.
///
/// One result is handed over at a time, in the order of the calls; one that fails does not hold up those behind it. When it returns `Ok` the result is taken, durably; after an
/// error, or a crash before that, it is handed over again. So it may come twice: use the key.
pub trait ResultHandler: Send + Sync + 'static {
    /// The call with this key has this result.
    ///
    /// # Errors
    /// The result cannot be taken now, for this reason. It is handed over again, with growing pauses.
    fn handle(&self, key: String, answer: Answer) -> BoxFuture<'_, Result<(), String>>;
}

impl<F> ResultHandler for F
where
    F: Fn(String, Answer) -> BoxFuture<'static, Result<(), String>> + Send + Sync + 'static,
{
    fn handle(&self, key: String, answer: Answer) -> BoxFuture<'_, Result<(), String>> {
        self(key, answer)
    }
}
