//! Who may have how many questions to the store under way: a bounded number of all, shared fairly.
//!
//! Whoever makes identifiers up asks as many as he can send. So a place is had only by whoever holds fewer than are free: however
//! many one asker wants, as many are left for others; and when all are taken, those who hold none have the next ones, in turn. Whoever gets none waits his
//! turn for a moment, in a line of his own, so that many clients of one address (a proxy, a service that was restarted) are not
//! all told to come again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::crowd::{Asker, Crowd};

/// How many questions the store is asked at a time for messages whose senders nobody knows: as many as keep any store busy. After
/// a restart 100,000 sessions come back through them in the time of so many questions.
pub(super) const CLAIMS: usize = 64;

/// How many messages of one asker wait for a place at most: what 64 places answer in well under the time that they may wait.
const MAX_LINE: usize = 256;

/// How many messages of all askers wait at most. Each is held in memory meanwhile.
const MAX_WAITING: usize = 2048;

/// How long one waits: much less than its sender, who comes again after a 503.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// The places. One table for a host.
#[derive(Clone)]
pub(super) struct Places(Arc<Mutex<Table>>);

/// A place that somebody holds. Dropped, it is the next one's.
pub(super) struct Place {
    table: Arc<Mutex<Table>>,
    asker: Asker,
}

/// There is no place, and none to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

struct Table {
    free: usize,
    askers: HashMap<Asker, Share>,
    /// Whose turn it is among those who wait; each once.
    turns: VecDeque<Asker>,
    waiting: usize,
    /// The same by the networks that they come from.
    crowd: Crowd,
}

/// What one asker has. One who has nothing is not in the table.
#[derive(Default)]
struct Share {
    held: usize,
    line: VecDeque<oneshot::Sender<Place>>,
}

impl Default for Places {
    fn default() -> Self {
        Self::new(CLAIMS)
    }
}

impl Places {
    fn new(free: usize) -> Self {
        let (askers, turns) = (HashMap::new(), VecDeque::new());
        let table = Table { free, askers, turns, waiting: 0, crowd: Crowd::default() };
        Self(Arc::new(Mutex::new(table)))
    }

    /// Takes a place, or waits for one.
    ///
    /// # Errors
    /// There was none in time, or too many wait for one.
    pub(super) async fn take(&self, asker: &Asker) -> Result<Place, Full> {
        let place = {
            let mut table = lock(&self.0);
            let share = table.askers.get(asker);
            let (held, line) = share.map_or((0, 0), |share| (share.held, share.line.len()));
            if line == 0 && held < table.free {
                table.free -= 1;
                table.askers.entry(asker.clone()).or_default().held += 1;
                return Ok(Place { table: Arc::clone(&self.0), asker: asker.clone() });
            }
            if line >= MAX_LINE || table.waiting >= MAX_WAITING && !table.makes_room(asker) {
                return Err(Full);
            }
            let (sender, place) = oneshot::channel();
            table.waiting += 1;
            table.askers.entry(asker.clone()).or_default().line.push_back(sender);
            table.crowd.set(asker, line + 1);
            if line == 0 {
                table.turns.push_back(asker.clone());
            }
            place
        };
        let mut stands = Stands { places: self, asker, place };
        let in_time = tokio::time::timeout(MAX_WAIT, &mut stands.place).await;
        in_time.ok().and_then(Result::ok).ok_or(Full)
    }

    /// How many places nobody has, and how many wait.
    #[cfg(test)]
    fn sizes(&self) -> (usize, usize, usize) {
        let table = lock(&self.0);
        (table.free, table.waiting, table.askers.len())
    }
}

/// Somebody who stands in his line, and leaves it when he gives up.
struct Stands<'a> {
    places: &'a Places,
    asker: &'a Asker,
    place: oneshot::Receiver<Place>,
}

impl Drop for Stands<'_> {
    fn drop(&mut self) {
        self.place.close();
        lock(&self.places.0).leave(self.asker);
    }
}

impl Table {
    /// Whoever came last in the longest line of the most crowded network is told that there is no place, if more wait there than
    /// where this one comes from.
    fn makes_room(&mut self, newcomer: &Asker) -> bool {
        let Some(longest) = self.crowd.makes_way(newcomer) else { return false };
        let Some(share) = self.askers.get_mut(&longest) else { return false };
        self.waiting -= share.line.pop_back().map_or(0, |_told| 1);
        let left = share.line.len();
        self.crowd.set(&longest, left);
        if left == 0 {
            self.turns.retain(|other| *other != longest);
            self.tidy(&longest);
        }
        true
    }

    /// Those who gave up leave the line of an asker.
    fn leave(&mut self, asker: &Asker) {
        let Some(share) = self.askers.get_mut(asker) else { return };
        let before = share.line.len();
        share.line.retain(|waiting| !waiting.is_closed());
        let left = share.line.len();
        self.waiting -= before - left;
        self.crowd.set(asker, left);
        if left == 0 && before > 0 {
            self.turns.retain(|other| other != asker);
        }
        self.tidy(asker);
    }

