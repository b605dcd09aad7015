//! The decisions of an outbox in virtual time, and an application that knows what the service has executed.

mod world;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use waxwing_reliable::SavedEnd;
use waxwing_session::{Moment, Time};

use self::world::{World, call};
use super::*;

/// Enqueues so many calls, as an application does that repeats what it does not know; then everything heals.
fn run(seed: u64, calls: usize, settings: Settings) -> World {
    let mut world = World::new(seed, settings);
    let mut pending: VecDeque<String> = (0..calls).map(|n| format!("k{n}")).collect();
    let mut asked: Option<(String, Ask)> = None;
    for _ in 0..20_000 {
        world.step();
        match &asked {
            Some((key, ask)) => match world.told.remove(ask) {
                Some(Ok(_)) => {
                    if let Some(place) = world.engine.place(key) {
                        world.promised.insert(Arc::from(key.as_str()), place);
                    }
                    asked = None;
                }
                Some(Err(_)) => {
                    pending.push_front(key.clone());
                    asked = None;
                }
                // A crash has swallowed the question.
                None if !world.engine.keys.contains_key(key.as_str()) => {
                    pending.push_front(key.clone());
                    asked = None;
                }
                None if world.engine.commits.is_empty() => {
                    pending.push_front(key.clone());
                    asked = None;
                }
                None => {}
            },
            None if world.random.one_in(2) => {
                if let Some(key) = pending.pop_front() {
                    let ask = world.ask(|ask| Input::Enqueue(ask, call(&key, 1)));
                    asked = Some((key, ask));
                }
            }
            None => {}
        }
        let is_done = pending.is_empty() && asked.is_none();
        if is_done && world.service.executed.len() >= calls {
            world.trouble = 0;
        }
        if is_done && world.trouble == 0 {
            let open = world.engine.entries.values().any(|entry| !entry.state.is_settled());
            if !open && world.commits.is_empty() {
                break;
            }
        }
    }
    world
}

