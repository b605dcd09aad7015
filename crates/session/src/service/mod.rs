//! The service's end.
//!
//! * [`ServiceEndpoint`]: what becomes of one message that came in, and of the answer to it. It has no state of its own
//!   but that of its security, which has locks for each session; it is shared by all threads.
//! * [`ServiceSessions`]: an engine with all sessions of the endpoint. Its owner guards it.
//! * [`Admission`]: how much all endpoints of a host do at a time.

mod acceptance;
mod admission;
mod answer;
mod claims;
mod demarcation;
mod encoding;
mod endpoint;
mod faults;
mod filter;
mod hints;
mod modes;
mod names;
mod response;
mod saved;
mod sessions;
mod settings;
mod unverified;
mod verified;

pub use admission::{Admission, AdmissionInput, AdmissionLimits};
pub use answer::{Encoded, RefusalKind, ReplyTo, ServiceAnswer};
pub use claims::ClaimedNames;
pub use demarcation::{Course, Demarcation, OutOfPlace};
pub(crate) use endpoint::is_understood;
pub use endpoint::{Arrival, ArrivedMessage, ServiceEndpoint, UnknownSender};
pub use filter::{AddressFilter, AddressFilterMode};
pub use modes::{ConcurrencyMode, DispatchModes, InstanceContextMode};
pub use names::{DispatchId, EndpointId, InstanceId, Origin, Peer, Place};
pub(crate) use response::Said;
pub use response::ServiceResponse;
pub(crate) use saved::map_replies;
pub use saved::{SavedSession, SessionChange};
pub use sessions::{Execution, ServiceInput, ServiceOutput, ServiceSessions};
pub use settings::ServiceSettings;
pub use unverified::UnverifiedMessage;
pub(crate) use verified::{Carried, sender_of};
pub use verified::{VerifiedMessage, VerifiedRequest};