    fn tidy(&mut self, asker: &Asker) {
        if self.askers.get(asker).is_some_and(|share| share.held == 0 && share.line.is_empty()) {
            self.askers.remove(asker);
        }
    }

    /// Whoever gets what is free, each in his turn.
    fn next(&mut self) -> Vec<(Asker, oneshot::Sender<Place>)> {
        let mut granted = Vec::new();
        let mut passed_over = 0;
        while self.free > 0 && passed_over < self.turns.len() {
            let Some(asker) = self.turns.pop_front() else { break };
            let Some(share) = self.askers.get_mut(&asker) else { continue };
            if share.held >= self.free {
                self.turns.push_back(asker);
                passed_over += 1;
                continue;
            }
            let Some(waiting) = share.line.pop_front() else { continue };
            self.waiting -= 1;
            self.free -= 1;
            share.held += 1;
            let left = share.line.len();
            self.crowd.set(&asker, left);
            if left > 0 {
                self.turns.push_back(asker.clone());
            }
            granted.push((asker, waiting));
            passed_over = 0;
        }
        granted
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let granted = {
            let mut table = lock(&self.table);
            table.free += 1;
            if let Some(share) = table.askers.get_mut(&self.asker) {
                share.held -= 1;
            }
            let granted = table.next();
            table.tidy(&self.asker);
            granted
        };
        for (asker, waiting) in granted {
            // Under no lock: of somebody who is gone the place comes back, and is the next one's.
            let _ = waiting.send(Self { table: Arc::clone(&self.table), asker });
        }
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv6Addr};

    use waxwing_security::conversation::CallerIdentity;

    use super::*;

    /// Addresses that have nothing in common, each a number.
    fn at(number: u32) -> Asker {
        address(IpAddr::V4(number.reverse_bits().into()))
    }

    fn address(address: IpAddr) -> Asker {
        Asker::of(&CallerIdentity::Anonymous, address)
    }

    /// A place that is had without waiting.
    async fn at_once(places: &Places, asker: &Asker) -> Option<Place> {
        let place = tokio::time::timeout(Duration::ZERO, places.take(asker)).await;
        place.ok().map(Result::unwrap)
    }

    /// As many as one asker can get without waiting.
    async fn all(places: &Places, asker: &Asker) -> Vec<Place> {
        let mut held = Vec::new();
        while let Some(place) = at_once(places, asker).await {
            held.push(place);
        }
        held
    }

    #[tokio::test]
    async fn whatever_one_takes_as_much_is_left() {
        let places = Places::default();
        let flood = all(&places, &at(1)).await;
        assert_eq!(flood.len(), CLAIMS / 2);
        let second = all(&places, &at(2)).await;
        assert_eq!(second.len(), CLAIMS / 4);
        // Somebody who proves himself is not who comes from the same address.
        let proven = at_once(&places, &Asker::Caller("alice".into())).await;
        assert!(proven.is_some() && at_once(&places, &Asker::Host).await.is_some());
        drop((flood, second, proven));
        assert_eq!(places.sizes(), (CLAIMS, 0, 0));
    }

    /// Strangers take what they can, one after the other, again and again; an honest client has a place at once.
    #[tokio::test]
    async fn strangers_of_many_addresses_leave_a_place() {
        for strangers in [1, 2, 5, 6] {
            let places = Places::default();
            let mut held: Vec<_> = Vec::new();
            for _ in 0..3 {
                for stranger in 1..=strangers {
                    held.push(all(&places, &at(stranger)).await);
                }
            }
            let honest = at_once(&places, &at(1000)).await;
            assert!(honest.is_some(), "{strangers} strangers");
        }
    }

    /// A place for a moment; who had one is written down.
    fn asks(
        places: &Places,
        asker: u32,
        had: &Arc<Mutex<Vec<u32>>>,
    ) -> tokio::task::JoinHandle<bool> {
        asks_as(places, at(asker), asker, had)
    }

    fn asks_as(
        places: &Places,
        asker: Asker,
        number: u32,
        had: &Arc<Mutex<Vec<u32>>>,
    ) -> tokio::task::JoinHandle<bool> {
        let (places, had) = (places.clone(), Arc::clone(had));
        tokio::spawn(async move {
            let place = places.take(&asker).await;
            had.lock().unwrap().push(number);
            tokio::task::yield_now().await;
            place.is_ok()
        })
    }

    async fn until_all_wait() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    /// As many strangers as there are places, or more, and each has a line behind him: who has nothing has his turn in the first round.
    #[tokio::test]
    async fn a_line_that_is_long_holds_up_nobody_elses() {
        for (all, strangers, line) in [(4, 4, MAX_LINE), (CLAIMS, 200, 5)] {
            let (places, had) = (Places::new(all), Arc::default());
            let mut held: Vec<Place> = Vec::new();
            for stranger in 1..=all as u32 {
                held.push(places.take(&at(stranger)).await.unwrap());
            }
            for _ in 0..line {
                for stranger in 1..=strangers {
                    asks(&places, stranger, &had);
                }
            }
            until_all_wait().await;
            if line == MAX_LINE {
                assert!(places.take(&at(1)).await.is_err(), "his line is full");
            }
            let honest = asks(&places, 9999, &had);
            until_all_wait().await;
            drop(held);
            assert!(honest.await.unwrap());
            let had = had.lock().unwrap();
            let before = had.iter().position(|asker| *asker == 9999).unwrap();
            assert!(before <= strangers as usize + all, "{before} had one before");
        }
    }

