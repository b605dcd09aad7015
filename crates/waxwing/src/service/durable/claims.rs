//! What a message names and nobody here knows is claimed: once at a time, and by a bounded number of messages.

use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use waxwing_session::ClaimedNames;
use waxwing_store::{Claim, Group, Name, NodeAddress};

use super::crowd::Asker;
use super::flights::{Found, Key};
use super::keeper::Keeper;
use super::places::Place;
use super::registry::Pass;

/// How long a message waits until it is known where its session is, all questions together. A WCF caller returns when the exchange
/// of its first transmission ends, and gives up a service that is not back within 25 s; a commit may come after this
/// (`COMMIT_PATIENCE`).
const PATIENCE: Duration = Duration::from_secs(8);

const SILENT: &str = "the store does not answer";

const BUSY: &str =
    "as many questions to the store as one caller, or one address, may have are under way";

/// What becomes of a message whose session is looked for.
pub(in crate::service) enum Access {
    /// It is judged here.
    Here(Pass),
    /// Another node has its session.
    There(NodeAddress),
    /// Nobody can say now: 503, for this reason.
    Later(String),
}

/// By what a message is found to belong to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum Belongs {
    /// By its security context, which is kept.
    ToContext,
    /// By its sequences.
    ToSequence,
}

impl Keeper {
    /// Finds what a message claims to belong to, and brings it here, so that the message can be judged.
    pub(in crate::service) async fn access(
        self: &Arc<Self>,
        names: &ClaimedNames,
        belongs: Belongs,
        asker: impl FnOnce() -> Asker,
    ) -> Access {
        let known = self.known(names, belongs);
        if !known.0.is_empty() {
            if !self.is_heard() {
                return Access::Later("the other nodes may have taken its session".to_owned());
            }
            return Access::Here(known);
        }
        let groups = |names: &[String]| names.iter().cloned().map(Key::Group).collect::<Vec<_>>();
        let named = |names: &[String]| names.iter().cloned().map(Key::Name).collect::<Vec<_>>();
        let keys = match belongs {
            Belongs::ToContext => groups(&names.contexts),
            Belongs::ToSequence => {
                let mut keys = groups(&names.sequences);
                keys.extend(named(&names.sequences));
                keys.extend(names.origin.clone().map(Key::Name));
                keys
            }
        };
        let looked = tokio::time::timeout(PATIENCE, self.look_for_one(keys, &asker())).await;
        looked.unwrap_or_else(|_| Access::Later(SILENT.to_owned()))
    }

    /// The first of them that is somewhere.
    async fn look_for_one(self: &Arc<Self>, keys: Vec<Key>, asker: &Asker) -> Access {
        for key in keys {
            match self.look(key, asker).await {
                Found::Here(pass) => return Access::Here(pass),
                Found::There(node) => return Access::There(node),
                Found::Later(why) => return Access::Later(why),
                Found::Nowhere => {}
            }
        }
        Access::Here(Pass::default())
    }

    /// Whether something of what a message claims to belong to is here.
    pub(in crate::service) fn is_known(&self, names: &ClaimedNames, belongs: Belongs) -> bool {
        let registry = self.registry();
        let held = |name: &String| registry.get(&Group::new(name.as_str())).is_some();
        match belongs {
            Belongs::ToContext => names.contexts.iter().any(held),
            Belongs::ToSequence => {
                let mut all = names.sequences.iter().chain(&names.origin);
                all.any(|name| registry.is_named(name))
            }
        }
    }

    /// Whether what a message belongs to is as certain as it was.
    pub(in crate::service) fn still(&self, pass: &Pass) -> bool {
        (pass.0.is_empty() || self.is_heard()) && self.registry().still(pass)
    }

    fn known(&self, names: &ClaimedNames, belongs: Belongs) -> Pass {
        let registry = self.registry();
        let found = match belongs {
            Belongs::ToContext => {
                let groups = names.contexts.iter().map(|name| Group::new(name.as_str()));
                groups.filter_map(|group| registry.pass(&group)).collect()
            }
            Belongs::ToSequence => {
                let all = names.sequences.iter().chain(&names.origin);
                all.filter_map(|name| registry.pass_of_name(name)).collect()
            }
        };
        Pass(found)
    }

