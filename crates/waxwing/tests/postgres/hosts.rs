//! What two hosts do.

use std::time::{Duration, Instant};

use waxwing_testkit::partition::Cut;
use waxwing_testkit::waiting::until;

use crate::kit::{Callers, DEAD_AFTER, Route, World, missing};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_host_a_message_comes_to_its_session_goes_on() {
    if missing() {
        return;
    }
    for secure in [false, true] {
        let mut world = World::start(secure, 2).await;
        let router = world.router(Route::Any).await;
        let callers = Callers::begin(&world, &router, "any", 4).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        callers.end(&world).await;
        let mut forwarded = 0;
        for (at, node) in world.nodes.iter().enumerate() {
            let said = router.said().iter().filter(|(_, node, _)| *node == at).count();
            assert!(said > 10, "{said} at node {at}");
            let kept = node.kept().await;
            assert_eq!((kept.fenced, kept.lost, kept.dead_letters), (0, 0, 0), "{kept:?}");
            forwarded += kept.forwarded;
        }
        assert!(forwarded > 10, "{forwarded}");
        for node in &mut world.nodes {
            assert!(node.close().await, "all has ended");
        }
    }
}

/// A host stands still for longer than the others wait, in the middle of its calls, and goes on as if nothing had been: the other one
/// has its sessions, and what the first one writes when it wakes up is fenced. Another one is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_stands_still_or_dies_loses_its_sessions_and_nothing_else() {
    if missing() {
        return;
    }
    for secure in [false, true] {
        let mut world = World::start(secure, 2).await;
        let router = world.router(Route::Any).await;
        let callers = Callers::begin(&world, &router, "still", 6).await;
        let (mut fenced, mut rounds) = (0, 0);
        while fenced == 0 || rounds < 2 {
            assert!(rounds < 12, "no zombie has written in vain");
            rounds += 1;
            tokio::time::sleep(Duration::from_secs(1)).await;
            let owner = world.owners().await[0];
            world.nodes[owner].freeze(DEAD_AFTER + Duration::from_secs(1));
            tokio::time::sleep(DEAD_AFTER + Duration::from_secs(2)).await;
            fenced = 0;
            for node in &world.nodes {
                fenced += node.kept().await.fenced;
            }
        }
        callers.end(&world).await;
        let (gone, left) = (0, 1);
        router.go(Route::One(gone));
        let callers = Callers::begin(&world, &router, "killed", 3).await;
        until("it has them", async || world.owners().await.contains(&gone)).await;
        router.go(Route::One(left));
        world.nodes[gone].restart().await;
        router.is_at(gone, world.nodes[gone].http);
        let before = callers.answered();
        until("the other one has them", async || callers.answered() > before).await;
        router.go(Route::Any);
        tokio::time::sleep(Duration::from_secs(1)).await;
        callers.end(&world).await;
    }
}

/// A host is cut off from the database: it answers 503 or not at all, and never from what it remembers; the other one takes its
/// sessions. When the network is whole again nothing is executed twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_cut_off_from_the_database_says_nothing() {
    if missing() {
        return;
    }
    for secure in [false, true] {
        for cut in [Cut::Everything, Cut::Answers] {
            cut_off(secure, cut).await;
        }
    }
}

async fn cut_off(secure: bool, cut: Cut) {
    let world = World::start(secure, 2).await;
    let (away, other) = (0, 1);
    let router = world.router(Route::One(away)).await;
    let callers = Callers::begin(&world, &router, "cut", 3).await;
    until("it has them", async || world.owners().await == [away]).await;
    world.nodes[away].link.cut(cut);
    let since = Instant::now();
    // Its clients come to both from now on.
    router.go(Route::Any);
    tokio::time::sleep(DEAD_AFTER * 3).await;
    let other_has_them = format!("{secure} {cut:?}: the other one has them");
    until(&other_has_them, async || world.owners().await.contains(&other)).await;
    let before = callers.answered();
    let other_answers = format!("{secure} {cut:?}: the other one answers");
    until(&other_answers, async || callers.answered() > before).await;
    let said = router.said().into_iter().filter(|(at, node, _)| *node == away && *at > since);
    let late: Vec<_> = said
        .map(|(at, _, status)| (at - since, status))
        .filter(|(at, _)| *at > DEAD_AFTER)
        .collect();
    assert!(!late.is_empty(), "{secure} {cut:?}: it was asked");
    let unsure = |(_, status): &(Duration, u16)| *status == 503 || *status == 0;
    assert!(late.iter().all(unsure), "{secure} {cut:?}: {late:?}");
    world.nodes[away].link.cut(Cut::Nothing);
    tokio::time::sleep(DEAD_AFTER * 2).await;
    let before = callers.answered();
    until("calls go on", async || callers.answered() > before).await;
    callers.end(&world).await;
    let kept = world.nodes[away].kept().await;
    assert!(kept.discarded > 0, "{secure} {cut:?}: it has let go what it had: {kept:?}");
}
