//! The nodes that share a store: who lives, and where the others find them.
//!
//! A process joins when it opens a store of several nodes, and says from time to time that it lives; the store does both by
//! itself. Whether a node lives decides who is asked and who may claim. It decides nothing about what is written: that is the
//! epoch's business, also for a node that was held for dead and is not ([`Outcome::Fenced`](crate::Outcome::Fenced)).

use std::future::Future;
use std::pin::Pin;

use crate::error::StoreError;

/// A future behind a pointer.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where a node can be reached by the others: `host:port`, as its configuration says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NodeAddress(pub String);

/// A process of a node, from its start to its end. The store gives the number, and no number twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

impl Incarnation {
    /// The number as identifiers carry it (`waxwing_soap::Mint`): unique among all that live and that lived lately.
    pub fn tag(self) -> u32 {
        (self.0 & u64::from(u32::MAX)) as u32
    }
}

/// A node that lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its process.
    pub incarnation: Incarnation,
    /// Its name, as its configuration says.
    pub name: String,
    /// How the others reach it.
    pub address: NodeAddress,
    /// It is about to leave, and takes nothing new.
    pub draining: bool,
}

/// Whether the others hear a process that lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The others have heard of it lately, so that nobody may claim what it has.
    pub is_heard: bool,
    /// How often they had not for so long that they may have claimed what it had.
    pub lapses: u64,
}

/// What a store of several nodes knows of them.
pub trait Nodes: Send + Sync {
    /// The process that asks.
    fn me(&self) -> Incarnation;

    /// How the process that asks stands with the others, as far as it knows by itself: the store is not asked. Nothing is written by
    /// whoever was not heard, since the epoch stops him; but what he remembers of a session may be old, and must not be said.
    fn standing(&self) -> Standing {
        Standing { is_heard: true, lapses: 0 }
    }

    /// All that live, whoever asks among them (unless the others hold it for dead): by their incarnations. At most a few hundred.
    ///
    /// # Errors
    /// The store cannot say; nothing may be concluded.
    fn living(&self) -> BoxFuture<'_, Result<Vec<Node>, StoreError>>;

    /// The process that asks is about to leave: the others send it nothing that is new.
    ///
    /// # Errors
    /// As for [`living`](Self::living).
    fn drain(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The process that asks leaves: what it still owns may be claimed at once. It does so when its work is done; whoever just
    /// dies is missed a little later.
    ///
    /// # Errors
    /// As for [`living`](Self::living): the others will miss it.
    fn leave(&self) -> BoxFuture<'_, Result<(), StoreError>>;
}
