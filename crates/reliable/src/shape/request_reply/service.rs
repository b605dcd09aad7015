//! The service's end: replies, numbered when the operation ends, kept until the client acknowledges them.

use crate::ascending::Ascending;
use crate::headers::Sequence;
use crate::message::{Body, Message};
use crate::mutation::{Mutation, broken};
use crate::names::Identifier;
use crate::ranges::{MessageNumber, Ranges};
use crate::saved::SavedReply;
use crate::shape::waiter::{Waiter, Waiters};
use crate::source::Numbering;

/// What is to be answered, is answered and not acknowledged, or waits for its turn.
#[derive(Debug)]
pub(crate) struct Replies<M> {
    numbering: Numbering,
    /// By the number of the request. Each by itself: there may be many, and they are put in order.
    entries: Ascending<MessageNumber, Box<Entry<M>>>,
    /// Requests that came before their turn, not acknowledged.
    held: Ascending<MessageNumber, Box<Held<M>>>,
}

/// A message that was accepted and whose answer is not known to have arrived.
#[derive(Debug)]
struct Entry<M> {
    /// The exchanges that it came on and that are still open.
    waiters: Waiters,
    /// 2005: the `Sequence` header says that it is the last.
    is_last: bool,
    state: State<M>,
}

#[derive(Debug)]
enum State<M> {
    /// The application has it, or will.
    Running,
    /// The empty LastMessage, or the reply to a last message: answered after everything else.
    Held(Option<M>),
    /// Answered; kept until the answer is acknowledged.
    Replied { number: MessageNumber, body: Body<M> },
}

/// A message that came before its turn.
#[derive(Debug)]
pub(crate) struct Held<M> {
    pub(crate) waiters: Waiters,
    pub(crate) sequence: Sequence,
    /// None: LastMessage.
    pub(crate) message: Option<M>,
}

/// An answer that has its number.
#[derive(Debug)]
pub(crate) struct Answer<M> {
    pub(crate) waiters: Waiters,
    number: MessageNumber,
    body: Body<M>,
    is_last: bool,
}

/// What comes of the end of an operation.
#[derive(Debug)]
pub(crate) enum Done<M> {
    /// Its answer goes out.
    Answer(Answer<M>),
    /// There is no answer; the message is acknowledged on these exchanges.
    Acknowledge(Waiters),
    /// Its answer waits until everything else is answered.
    Later,
    /// It was not waited for.
    Nothing,
}

/// What a message gets that came before.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is taken apart at once")]
pub(crate) enum Repeat<M> {
    /// Its answer again.
    Answer(Waiter, Message<M>),
    /// It waits for the answer like the first.
    Waits,
    /// Too many wait for the same answer.
    TooMany(Waiter),
    /// Its answer is with the client, or there was none: it is acknowledged.
    Acknowledge(Waiter),
}

impl<M: Clone> Replies<M> {
    /// The return sequence of this name, without messages.
    pub(crate) fn new(back: Identifier) -> Self {
        let numbering = Numbering::new(Some(back));
        Self { numbering, entries: Ascending::default(), held: Ascending::default() }
    }

    /// The return sequence of this name, as it was [saved](Self::saved).
    pub(crate) fn restored(
        back: Identifier,
        last: MessageNumber,
        replies: Vec<SavedReply<M>>,
    ) -> Self {
        let entry = |saved: SavedReply<M>| {
            let SavedReply { request, is_last, number, reply } = saved;
            let state = match number {
                0 => State::Held(reply),
                _ => State::Replied {
                    number,
                    body: reply.map_or(Body::LastMessage, Body::Application),
                },
            };
            (request, Box::new(Entry { waiters: Waiters::default(), is_last, state }))
        };
        let mut entries = Ascending::default();
        for (request, entry) in replies.into_iter().map(entry) {
            entries.insert(request, entry);
        }
        Self {
            numbering: Numbering::restored(Some(back), last),
            entries,
            held: Ascending::default(),
        }
    }