#[test]
fn whatever_crashes_each_call_is_executed_once_in_order_and_has_its_result() {
    let (mut doubts, mut cases) = (0, 0);
    let seeds = std::env::var("OUTBOX_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(400);
    for seed in 0..seeds {
        let settings = Settings {
            in_flight: 1 + (seed % 8) as u32,
            reconciles: true,
            handles: seed % 2 == 0,
            patience: Duration::from_secs(5),
            idle: Duration::from_secs(3),
            ..Settings::default()
        };
        let world = run(seed, 12, settings);
        let executed = &world.service.executed;
        let mut ordered = executed.clone();
        ordered.sort_unstable();
        ordered.dedup();
        assert_eq!(*executed, ordered, "seed {seed}: once, in order");
        assert_eq!(executed.len(), 12, "seed {seed}: all of them\n{:#?}", world.engine);
        for (key, place) in &world.promised {
            let state = world.engine.entry(*place).map(|entry| &entry.state);
            assert!(
                state.is_some_and(CallState::is_settled),
                "seed {seed}: {key} has its result: {state:?}"
            );
        }
        doubts += world.doubts;
        cases += usize::from(world.doubts > 0);
    }
    assert!(doubts > 0 && cases > 5, "the world is rough enough: {doubts} in {cases}");
}

fn settle(world: &mut World) {
    for _ in 0..400 {
        world.step();
    }
}

/// A world in which nothing goes wrong by itself.
fn calm(settings: Settings) -> World {
    let mut world = World::new(7, settings);
    world.trouble = 0;
    world
}

#[test]
fn a_key_names_one_call_for_ever() {
    let mut world = calm(Settings::default());
    let first = world.ask(|ask| Input::Enqueue(ask, call("a", 1)));
    let at_once = world.ask(|ask| Input::Enqueue(ask, call("a", 1)));
    let other = world.ask(|ask| Input::Enqueue(ask, call("a", 2)));
    settle(&mut world);
    assert_eq!(world.told[&first].as_ref().unwrap(), &Told::Enqueued);
    assert_eq!(world.told[&at_once].as_ref().unwrap(), &Told::Enqueued);
    assert!(matches!(world.told[&other], Err(Refusal::OtherCall(_))));
    let later = world.ask(|ask| Input::Enqueue(ask, call("a", 1)));
    assert!(matches!(world.told[&later], Ok(Told::Known(CallState::Answered { .. }))));
    assert_eq!(world.service.executed.len(), 1);
    for key in ["", &"x".repeat(257)] {
        let refused = world.ask(|ask| Input::Enqueue(ask, call(key, 1)));
        assert!(matches!(world.told[&refused], Err(Refusal::Key)));
    }
}

/// What a service has acknowledged it may still have to execute: what comes next follows in the same session, or would overtake it.
#[test]
fn after_a_crash_the_next_call_follows_in_the_session_that_was_heard_lately() {
    for (idle, sessions) in [(Duration::from_secs(600), 1), (Duration::from_nanos(1), 2)] {
        let mut world = calm(Settings { idle, ..Settings::default() });
        world.ask(|ask| Input::Enqueue(ask, call("a", 1)));
        while world.settled.is_empty() {
            world.step();
        }
        world.crash();
        world.ask(|ask| Input::Enqueue(ask, call("b", 1)));
        while world.service.executed.len() < 2 {
            world.step();
        }
        assert_eq!(world.service.made, sessions, "{idle:?}");
    }
}

/// A service has no place for ever more sessions that nobody ends.
#[test]
fn what_was_being_closed_at_a_crash_is_closed_after_it() {
    let mut world = closing_at_a_crash(false);
    assert!(world.service.sequences.is_empty(), "the service was told");
    assert!(world.disk.state.conversation.is_none(), "its keys are kept no longer");
    world.ask(|ask| Input::Enqueue(ask, call("b", 1)));
    while world.service.executed.len() < 2 {
        world.step();
    }
    assert_eq!(world.service.made, 2);
}

/// Nobody waits for that for long.
#[test]
fn what_was_being_closed_is_given_up_where_nobody_answers() {
    let mut world = closing_at_a_crash(true);
    assert!(world.session.is_some(), "it is being closed");
    world.give(Input::Close);
    world.now += Duration::from_secs(5);
    let wake = world.engine.wake_at(&World::moment(world.now, &mut world.random));
    assert!(wake.is_some_and(|wake| wake <= Time::since_start(world.now)), "{wake:?}");
    world.give(Input::Tick);
    while !world.commits.is_empty() {
        world.commit();
    }
    assert!(world.session.is_none() && world.engine.is_over);
    assert!(world.disk.state.conversation.is_none());
}

fn closing_at_a_crash(away: bool) -> World {
    let mut world = calm(Settings::default());
    world.ask(|ask| Input::Enqueue(ask, call("a", 1)));
    while world.settled.is_empty() {
        world.step();
    }
    // As the engine below keeps it before it says so to the service.
    world.session.as_mut().expect("one").saved.end = SavedEnd::Closed(Some(1));
    world.persist(Vec::new(), Vec::new());
    while !world.commits.is_empty() {
        world.commit();
    }
    world.service.away = away;
    world.crash();
    while !world.commits.is_empty() {
        world.commit();
    }
    world
}

#[test]
fn a_call_is_cancelled_until_it_has_a_number() {
    let mut world = calm(Settings { in_flight: 1, ..Settings::default() });
    world.service.away = true;
    for key in ["a", "b"] {
        world.ask(|ask| Input::Enqueue(ask, call(key, 1)));
    }
    while !world.commits.is_empty() {
        world.commit();
    }
    let ask = world.ask(|ask| Input::Cancel(ask, "b".into()));
    while !world.commits.is_empty() {
        world.commit();
    }
    assert!(matches!(world.told[&ask], Ok(Told::Done)));
    settle(&mut world);
    assert_eq!(world.service.executed.len(), 1, "the other one");
    let late = world.ask(|ask| Input::Cancel(ask, "a".into()));
    assert!(matches!(world.told[&late], Err(Refusal::State(CallState::Answered { .. }))));
    let again = world.ask(|ask| Input::Enqueue(ask, call("b", 1)));
    assert!(matches!(world.told[&again], Ok(Told::Known(CallState::Cancelled { .. }))));
}

#[test]
fn what_is_full_refuses_and_drops_nothing() {
    let mut world = calm(Settings { max_calls: 2, ..Settings::default() });
    let asks: Vec<_> = ["a", "b", "c"]
        .iter()
        .map(|key| world.ask(|ask| Input::Enqueue(ask, call(key, 1))))
        .collect();
    settle(&mut world);
    assert!(
        matches!(&world.told[&asks[2]], Err(Refusal::Full(text)) if text.contains("max_calls"))
    );
    assert_eq!(world.service.executed.len(), 2);
    let mut world = calm(Settings { max_octets: 15, ..Settings::default() });
    world.ask(|ask| Input::Enqueue(ask, call("a", 1)));
    let more = world.ask(|ask| Input::Enqueue(ask, call("b", 1)));
    assert!(matches!(&world.told[&more], Err(Refusal::Full(text)) if text.contains("max_octets")));
}

#[test]
fn results_go_when_they_were_taken_or_are_old() {
    let hour = Duration::from_secs(3600);
    let settings = Settings { retention: 2 * hour, remember: hour, ..Settings::default() };
    let mut world = calm(settings);
    for key in ["a", "b"] {
        world.ask(|ask| Input::Enqueue(ask, call(key, 1)));
    }
    settle(&mut world);
    let take = world.ask(|ask| Input::Take(ask, "a".into()));
    settle(&mut world);
    assert!(matches!(world.told[&take], Ok(Told::Done)));
    assert_eq!(world.engine.entry(Place(1)).map(|entry| entry.octets), Some(0));
    world.now += hour + Duration::from_secs(60);
    settle(&mut world);
    assert!(world.engine.place("a").is_none(), "its key is remembered for an hour");
    assert!(world.engine.place("b").is_some());
    world.now += hour;
    settle(&mut world);
    assert!(world.engine.place("b").is_none(), "kept for two hours");
    assert!(world.disk.calls.is_empty() && world.disk.notes.is_empty());
}

/// A world in which the service has forgotten the session, after it has executed the first of two calls.
fn forgotten(settings: Settings, idempotent: bool) -> World {
    let mut world = calm(Settings { in_flight: 2, ..settings });
    for key in ["a", "b", "c"] {
        let call = NewCall { idempotent, ..call(key, 1) };
        world.ask(|ask| Input::Enqueue(ask, call));
    }
    while !world.commits.is_empty() {
        world.commit();
    }
    world.exchange();
    for _ in 0..6 {
        while !world.commits.is_empty() {
            world.commit();
        }
    }
    assert_eq!(world.engine.summary().in_flight, 2, "{:#?}", world.engine);
    let session = world.session.as_ref().expect("one");
    let number = session.number;
    world.service.executed.push(Place(1));
    world.service.sequences.clear();
    world.give(Input::Session(number, News::Ended(Ending::Forgotten, "UnknownSequence".into())));
    settle(&mut world);
    world
}

#[test]
fn calls_in_doubt_hold_the_queue_until_somebody_decides() {
    let mut world = forgotten(Settings::default(), false);
    let states: Vec<_> = world.engine.entries().map(|(_, entry)| entry.state.clone()).collect();
    let doubtful = |state: &CallState| matches!(state, CallState::InDoubt { .. });
    assert!(doubtful(&states[0]) && doubtful(&states[1]), "{states:?}");
    assert_eq!(states[2], CallState::Queued, "held");
    let early = world.ask(|ask| Input::Take(ask, "a".into()));
    assert!(matches!(world.told[&early], Err(Refusal::State(_))));
    world.crash();
    settle(&mut world);
    assert_eq!(world.engine.summary().in_doubt, 2, "a restart does not forget the doubt");
    assert_eq!(world.disk.dead_letters, BTreeSet::from([Place(1), Place(2)]));
    world.ask(|ask| Input::Resolve(ask, "a".into(), Verdict::Delivered(None)));
    settle(&mut world);
    assert_eq!(world.service.executed, [Place(1)]);
    world.ask(|ask| Input::Resolve(ask, "b".into(), Verdict::SendAgain));
    settle(&mut world);
    assert_eq!(world.service.executed, [Place(1), Place(2), Place(3)]);
    assert!(world.disk.dead_letters.is_empty(), "decided");
    let wrong = world.ask(|ask| Input::Resolve(ask, "c".into(), Verdict::SendAgain));
    assert!(matches!(world.told[&wrong], Err(Refusal::State(CallState::Answered { .. }))));
}

#[test]
fn what_may_be_executed_twice_is_sent_again_by_itself() {
    let world = forgotten(Settings::default(), true);
    assert_eq!(world.doubts, 0);
    assert_eq!(world.service.executed, [Place(1), Place(1), Place(2), Place(3)]);
}

#[test]
fn a_doubt_may_be_passed_by() {
    let world = forgotten(Settings { hold_in_doubt: false, ..Settings::default() }, false);
    assert_eq!(world.service.executed, [Place(1), Place(3)]);
    assert_eq!(world.engine.summary().in_doubt, 2);
}

#[test]
fn who_only_says_that_the_service_has_forgotten_is_not_believed_at_once() {
    let mut world = calm(Settings { in_flight: 1, ..Settings::default() });
    world.ask(|ask| Input::Enqueue(ask, call("a", 1)));
    world.commit();
    world.exchange();
    for _ in 0..6 {
        world.commit();
    }
    let mut said = 0;
    let began = world.now;
    while world.engine.summary().in_doubt == 0 {
        let Some(session) = &world.session else {
            world.now += Duration::from_secs(1);
            world.give(Input::Tick);
            world.commit();
            continue;
        };
        let (number, why) = (session.number, "BadContextToken".to_owned());
        world.give(Input::Session(number, News::Ended(Ending::SaidForgotten, why)));
        said += 1;
    }
    assert!(said >= 3 && world.now - began >= Duration::from_secs(120), "{said}");
}

#[test]
fn what_a_person_must_mend_holds_until_he_says_so() {
    let mut world = calm(Settings::default());
    world.ask(|ask| Input::Enqueue(ask, call("a", 1)));
    world.commit();
    let number = world.session.as_ref().expect("one").number;
    world.give(Input::Session(number, News::Ended(Ending::Refused, "the password".into())));
    settle(&mut world);
    assert!(world.session.is_none() && world.engine.summary().is_held);
    // Anybody may have said so: after some time it is tried again, and held again.
    world.now += Duration::from_secs(15 * 60);
    let wake = world.engine.wake_at(&World::moment(world.now, &mut world.random));
    assert!(wake.is_some_and(|wake| wake <= Time::since_start(world.now)), "{wake:?}");
    world.give(Input::Tick);
    let number = world.session.as_ref().expect("it is tried again").number;
    world.give(Input::Session(number, News::Ended(Ending::Refused, "the password".into())));
    settle(&mut world);
    assert!(world.session.is_none() && world.engine.summary().is_held);
    world.ask(Input::Resume);
    settle(&mut world);
    assert_eq!(world.service.executed, [Place(1)]);
}

#[test]
fn while_something_is_made_durable_nothing_is_due() {
    let mut world = calm(Settings::default());
    world.ask(|ask| Input::Enqueue(ask, call("a", 1)));
    world.commit();
    world.exchange();
    // The session ends while the store is slow; what is due then waits for the store, without looking again and again.
    let number = world.session.as_ref().expect("one").number;
    assert!(world.engine.persisting > 0, "{:#?}", world.engine);
    world.give(Input::Session(number, News::Ended(Ending::Away, "closed".into())));
    world.now += Duration::from_secs(120);
    world.give(Input::Tick);
    let at = World::moment(world.now, &mut world.random);
    let wake = world.engine.wake_at(&at);
    assert!(wake.is_none_or(|wake| wake > at.time), "{wake:?}");
    settle(&mut world);
    assert_eq!(world.service.executed, [Place(1)]);
}

#[test]
fn what_was_read_again_is_not_tried_without_a_pause() {
    let mut world = calm(Settings::default());
    world.ask(|ask| Input::Enqueue(ask, call("a", 1)));
    world.commit();
    let mut waited = Duration::ZERO;
    for failures in 0..5 {
        let mut engine = Engine::new(world.settings.clone(), world.disk.kept());
        let at = &mut World::moment(world.now, &mut world.random);
        engine.rest_after_reload(failures, at);
        engine.handle(Input::Tick, at);
        assert!(engine.poll().is_none(), "it rests");
        let wake = engine.wake_at(at).expect("a call waits") - at.time;
        assert!(wake > waited / 2, "{wake:?}");
        waited = wake;
        assert_eq!(engine.failures(), failures + 1);
    }
    assert!(waited >= Duration::from_secs(4), "{waited:?}");
}

#[test]
fn a_paused_outbox_sends_nothing_new_after_a_restart_either() {
    let mut world = calm(Settings::default());
    world.ask(Input::Pause);
    world.ask(|ask| Input::Enqueue(ask, call("a", 1)));
    settle(&mut world);
    world.crash();
    settle(&mut world);
    assert!(world.service.executed.is_empty());
    world.ask(Input::Resume);
    settle(&mut world);
    assert_eq!(world.service.executed, [Place(1)]);
}

#[test]
fn another_process_ends_it() {
    let mut world = calm(Settings::default());
    let ask = world.ask(|ask| Input::Enqueue(ask, call("a", 1)));
    let (id, _) = world.commits.pop_front().unwrap();
    let at = &mut World::moment(world.now, &mut world.random);
    world.engine.handle(Input::Stored(id, Stored::Fenced), at);
    let outputs: Vec<_> = std::iter::from_fn(|| world.engine.poll()).collect();
    assert!(
        matches!(&outputs[..], [Output::Answer(own, Err(Refusal::TakenOver)), Output::Fenced] if *own == ask),
        "{outputs:?}"
    );
}

/// What the engine wants at this moment, when the time of day has been set forward.
fn set_forward(world: &mut World, by: Duration, input: Input) -> Vec<Output> {
    let Moment { wall, time, random } = World::moment(world.now, &mut world.random);
    world.engine.handle(input, &mut Moment { wall: wall + by, time, random });
    std::iter::from_fn(|| world.engine.poll()).collect()
}

#[test]
fn a_clock_that_is_set_forward_makes_no_key_forgotten_at_once() {
    let hour = Duration::from_secs(3600);
    let mut world = calm(Settings { remember: 24 * hour, ..Settings::default() });
    world.ask(|ask| Input::Enqueue(ask, call("a", 1)));
    settle(&mut world);
    world.ask(|ask| Input::Take(ask, "a".into()));
    settle(&mut world);
    let forgets = |outputs: &[Output]| outputs.iter().any(|own| matches!(own, Output::Commit(..)));
    for passed in [0, 1, 10] {
        world.now += hour * passed;
        let outputs = set_forward(&mut world, 48 * hour, Input::Tick);
        assert!(!forgets(&outputs), "after {passed} hours: {outputs:?}");
        let Moment { wall, time, random } = World::moment(world.now, &mut world.random);
        let at = Moment { wall: wall + 48 * hour, time, random };
        let wake = world.engine.wake_at(&at).expect("the key is forgotten later");
        assert!(wake > at.time, "it is not looked at again and again");
    }
    // It is caught up with: the clock may have been wrong before, or the machine asleep.
    world.now += 2 * hour;
    assert!(forgets(&set_forward(&mut world, 48 * hour, Input::Tick)));
}

/// Whether the service has the session does not depend on what the clock was set to.
#[test]
fn a_clock_that_is_set_forward_does_not_break_the_order() {
    let mut world = calm(Settings::default());
    world.ask(|ask| Input::Enqueue(ask, call("a", 1)));
    settle(&mut world);
    let number = world.session.as_ref().expect("one").number;
    let day = Duration::from_secs(86_400);
    set_forward(&mut world, day, Input::Session(number, News::Ended(Ending::Away, "cut".into())));
    let ask = Ask(1000);
    let outputs = set_forward(&mut world, day, Input::Enqueue(ask, call("b", 1)));
    let Some(Output::Commit(id, _)) = outputs.first() else { panic!("{outputs:?}") };
    set_forward(&mut world, day, Input::Stored(*id, Stored::Done));
    world.now += Duration::from_secs(5);
    let outputs = set_forward(&mut world, day, Input::Tick);
    let restores = |own: &Output| matches!(own, Output::Restore(..));
    assert!(outputs.iter().any(restores), "it goes on in the session that was heard: {outputs:?}");
}
