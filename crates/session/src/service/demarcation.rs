//! Where in a session an operation may stand (WCF's `OperationContract.IsInitiating` and `IsTerminating`).

use std::collections::HashMap;
use std::time::Duration;

/// Which operations of an endpoint may begin a session and which end it, by action. An endpoint whose contracts say nothing
/// has none of it.
#[derive(Debug, Clone, Default)]
pub struct Demarcation {
    places: HashMap<String, Position>,
    /// How long the client has after its last operation to close the session (`closeTimeout`).
    pub(super) patience: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Position {
    is_initiating: bool,
    is_terminating: bool,
}

/// Why a call is not executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutOfPlace {
    /// The session has not begun, and the operation does not begin one. WCF's endpoint takes initiating actions only as the
    /// first one: to others it says that it knows no such action.
    NotInitiating,
    /// The last operation of the session was called: WCF's `SessionTerminated`.
    Terminated,
    /// It has a header that must be understood and that nobody knows:
    /// [`VerifiedRequest::not_understood`](super::VerifiedRequest::not_understood).
    NotUnderstood,
}

/// How far a session has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Course {
    /// No operation was called.
    #[default]
    Unbegun,
    /// One that begins it was.
    Begun,
    /// One that ends it was.
    Over,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    InPlace,
    /// It begins its session.
    First,
    /// It is the last of its session.
    Last,
    Out(OutOfPlace),
}

impl Standing {
    /// Whether its session has come further by it. What comes later stands where it does because this is executed.
    pub(super) fn moves_session(self) -> bool {
        matches!(self, Self::First | Self::Last)
    }
}

impl Demarcation {
    /// Nothing is said yet. `patience`: how long a client has after its last operation to close the session.
    pub fn new(patience: Duration) -> Self {
        Self { places: HashMap::new(), patience }
    }

    /// The operation of `action` (`*` for all that nobody names) may begin a session, or is the last of one.
    pub fn add(&mut self, action: &str, is_initiating: bool, is_terminating: bool) {
        self.places.insert(action.to_owned(), Position { is_initiating, is_terminating });
    }

    /// Takes a call of a session that has come so far. What nobody knows is left to the dispatcher.
    pub(super) fn admit(&self, course: &mut Course, action: &str) -> Standing {
        let Some(position) = self.places.get(action).or_else(|| self.places.get("*")) else {
            return Standing::InPlace;
        };
        let standing = match *course {
            Course::Over => return Standing::Out(OutOfPlace::Terminated),
            Course::Unbegun if !position.is_initiating => {
                return Standing::Out(OutOfPlace::NotInitiating);
            }
            Course::Unbegun => Standing::First,
            Course::Begun => Standing::InPlace,
        };
        if position.is_terminating {
            *course = Course::Over;
            return Standing::Last;
        }
        *course = Course::Begun;
        standing
    }
}
