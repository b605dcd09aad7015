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
//! # Both ends send when they like
//!
//! Over net.tcp, WebSockets and wsDual's pair of addresses ([`Flow`]) a message answers no other by where it comes; its
//! `RelatesTo` says what it answers, if anything. The client:
//!
//! ```text
//! // Step::Send is an exchange of its own (over net.tcp: a connection of its own); Step::SendInSession is not.
//! let (secured, _) = security.protect(envelope, at)?;                 // calls, answers to callbacks, acknowledgements
//! match security.receive(envelope, at)? {                             // everything that comes
//!     FromService::Message(received) => dispatch(received),           // by RelatesTo: a reply, or a callback
//!     FromService::Step(step) => go_on(step),
//!     FromService::RenewNeeded { relates_to } => send_again_after_renewal(relates_to),
//!     FromService::Ended => service_sends_nothing_more(),
//! }
//! if let Some(last) = security.end_output(at)? { send(last) }         // the session's cancellation, or the answer to it
//! ```
//!
//! The service, with a [`LinkSecurity`] for each connection:
//!
//! ```text
//! match security.receive_on(&mut link, envelope, peer, at) {
//!     Incoming::Authenticate(authentication) => { /* … */ security.authenticated_on(&mut link, authentication, verdict, at) }
//!     Incoming::Reply(reply) => send_on_the_link(reply.envelope),
//!     Incoming::Message(message) => {
//!         // Good for whatever is sent in the session: replies, callbacks, acknowledgements.
//!         let context = message.reply;
//!         let callback = security.protect_reply(&context, envelope, at)?;
//!     }
//!     Incoming::Ended(session) => finish_then(|| security.end_output(&session, version, None, at)),
//! }
//! ```
//!
//! What keeps messages apart: the keys are the session's and each end signs with a derived key of its own, so a message that
//! is sent back to its sender is known; actions have their protection by the direction in which they go; every message is
//! taken once; a connection carries one session.
//!
//! Envelopes go in and come out, so that the caller chooses the encoding (text or MTOM).

mod binding;
mod caller;
mod client;
mod cookie_keys;
mod credentials;
mod ending;
mod error;
mod evidence;
mod faults;
mod fit;
mod flow;
mod identity;
mod keys_saved;
mod options;
mod profile;
mod received;
mod saved;
mod service;

pub use binding::{BindingKind, CertificateTokens, ClientBinding, ServiceBinding};
pub use caller::CallerIdentity;
pub(crate) use caller::folded;
pub use client::{
    ClientSecurity, CookieClient, Correlation, FromService, OneShotClient,
    SecureConversationClient, Step,
};
pub use cookie_keys::CookieKeys;
pub use credentials::{ClientCredential, ClientIdentification};
pub use error::{ClientError, FaultOrigin};
pub use evidence::{
    CertificateEvidence, Evidence, PasswordDigestEvidence, ProvenCaller, UserNameEvidence, Verdict,
};
pub use faults::SecurityFaultKind;
pub use flow::Flow;
pub use identity::{ExpectedIdentity, IdentityMismatch};
pub use options::{ClientOptions, CookieOptions, Protection, ServiceLimits, ServiceOptions};
pub use profile::{CredentialKind, SecurityProfile};
pub use received::Received;
pub use saved::{
    Generation, SavedCaller, SavedClientContext, SavedContext, SavedDerivedKey, SavedKey,
};
pub use service::{
    Authentication, Incoming, LinkSecurity, ReplyContext, ReplyKind, SecuredMessage,
    SecuritySession, ServiceError, ServiceReply, ServiceSecurity, Swept, named_contexts,
};
