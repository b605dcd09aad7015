//! The service's end.
//!
//! * [`ServiceEndpoint`]: what becomes of one message that came in, and of the answer to it. It has no state of its own
//!   but that of its security, which has locks for each session; it is shared by all threads.
//! * [`ServiceSessions`]: an engine with all sessions of the endpoint. Its owner guards it.
//! * [`Admission`]: how much all endpoints of a host do at a time.

mod acceptance;
mod admission;
mod answer;
mod demarcation;
mod endpoint;
mod faults;
mod filter;
mod hints;
mod modes;
mod names;
mod response;
mod sessions;
mod settings;
mod unverified;
mod verified;

pub use admission::{Admission, AdmissionInput, AdmissionLimits};
pub use answer::{Encoded, RefusalKind, ReplyTo, ServiceAnswer};
pub use demarcation::{Demarcation, OutOfPlace};
pub(crate) use endpoint::is_understood;
pub use endpoint::{Arrival, ArrivedMessage, ServiceEndpoint, UnknownSender};
pub use filter::{AddressFilter, AddressFilterMode};
pub use modes::{ConcurrencyMode, DispatchModes, InstanceContextMode};
pub use names::{DispatchId, EndpointId, InstanceId, Origin, Peer, Place};
pub use response::ServiceResponse;
pub use sessions::{Execution, ServiceInput, ServiceOutput, ServiceSessions};
pub use settings::ServiceSettings;
pub use unverified::UnverifiedMessage;
pub use verified::{VerifiedMessage, VerifiedRequest};
