//! Dead letters: messages that were acknowledged and are not executed, for people. Each is a group of its own, so that it outlives
//! its session, and whoever deals with it first has it.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use waxwing_reliable::{MessageNumber, SessionId};
use waxwing_session::{VerifiedRequest, record};
use waxwing_store::{
    Claim, Epoch, Group, Kind, MessageChange, Name, Outcome, Queue, Record, RecordId, Step,
    StoreError, StoredMessage, Unit,
};

use super::commit::{removal, told, within};
use super::durability::Durability;
use super::keeper::Keeper;
use super::octets::{framed, unframed};

/// What the name of a letter's group begins with.
const GROUP: &str = "urn:waxwing:dead-letter:";

/// The version of the state.
const FORMAT: u8 = 1;

/// The only message of a letter.
const REQUEST: u64 = 1;

/// Why a message was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum LetterReason {
    /// It may be executed once only, and was begun by a process that died.
    InDoubt,
    /// The process died so many times while it was executed.
    Attempts(u32),
}

impl fmt::Display for LetterReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InDoubt => f.write_str(
                "the process died while it was executed, and it may be executed once only: look whether it was done",
            ),
            Self::Attempts(attempts) => {
                write!(f, "the process died {attempts} times while it was executed")
            }
        }
    }
}

/// A message that was given up.
#[derive(Clone)]
pub(in crate::service) struct Letter {
    /// The endpoint, by its name.
    pub(in crate::service) endpoint: String,
    pub(in crate::service) session: SessionId,
    pub(in crate::service) number: MessageNumber,
    pub(in crate::service) action: String,
    pub(in crate::service) caller: String,
    pub(in crate::service) reason: LetterReason,
    pub(in crate::service) at: Timestamp,
    /// The message, by the records of the session.
    request: Bytes,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, session, number, action, caller, reason, at, .. } = self;
        write!(f, "{endpoint} {session}/{number} {action} of {caller} at {at}: {reason}")
    }
}

impl Letter {
    pub(in crate::service) fn of(
        durability: &Durability,
        request: &VerifiedRequest,
        session: &SessionId,
        number: MessageNumber,
        reason: LetterReason,
        at: Timestamp,
    ) -> Self {
        Self {
            endpoint: durability.name.to_string(),
            session: session.clone(),
            number,
            action: request.action().to_owned(),
            caller: request.caller().name(),
            reason,
            at,
            request: Bytes::from_owner(record::write_request(request)),
        }
    }

    /// By this it is found.
    pub(in crate::service) fn id(&self) -> String {
        format!("{}/{}", self.session, self.number)
    }

    /// The message as it was verified.
    ///
    /// # Errors
    /// Another version of this program has written it.
    pub(in crate::service) fn request(&self) -> Result<Arc<VerifiedRequest>, String> {
        let request = record::read_request(&self.request);
        request.map(Arc::new).map_err(|error| error.to_string())
    }

    fn state(&self) -> Vec<u8> {
        let attempts = match self.reason {
            LetterReason::InDoubt => 0,
            LetterReason::Attempts(attempts) => attempts.max(1),
        };
        let mut state = vec![FORMAT];
        state.extend_from_slice(&attempts.to_be_bytes());
        state.extend_from_slice(&self.at.as_millisecond().to_be_bytes());
        state.extend_from_slice(&self.number.to_be_bytes());
        for text in [self.session.as_str(), &self.action, &self.caller] {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            state.extend_from_slice(&length.to_be_bytes());
            state.extend_from_slice(text.as_bytes());
        }
        state
    }

    pub(super) fn read(record: &Record) -> Option<Self> {
        let (endpoint, state) = unframed(&record.state)?;
        let rest = state.strip_prefix(&[FORMAT])?;
        let (attempts, rest) = rest.split_first_chunk::<4>()?;
        let (at, rest) = rest.split_first_chunk::<8>()?;
        let (number, mut rest) = rest.split_first_chunk::<8>()?;
        let mut text = || {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            let (text, after) = after.split_at_checked(length)?;
            rest = after;
            String::from_utf8(text.to_vec()).ok()
        };
        let (session, action, caller) = (SessionId::new(text()?), text()?, text()?);
        let mut messages = record.messages.iter();
        let request = messages.find(|message| message.queue == Queue::DeadLetters)?;
        Some(Self {
            endpoint: endpoint.to_owned(),
            session,
            number: u64::from_be_bytes(*number),
            action,
            caller,
            reason: match u32::from_be_bytes(*attempts) {
                0 => LetterReason::InDoubt,
                attempts => LetterReason::Attempts(attempts),
            },
            at: Timestamp::from_millisecond(i64::from_be_bytes(*at)).ok()?,
            request: request.body.clone(),
        })
    }
}

