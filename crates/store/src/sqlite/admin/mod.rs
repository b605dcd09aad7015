//! The file of a store, for people: what is in it, whether it is whole, and what is done to it while no process has it.

mod export;
mod look;
mod verify;
mod work;

pub use look::{KindInfo, Overview, Owner, QueueInfo, RecordInfo, SqliteFile};
pub use verify::Verified;
pub use work::{Rotated, compact, remove_dead_letter, rotate};
