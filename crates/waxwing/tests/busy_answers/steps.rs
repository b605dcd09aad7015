//! At each step of a session, for each way in which a service may not be sure: the first message is answered with 503 and nothing,
//! or with a closed connection, or as it should be, within 25 s; and the client's program notices nothing.

use std::time::Duration;

use tokio::task::JoinSet;
use waxwing::binding::TimeSpan;
use waxwing::contract::CallError;
use waxwing_testkit::steps::Step;

use crate::common::CalculatorClient;
use crate::scene::{Answer, SECTIONS, Scene, Trouble};

/// By when a service must be back for WCF's client, whose call returns when the exchange of its first transmission ends.
const BACK: Duration = Duration::from_secs(25);

/// What is answered without waiting for anything, on a machine that is busy.
const AT_ONCE: Duration = Duration::from_secs(6);

/// A session in which there is trouble at one step: everything is done that leads to it, and everything after it.
async fn session(section: &'static str, negotiate: bool, step: Step, trouble: Trouble) -> Answer {
    let scene = Scene::new(section, negotiate).await;
    let scene = match step {
        Step::Renew => scene.renewing_after(TimeSpan::seconds(2)),
        Step::Acknowledgement => scene.inactive_after(TimeSpan::seconds(24)),
        _ => scene,
    };
    // What comes by the clock may come with the first call, where the machine is slow.
    let is_early = step < Step::Call || step == Step::Renew;
    let what = format!("{section} {negotiate} {step} {trouble:?}");
    if is_early {
        scene.tap.arm(step, trouble);
    }
    let channel = scene.factory.open_channel().await;
    let channel = channel.unwrap_or_else(|error| panic!("{what}: {error}"));
    let client = CalculatorClient::new(&channel);
    let right = |sum: Result<f64, CallError>, wanted: f64| match sum {
        Ok(sum) => assert_eq!(sum, wanted, "{what}"),
        Err(error) => panic!("{what}: {error}"),
    };
    right(client.add(1.0, 2.0).await, 3.0);
    if !is_early {
        scene.tap.arm(step, trouble);
    }
    match step {
        // Half of the time of inactivity goes by, and the client asks whether its service lives.
        Step::Acknowledgement => {
            scene.tap.answered().await;
        }
        Step::Renew => tokio::time::sleep(Duration::from_millis(2500)).await,
        _ => {}
    }
    right(client.add(2.0, 2.0).await, 4.0);
    if step == Step::Renew {
        // The call goes on beside it under the old key, and an end would give up one that still negotiates.
        scene.tap.struck().await;
    }
    right(client.add(3.0, 2.0).await, 5.0);
    channel.close().await.unwrap_or_else(|error| panic!("{what}: {error}"));
    if step == Step::Renew {
        // An end does not wait for it either.
        scene.tap.answered().await;
    }
    let answer = scene.tap.answer().unwrap_or_else(|| panic!("{what}: it was not seen"));
    assert_eq!(scene.executed().await, 3, "{what}: each once");
    answer
}

/// What must not be answered, since it would have to be kept, or nobody can know what it belongs to.
fn must_wait(step: Step, trouble: Trouble) -> bool {
    let is_leg = matches!(step, Step::FirstLeg | Step::NextLeg);
    let is_kept = matches!(step, Step::Context | Step::Create | Step::Call | Step::Renew);
    match trouble {
        Trouble::Down | Trouble::Frozen => is_kept,
        Trouble::ReplacedAndDown | Trouble::ReplacedAndFrozen => !is_leg,
        Trouble::Replaced => false,
    }
}

/// All of these at once: what takes time is waiting.
async fn all(steps: &[(Step, &[bool])], troubles: &[Trouble]) {
    let mut sessions = JoinSet::new();
    for section in SECTIONS {
        for (step, negotiates) in steps.iter().copied() {
            for negotiate in negotiates.iter().copied() {
                for trouble in troubles.iter().copied() {
                    sessions.spawn(async move {
                        let answer = session(section, negotiate, step, trouble).await;
                        let what = format!("{section} {negotiate} {step} {trouble:?}: {answer:?}");
                        let is_good = match must_wait(step, trouble) {
                            true => answer.is_harmless(),
                            false => answer.is_harmless() || answer.is_right(),
                        };
                        assert!(is_good && answer.took < BACK, "{what}");
                        let is_slow =
                            matches!(trouble, Trouble::Frozen | Trouble::ReplacedAndFrozen);
                        // WCF's Open waits for it after a failed CreateSequence.
                        let at_once = step != Step::Cancel || is_slow || answer.took < AT_ONCE;
                        assert!(at_once, "{what}");
                    });
                }
            }
        }
    }
    sessions.join_all().await;
}

const BOTH: &[bool] = &[false, true];

const OPENING: [(Step, &[bool]); 4] = [
    (Step::FirstLeg, &[true]),
    (Step::NextLeg, &[true]),
    (Step::Context, BOTH),
    (Step::Create, BOTH),
];

const OPEN: [(Step, &[bool]); 5] = [
    (Step::Call, &[false]),
    (Step::Renew, BOTH),
    (Step::Close, &[false]),
    (Step::Terminate, &[false]),
    (Step::Cancel, &[false]),
];

#[tokio::test]
async fn while_a_session_is_opened() {
    all(&OPENING, &[Trouble::Down, Trouble::Replaced, Trouble::ReplacedAndDown]).await;
}

#[tokio::test]
async fn while_a_session_is_open_and_as_it_ends() {
    all(&OPEN, &[Trouble::Down, Trouble::Replaced, Trouble::ReplacedAndDown]).await;
}

/// A store that does not answer at all is the worst: no exchange may wait for it as long as it likes.
#[tokio::test]
async fn whatever_waits_for_a_store_that_says_nothing_ends_in_time() {
    let troubles = [Trouble::Frozen, Trouble::ReplacedAndFrozen];
    let (opening, open) = (all(&OPENING, &troubles), all(&OPEN, &troubles));
    tokio::join!(opening, open);
}

/// The keep-alive of a client that has nothing to say: whatever is wrong with the service, the session goes on.
#[tokio::test]
async fn when_an_idle_client_asks_whether_its_service_lives() {
    let polls: [(Step, &[bool]); 1] = [(Step::Acknowledgement, &[false])];
    let troubles =
        [Trouble::Down, Trouble::Replaced, Trouble::ReplacedAndDown, Trouble::ReplacedAndFrozen];
    all(&polls, &troubles).await;
}
