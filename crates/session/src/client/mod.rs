//! The client's end of one conversation: an engine without IO.
//!
//! `engine` takes the inputs, `state` is what there is. What becomes of an input is told by subject: `opening` (the
//! security handshake, then the sequence), `trust` (the exchanges of the security protocol, renewals among them),
//! `sequence` (calls in a reliable session), `direct` (calls without one), `links` (calls over a link, where the service
//! calls, too; `link_sequence` in a reliable session, `link_security` protected), `closing` (both ends of an end). `answer` reads
//! verified answers, `attempt` counts those of opening, `progress` says what is waited for. `durable` is a session that
//! survives a crash, `keeping` what is kept of it.

mod answer;
mod api;
mod attempt;
mod call;
mod callbacks;
mod closing;
mod composite;
mod direct;
mod durable;
mod engine;
mod keeping;
mod link;
mod link_security;
mod link_sequence;
mod links;
mod opening;
mod progress;
mod saved;
mod sequence;
mod settings;
mod state;
mod trust;

pub use api::{
    Answer, AuthenticationId, CallbackId, ClientInput, ClientOutput, Leg, TransmissionId, Transmit,
};
pub use saved::{ClientSessionChange, SavedClientSession};
pub use settings::ClientSettings;
pub use state::ClientSession;
