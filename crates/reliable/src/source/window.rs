//! The send window: numbering, slow start, congestion and flow control, retransmission (WCF's algorithm).

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::entry::{Entry, EntryState, Outgoing, Restored};
use super::numbering::Numbering;
use super::postponement::Postponement;
use super::recovery::LossEstimate;
use super::round_trip::{EAGER_MARGIN, RoundTrip, WCF_MARGIN};
use crate::mutation::{Mutation, broken};
use crate::names::{CallId, Identifier};
use crate::ranges::{MessageNumber, Ranges};
use crate::settings::{LossRecovery, ReliableSessionSettings, RoundTripEstimate};
use waxwing_soap::Time;

/// Eager recovery: after so many resends a message that is still overtaken is not lost but refused, for lack of
/// room at the receiver; the timer, which doubles, takes over.
const MAX_OVERTAKEN: u8 = 3;

/// How many attempts of a durable session fit into the time in which its peer gives it up, at least: after a long outage the
/// next one is half a minute away (by default), and not longer than the peer waits.
const DURABLE_ATTEMPTS: u32 = 20;

/// What a retransmission timer that ran out asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Expired {
    /// Send these again.
    Resend(Vec<MessageNumber>),
    /// This message was sent too often.
    Exceeded(MessageNumber, u32),
}

#[derive(Debug)]
pub(crate) struct SendWindow<M> {
    entries: VecDeque<Entry<M>>,
    pub(crate) numbering: Numbering,
    max: u32,
    size: u32,
    threshold: u32,
    loss_size: u32,
    acknowledged: u32,
    /// How many more the peer has room for; huge until it says.
    quota: i64,
    flow_control: bool,
    /// No timer has run out yet.
    startup: bool,
    last_timeout: Time,
    max_retries: u32,
    round_trip: RoundTrip,
    timeout: Duration,
    /// No two attempts are further apart.
    longest: Duration,
    timer: Option<Time>,
    recovery: LossRecovery,
    estimate: RoundTripEstimate,
    pub(crate) loss: LossEstimate,
}

impl<M> SendWindow<M> {
    pub(crate) fn new(settings: &ReliableSessionSettings) -> Self {
        let round_trip = RoundTrip::new(Duration::ZERO, WCF_MARGIN);
        Self {
            entries: VecDeque::new(),
            numbering: Numbering::new(None),
            max: settings.max_transfer_window_size,
            size: 1,
            threshold: settings.max_transfer_window_size,
            loss_size: settings.max_transfer_window_size,
            acknowledged: 0,
            quota: i64::from(i32::MAX),
            flow_control: settings.flow_control_enabled,
            startup: true,
            last_timeout: Time::ZERO,
            max_retries: settings.max_retry_count,
            timeout: round_trip.timeout(),
            longest: match settings.durable {
                // It has as many attempts as it wants. Whoever comes back finds it before the peer's patience is over.
                true => settings.inactivity_timeout / DURABLE_ATTEMPTS,
                false => Duration::MAX,
            },
            round_trip,
            timer: None,
            recovery: settings.loss_recovery,
            estimate: settings.round_trip_estimate,
            loss: LossEstimate::default(),
        }
    }

    /// Starts the estimate: WCF's with the duration of the whole Open unless the settings say otherwise, the
    /// eager one with that of the last exchange.
    pub(crate) fn measured_open(&mut self, open: Duration, exchange: Duration) {
        self.round_trip = match (self.recovery, self.estimate) {
            (LossRecovery::Wcf, RoundTripEstimate::WholeOpen) => RoundTrip::new(open, WCF_MARGIN),
            (LossRecovery::Wcf, RoundTripEstimate::Exchange) => {
                RoundTrip::new(exchange, WCF_MARGIN)
            }
            (LossRecovery::Eager, _) => RoundTrip::new(exchange, EAGER_MARGIN),
        };
        self.timeout = self.round_trip.timeout();
    }

