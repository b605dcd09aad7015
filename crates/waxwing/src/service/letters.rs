//! Dead letters, as a program deals with them.

use std::sync::Arc;

use jiff::Timestamp;

use super::durable::Letter;
use super::endpoint::Endpoint;
use super::host::ServiceHost;
use super::performed::Delivering;
use crate::panics;
use crate::store::StoreError;

/// A message that a service has given up: it was acknowledged, and is not executed any more. Its caller has heard a fault, unless the
/// operation is one-way.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    id: String,
    reason: String,
    letter: Letter,
}

impl DeadLetter {
    pub(super) fn new(letter: Letter) -> Self {
        Self { id: letter.id(), reason: letter.reason.to_string(), letter }
    }

    /// By this it is found: the session and the number of the message, which is the key that its operation got.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The endpoint that it came to: the path of its address.
    pub fn endpoint(&self) -> &str {
        &self.letter.endpoint
    }

    /// The reliable session.
    pub fn session(&self) -> &str {
        self.letter.session.as_str()
    }

    /// The number of the message in it.
    pub fn number(&self) -> u64 {
        self.letter.number
    }

    /// The action: which operation it is for.
    pub fn action(&self) -> &str {
        &self.letter.action
    }

    /// Who sent it; empty without authentication.
    pub fn caller(&self) -> &str {
        &self.letter.caller
    }

    /// Why it was given up, in words.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// When.
    pub fn at(&self) -> Timestamp {
        self.letter.at
    }

    /// The message as it was received and decrypted, as XML. **It may hold secrets of its sender.**
    ///
    /// # Errors
    /// Another version of this program has kept it.
    pub fn message(&self) -> Result<String, StoreError> {
        let request = self.letter.request().map_err(StoreError::Unreadable)?;
        Ok(String::from_utf8_lossy(&request.envelope().to_bytes()).into_owned())
    }
}

/// What came of executing a dead letter again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Redelivered {
    /// It was executed, and is no dead letter any more. Nobody hears its reply: its caller was answered long ago.
    Executed,
    /// Its operation gave a fault, in these words; it stays among the dead letters.
    Failed(String),
    /// There is no such dead letter: somebody else has dealt with it.
    Gone,
}

impl ServiceHost {
    /// The dead letters, whatever process has put them there: those after the one with this identifier, at most `limit`.
    ///
    /// # Errors
    /// The host has no store, or that cannot say.
    pub async fn dead_letters(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let letters = self.keeper()?.letters(after, limit).await?;
        Ok(letters.into_iter().map(DeadLetter::new).collect())
    }

    /// Executes a dead letter again, once what it failed of is mended: on an instance of its own, with the key of the first time
    /// ([`OperationContext::delivery`](crate::contract::OperationContext::delivery)), and in the application's transaction if the
    /// operation has one. Authorization and layers are asked as for every call.
    ///
    /// # Errors
    /// The host has no store or not the endpoint, the store cannot say, or another node has the letter.
    pub async fn redeliver_dead_letter(&self, id: &str) -> Result<Redelivered, StoreError> {
        let keeper = Arc::clone(self.keeper()?);
        let Some((letter, epoch)) = keeper.take_letter(id).await? else {
            return Ok(Redelivered::Gone);
        };
        let done = self.execute_letter(&letter).await;
        match &done {
            Ok(Redelivered::Executed) => keeper.remove_letter(id, epoch).await?,
            _ => keeper.leave_letter(id, epoch).await,
        }
        done
    }

    /// Removes a dead letter that people have dealt with otherwise. False: there is no such letter any more.
    ///
    /// # Errors
    /// The host has no store, that cannot say, or another node has the letter.
    pub async fn settle_dead_letter(&self, id: &str) -> Result<bool, StoreError> {
        let keeper = self.keeper()?;
        match keeper.take_letter(id).await? {
            Some((_, epoch)) => keeper.remove_letter(id, epoch).await.map(|()| true),
            None => Ok(false),
        }
    }

    async fn execute_letter(&self, letter: &Letter) -> Result<Redelivered, StoreError> {
        let endpoint = self.endpoint_named(&letter.endpoint).ok_or_else(|| {
            let text =
                format!("the host has no endpoint '{}' that keeps its sessions", letter.endpoint);
            StoreError::Configuration(text)
        })?;
        endpoint.redeliver(letter).await
    }
}

impl Endpoint {
    async fn redeliver(self: &Arc<Self>, letter: &Letter) -> Result<Redelivered, StoreError> {
        let request = letter.request().map_err(StoreError::Unreadable)?;
        let Some(durability) = &self.parts.durability else {
            let text = "the endpoint keeps nothing".to_owned();
            return Err(StoreError::Configuration(text));
        };
        let object = match panics::catch(|| self.parts.instances.instance()) {
            Ok(object) => object,
            Err(panicked) => return Ok(Redelivered::Failed(panicked.to_string())),
        };
        let (session, number) = (&letter.session, letter.number);
        let message = Delivering { durability, request: &request, session, number };
        let performed = self.deliver_again(&message, &object).await;
        self.discard(object);
        Ok(match performed {
            Some(None) => Redelivered::Executed,
            Some(Some(fault)) => Redelivered::Failed(fault),
            None => {
                let text =
                    "the application's database has not said whether it was executed".to_owned();
                return Err(StoreError::Unavailable(text));
            }
        })
    }
}