    /// A network with many addresses fills all the room there is to wait: whoever comes from elsewhere waits all the same, and has
    /// his place in his turn.
    #[tokio::test]
    async fn many_long_lines_leave_room_to_wait() {
        for line in [MAX_LINE, 2] {
            let strangers = (MAX_WAITING / line) as u32;
            let places = Places::new(4);
            let had: Arc<Mutex<Vec<u32>>> = Arc::default();
            let mut held: Vec<Place> = Vec::new();
            for stranger in 1..=4 {
                held.push(places.take(&at(stranger)).await.unwrap());
            }
            for _ in 0..line {
                for stranger in 1..=strangers {
                    asks(&places, stranger, &had);
                }
            }
            until_all_wait().await;
            assert_eq!(places.sizes().1, MAX_WAITING);
            let honest: Vec<_> = (9990..9993).map(|asker| asks(&places, asker, &had)).collect();
            until_all_wait().await;
            assert_eq!(places.sizes().1, MAX_WAITING, "as many were told to come again");
            assert_eq!(had.lock().unwrap().len(), 3);
            // And one more of a stranger's is refused: he has a line.
            assert!(places.take(&at(1)).await.is_err());
            assert_eq!(places.sizes().1, MAX_WAITING);
            drop(held);
            for honest in honest {
                assert!(honest.await.unwrap(), "{line}");
            }
        }
    }

    /// A network of IPv6 has as many networks of 64 bits as it likes, and sends one message from each: whoever comes from another
    /// network waits all the same, and has his place in his turn. So it is with sites of a provider.
    #[tokio::test]
    async fn a_network_of_many_networks_leaves_room_to_wait() {
        for spread in [64, 80] {
            let places = Places::new(4);
            let stranger = |number: usize| {
                let network = 0x2001_0db8_u128 << 96 | (number as u128) << spread;
                address(IpAddr::V6(Ipv6Addr::from_bits(network)))
            };
            let mut held: Vec<Place> = Vec::new();
            for number in 0..4 {
                held.push(places.take(&stranger(number)).await.unwrap());
            }
            let mut strangers = Vec::new();
            for number in 0..MAX_WAITING {
                let (places, asker) = (places.clone(), stranger(4 + number));
                strangers.push(tokio::spawn(async move { places.take(&asker).await.is_ok() }));
            }
            until_all_wait().await;
            assert_eq!(places.sizes().1, MAX_WAITING);
            // And he goes on.
            assert!(places.take(&stranger(MAX_WAITING + 4)).await.is_err());
            let honest = ["2001:db9::1", "2001:db9::2", "2001:dba:1::1", "192.0.2.7"];
            let had = Arc::default();
            let mut waiting = Vec::new();
            for honest in honest.iter().chain(&honest) {
                let asker = address(honest.parse().unwrap());
                waiting.push(asks_as(&places, asker, 1, &had));
            }
            until_all_wait().await;
            assert_eq!(places.sizes().1, MAX_WAITING, "as many strangers were told to come again");
            assert!(places.take(&stranger(MAX_WAITING + 5)).await.is_err());
            drop(held);
            for honest in waiting {
                assert!(honest.await.unwrap(), "{spread}");
            }
            let mut had_one = 0;
            for stranger in strangers {
                had_one += usize::from(stranger.await.unwrap());
            }
            assert_eq!(had_one, MAX_WAITING - 2 * honest.len());
            assert_eq!(places.sizes(), (4, 0, 0));
            assert_eq!(lock(&places.0).crowd.count(), 0);
        }
    }

    /// Clients of one address that come at once wait instead of coming again; nobody is left in a line that he has left.
    #[tokio::test]
    async fn lines_move_and_end() {
        let places = Places::default();
        let had = Arc::default();
        let all_ask: Vec<_> = (0..CLAIMS / 2 + MAX_LINE).map(|_| asks(&places, 1, &had)).collect();
        for ask in all_ask {
            assert!(ask.await.unwrap());
        }
        assert_eq!(places.sizes(), (CLAIMS, 0, 0));
        // The store does not answer: those who wait are told in time, and leave no trace.
        let held = all(&places, &at(1)).await;
        assert!(places.take(&at(1)).await.is_err());
        let gone = tokio::spawn({
            let places = places.clone();
            async move { places.take(&at(1)).await.is_ok() }
        });
        until_all_wait().await;
        assert_eq!(places.sizes().1, 1);
        gone.abort();
        let _ = gone.await;
        assert_eq!(places.sizes(), (CLAIMS / 2, 0, 1));
        drop(held);
        assert_eq!(places.sizes(), (CLAIMS, 0, 0));
    }
}