    /// A sequence that was kept. Says which numbers are to be sent again. The round trip is not known, and estimated anew.
    pub(crate) fn restore(
        &mut self,
        sequence: Identifier,
        last: MessageNumber,
        unanswered: Vec<Restored<M>>,
        now: Time,
    ) -> Vec<MessageNumber> {
        let first = unanswered.iter().map(|of| of.number).min().unwrap_or(last + 1);
        let mut open: BTreeMap<_, _> = unanswered.into_iter().map(|of| (of.number, of)).collect();
        let mut numbers = Vec::new();
        for number in first..=last {
            self.entries.push_back(match open.remove(&number) {
                None => Entry::answered(number, now),
                Some(Restored { call, message_id, body, .. }) => {
                    numbers.push(number);
                    Entry::new(number, Outgoing { call, message_id, body, deadline: None }, now)
                }
            });
        }
        self.numbering = Numbering::restored(Some(sequence), last);
        self.timer = (!self.entries.is_empty()).then(|| self.due(now));
        numbers
    }

    /// What was held back goes out now: a timer that has run out meanwhile begins again.
    pub(crate) fn released(&mut self, now: Time) {
        if self.timer.is_some_and(|at| at <= now) {
            self.timer = Some(self.due(now));
        }
    }

    pub(crate) fn can_add(&self) -> bool {
        broken(Mutation::IgnoreWindow)
            || (self.entries.len() < self.size as usize && (self.quota > 0 || self.may_probe()))
    }

    /// Eager recovery: one message may ask a full receiver whether it has room again; WCF waits for the poll.
    fn may_probe(&self) -> bool {
        self.recovery == LossRecovery::Eager && self.entries.is_empty()
    }

    /// Whether nothing can be added before an acknowledgement comes.
    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= self.size as usize || self.quota <= 0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    pub(crate) fn is_blocked_by_peer(&self) -> bool {
        self.quota <= 0
    }

    /// The highest number given out; 0 for none.
    pub(crate) fn highest(&self) -> MessageNumber {
        self.numbering.highest()
    }

    /// The first number that is not answered yet, or that is given out next.
    fn start(&self) -> MessageNumber {
        self.entries.front().map_or(self.numbering.highest() + 1, |entry| entry.number)
    }

    pub(crate) fn round_trip(&self) -> Duration {
        self.round_trip.mean()
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(crate) fn timer(&self) -> Option<Time> {
        self.timer
    }

    /// Numbers a message. None when the numbers are used up.
    pub(crate) fn add(&mut self, outgoing: Outgoing<M>, now: Time) -> Option<MessageNumber> {
        let number = self.numbering.take()?;
        if self.recovery == LossRecovery::Wcf {
            self.quota -= 1;
        }
        self.entries.push_back(Entry::new(number, outgoing, now));
        if self.timer.is_none() {
            self.timer = Some(self.due(now));
        }
        Some(number)
    }

    /// A message that is still to be answered.
    pub(crate) fn entry(&self, number: MessageNumber) -> Option<&Entry<M>> {
        let first = self.entries.front()?.number;
        let index = usize::try_from(number.checked_sub(first)?).ok()?;
        self.entries.get(index).filter(|e| !e.is_answered())
    }

    /// The same, to be changed.
    pub(crate) fn entry_mut(&mut self, number: MessageNumber) -> Option<&mut Entry<M>> {
        let first = self.entries.front()?.number;
        let index = usize::try_from(number.checked_sub(first)?).ok()?;
        self.entries.get_mut(index).filter(|e| !e.is_answered())
    }

    /// Messages that are still to be answered.
    pub(crate) fn unanswered(&self) -> impl Iterator<Item = &Entry<M>> {
        self.entries.iter().filter(|e| !e.is_answered())
    }

    /// Takes every entry out, when the session ends.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Entry<M>> + '_ {
        self.timer = None;
        self.entries.drain(..)
    }

