//! The client's end of one conversation: an engine without IO.
//!
//! `engine` takes the inputs, `state` is what there is. What becomes of an input is told by subject: `opening` (the
//! security handshake, then the sequence), `trust` (the exchanges of the security protocol, renewals among them),
//! `sequence` (calls in a reliable session), `direct` (calls without one), `closing` (both ends of an end). `answer` reads
//! verified answers, `attempt` counts those of opening, `progress` says what is waited for.

mod answer;
mod api;
mod attempt;
mod closing;
mod direct;
mod engine;
mod opening;
mod progress;
mod sequence;
mod settings;
mod state;
mod trust;

pub use api::{Answer, AuthenticationId, ClientInput, ClientOutput, TransmissionId, Transmit};
pub use settings::ClientSettings;
pub use state::ClientSession;