    /// What must survive of them: replies that are not known to be with the client.
    pub(crate) fn saved(&self) -> Vec<SavedReply<M>> {
        let saved = |(request, entry): (MessageNumber, &Entry<M>)| {
            let (number, reply) = match &entry.state {
                State::Running | State::Held(None) => return None,
                State::Held(Some(reply)) => (0, Some(reply.clone())),
                State::Replied { number, body: Body::Application(reply) } => {
                    (*number, Some(reply.clone()))
                }
                State::Replied { number, .. } => (*number, None),
            };
            Some(SavedReply { request, is_last: entry.is_last, number, reply })
        };
        self.entries.iter().map(|(request, entry)| (request, &**entry)).filter_map(saved).collect()
    }

    /// A message was accepted. `is_empty`: it is a LastMessage, which no operation answers.
    pub(crate) fn accept(
        &mut self,
        number: MessageNumber,
        waiters: Waiters,
        is_last: bool,
        is_empty: bool,
    ) {
        let state = if is_empty { State::Held(None) } else { State::Running };
        self.entries.insert(number, Box::new(Entry { waiters, is_last, state }));
    }

    /// An operation has ended.
    pub(crate) fn done(&mut self, number: MessageNumber, reply: Option<M>) -> Done<M> {
        let running = |entry: &&mut Box<Entry<M>>| matches!(entry.state, State::Running);
        let Some(entry) = self.entries.get_mut(number).filter(running) else {
            return Done::Nothing;
        };
        match reply {
            Some(reply) if entry.is_last => {
                entry.state = State::Held(Some(reply));
                Done::Later
            }
            Some(reply) => {
                self.answer(number, Body::Application(reply)).map_or(Done::Nothing, Done::Answer)
            }
            None => {
                let waiters = std::mem::take(&mut entry.waiters);
                self.entries.remove(number);
                Done::Acknowledge(waiters)
            }
        }
    }

    /// 2005: the answer of the last message, when everything else is answered; of the empty one, when the application
    /// has closed (`may_close`). None: not now.
    pub(crate) fn answer_last(
        &mut self,
        last: MessageNumber,
        may_close: bool,
    ) -> Option<Answer<M>> {
        let entry = self.entries.get_mut(last)?;
        let body = match &mut entry.state {
            State::Held(None) if may_close => Body::LastMessage,
            State::Held(reply @ Some(_)) => Body::Application(reply.take()?),
            _ => return None,
        };
        self.answer(last, body)
    }

    /// Gives an answer its number. There are no more of them than of requests, so that the numbers suffice.
    fn answer(&mut self, number: MessageNumber, body: Body<M>) -> Option<Answer<M>> {
        let entry = self.entries.get_mut(number)?;
        let reply = self.numbering.take()?;
        let (waiters, is_last) = (std::mem::take(&mut entry.waiters), entry.is_last);
        if broken(Mutation::ForgetReply) {
            self.entries.remove(number);
        } else {
            entry.state = State::Replied { number: reply, body: body.clone() };
        }
        Some(Answer { waiters, number: reply, body, is_last })
    }

    /// The message of an answer, once for each exchange that waits for it.
    pub(crate) fn message(&self, answer: &Answer<M>) -> Message<M> {
        self.numbering.message(answer.number, answer.body.clone(), answer.is_last)
    }

    /// A message that came before.
    pub(crate) fn repeat(&mut self, number: MessageNumber, waiter: Waiter) -> Repeat<M> {
        let Some(entry) = self.entries.get_mut(number) else {
            return Repeat::Acknowledge(waiter);
        };
        match &mut entry.state {
            State::Running | State::Held(_) => match entry.waiters.hold(waiter) {
                Ok(()) => Repeat::Waits,
                Err(waiter) => Repeat::TooMany(waiter),
            },
            State::Replied { number: reply, body } => {
                if broken(Mutation::RenumberReply) {
                    *reply = self.numbering.take().unwrap_or(*reply);
                }
                let message = self.numbering.message(*reply, body.clone(), entry.is_last);
                Repeat::Answer(waiter, message)
            }
        }
    }