    /// Claims a group that has work to do.
    pub(super) async fn take_up(self: &Arc<Self>, group: &Group) -> Found {
        self.look(Key::Group(group.as_str().to_owned()), &Asker::Host).await
    }

    /// Asks the store, or waits for whoever asks the same.
    async fn look(self: &Arc<Self>, key: Key, asker: &Asker) -> Found {
        let under_way = self.flights.lock().get(&key).cloned();
        let answer = match under_way {
            Some(answer) => answer,
            None => match self.flights.places.take(asker).await {
                Ok(place) => self.join(key, Some(place)),
                Err(_) => return Found::Later(BUSY.to_owned()),
            },
        };
        told(answer).await
    }

    /// The answer of whoever asks already, or of the question that is asked now. It holds the place, if it needs one.
    fn join(self: &Arc<Self>, key: Key, place: Option<Place>) -> watch::Receiver<Option<Found>> {
        match self.flights.lock().entry(key.clone()) {
            Entry::Occupied(flight) => flight.get().clone(),
            Entry::Vacant(flight) => {
                let (sender, answer) = watch::channel(None);
                flight.insert(answer.clone());
                // Carried through when nobody waits for it any more: a claim must not be left half done.
                tokio::spawn(Arc::clone(self).fly(key, sender, place));
                answer
            }
        }
    }

    async fn fly(
        self: Arc<Self>,
        key: Key,
        sender: watch::Sender<Option<Found>>,
        place: Option<Place>,
    ) {
        let found = match &key {
            Key::Group(name) => self.claim(Group::new(name.as_str())).await,
            Key::Name(name) => self.find(name).await,
        };
        self.flights.lock().remove(&key);
        drop(place);
        sender.send_replace(Some(found));
    }

    async fn find(self: &Arc<Self>, name: &str) -> Found {
        let wanted = Name::new(name);
        match tokio::time::timeout(PATIENCE, self.store.find(&wanted)).await {
            Ok(Ok(Some(group))) => {
                // Under one key with whoever names the group itself. The place is had already.
                let key = Key::Group(group.as_str().to_owned());
                Box::pin(told(self.join(key, None))).await
            }
            Ok(Ok(None)) => Found::Nowhere,
            Ok(Err(error)) => Found::Later(error.to_string()),
            Err(_) => Found::Later(SILENT.to_owned()),
        }
    }

    async fn claim(self: &Arc<Self>, group: Group) -> Found {
        if !is_of_a_session(group.as_str()) {
            return Found::Nowhere;
        }
        {
            let registry = self.registry();
            match (registry.pass(&group), registry.get(&group)) {
                (Some(pass), _) => return Found::Here(Pass(vec![pass])),
                (None, Some(_)) => return Found::Later("it is being forgotten here".to_owned()),
                (None, None) => {}
            }
        }
        match tokio::time::timeout(PATIENCE, self.store.claim(&group)).await {
            Ok(Ok(Claim::Mine(epoch, records))) => self.restore(group, epoch, &records).await,
            Ok(Ok(Claim::Others(node))) => Found::There(node),
            Ok(Ok(Claim::Unknown)) => Found::Nowhere,
            Ok(Err(error)) => Found::Later(error.to_string()),
            Err(_) => Found::Later(SILENT.to_owned()),
        }
    }
}

/// What is found, when it is.
async fn told(mut answer: watch::Receiver<Option<Found>>) -> Found {
    let found = answer.wait_for(Option::is_some).await;
    let gone = || Found::Later("the question to the store was given up".to_owned());
    found.ok().and_then(|found| found.clone()).unwrap_or_else(gone)
}

/// Whether a group may be one that an endpoint has begun: of an identifier that it has made ([`Mint`](waxwing_soap::Mint)). The same
/// store may have outboxes and dead letters, and whoever claims a group fences its owner: a stranger must not, by naming it.
fn is_of_a_session(name: &str) -> bool {
    let uuid = name.strip_prefix("urn:uuid:");
    uuid.is_some_and(|uuid| {
        uuid.len() == 36 && uuid.bytes().all(|o| o == b'-' || o.is_ascii_hexdigit())
    })
}
