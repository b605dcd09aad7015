//! Sessions that are kept in a store, so that they outlive the process and can go on at another node.
//!
//! The engine says what is to be kept and waits for it; here it becomes units of the store, in the order in which it was said.
//! What a message belongs to and nobody here knows is asked of the store before the message is judged, and nowhere else:
//! recovery is lazy, but for messages that were acknowledged and not executed, which are delivered when the host opens.
//!
//! * `registry`: which groups this process has, under which epoch and version. `keeper`: all of it, for the host.
//! * `commit`: from changes to units, and from outcomes to what the engine hears. `contexts`: security contexts.
//! * `claims`: what a message names is claimed, once at a time; `places`: by a bounded number of messages, shared fairly. `restore`: from records to sessions.
//! * `deliver`: how often an operation is executed. `executions`: what runs in this process, whatever becomes of its session.
//! * `drain`: what this process has is given back to the others.
//! * `stillness`: what this process had is let go when it stood still for longer than others wait.
//! * `expiry`: records that nobody needs. `recovery`: what is left to do when the host opens. `letters`: dead letters.
//!
//! **When unsure** (a commit failed or nobody knows, another node has the group): everything of the group is forgotten here, whoever
//! waits gets 503, and the next message loads it again. Nobody is told a fault.

mod claims;
mod commit;
mod contexts;
mod crowd;
mod describe;
mod drain;
mod durability;
mod executions;
mod expiry;
mod flights;
mod holder;
mod keeper;
mod letters;
mod octets;
mod places;
mod recovery;
mod registry;
mod restore;
mod stillness;

pub(super) use claims::{Access, Belongs};
pub(super) use commit::Pending;
pub(super) use crowd::Asker;
pub(crate) use describe::{describe_message, describe_record};
pub(super) use durability::{Came, Claimed, Durability};
pub(super) use executions::Turn;
pub(super) use holder::{Holder, NotRestored, Restored, RestoredSession};
pub(super) use keeper::{Counters, Keeper, Terms};
pub(super) use letters::{Letter, LetterReason};
pub(super) use registry::{Begun, Pass};