    /// Replies that the client has need not be kept. Numbers that were never sent are ignored, as WCF
    /// does.
    pub(crate) fn acknowledged(&mut self, ranges: &Ranges) {
        self.entries.retain(|_, entry| match &entry.state {
            State::Replied { number, body } => {
                matches!(body, Body::LastMessage) || !ranges.contains(*number)
            }
            _ => true,
        });
    }

    /// Whether a message may be accepted, when so many replies may be unacknowledged.
    ///
    /// Beyond WCF: replies to later messages do not keep the first missing one (`expected`) out. A client with a wider
    /// window than ours repeats only that one; refused because replies to later ones were lost, it could never ask for
    /// those again.
    pub(crate) fn has_room(
        &self,
        number: MessageNumber,
        expected: MessageNumber,
        window: usize,
    ) -> bool {
        let below = if number == expected { number } else { MessageNumber::MAX };
        self.unacknowledged_below(below) < window || broken(Mutation::UnboundedReplies)
    }

    /// A message that came before its turn waits with its exchange.
    pub(crate) fn hold(&mut self, waiter: Waiter, sequence: Sequence, message: Option<M>) {
        let held = Held { waiters: Waiters::of(waiter), sequence, message };
        self.held.insert(held.sequence.number, Box::new(held));
    }
}

impl<M> Replies<M> {
    /// The return sequence.
    pub(crate) fn identifier(&self) -> Option<&Identifier> {
        self.numbering.identifier()
    }

    /// The last number given to a reply; 0 for none.
    pub(crate) fn highest(&self) -> MessageNumber {
        self.numbering.highest()
    }

    /// The message with this number that waits for its turn.
    pub(crate) fn held_mut(&mut self, number: MessageNumber) -> Option<&mut Held<M>> {
        self.held.get_mut(number).map(|held| &mut **held)
    }

    /// The turn of this number has come.
    pub(crate) fn release(&mut self, number: MessageNumber) -> Option<Held<M>> {
        self.held.remove(number).map(|held| *held)
    }

    /// Nothing new is taken any more: the exchanges of what waits for its turn.
    pub(crate) fn release_all(&mut self) -> impl Iterator<Item = Waiters> + use<M> {
        std::mem::take(&mut self.held).into_values().map(|held| held.waiters)
    }

    /// How many messages wait for their turn.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// Answers that are with the client for all that is known, and not acknowledged. The empty last reply
    /// needs no acknowledgement.
    pub(crate) fn unacknowledged(&self) -> usize {
        self.unacknowledged_below(MessageNumber::MAX)
    }

    /// The same of the requests below a number.
    fn unacknowledged_below(&self, number: MessageNumber) -> usize {
        let replied = |e: &&Entry<M>| match &e.state {
            State::Replied { body, .. } => !matches!(body, Body::LastMessage),
            _ => false,
        };
        self.entries.iter_below(number).map(|(_, e)| &**e).filter(replied).count()
    }

    /// Messages that were accepted and whose answer is not acknowledged.
    pub(crate) fn outstanding(&self) -> usize {
        self.entries.len()
    }

    /// Messages that were accepted, and of which nothing is done that could be kept.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = MessageNumber> + '_ {
        let is_open = |e: &Entry<M>| matches!(e.state, State::Running | State::Held(None));
        self.entries.iter().filter(move |(_, e)| is_open(e)).map(|(number, _)| number)
    }

    /// Whether messages of the application are not answered yet.
    pub(crate) fn is_busy(&self) -> bool {
        self.entries.iter().any(|(_, e)| matches!(e.state, State::Running))
    }

    /// Every exchange that is still open.
    pub(crate) fn waiters(&self) -> impl Iterator<Item = &Waiter> {
        let held = self.held.iter().map(|(_, h)| &h.waiters);
        self.entries.iter().map(|(_, e)| &e.waiters).chain(held).flat_map(Waiters::iter)
    }

    /// Bytes on the heap, without what the messages hold themselves.
    pub(crate) fn heap_size(&self) -> usize {
        self.identifier().map_or(0, Identifier::heap_size)
            + self.held.heap_size()
            + self.held.len() * size_of::<Held<M>>()
            + self.entries.heap_size()
            + self.entries.len() * size_of::<Entry<M>>()
    }
}
