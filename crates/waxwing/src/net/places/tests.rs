use super::*;

fn places(most: usize) -> Arc<Places> {
    Places::new(PlaceLimits { max_connections: most, max_buffered: 1000, ..Default::default() }, 0)
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([127, 0, 0, last])
}

fn fill(places: &Places, from: &[u8], now: Instant) -> Vec<Arc<Connection>> {
    from.iter()
        .map(|last| places.try_enter(address(*last), Stage::Head, now).expect("a place"))
        .collect()
}

fn ends(connections: &[Arc<Connection>]) -> Vec<bool> {
    connections.iter().map(|connection| connection.is_ending()).collect()
}

fn set(connection: &Connection, stage: Stage, since: Instant, octets: u64) {
    *connection.progress() = Progress { octets, ..Progress::new(stage, since) };
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_longest_idle_makes_way_then_the_slowest() {
    let (places, now) = (places(4), Instant::now());
    let all = fill(&places, &[1, 1, 1, 1], now);
    let later = now + 10 * SECOND;
    set(&all[0], Stage::Body, now, 5000);
    set(&all[1], Stage::Head, now, 10);
    set(&all[2], Stage::Idle, now + SECOND, 0);
    set(&all[3], Stage::Idle, now, 0);
    assert!(places.try_enter(address(2), Stage::Head, later).is_none());
    assert_eq!(ends(&all), [false, false, false, true]);
    // Nobody else goes before it is gone.
    assert!(places.try_enter(address(2), Stage::Head, later).is_none());
    assert_eq!(ends(&all).iter().filter(|ending| **ending).count(), 1);
    places.leave(&all[3]);
    let new = places.try_enter(address(2), Stage::Head, later).expect("its place");
    set(&new, Stage::Body, later, 0);
    set(&all[2], Stage::Handling, now, 0);
    assert!(places.try_enter(address(2), Stage::Head, later + SECOND).is_none());
    assert_eq!(ends(&all), [false, true, false, true], "the slowest of the greediest");
    assert!(!new.is_ending());
}

#[test]
fn the_address_that_holds_most_makes_way_before_an_idle_connection_of_another() {
    let (places, now) = (places(4), Instant::now());
    let all = fill(&places, &[1, 2, 2, 2], now);
    set(&all[0], Stage::Idle, now, 0);
    for (connection, octets) in all[1..].iter().zip([900, 20, 400]) {
        set(connection, Stage::Body, now, octets);
    }
    assert!(places.try_enter(address(3), Stage::Head, now + 2 * SECOND).is_none());
    assert_eq!(ends(&all), [false, false, true, false]);
}

#[test]
fn who_waits_for_an_answer_stays_unless_his_address_holds_more_than_half() {
    let (places, now) = (places(4), Instant::now());
    let all = fill(&places, &[1, 1, 2, 2], now);
    all.iter().for_each(|connection| set(connection, Stage::Handling, now, 0));
    assert!(places.try_enter(address(3), Stage::Head, now + 2 * SECOND).is_none());
    assert_eq!(ends(&all), [false; 4], "a new one has to wait");
    places.leave(&all[3]);
    let third = places.try_enter(address(1), Stage::Head, now + SECOND).expect("a place");
    set(&third, Stage::Handling, now + SECOND, 0);
    assert!(places.try_enter(address(3), Stage::Head, now + 3 * SECOND).is_none());
    assert!(all[0].is_ending() != all[1].is_ending(), "one of three of four");
    assert!(!third.is_ending() && !all[2].is_ending());
}

#[test]
fn nobody_is_slow_in_the_first_second() {
    let (places, now) = (places(1), Instant::now());
    let all = fill(&places, &[1], now);
    assert!(places.try_enter(address(2), Stage::Head, now + SECOND / 2).is_none());
    assert!(!all[0].is_ending());
    assert!(places.try_enter(address(2), Stage::Head, now + SECOND).is_none());
    assert!(all[0].is_ending());
}

#[test]
fn every_stage_has_its_time() {
    let limits = PlaceLimits::default();
    let now = Instant::now();
    let overdue = |stage, octets, after| {
        Progress { octets, ..Progress::new(stage, now) }.is_overdue(&limits, now + after)
    };
    assert!(!overdue(Stage::Head, 0, 30 * SECOND));
    assert!(overdue(Stage::Head, 60_000, 31 * SECOND), "a head has its time, however fast");
    assert!(!overdue(Stage::Idle, 0, 120 * SECOND));
    assert!(overdue(Stage::Idle, 0, 121 * SECOND));
    for stage in [Stage::Body, Stage::Answer] {
        assert!(!overdue(stage, 0, 10 * SECOND));
        assert!(overdue(stage, 0, 11 * SECOND));
        assert!(!overdue(stage, 2400, 20 * SECOND), "the least rate");
        assert!(overdue(stage, 2300, 20 * SECOND));
        assert!(!overdue(stage, 1 << 20, 120 * SECOND));
        assert!(overdue(stage, 1 << 20, 121 * SECOND), "it stands still");
    }
    assert!(!overdue(Stage::Handling, 0, 3600 * SECOND), "what it waits for is ours");
}

#[test]
fn the_networks_of_subscribers_are_one_source() {
    let v6 = |text: &str| source_of(text.parse().expect("an address"));
    assert_eq!(v6("2001:db8::1"), v6("2001:db8::ffff:1"));
    assert_ne!(v6("2001:db8::1"), v6("2001:db8:0:1::1"));
    assert_eq!(v6("::ffff:127.0.0.1"), address(1));
}

#[tokio::test]
async fn bodies_wait_for_memory_and_the_slowest_makes_way() {
    let places = places(10);
    let past = Instant::now().checked_sub(10 * SECOND).expect("the machine is up for ten seconds");
    let all = fill(&places, &[1, 1, 2], past);
    for (connection, octets) in all.iter().zip([10, 900, 1]) {
        set(connection, Stage::Body, past, octets);
    }
    let room = |index: usize| ConnectionRoom { places: &places, connection: &all[index] };
    let mut charges: Vec<_> = (0..2).map(|index| room(index).charge()).collect();
    room(0).more(&mut charges[0], 500).await;
    room(1).more(&mut charges[1], 500).await;
    let mut third = room(2).charge();
    let waiting = tokio::time::timeout(SECOND / 5, room(2).more(&mut third, 100)).await;
    assert!(waiting.is_err(), "there is no room");
    assert_eq!(ends(&all), [true, false, false]);
    let now = Instant::now() + 3600 * SECOND;
    assert!(!all[2].progress().is_overdue(&places.limits, now), "what it waits for is ours");
    charges.remove(0);
    room(2).more(&mut third, 100).await;
    assert_eq!(places.held.load(Ordering::Relaxed), 600);
    let answer = places.answer(&all[1], Bytes::from_static(b"an answer"));
    assert_eq!(places.held.load(Ordering::Relaxed), 609);
    let large = places.answer(&all[1], Bytes::from_static(&[0; 500]));
    let more = tokio::time::timeout(SECOND / 5, places.settled()).await;
    assert!(more.is_err(), "nothing is executed that makes another answer");
    drop(large);
    places.settled().await;
    drop((answer, charges, third));
    assert_eq!(places.held.load(Ordering::Relaxed), 0);
}

/// When the handshakes are used up, the oldest of the address that has the most makes way, once it is old enough; those that
/// are over hold nothing.
#[test]
fn slow_handshakes_make_way() {
    let limits = PlaceLimits { max_handshakes: 3, ..PlaceLimits::default() };
    let places = Places::new(limits, 0);
    let now = Instant::now();
    let enter = |last, at| {
        let entered = places.try_enter(address(last), Stage::Handshake, at)?;
        Some((entered, places.handshake()))
    };
    let (first, first_under_way) = enter(1, now).expect("a place");
    let (second, _second) = enter(1, now + SECOND / 2).expect("a place");
    let (other, _other) = enter(2, now).expect("a place");
    assert!(enter(3, now + SECOND / 2).is_none());
    assert!(!first.is_ending() && !second.is_ending() && !other.is_ending(), "they are young");
    assert!(enter(3, now + 2 * SECOND).is_none());
    assert!(first.is_ending() && !second.is_ending() && !other.is_ending());
    assert!(enter(3, now + 2 * SECOND).is_none(), "it is not gone yet");
    // One that has finished, or is gone, is under way no longer; connections without TLS need none of it.
    drop(first_under_way);
    assert!(places.try_enter(address(4), Stage::Head, now + 2 * SECOND).is_some());
    assert!(enter(3, now + 2 * SECOND).is_some());
    places.watch(now + 15 * SECOND);
    assert!(!second.is_ending());
    places.watch(now + 16 * SECOND);
    assert!(second.is_ending() && other.is_ending());
}
