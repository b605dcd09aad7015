//! Replies have the numbers of their sequence, each one message: a hole, or a number that is two replies, is not noticed by the calls
//! of a WCF client, but breaks the orderly end of its session.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::task::JoinSet;
use waxwing::store::FaultRates;
use waxwing_testkit::steps::Step;

use crate::common::{Binding, CalculatorClient};
use crate::scene::{Exchange, SECTIONS, Scene, Tap};

/// The text of the first element of this local name.
fn text<'a>(message: &'a str, local: &str) -> Option<&'a str> {
    let (_, rest) = message.split_once(&format!("{local}>"))?;
    Some(rest.split('<').next()?.trim())
}

/// The number in the header `Sequence`.
fn number(message: &str) -> Option<u64> {
    let (_, rest) = message.split_once("Sequence s:mustUnderstand=\"1\">")?;
    text(rest, "MessageNumber")?.parse().ok()
}

/// Without what is another at each repetition: the acknowledgement.
fn body(message: &str) -> &str {
    message.split_once("Body>").map_or("", |(_, body)| body)
}

/// What was answered to calls: of each number of a request the numbers and the bodies of its replies.
fn replies(exchanges: &[Exchange]) -> BTreeMap<u64, BTreeSet<(u64, String)>> {
    let mut replies: BTreeMap<u64, BTreeSet<(u64, String)>> = BTreeMap::new();
    for exchange in exchanges.iter().filter(|exchange| exchange.step == Step::Call) {
        let request = std::str::from_utf8(&exchange.request).unwrap();
        let Some((200, answer)) = &exchange.answer else { continue };
        let answer = std::str::from_utf8(answer).unwrap();
        // An answer without a number acknowledges, and is no reply.
        if let (Some(call), Some(reply)) = (number(request), number(answer)) {
            replies.entry(call).or_default().insert((reply, body(answer).to_owned()));
        }
    }
    replies
}

/// Faults of commits, and processes that are killed, while several calls are under way.
async fn troubled(tap: &Tap) {
    let mut rates = FaultRates::default();
    (rates.refused, rates.unknown_done, rates.unknown_not_done) = (80, 80, 80);
    for seed in 1..=4 {
        tap.service().await.store.faults_of_seed(seed, rates);
        tokio::time::sleep(Duration::from_millis(700)).await;
        let mut service = tap.service().await;
        service.store.heal();
        service.replace().await;
    }
}

#[tokio::test]
async fn replies_are_numbered_without_holes_whatever_happens() {
    let mut sessions = JoinSet::new();
    for section in SECTIONS {
        sessions.spawn(async move {
            let scene = Scene::of(Binding { section, ..Binding::none() }).await;
            let channel = scene.open().await;
            let mut calls = JoinSet::new();
            for caller in 0..4 {
                let channel = channel.clone();
                calls.spawn(async move {
                    let client = CalculatorClient::new(channel);
                    for n in 0..12 {
                        let n = f64::from(caller * 100 + n);
                        assert_eq!(client.add(n, 1.0).await.unwrap(), n + 1.0);
                        tokio::time::sleep(Duration::from_millis(150)).await;
                    }
                });
            }
            troubled(&scene.tap).await;
            calls.join_all().await;
            channel.close().await.unwrap();
            let exchanges = scene.tap.state.exchanges.lock().unwrap().clone();
            let replies = replies(&exchanges);
            assert_eq!(replies.len(), 48, "{section}");
            for (call, replies) in &replies {
                assert_eq!(
                    replies.len(),
                    1,
                    "{section} {call}: one number, one content: {replies:?}"
                );
            }
            let numbers: BTreeSet<u64> = replies.values().flatten().map(|(n, _)| *n).collect();
            // 2005: the last message is answered by one of a number of its own.
            let without_holes: BTreeSet<u64> = (1..=48).collect();
            assert_eq!(numbers, without_holes, "{section}");
            let calls = exchanges.iter().filter(|exchange| exchange.step == Step::Call).count();
            assert!(calls > 48, "{section}: something was repeated");
        });
    }
    sessions.join_all().await;
}
