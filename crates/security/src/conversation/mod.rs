//! Who protects the messages of an endpoint: security context sessions (WS-SecureConversation
//! February 2005 and 1.3), one-shot message security, or nobody; the client's and the service's side.
//!
//! # Client
//!
//! [`ClientSecurity`] is one of three behind one face:
//!
//! ```text
//! let mut security = ClientSecurity::new(options, &mut random)?;
//! let mut step = security.open(now, &mut random)?;             // Step::Send(envelope) | Step::Established
//! while let Step::Send(request) = step {
//!     let reply = post(request);                                // an Envelope
//!     step = security.handle_reply(reply, now, &mut random)?;   // negotiation legs, RST/SCT, Renew, Cancel
//! }
//! let (secured, correlation) = security.protect(envelope, now, &mut random)?;
//! let received = security.verify(post(secured), &correlation, now)?;   // Received
//! if security.renewal_due(now) { step = security.renew(now, &mut random)?; /* as above */ }
//! step = security.cancel(now, &mut random)?;                    // as above
//! ```
//!
//! Calls go on with the old key while a renewal is under way: [`ClientSecurity::protect`] and
//! [`ClientSecurity::verify`] do not touch the exchange that [`ClientSecurity::handle_reply`] carries on.
//!
//! # Service
//!
//! [`ServiceSecurity`] is shared by all threads (`&self`):
//!
//! ```text
//! match security.receive(envelope, now, &mut random) {
//!     Incoming::Reply(reply) => respond(reply.status, reply.envelope),   // trust messages and faults
//!     Incoming::Message(message) => {                                    // for the layers above
//!         // message.received, message.session, message.caller
//!         let answer = security.protect_reply(&message.reply, envelope, now, &mut random)?;
//!     }
//! }
//! ```
//!
//! Envelopes go in and come out, so that the caller chooses the encoding (text or MTOM).

mod caller;
mod client;
mod credentials;
mod error;
mod faults;
mod identity;
mod options;
mod profile;
mod received;
mod service;

pub use caller::CallerIdentity;
pub(crate) use caller::folded;
pub use client::{ClientSecurity, Correlation, OneShotClient, SecureConversationClient, Step};
pub use credentials::{
    CertificateTrust, ClientCredential, ClientIdentification, UserNameValidator,
};
pub use error::{ClientError, FaultOrigin};
pub use faults::SecurityFaultKind;
pub use identity::{ExpectedIdentity, IdentityMismatch};
pub use options::{ClientOptions, Protection, ServiceKey, ServiceLimits, ServiceOptions};
pub use profile::{CredentialKind, SecurityProfile};
pub use received::Received;
pub use service::{
    Incoming, ReplyContext, SecuredMessage, SecuritySession, ServiceError, ServiceReply,
    ServiceSecurity, Swept,
};
