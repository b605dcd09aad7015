//! How often an operation is executed at an endpoint whose sessions are kept: what its `delivery` promises across crashes.
//!
//! Within the process every message is executed once, also when its session was forgotten here and came back while it ran
//! (`durable::executions`). Across crashes: `idempotent` is executed again when nothing was recorded of it; `transaction` finds the mark
//! in the application's database; `once` is recorded before it begins, and not begun again. After a crash the start of whatever may
//! have been running is recorded, too, so that a message which kills the process is given up in the end.

use std::sync::Arc;
use std::time::Duration;

use waxwing_session::{AppMessage, record};
use waxwing_soap::Fault;
use waxwing_store::application::{ApplicationTransaction, ApplicationTransactions, Begun, Mark};
use waxwing_store::{Outcome, StoreError};

use super::durable::{Begun as Start, Counters as Kept, Letter, LetterReason, Turn};
use super::endpoint::Endpoint;
use super::instances::ServiceObject;
use super::performed::{Delivering, Performed};
use super::watch::HostEvent;
use crate::contract::{Delivered, Delivery, DeliveryKey, OperationFault};

/// How long the application's database may take to begin a transaction, or to commit one. Then the caller hears 503, as soon as of a
/// store that does not answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// What executes a message, or why nothing does.
type Object<'a> = Result<&'a Arc<ServiceObject>, &'a OperationFault>;

impl Delivering<'_> {
    fn delivered(&self, attempt: u32) -> Delivered {
        let key = DeliveryKey::new(self.session.shared(), self.number);
        Delivered { key, attempt, transaction: None }
    }
}

impl Endpoint {
    /// Executes a message as its operation wants it: its reply. None: nobody is to be told anything; the session is forgotten here,
    /// or the host ends.
    pub(super) async fn deliver(
        self: &Arc<Self>,
        message: &Delivering<'_>,
        object: Object<'_>,
    ) -> Option<Option<AppMessage>> {
        let keeper = &message.durability.keeper;
        loop {
            match keeper.executions.begin(message.session, message.number) {
                Turn::Begun(other) => {
                    if let Some(reply) = other.outcome().await {
                        Kept::add(&keeper.counters.repeated);
                        return Some(reply);
                    }
                }
                Turn::Begin(execution) => {
                    let reply = self.deliver_first(message, object).await?;
                    execution.ends(reply.clone());
                    return Some(reply);
                }
            }
        }
    }

    /// The first time in this process.
    async fn deliver_first(
        self: &Arc<Self>,
        message: &Delivering<'_>,
        object: Object<'_>,
    ) -> Option<Option<AppMessage>> {
        let Delivering { durability, request, session, number } = *message;
        let keeper = &durability.keeper;
        let operation = self.contract(request.action()).operation(request.action());
        let delivery = operation.and_then(|operation| operation.delivery).unwrap_or_default();
        let (Ok(_), Some(_)) = (object, operation) else {
            return Some(self.run(message, object, message.delivered(1)).await.reply);
        };
        let begun = keeper.begun(session, number);
        if let Some(Start { attempts }) = begun {
            let reason = match delivery {
                Delivery::Once => Some(LetterReason::InDoubt),
                _ if attempts >= keeper.max_attempts => Some(LetterReason::Attempts(attempts)),
                _ => None,
            };
            if let Some(reason) = reason {
                return self.give_up(message, reason).await;
            }
        }
        let attempt = begun.map_or(1, |begun| begun.attempts.saturating_add(1));
        if delivery == Delivery::Once || keeper.is_counted(session, number) {
            let start = Start { attempts: attempt };
            if !keeper.begin(session, number, start).await {
                return None;
            }
        }
        let delivered = message.delivered(attempt);
        let (Delivery::Transaction, Some(applications)) = (delivery, &durability.applications)
        else {
            return Some(self.run(message, object, delivered).await.reply);
        };
        match self.in_transaction(message, object, delivered, &**applications).await {
            Ok(reply) => Some(reply),
            Err(error) => {
                // It was no death of the process: however long the database is away, the message is not given up.
                if keeper.begun(session, number).is_some() {
                    let start = Start { attempts: attempt.saturating_sub(1) };
                    keeper.begin(session, number, start).await;
                }
                self.in_the_dark(message, error)
            }
        }
    }

    /// Executes a message that was given up, whose session may be gone. None: it is not known whether it was executed; otherwise
    /// the text of its fault, if it gave one.
    pub(super) async fn deliver_again(
        self: &Arc<Self>,
        message: &Delivering<'_>,
        object: &Arc<ServiceObject>,
    ) -> Option<Option<String>> {
        let Delivering { durability, request, .. } = *message;
        let operation = self.contract(request.action()).operation(request.action());
        let delivery = operation.and_then(|operation| operation.delivery).unwrap_or_default();
        let delivered = message.delivered(1);
        let reply = match (delivery, &durability.applications) {
            (Delivery::Transaction, Some(applications)) => {
                let done = self.in_transaction(message, Ok(object), delivered, &**applications);
                match done.await {
                    Ok(reply) => reply,
                    Err(error) => self.in_the_dark(message, error)?,
                }
            }
            _ => {
                let performed = self.run(message, Ok(object), delivered).await;
                if performed.reply.is_none() && !performed.stands {
                    return Some(Some("the operation gave a fault; the log says which".to_owned()));
                }
                performed.reply
            }
        };
        let fault = reply.filter(|reply| reply.is_fault());
        Some(fault.map(|reply| match Fault::read(&reply.envelope) {
            Some(fault) => fault.text().to_owned(),
            None => "the operation gave a fault".to_owned(),
        }))
    }

