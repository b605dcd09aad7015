//! An endpoint whose messages go over links (net.tcp): one task for each link, which waits for its place, reads what comes
//! and writes what goes out. What answers what, and when a session is over, the conversations' engine decides, which shares
//! the lock of the sessions.
//!
//! `conversations` is what that lock guards, `outgoing` what it hands to the tasks, `links` what they may be, `receiver` what a listener offers them to, `serve` the task of one, `callback`
//! calls a client back; `composite` is what there is
//! instead of links where messages are posted both ways.

pub(super) mod callback;
pub(super) mod composite;
pub(super) mod conversations;
pub(super) mod links;
mod outgoing;
pub(super) mod receiver;
mod serve;
