//! Outboxes: calls that are kept durably by a client and delivered exactly once.
//!
//! A channel forgets its calls when the program dies: whoever made them cannot know which ones the service has executed. An outbox
//! keeps them in a [store](crate::store) before they are sent, goes on with the same numbers of the same reliable session after a
//! crash of the program, and keeps the results until they are taken.
//!
//! ```no_run
//! use std::sync::Arc;
//! use waxwing::ChannelFactory;
//! use waxwing::binding::{MessageCredentialType, SecurityMode, WsHttpBinding};
//! use waxwing::contract::{OperationFault, service_contract};
//! use waxwing::store::Store;
//!
//! #[service_contract(namespace = "urn:shop", name = "IOrders")]
//! pub trait Orders {
//!     async fn place(&self, article: String, pieces: i32) -> Result<i32, OperationFault>;
//! }
//!
//! async fn order(store: Arc<dyn Store>) -> Result<(), Box<dyn std::error::Error>> {
//!     let binding = WsHttpBinding::new(SecurityMode::Message, true)
//!         .message_credential(MessageCredentialType::UserName);
//!     let factory = ChannelFactory::new(binding, "http://shop.example/orders", &ORDERS_CONTRACT)?
//!         .user_name("alice", "secret");
//!     let outbox = factory.durable(store, "orders").open().await?;
//!
//!     // Kept when this returns, whatever becomes of the program and the service after that.
//!     let calls = OrdersCalls::new(&outbox);
//!     let queued = outbox.enqueue("order 4711", calls.place("umbrella".into(), 3)).await?;
//!     println!("{}", queued.result().await?);
//!     outbox.take("order 4711").await?;
//!
//!     // Or as a call: the same line after a crash gives the result of the first time.
//!     let client = OrdersClient::new(outbox.keyed("order 4712"));
//!     println!("{}", client.place("boots".into(), 1).await?);
//!     Ok(())
//! }
//! ```
//!
//! # Keys
//!
//! The application names each call by a key of its own: an order number, the identifier of a row. The same call under the same key
//! is kept once, so a program that does not know how far it came does the same again. Another call under a key that is taken is
//! refused. A key is remembered for a day after its result was taken ([`OutboxBuilder::retention`]).
//!
//! # Results
//!
//! [`Queued::result`] and [`Outbox::result`] wait, in this process or a later one; [`Outbox::poll`] looks;
//! [`OutboxBuilder::on_result`] is handed each result until it returns `Ok`. A fault of the service is a result. Results stay until
//! they are [taken](Outbox::take), or for a week. What was read and not taken before a crash comes again: use the key.
//!
//! # What delivery does by itself
//!
//! * The service is not there: it is tried again, with growing pauses of at most 30 seconds, for ever. The log and
//!   [events](Outbox::events) tell. A WCF service keeps a silent session for 10 minutes, a durable one of this crate as long as its
//!   store.
//! * A certificate is not trusted, a password is wrong: nothing is tried until [`Outbox::resume`], so that no account is locked.
//! * [`Outbox::pause`] sends nothing new; [`Outbox::cancel`] takes back a call that has no number yet. One with a number may be
//!   executed at this moment, and cannot be taken back.
//! * A session without calls for a minute is closed, before the service forgets it.
//! * Calls are delivered in the order in which they were enqueued, over all sessions.
//!
//! # Calls in doubt
//!
//! A service that was replaced by one without its memory knows nothing of the session any more. Calls without a number
//! go on in a new one. A call with a number and no result may be executed or not, and nobody here can know: it is **in doubt**. At
//! most [`in_flight`](OutboxBuilder::in_flight) calls are. The outbox holds the rest ([`hold_in_doubt`](OutboxBuilder::hold_in_doubt)),
//! tells it, and shows what is known ([`Outbox::look`]). A [`Reconcile`] hook asks the service or a database what became of it; a person
//! says so by [`Outbox::resolve`]. A call that may be executed twice ([`Call::idempotent`](crate::contract::Call::idempotent)) is
//! sent again by itself.
//!
//! That a service has forgotten a session is believed when it proves that it says so; from anybody who might be on the way only
//! when it is said again and again for [two minutes](OutboxBuilder::patience).
//!
//! # In the application's own transaction
//!
//! [`Outbox::enqueue_in`] writes a call into a table of the application's database, in the transaction in which the application
//! writes its own rows: both happen, or neither. [`OutboxBuilder::relay`] names the database, from which the outbox takes it after
//! the commit. Where transactions run at the same time the order of their calls is that of the database's identifiers.
//!
//! # Where it is not exactly once
//!
//! * The service forgets a session (above), until somebody decides.
//! * A one-way call is done for the client when the service has acknowledged it. WCF acknowledges before it executes.
//! * The program died before [`Outbox::enqueue`] returned: the call may be kept or not. The same call under the same key settles it.

// Errors and decisions hold a whole SOAP message, and are made once a call: nobody gains by a box around them.
#![allow(clippy::result_large_err, clippy::large_enum_variant)]

mod builder;
mod describe;
mod desk;
mod driver;
mod engine;
mod error;
mod handle;
mod hooks;
mod keyed;
mod look;
mod message;
mod reading;
mod relay;
mod saved;

pub use builder::OutboxBuilder;
pub(crate) use describe::{describe_message, describe_record};
pub use desk::{OutboxDesk, OutboxLook};
pub use engine::{CallState, OutboxEvent};
pub use error::OutboxError;
pub use handle::{CallResult, Outbox, Queued};
pub use hooks::{Decision, Doubt, Reconcile, ResultHandler};
pub use keyed::Keyed;
pub use look::{KeptCall, OutboxStatus};
