//! What is to happen.

use std::sync::Arc;

use waxwing_security::conversation::Verdict;
use waxwing_session::{AppMessage, AuthenticationId, DispatchId, TransmissionId, VerifiedRequest};

use crate::client::Change;
use crate::link::{Octets, Outcome};
use crate::plan::Micros;
use crate::store::{Outcome as Fate, Unit};
use crate::trouble::End;
use crate::words::CallName;

pub enum Event {
    Comes(usize),
    Call(CallName, bool),
    Crashes(usize, Micros),
    Begins(usize, usize),
    Closes(usize, usize),
    ClientKeeps(usize, usize, Change, Fate),
    Written(usize, usize, TransmissionId),
    Judged(usize, usize, AuthenticationId, Verdict),
    Ends(usize, usize, TransmissionId, Outcome),
    Arrives {
        peer: usize,
        waits: Option<(usize, TransmissionId)>,
        octets: Octets,
    },
    /// At this node, which was told of it by another.
    Forwarded {
        node: usize,
        exchange: u64,
        peer: usize,
        octets: Octets,
    },
    /// The store has found what it was asked for.
    Looked {
        node: usize,
        life: u32,
        exchange: u64,
        peer: usize,
        octets: Octets,
    },
    NodeEnds(usize, End, Micros),
    NodeComes(usize),
    /// A node looks whether it is still taken for alive, and for work that nobody does.
    Beats(usize),
    Applies {
        node: usize,
        life: u32,
        id: u64,
        unit: Unit,
        fate: Fate,
    },
    Committed {
        node: usize,
        life: u32,
        id: u64,
        fate: Fate,
    },
    Transacts {
        node: usize,
        life: u32,
        job: DispatchId,
        key: (String, u64),
        request: Arc<VerifiedRequest>,
        ends: Micros,
    },
    JobEnds {
        node: usize,
        life: u32,
        job: DispatchId,
        reply: Option<AppMessage>,
    },
}
