//! Who lives, as far as this node knows.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use waxwing_session::ClaimedNames;
use waxwing_soap::Origin;
use waxwing_store::{Incarnation, Node, NodeAddress, Store, StoreError};

use super::hook::Placement;
use super::rendezvous::chosen;

/// How often the store is asked who lives. What is decided by it may be out of date by as much, and is wrong for nobody: who is
/// asked in vain says so, and the client comes again.
const LOOK: Duration = Duration::from_secs(1);

/// The nodes that live. While the store cannot be reached it stays as it was.
pub(super) struct Membership {
    store: Arc<dyn Store>,
    me: Incarnation,
    living: RwLock<Arc<[Node]>>,
}

impl Membership {
    /// By this store, which is looked at every second while this lives.
    ///
    /// # Errors
    /// It is a store of one process, or cannot say who lives.
    pub(super) async fn new(store: Arc<dyn Store>) -> Result<Arc<Self>, StoreError> {
        let nodes = store.nodes().ok_or_else(|| {
            StoreError::Configuration(
                "several nodes need a store that they share (PostgreSQL); this one is one process's: leave out <node>, or \
                 give another <store>"
                    .into(),
            )
        })?;
        let (me, living) = (nodes.me(), nodes.living().await?);
        let living = RwLock::new(that_can_be_reached(me, living));
        let membership = Arc::new(Self { store, me, living });
        tokio::spawn(look(Arc::downgrade(&membership)));
        Ok(membership)
    }

    /// Asks the store now.
    pub(super) async fn refresh(&self) {
        let Some(nodes) = self.store.nodes() else { return };
        match nodes.living().await {
            Ok(living) => {
                let living = that_can_be_reached(self.me, living);
                *self.living.write().unwrap_or_else(PoisonError::into_inner) = living;
            }
            Err(error) => tracing::debug!(%error, "which nodes live is not known at the moment"),
        }
    }

    /// Those that live, this one among them.
    pub(super) fn living(&self) -> Arc<[Node]> {
        Arc::clone(&self.living.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a node that can be reached there lives.
    pub(super) fn lives(&self, address: &NodeAddress) -> bool {
        self.living().iter().any(|node| node.address == *address)
    }

    /// This node is about to leave, and the others send it nothing new.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub(super) async fn drain(&self) -> Result<(), StoreError> {
        match self.store.nodes() {
            Some(nodes) => nodes.drain().await,
            None => Ok(()),
        }
    }

    /// This node leaves: what it owns may be claimed at once.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub(super) async fn leave(&self) -> Result<(), StoreError> {
        match self.store.nodes() {
            Some(nodes) => nodes.leave().await,
            None => Ok(()),
        }
    }

    /// Another node that takes what is new, chosen by a name.
    pub(super) fn elsewhere(&self, name: &str) -> Option<NodeAddress> {
        let living = self.living();
        let others = living.iter().filter(|node| node.incarnation != self.me && !node.draining);
        chosen(others, name).map(|node| node.address.clone())
    }

    /// Whether the others find this node where it says to be.
    ///
    /// # Errors
    /// They do not, in words for the user.
    pub(super) fn is_known_by(&self, address: &NodeAddress) -> Result<(), String> {
        match self.living().iter().find(|node| node.incarnation == self.me) {
            Some(own) if own.address != *address => Err(format!(
                "the store knows this node by the address {}, and its options say {}: the others would look for it in vain",
                own.address.0, address.0
            )),
            _ => Ok(()),
        }
    }

    /// Where a message of a negotiation goes. A leg: to the node that all choose by its `Context`. What is under a negotiated
    /// token that its maker alone can open: to that. Everything else: nowhere but here.
    pub(super) fn place(&self, names: &ClaimedNames) -> Placement {
        let living = self.living();
        if names.contexts.is_empty() {
            let Some(leg) = &names.negotiation else { return Placement::Here };
            let stays = living.iter().filter(|node| !node.draining);
            return match chosen(stays, leg) {
                Some(node) => self.to(node),
                // All leave, or nobody is known: this one is there at least.
                None => Placement::Here,
            };
        }
        let mut made_by = names.contexts.iter().filter_map(|name| Origin::of(name));
        let Some(Origin { node: tag, .. }) = made_by.next() else { return Placement::Here };
        match living.iter().find(|node| node.incarnation.tag() == tag) {
            Some(node) => self.to(node),
            None if tag == self.me.tag() => Placement::Here,
            None => Placement::Nowhere,
        }
    }

    fn to(&self, node: &Node) -> Placement {
        match node.incarnation == self.me {
            true => Placement::Here,
            false => Placement::There(node.address.clone()),
        }
    }
}