fn record_id(id: &str) -> RecordId {
    let group = Group::new(format!("{GROUP}{id}"));
    RecordId { group, kind: Kind::DeadLetter, name: Name::new("") }
}

impl Keeper {
    /// Keeps a letter until somebody deals with it. One that is there stays as it is.
    pub(in crate::service) async fn put_letter(&self, letter: Letter) -> Result<(), StoreError> {
        let state = framed(&letter.endpoint, &letter.state());
        let (queue, number, body) = (Queue::DeadLetters, REQUEST, letter.request.clone());
        let request = StoredMessage { queue, number, name: None, body };
        let unit = Unit {
            record: record_id(&letter.id()),
            epoch: Epoch(1),
            step: Step::Create(state),
            expires_at: Some(Timestamp::MAX),
            names: Vec::new(),
            messages: vec![MessageChange::Put(request)],
        };
        let group = unit.record.group.clone();
        match within(self.store.commit(unit)).await {
            Outcome::Done => {
                // Anybody may deal with it: this process, another node, a person.
                let _ = within(self.store.release(&group, Epoch(1))).await;
                Ok(())
            }
            Outcome::Stale | Outcome::Fenced => Ok(()),
            Outcome::Refused(error) | Outcome::Unknown(error) => Err(error),
            outcome @ Outcome::Exists(_) => Err(StoreError::Unreadable(told(&outcome))),
        }
    }

    /// Letters, whoever has put them there: those after the one with this identifier.
    pub(in crate::service) async fn letters(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Letter>, StoreError> {
        let after = after.map(record_id);
        let records = self.store.records(Kind::DeadLetter, after.as_ref(), limit).await?;
        Ok(records.iter().filter_map(Letter::read).collect())
    }

    /// Takes a letter, so that nobody else deals with it. None: there is no such letter.
    pub(in crate::service) async fn take_letter(
        &self,
        id: &str,
    ) -> Result<Option<(Letter, Epoch)>, StoreError> {
        match self.store.claim(&record_id(id).group).await? {
            Claim::Mine(epoch, records) => {
                let letter = records.iter().find_map(Letter::read).ok_or_else(|| {
                    let text = "another version of this program has written the dead letter";
                    StoreError::Unreadable(text.to_owned())
                })?;
                Ok(Some((letter, epoch)))
            }
            Claim::Others(node) => {
                let text = format!("the node {} deals with the dead letter at the moment", node.0);
                Err(StoreError::InUse(text))
            }
            Claim::Unknown => Ok(None),
        }
    }

    /// A letter that was taken stays.
    pub(in crate::service) async fn leave_letter(&self, id: &str, epoch: Epoch) {
        let _ = within(self.store.release(&record_id(id).group, epoch)).await;
    }

    /// A letter that was taken was dealt with.
    pub(in crate::service) async fn remove_letter(
        &self,
        id: &str,
        epoch: Epoch,
    ) -> Result<(), StoreError> {
        match within(self.store.commit(removal(record_id(id), epoch))).await {
            Outcome::Done => Ok(()),
            Outcome::Refused(error) | Outcome::Unknown(error) => Err(error),
            outcome => Err(StoreError::InUse(told(&outcome))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waxwing_store::Version;

    #[test]
    fn a_letter_is_read_again() {
        for reason in [LetterReason::InDoubt, LetterReason::Attempts(7)] {
            let letter = Letter {
                endpoint: "/calc".into(),
                session: SessionId::new("urn:uuid:1"),
                number: 42,
                action: "urn:pay".into(),
                caller: "CN=alice".into(),
                reason,
                at: Timestamp::from_second(1_800_000_000).unwrap(),
                request: Bytes::from_static(b"request"),
            };
            let message = StoredMessage {
                queue: Queue::DeadLetters,
                number: REQUEST,
                name: None,
                body: letter.request.clone(),
            };
            let mut record = Record {
                id: record_id(&letter.id()),
                epoch: Epoch(1),
                version: Version(1),
                expires_at: Timestamp::MAX,
                state: framed(&letter.endpoint, &letter.state()),
                names: Vec::new(),
                messages: vec![message],
            };
            let read = Letter::read(&record).unwrap();
            assert_eq!(format!("{read:?}"), format!("{letter:?}"));
            for end in 0..record.state.len() {
                let cut = Record { state: record.state.slice(..end), ..record.clone() };
                assert!(Letter::read(&cut).is_none(), "{end}");
            }
            record.messages.clear();
            assert!(Letter::read(&record).is_none());
        }
    }
}
