//! What an outbox knows, and the frame of its engine.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use waxwing_session::{Moment, SavedClientSession, Time};

use super::api::{
    Ask, CommitId, Input, Output, Place, Refusal, SessionNumber, Settings, StateNow, Told,
};
use super::clock::{Believed, Heard};
use super::effect::Effect;
use super::entry::{CallState, Entry, UnderWay};
use super::told::OutboxEvent;

/// The calls of an outbox and what is done about them.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(super) settings: Settings,
    pub(super) entries: BTreeMap<Place, Entry>,
    pub(super) keys: HashMap<Arc<str>, Place>,
    /// Calls that wait to be sent.
    pub(super) unsent: BTreeSet<Place>,
    /// Calls that have been given to the session, or have a number, and no durable result.
    pub(super) in_flight: BTreeSet<Place>,
    pub(super) in_doubt: BTreeSet<Place>,
    /// Calls with a result that nobody took: for the handler.
    pub(super) answered: BTreeSet<Place>,
    /// When entries are to be forgotten: milliseconds of Unix time.
    pub(super) forgetting: BTreeSet<(i64, Place)>,
    pub(super) octets: u64,
    pub(super) next: u64,
    pub(super) is_paused: bool,
    pub(super) is_closing: bool,
    pub(super) is_over: bool,
    /// A person deals with it: nothing is sent.
    pub(super) is_at_a_desk: bool,
    /// The session as it is kept durably.
    pub(super) conversation: Option<Arc<SavedClientSession>>,
    /// The same, as it was last given to be kept: what is written next must not fall behind it.
    pub(super) issued: Option<Arc<SavedClientSession>>,
    /// When the service has last answered a call in it, or a call of it is known to be answered.
    pub(super) heard: Option<Heard>,
    /// How late it is.
    pub(super) believed: Believed,
    pub(super) link: Link,
    /// How often in a row it was tried in vain.
    pub(super) failures: u32,
    /// Since when, and how often, somebody has said that the service has forgotten the session.
    pub(super) doubted: Option<(Time, u32)>,
    pub(super) last_session: SessionNumber,
    /// Commits under way, in order.
    pub(super) commits: VecDeque<(CommitId, Effect)>,
    pub(super) last_commit: u64,
    /// Of those: changes of a session.
    pub(super) persisting: usize,
    /// The call in doubt that the application is asked about, and when the next one is.
    pub(super) reconciling: Asking,
    /// The same of its handler of results.
    pub(super) handling: Asking,
    pub(super) outputs: VecDeque<Output>,
}

/// Where the session stands.
#[derive(Debug)]
pub(super) enum Link {
    /// There is none until then.
    Down { until: Time },
    /// It is being opened.
    Opening(SessionNumber),
    /// It goes on from what was kept; nothing new is sent before the service has answered.
    Restored(SessionNumber, Lost),
    /// It is open. Since when nothing has been under way.
    Up(SessionNumber, Lost, Option<Time>),
    /// It is being closed; one that an earlier process began to close only until then.
    Closing(SessionNumber, Option<Time>),
    /// The service has forgotten it: what had numbers is told apart once all that was begun is durable.
    Forgotten { why: String },
    /// What had numbers is being marked.
    Marking,
    /// Somebody must mend something and resume the outbox. Who said so may have been anybody, so it is tried again then all the
    /// same.
    Held { until: Time },
}

/// Exchanges in a row that brought nothing.
pub(super) type Lost = u32;

/// One thing at a time that the application is asked.
#[derive(Debug, Default)]
pub(super) struct Asking {
    pub(super) now: Option<Place>,
    /// Places that failed, and when each is asked again.
    pub(super) later: BTreeMap<Place, (Time, u32)>,
}

/// What was kept of an outbox.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) state: StateNow,
    pub(crate) entries: Vec<(Place, Entry)>,
}