    /// Marks one message answered. None when it was, or is not known.
    pub(crate) fn transfer(&mut self, number: MessageNumber, now: Time) -> Option<Option<CallId>> {
        let entry = self.entry_mut(number)?;
        entry.state = EntryState::Answered;
        let (call, took) = (entry.call.take(), now - entry.last_attempt);
        self.round_trip.sample(took);
        Some(call)
    }

    /// Numbers in `ranges` that are not marked yet.
    pub(crate) fn newly_in(&self, ranges: &Ranges) -> Vec<MessageNumber> {
        let open = self.unanswered().map(|e| e.number);
        open.filter(|n| ranges.contains(*n)).collect()
    }

    /// Whether an acknowledgement leaves out what an earlier one had.
    pub(crate) fn takes_back(&self, ranges: &Ranges) -> bool {
        let first = self.start();
        let marked = self.entries.iter().filter(|e| e.is_answered());
        (first > 1 && ranges.contiguous() < first - 1)
            || marked.map(|e| e.number).any(|n| !ranges.contains(n))
    }

    /// Slides over what is answered, grows the window and says what to send again.
    pub(crate) fn slide(
        &mut self,
        buffer_remaining: Option<u32>,
        upper: MessageNumber,
        now: Time,
    ) -> Vec<MessageNumber> {
        let before = self.entries.len();
        while self.entries.front().is_some_and(|e| e.is_answered()) {
            self.entries.pop_front();
        }
        let slid = (before - self.entries.len()) as u32;
        let mut room = buffer_remaining.filter(|_| self.flow_control).map(i64::from);
        if self.recovery == LossRecovery::Eager {
            // A receiver counts what waits behind a gap as taken, and so what will come when it closes. Only
            // a full one is believed; what it refuses is sent again.
            self.quota = room.take().unwrap_or(self.quota);
        }
        if slid == 0 {
            let start = self.start();
            if let Some(room) = room.filter(|r| upper + 1 == start && *r > self.quota) {
                self.quota = room - self.in_flight(before);
            }
            return Vec::new();
        }
        if let Some(room) = room {
            self.quota = room - (self.in_flight(before) - i64::from(slid)).max(0);
        }
        let slow_start = self.size <= self.threshold;
        self.grow(slid);
        self.timeout = self.round_trip.timeout();
        self.timer = (!self.entries.is_empty()).then(|| self.due(now));
        if self.startup || !slow_start || self.recovery == LossRecovery::Eager {
            return Vec::new();
        }
        self.unsent_since_timeout(now)
    }

    fn in_flight(&self, outstanding: usize) -> i64 {
        i64::from(self.size).min(outstanding as i64)
    }

    fn grow(&mut self, slid: u32) {
        if self.size <= self.threshold {
            self.size = self.max.min(self.threshold.saturating_add(1)).min(self.size + slid);
            return;
        }
        self.acknowledged += slid;
        let step = (self.loss_size.saturating_sub(self.threshold) / 8).max(1);
        if self.acknowledged > (self.size - self.threshold) * self.size / step {
            self.size = self.max.min(self.size + 1);
            self.acknowledged = 0;
        }
    }

    /// After a loss everything inside the new window counts as lost, once per loss.
    fn unsent_since_timeout(&mut self, now: Time) -> Vec<MessageNumber> {
        let (size, since) = (self.size as usize, self.last_timeout);
        let mut again = Vec::new();
        for entry in self.entries.iter_mut().take(size) {
            if !entry.is_answered() && entry.last_attempt < since {
                (entry.retries, entry.last_attempt) = (entry.retries + 1, now);
                again.push(entry.number);
            }
        }
        again
    }

    /// When the timer runs out that is set now.
    fn due(&self, now: Time) -> Time {
        now + self.timeout.min(self.longest)
    }

    /// The first message is still on its way, on this exchange, or its answer is: the timer, which is the first message's, begins
    /// again. The round trip is not touched: it has always been from the beginning of the one to the end of the other.
    pub(crate) fn progress(&mut self, exchange: u64, now: Time) {
        let is_first = self.unanswered().next().is_some_and(|e| e.last_exchange == exchange);
        if is_first && self.timer.is_some() {
            self.timer = Some(self.due(now));
        }
    }