/// Without the processes that share the store and have no address, such as the outbox of a client: nothing can be handed to them.
fn that_can_be_reached(me: Incarnation, living: Vec<Node>) -> Arc<[Node]> {
    let reached = |node: &Node| node.incarnation == me || !node.address.0.is_empty();
    living.into_iter().filter(reached).collect()
}

/// Asks who lives, as long as somebody wants to know.
async fn look(membership: Weak<Membership>) {
    let mut second = tokio::time::interval(LOOK);
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        second.tick().await;
        let Some(membership) = membership.upgrade() else { return };
        membership.refresh().await;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::num::NonZeroU16;

    use waxwing_soap::Mint;
    use waxwing_store::MemoryStore;

    use super::*;
    use crate::environment::SystemRandom;

    fn leg(context: &str) -> ClaimedNames {
        ClaimedNames { negotiation: Some(context.to_owned()), ..ClaimedNames::default() }
    }

    async fn of(store: &MemoryStore) -> Arc<Membership> {
        Membership::new(Arc::new(store.clone())).await.unwrap()
    }

    #[tokio::test]
    async fn legs_of_a_negotiation_meet_at_one_node() {
        let a = MemoryStore::new("a:1");
        let (b, c) = (a.another_node("b:1"), a.another_node("c:1"));
        let all = [of(&a).await, of(&b).await, of(&c).await];
        let own = ["a:1", "b:1", "c:1"];
        let mut used = HashSet::new();
        for n in 0..50 {
            let names = leg(&format!("uuid-{n}"));
            let places: HashSet<String> = all
                .iter()
                .zip(own)
                .map(|(node, own)| match node.place(&names) {
                    Placement::Here => own.to_owned(),
                    Placement::There(address) => address.0,
                    Placement::Nowhere => panic!("{names:?}"),
                })
                .collect();
            assert_eq!(places.len(), 1, "{places:?}");
            used.extend(places);
        }
        assert_eq!(used.len(), 3);
        // One that leaves gets no new ones, and one that is dead none at all.
        all[1].drain().await.unwrap();
        c.kill();
        for node in &all {
            node.refresh().await;
        }
        assert!(
            all[0].lives(&NodeAddress("b:1".into())) && !all[0].lives(&NodeAddress("c:1".into()))
        );
        for n in 0..50 {
            let names = leg(&format!("uuid-{n}"));
            assert_eq!(all[0].place(&names), Placement::Here);
            assert_eq!(all[1].place(&names), Placement::There(NodeAddress("a:1".into())));
            assert_eq!(all[1].elsewhere("x"), Some(NodeAddress("a:1".into())));
            assert_eq!(all[0].elsewhere("x"), None, "the only one that takes what is new");
        }
    }

    #[tokio::test]
    async fn tokens_go_to_the_node_that_they_name() {
        let a = MemoryStore::new("a:1");
        let b = a.another_node("b:1");
        let (own, other) = (of(&a).await, of(&b).await);
        let tag = other.me.tag();
        let made = Mint::of_node(tag, NonZeroU16::MIN).urn(&mut SystemRandom);
        let under = |contexts: &[&str]| ClaimedNames {
            contexts: contexts.iter().map(|name| (*name).to_owned()).collect(),
            negotiation: Some("uuid-1".to_owned()),
            ..ClaimedNames::default()
        };
        assert_eq!(own.place(&under(&[&made])), Placement::There(NodeAddress("b:1".into())));
        assert_eq!(other.place(&under(&[&made])), Placement::Here);
        let plain = "urn:uuid:9a7b3c1e-0000-4000-8000-000000000001";
        assert_eq!(own.place(&under(&[plain])), Placement::Here, "it says nothing");
        assert_eq!(own.place(&under(&[plain, &made])), Placement::There(NodeAddress("b:1".into())));
        assert_eq!(own.place(&ClaimedNames::default()), Placement::Here);
        b.kill();
        own.refresh().await;
        assert_eq!(own.place(&under(&[&made])), Placement::Nowhere);
    }

    /// The outbox of a client may be in the same database: nobody reaches that one, so nothing is sent to it.
    #[tokio::test]
    async fn a_process_without_an_address_is_no_node() {
        let a = MemoryStore::new("a:1");
        let _outbox = a.another_node("");
        let own = of(&a).await;
        assert!(!own.lives(&NodeAddress(String::new())));
        for n in 0..50 {
            assert_eq!(own.place(&leg(&format!("uuid-{n}"))), Placement::Here);
            assert_eq!(own.elsewhere(&format!("urn:uuid:{n}")), None);
        }
    }

    #[tokio::test]
    async fn while_the_store_is_down_it_stays_as_it_was() {
        let a = MemoryStore::new("a:1");
        let _b = a.another_node("b:1");
        let own = of(&a).await;
        a.go_down();
        own.refresh().await;
        assert_eq!(own.living().len(), 2);
    }
}
