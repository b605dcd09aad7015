//! The connection below a session, as far as the session knows of one.

use waxwing_soap::Time;

use super::api::Links;

#[derive(Debug)]
pub(super) struct Connection {
    rule: Links,
    state: State,
    /// A connection took the place of one that broke, and nothing was heard on it yet.
    is_new: bool,
    /// Connections that were tried since the peer was heard last: that could not be made, or broke before it said a word.
    tries: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    There,
    /// There is none; one is asked for when something is to be sent, or at this time.
    Absent {
        redial_at: Option<Time>,
    },
    /// One was asked for. `broke`: because the one before broke.
    Dialling {
        broke: bool,
    },
    /// The one before broke, and so did others, or could not be made; it is tried again.
    Broken {
        redial_at: Time,
    },
}

impl Connection {
    pub(super) fn new(rule: Links) -> Self {
        Self { rule, state: State::Absent { redial_at: None }, is_new: false, tries: 0 }
    }

    pub(super) fn rule(&self) -> Links {
        self.rule
    }

    /// Whether something can be sent.
    pub(super) fn is_there(&self) -> bool {
        self.rule == Links::Unseen || self.state == State::There
    }

    /// Whether something can be sent, be it that a connection is made for it.
    pub(super) fn is_at_hand(&self) -> bool {
        self.is_there() || matches!(self.state, State::Absent { .. })
    }

    /// When another connection is tried.
    pub(super) fn redial_at(&self) -> Option<Time> {
        match self.state {
            State::Broken { redial_at } => Some(redial_at),
            State::Absent { redial_at } => redial_at,
            _ => None,
        }
    }

    /// Something is to be sent, and there is no connection. Whether one is to be asked for now; where one could not be made
    /// a moment ago, only for a message (`is_message`), whose timer is patient enough.
    pub(super) fn want(&mut self, is_message: bool) -> bool {
        let broke = match self.state {
            State::Absent { .. } => false,
            State::Broken { .. } if is_message => true,
            _ => return false,
        };
        if self.rule == Links::Unseen {
            return false;
        }
        self.state = State::Dialling { broke };
        true
    }

    /// The connection broke, and another is asked for.
    pub(super) fn dial(&mut self) {
        self.state = State::Dialling { broke: true };
    }

    /// There is none any more.
    pub(super) fn lose(&mut self) {
        self.state = State::Absent { redial_at: None };
    }

    /// The peer ended it: another is asked for when something is to be sent, and at this time in any case.
    pub(super) fn end(&mut self, redial_at: Time) {
        self.state = State::Absent { redial_at: Some(redial_at) };
    }

    /// The peer said something: its connection is a good one.
    pub(super) fn heard(&mut self) {
        self.tries = 0;
    }

    /// How many connections were tried since the peer was heard last.
    pub(super) fn tries(&self) -> u32 {
        self.tries
    }

    /// There is one. Whether it takes the place of one that broke.
    pub(super) fn made(&mut self) -> bool {
        self.tries = self.tries.saturating_add(1);
        let broke = self.state == State::Dialling { broke: true };
        self.state = State::There;
        broke
    }

    /// None could be made.
    pub(super) fn not_made(&mut self) {
        self.tries = self.tries.saturating_add(1);
        self.lose();
    }

    /// Another is asked for at this time, or when a message is to be sent.
    pub(super) fn redial(&mut self, redial_at: Time) {
        self.state = State::Broken { redial_at };
    }

    /// What was sent on the connection before this one is lost, but for what the next acknowledgement says.
    pub(super) fn await_news(&mut self) {
        self.is_new = true;
    }

    /// An acknowledgement came: whether it is the first on a connection that took the place of another.
    pub(super) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.is_new)
    }
}