    /// The timer ran out: back to one message, send the head again, double the timeout.
    pub(crate) fn expire(&mut self, now: Time) -> Expired {
        if broken(Mutation::NeverRetransmit) {
            self.timer = None;
            return Expired::Resend(Vec::new());
        }
        let patience = self.patience();
        let (number, retries, is_late) = match self.entries.front_mut() {
            Some(head) => {
                (head.retries, head.last_attempt) = (head.retries + 1, now);
                head.postponement = Postponement::default();
                (head.number, head.retries, now - head.first_attempt >= patience)
            }
            None => {
                self.timer = None;
                return Expired::Resend(Vec::new());
            }
        };
        if retries > self.max_retries && is_late {
            return Expired::Exceeded(number, retries);
        }
        self.startup = false;
        self.last_timeout = now;
        self.timeout = self.timeout.saturating_mul(2).min(self.longest);
        self.timer = Some(self.due(now));
        if self.recovery == LossRecovery::Eager {
            return Expired::Resend(self.all_unanswered(now));
        }
        self.threshold = (self.size / 2).max(1);
        self.loss_size = self.size;
        self.size = 1;
        self.acknowledged = 0;
        Expired::Resend(vec![number])
    }

    /// How long a message is sent again: as long as WCF's doubling timer takes for MaxRetryCount resends. Eager
    /// recovery repeats more often, but gives up no sooner.
    fn patience(&self) -> Duration {
        if self.recovery == LossRecovery::Wcf {
            return Duration::ZERO;
        }
        let first = WCF_MARGIN + self.round_trip.mean();
        let periods = 2u32.checked_pow(self.max_retries.saturating_add(1)).unwrap_or(u32::MAX) - 1;
        first.saturating_mul(periods)
    }

    fn all_unanswered(&mut self, now: Time) -> Vec<MessageNumber> {
        let open = self.entries.iter_mut().filter(|e| !e.is_answered());
        open.map(|entry| {
            entry.last_attempt = now;
            entry.postponement = Postponement::default();
            entry.number
        })
        .collect()
    }

    /// Everything that is not answered goes again: its time runs from now.
    pub(crate) fn all_again(&mut self, now: Time) -> Vec<MessageNumber> {
        let again = self.all_unanswered(now);
        self.timer = (!again.is_empty()).then(|| self.due(now));
        again
    }

    /// What is postponed goes again: its time runs from now.
    pub(crate) fn resume(&mut self, now: Time) -> Vec<MessageNumber> {
        let mut again = Vec::new();
        for entry in self.entries.iter_mut().filter(|e| !e.is_answered()) {
            if entry.postponement.resume() {
                entry.last_attempt = now;
                again.push(entry.number);
            }
        }
        // The timer is the first message's.
        let head = self.unanswered().next().map(|e| e.number);
        if head.is_some() && head == again.first().copied() {
            self.timer = Some(self.due(now));
        }
        again
    }

    /// Eager recovery: messages whose last transmission was followed by `distance` others, one of which
    /// (`exchange`) is answered, while they are not.
    pub(crate) fn overtaken(
        &mut self,
        exchange: u64,
        distance: u64,
        now: Time,
    ) -> Vec<MessageNumber> {
        let open = self.entries.iter_mut().filter(|e| !e.is_answered());
        open.filter(|e| e.last_exchange + distance <= exchange && e.overtaken < MAX_OVERTAKEN)
            .map(|entry| {
                entry.last_attempt = now;
                entry.overtaken += 1;
                entry.number
            })
            .collect()
    }

    /// Bytes on the heap, without what the messages hold themselves.
    pub(crate) fn heap_size(&self) -> usize {
        self.entries.capacity() * size_of::<Entry<M>>()
    }

    /// Gives memory of a burst back.
    pub(crate) fn shrink(&mut self) {
        if self.entries.is_empty() && self.entries.capacity() > 4 {
            self.entries.shrink_to(4);
        }
    }
}