impl Engine {
    /// An outbox as it was kept. Begin with a [`Input::Tick`].
    pub(crate) fn new(settings: Settings, kept: Kept) -> Self {
        let Kept { state, entries } = kept;
        let mut engine = Self {
            settings,
            entries: BTreeMap::new(),
            keys: HashMap::new(),
            unsent: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            in_doubt: BTreeSet::new(),
            answered: BTreeSet::new(),
            forgetting: BTreeSet::new(),
            octets: 0,
            next: state.next.max(1),
            is_paused: state.is_paused,
            is_closing: false,
            is_over: false,
            is_at_a_desk: false,
            issued: state.conversation.clone(),
            conversation: state.conversation,
            heard: None,
            believed: Believed::default(),
            link: Link::Down { until: Time::ZERO },
            failures: 0,
            doubted: None,
            last_session: SessionNumber(0),
            commits: VecDeque::new(),
            last_commit: 0,
            persisting: 0,
            reconciling: Asking::default(),
            handling: Asking::default(),
            outputs: VecDeque::new(),
        };
        let heard = entries.iter().filter_map(|(_, entry)| entry.state.heard()).max();
        engine.heard = heard.map(Heard::Before);
        for (place, mut entry) in entries {
            engine.next = engine.next.max(place.0 + 1);
            entry.under_way = UnderWay::Nothing;
            engine.keys.insert(Arc::clone(&entry.key), place);
            engine.octets += entry.octets;
            let state = std::mem::replace(&mut entry.state, CallState::Queued);
            engine.entries.insert(place, entry);
            engine.enter(place, state);
        }
        engine.number_those_of_the_conversation();
        engine
    }

    /// An outbox as it was kept, for a person: it answers questions and sends nothing.
    pub(crate) fn at_a_desk(kept: Kept) -> Self {
        Self { is_at_a_desk: true, ..Self::new(Settings::default(), kept) }
    }

    /// What has a number in the session that was kept is under way, whatever else was noted.
    fn number_those_of_the_conversation(&mut self) {
        let Some(saved) = self.conversation.clone() else { return };
        let sequence = saved.reliable.sequence.as_str();
        for call in &saved.reliable.unanswered {
            let Some(place) = call.call.map(|call| Place(call.0)) else { continue };
            if self.entries.get(&place).is_some_and(|entry| !entry.state.is_settled()) {
                let sequence = sequence.to_owned();
                self.enter(place, CallState::Sent { sequence, number: call.number });
            }
        }
    }

    /// The next output. None: give the next input, or a `Tick` at [`wake_at`](Self::wake_at).
    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Takes one input. Then drain [`poll`](Self::poll).
    pub(crate) fn handle(&mut self, input: Input, at: &mut Moment<'_>) {
        if self.is_over {
            return self.refuse_after_the_end(input);
        }
        self.believed.see(at);
        match input {
            Input::Enqueue(ask, call) => self.enqueue(ask, call, at),
            Input::Cancel(ask, key) => self.cancel(ask, &key, at),
            Input::Take(ask, key) => self.take(ask, &key, at),
            Input::Resolve(ask, key, verdict) => self.resolve(ask, &key, verdict, at),
            Input::Pause(ask) => self.pause(ask, true),
            Input::Resume(ask) => self.resume(ask, at),
            Input::Stored(id, stored) => self.stored(id, stored, at),
            Input::Session(number, news) => self.news(number, news, at),
            Input::Reconciled(place, verdict) => self.reconciled(place, verdict, at),
            Input::Handled(place, result) => self.handled(place, result, at),
            Input::Close => self.is_closing = true,
            Input::Tick => self.sweep(at),
        }
        self.advance(at);
    }

    fn refuse_after_the_end(&mut self, input: Input) {
        if let Input::Enqueue(ask, _)
        | Input::Cancel(ask, _)
        | Input::Take(ask, _)
        | Input::Resolve(ask, ..)
        | Input::Pause(ask)
        | Input::Resume(ask) = input
        {
            self.answer(ask, Err(Refusal::Closing));
        }
    }

    /// The call at a place.
    pub(crate) fn entry(&self, place: Place) -> Option<&Entry> {
        self.entries.get(&place)
    }

    /// The place of a key.
    pub(crate) fn place(&self, key: &str) -> Option<Place> {
        self.keys.get(key).copied()
    }

