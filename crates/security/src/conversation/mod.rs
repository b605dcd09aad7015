//! Who protects the messages of an endpoint: security context sessions (WS-SecureConversation
//! February 2005 and 1.3), one-shot message security, or nobody; the client's and the service's side.
//!
//! # Client
//!
//! [`ClientSecurity`] is one of three behind one face:
//!
//! ```text
//! let mut security = ClientSecurity::new(options, &mut random)?;
//! let mut step = security.open(at)?;
//! loop {
//!     step = match step {
//!         Step::Send(request) => security.handle_reply(post(request), at)?,  // negotiation legs, RST/SCT, Renew, Cancel
//!         Step::Authenticate(evidence) => security.authenticated(judge(&evidence), at)?,  // the service's certificate
//!         Step::Established => break,
//!     };
//! }
//! let (secured, correlation) = security.protect(envelope, at)?;
//! let received = security.verify(post(secured), &correlation, at)?;   // Received
//! if security.renewal_due(at) { step = security.renew(at)?; /* as above */ }
//! step = security.cancel(at)?;                                        // as above
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
//! let mut incoming = security.receive(envelope, peer, at);
//! // Who it is must be decided: outside, in its own time, under no lock.
//! while let Incoming::Authenticate(authentication) = incoming {
//!     let verdict = judge(authentication.evidence());
//!     incoming = security.authenticated(authentication, verdict, at);
//! }
//! match incoming {
//!     Incoming::Reply(reply) => respond(reply.kind, reply.envelope),     // trust messages and faults
//!     Incoming::Message(message) => {                                    // for the layers above
//!         // message.received, message.session, message.caller
//!         let answer = security.protect_reply(&message.reply, envelope, at)?;
//!     }
//! }
//! ```
//!
//! Envelopes go in and come out, so that the caller chooses the encoding (text or MTOM).

mod binding;
mod caller;
mod client;
mod cookie_keys;
mod credentials;
mod error;
mod evidence;
mod faults;
mod identity;
mod options;
mod profile;
mod received;
mod service;

pub use binding::{BindingKind, CertificateTokens, ClientBinding, ServiceBinding};
pub use caller::CallerIdentity;
pub(crate) use caller::folded;
pub use client::{
    ClientSecurity, CookieClient, Correlation, OneShotClient, SecureConversationClient, Step,
};
pub use cookie_keys::CookieKeys;
pub use credentials::{ClientCredential, ClientIdentification};
pub use error::{ClientError, FaultOrigin};
pub use evidence::{
    CertificateEvidence, Evidence, PasswordDigestEvidence, ProvenCaller, UserNameEvidence, Verdict,
};
pub use faults::SecurityFaultKind;
pub use identity::{ExpectedIdentity, IdentityMismatch};
pub use options::{ClientOptions, CookieOptions, Protection, ServiceLimits, ServiceOptions};
pub use profile::{CredentialKind, SecurityProfile};
pub use received::Received;
pub use service::{
    Authentication, Incoming, ReplyContext, ReplyKind, SecuredMessage, SecuritySession,
    ServiceError, ServiceReply, ServiceSecurity, Swept,
};