    async fn run(
        self: &Arc<Self>,
        message: &Delivering<'_>,
        object: Object<'_>,
        delivered: Delivered,
    ) -> Performed {
        self.perform(object, message.request, Some(message.session), Some(delivered)).await
    }

    /// Executes a message in a transaction of the application, unless its mark is there: its reply.
    ///
    /// # Errors
    /// Whether it was executed is not known now.
    async fn in_transaction(
        self: &Arc<Self>,
        message: &Delivering<'_>,
        object: Object<'_>,
        mut delivered: Delivered,
        applications: &dyn ApplicationTransactions,
    ) -> Result<Option<AppMessage>, StoreError> {
        let mark = Mark { session: message.session.as_str().into(), number: message.number };
        message.durability.keeper.marks(message.session);
        let transaction = match begin(applications, &mark).await {
            Ok(Begun::Executed(reply)) => return self.marked(message, &reply),
            Ok(Begun::Open(transaction)) => transaction,
            Err(error) => return Err(error),
        };
        delivered.transaction = Some(transaction.handle());
        let Performed { reply, stands } = self.run(message, object, delivered).await;
        if !stands {
            transaction.rollback().await;
            return Ok(reply);
        }
        let octets = match &reply {
            Some(reply) => bytes::Bytes::from_owner(record::write_message(reply)),
            None => bytes::Bytes::new(),
        };
        match commit(transaction, octets).await {
            Outcome::Done => Ok(reply),
            // Another process has executed it meanwhile: what it answered is the answer.
            Outcome::Exists(_) => match begin(applications, &mark).await {
                Ok(Begun::Executed(reply)) => self.marked(message, &reply),
                Ok(Begun::Open(_)) => {
                    let text = "the mark of a message is there, and is not".to_owned();
                    Err(StoreError::Unreadable(text))
                }
                Err(error) => Err(error),
            },
            Outcome::Refused(error) | Outcome::Unknown(error) => Err(error),
            Outcome::Fenced | Outcome::Stale => {
                let text = "the application's database gave no outcome of a transaction".to_owned();
                Err(StoreError::Unavailable(text))
            }
        }
    }

    /// The message was executed before: what was answered then.
    ///
    /// # Errors
    /// Another version of this program has written it.
    fn marked(
        &self,
        message: &Delivering<'_>,
        reply: &[u8],
    ) -> Result<Option<AppMessage>, StoreError> {
        Kept::add(&message.durability.keeper.counters.repeated);
        if reply.is_empty() {
            return Ok(None);
        }
        let read = record::read_message(reply);
        read.map(Some).map_err(|error| StoreError::Unreadable(error.to_string()))
    }

    /// Whether the message was executed is not known now: its session is forgotten here, and the message comes again.
    fn in_the_dark(
        &self,
        message: &Delivering<'_>,
        error: StoreError,
    ) -> Option<Option<AppMessage>> {
        let Delivering { durability, session, number, .. } = message;
        if let Some(left_out) = self.log.pass() {
            let address = self.address();
            tracing::error!(
                address, %session, number, left_out,
                "a transaction of the application has failed, and the message will be executed again: {error}"
            );
        }
        durability.keeper.doubt(session, error);
        None
    }

    /// The message is not executed any more: it is put among the dead letters, and its caller hears a fault.
    async fn give_up(
        &self,
        message: &Delivering<'_>,
        reason: LetterReason,
    ) -> Option<Option<AppMessage>> {
        let Delivering { durability, request, session, number } = *message;
        let letter =
            Letter::of(durability, request, session, number, reason, self.parts.clock.wall());
        let name = letter.id();
        if let Err(error) = durability.keeper.put_letter(letter).await {
            return self.in_the_dark(message, error);
        }
        let counters = &durability.keeper.counters;
        Kept::add(&counters.dead_letters);
        let fault = match reason {
            LetterReason::InDoubt => {
                Kept::add(&counters.in_doubt);
                OperationFault::in_doubt()
            }
            LetterReason::Attempts(attempts) => OperationFault::given_up(attempts),
        };
        tracing::error!(
            address = self.address(), %session, number, action = request.action(), letter = name,
            "a message was given up and is among the dead letters: {reason}"
        );
        self.tell(|address| HostEvent::DeadLetter {
            address,
            session: session.to_string(),
            number,
            reason: reason.to_string(),
        });
        Some(self.refused_call(request, &fault))
    }
}

async fn begin(
    applications: &dyn ApplicationTransactions,
    mark: &Mark,
) -> Result<Begun, StoreError> {
    let begun = tokio::time::timeout(PATIENCE, applications.begin(mark)).await;
    begun.unwrap_or_else(|_| Err(slow()))
}

async fn commit(transaction: Box<dyn ApplicationTransaction>, reply: bytes::Bytes) -> Outcome {
    let done = tokio::time::timeout(PATIENCE, transaction.commit(reply)).await;
    done.unwrap_or_else(|_| Outcome::Unknown(slow()))
}

fn slow() -> StoreError {
    let text = format!("the application's database has not answered for {} s", PATIENCE.as_secs());
    StoreError::Unavailable(text)
}