    /// All calls, in order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Place, &Entry)> {
        self.entries.iter().map(|(place, entry)| (*place, entry))
    }

    /// What is kept, as a person wants to know it.
    pub(crate) fn summary(&self) -> Summary {
        Summary {
            queued: self.unsent.len(),
            in_flight: self.in_flight.len(),
            in_doubt: self.in_doubt.len(),
            answered: self.answered.len(),
            calls: self.entries.len(),
            octets: self.octets,
            is_paused: self.is_paused,
            is_held: matches!(self.link, Link::Held { .. }),
            is_connected: matches!(self.link, Link::Up(..)),
        }
    }

    /// When the oldest call was enqueued that has no result.
    pub(crate) fn oldest(&self) -> Option<jiff::Timestamp> {
        let sets = [&self.unsent, &self.in_flight, &self.in_doubt];
        let first = sets.into_iter().filter_map(|set| set.first()).min()?;
        self.entries.get(first).map(|entry| entry.enqueued_at)
    }

    /// The sequence that is in use, as it is kept.
    pub(crate) fn sequence(&self) -> Option<&str> {
        self.conversation.as_ref().map(|saved| saved.reliable.sequence.as_str())
    }

    /// Puts a call into a state, and wherever calls of that state stand.
    pub(super) fn enter(&mut self, place: Place, state: CallState) {
        let Some(entry) = self.entries.get_mut(&place) else { return };
        if let Some(at) = entry.state.settled_at() {
            let after = self.settings.keeps(&entry.state);
            self.forgetting.remove(&(at.as_millisecond().saturating_add(after), place));
        }
        for set in [&mut self.unsent, &mut self.in_flight, &mut self.in_doubt, &mut self.answered] {
            set.remove(&place);
        }
        if let Some(at) = state.settled_at() {
            let after = self.settings.keeps(&state);
            self.forgetting.insert((at.as_millisecond().saturating_add(after), place));
        }
        match &state {
            CallState::Queued => self.unsent.insert(place),
            CallState::Sent { .. } => self.in_flight.insert(place),
            CallState::InDoubt { .. } => self.in_doubt.insert(place),
            CallState::Answered { .. } => self.answered.insert(place),
            _ => true,
        };
        entry.state = state;
    }

    /// The call is gone.
    pub(super) fn forget(&mut self, place: Place) {
        self.enter(place, CallState::Queued);
        self.unsent.remove(&place);
        if let Some(entry) = self.entries.remove(&place) {
            self.keys.remove(&entry.key);
            self.octets = self.octets.saturating_sub(entry.octets);
        }
        self.reconciling.forget(place);
        self.handling.forget(place);
    }

    pub(super) fn state_now(&self) -> StateNow {
        StateNow { next: self.next, is_paused: self.is_paused, conversation: self.issued.clone() }
    }

    pub(super) fn answer(&mut self, ask: Ask, answer: Result<Told, Refusal>) {
        self.outputs.push_back(Output::Answer(ask, answer));
    }

    pub(super) fn event(&mut self, event: OutboxEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    pub(super) fn key(&self, place: Place) -> String {
        self.entries.get(&place).map(|entry| entry.key.as_ref().to_owned()).unwrap_or_default()
    }
}

/// How much there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) queued: usize,
    pub(crate) in_flight: usize,
    pub(crate) in_doubt: usize,
    pub(crate) answered: usize,
    pub(crate) calls: usize,
    pub(crate) octets: u64,
    pub(crate) is_paused: bool,
    pub(crate) is_held: bool,
    pub(crate) is_connected: bool,
}

impl Settings {
    /// How many milliseconds a settled call is kept.
    fn keeps(&self, state: &CallState) -> i64 {
        let time = match state {
            CallState::Taken { .. } => self.remember,
            _ => self.retention,
        };
        i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
    }
}

impl Asking {
    pub(super) fn forget(&mut self, place: Place) {
        self.later.remove(&place);
        if self.now == Some(place) {
            self.now = None;
        }
    }
}
