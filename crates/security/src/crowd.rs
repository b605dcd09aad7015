//! Sharing out the places of a table: who gets one when many want them.
//!
//! A peer (by the transport's address, or by the credential that it proved) may take all places that nobody else
//! wants but a quarter. When no place is free, whoever has fewer than another gets one of the other's, the one that
//! has waited longest without progress; among equals only one that has waited longer than any honest peer does. So
//! somebody who fills a table fills his share, and an honest peer beside him gets in, at once or when it asks again.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::conversation::{CallerIdentity, folded};
use crate::delivery::PeerTag;

/// Of the places one peer may have all but a quarter.
const SHARE: (usize, usize) = (3, 4);

/// How long a place may stand still before it makes way for another when none is free.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For a peer that has fewer places: what an honest client needs for its next step.
    pub(crate) fewer: Duration,
    /// For anybody: longer than any honest client needs.
    pub(crate) anybody: Duration,
}

/// Who holds a place, or wants one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    peer: Option<u64>,
    credential: Option<u64>,
}

impl Holder {
    /// Nobody: for places that are not shared out.
    pub(crate) fn nobody() -> Self {
        Self { peer: None, credential: None }
    }

    /// A peer without a credential.
    pub(crate) fn of_peer(peer: PeerTag) -> Self {
        Self { peer: peer.number(), credential: None }
    }

    /// A peer that proved a credential. Anonymous callers are not one caller.
    pub(crate) fn new(peer: PeerTag, caller: &CallerIdentity) -> Self {
        let hash = |what: &dyn Fn(&mut DefaultHasher)| {
            let mut hasher = DefaultHasher::new();
            what(&mut hasher);
            Some(hasher.finish())
        };
        let credential = match caller {
            CallerIdentity::Anonymous => None,
            CallerIdentity::UserName(name) => hash(&|hasher| folded(name).hash(hasher)),
            CallerIdentity::Certificate(certificate) => {
                hash(&|hasher| certificate.thumbprint().as_slice().hash(hasher))
            }
        };
        Self { peer: peer.number(), credential }
    }
}

/// A place that is taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// By whom.
    pub(crate) holder: Holder,
    /// When it last got on.
    pub(crate) since: Duration,
}

/// What becomes of a newcomer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// There is a place.
    Free,
    /// It takes the place with this number.
    Instead(usize),
    /// It must ask again later.
    Full,
}

/// Whether a newcomer gets a place. `places` are those that are taken, of `max`.
pub(crate) fn admit(
    places: &[Place],
    newcomer: Holder,
    max: usize,
    patience: Patience,
    now: Duration,
) -> Admission {
    let crowd = Crowd::of(places);
    let share = max * SHARE.0 / SHARE.1;
    let peer_full = newcomer.peer.is_some() && crowd.peer(newcomer) >= share.max(1);
    let credential_full =
        newcomer.credential.is_some() && crowd.credential(newcomer) >= share.max(1);
    if places.len() < max && !peer_full && !credential_full {
        return Admission::Free;
    }
    let own = crowd.weight(newcomer);
    let may_go = |place: &Place| {
        let same_peer = peer_full && place.holder.peer == newcomer.peer;
        let same_credential = credential_full && place.holder.credential == newcomer.credential;
        let within = places.len() >= max && !peer_full && !credential_full;
        let heavier = crowd.weight(place.holder) > own + 1;
        let age = now.saturating_sub(place.since);
        (within || same_peer || same_credential)
            && age > if heavier { patience.fewer } else { patience.anybody }
    };
    let candidates = places.iter().enumerate().filter(|(_, place)| may_go(place));
    let victim = candidates
        .max_by_key(|(_, place)| (crowd.weight(place.holder), std::cmp::Reverse(place.since)));
    victim.map_or(Admission::Full, |(at, _)| Admission::Instead(at))
}

/// The place to be given up when one must go: the one of the greatest crowd that has stood still longest.
pub(crate) fn longest_of_the_largest(places: &[Place]) -> Option<usize> {
    let crowd = Crowd::of(places);
    let key = |place: &Place| (crowd.weight(place.holder), std::cmp::Reverse(place.since));
    places.iter().enumerate().max_by_key(|(_, place)| key(place)).map(|(at, _)| at)
}

/// How many places each peer and each credential has.
struct Crowd {
    peers: HashMap<u64, usize>,
    credentials: HashMap<u64, usize>,
}

impl Crowd {
    fn of(places: &[Place]) -> Self {
        let mut crowd = Self { peers: HashMap::new(), credentials: HashMap::new() };
        for Place { holder, .. } in places {
            if let Some(peer) = holder.peer {
                *crowd.peers.entry(peer).or_default() += 1;
            }
            if let Some(credential) = holder.credential {
                *crowd.credentials.entry(credential).or_default() += 1;
            }
        }
        crowd
    }

    fn peer(&self, holder: Holder) -> usize {
        holder.peer.and_then(|peer| self.peers.get(&peer)).copied().unwrap_or(0)
    }

    fn credential(&self, holder: Holder) -> usize {
        holder.credential.and_then(|name| self.credentials.get(&name)).copied().unwrap_or(0)
    }

    fn weight(&self, holder: Holder) -> usize {
        self.peer(holder) + self.credential(holder)
    }
}

#[cfg(test)]
mod tests;
