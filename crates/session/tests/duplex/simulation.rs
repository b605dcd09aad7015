//! Many conversations over links in virtual time: both ends call each other, links break, time runs out. A run follows from
//! its seed.

mod meddle;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use waxwing_reliable::ReliableMessagingVersion;
use waxwing_session::{
    CallbackId, ClientInput, ConcurrencyMode, DispatchModes, DuplexSettings, Execution,
    InstanceContextMode, LinkId, Moment, SessionError,
};

use crate::kit::{Ends, Packet, Setup, body, request, text_of};
use crate::random::Random;
use crate::secured::{Secured, Stranger};

/// What kind of trouble a run has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// None: everything has to come through.
    Patient,
    /// Calls run out of time, and their replies come late.
    Hasty,
    /// The link breaks.
    Broken,
    /// Links break again and again under a reliable session: everything has to come through.
    Replaced,
}

struct World {
    ends: Ends,
    random: Random,
    class: Class,
    modes: DispatchModes,
    client: DuplexSettings,
    /// Calls that are still to be made: by the client, by the service.
    to_call: u64,
    to_call_back: u64,
    session: Option<String>,
    running: Vec<Execution>,
    running_back: Vec<(CallbackId, std::sync::Arc<waxwing_session::VerifiedRequest>)>,
    /// What was executed, by what it said.
    executed: Vec<String>,
    executed_back: Vec<String>,
    /// What was called, and whether it was one-way.
    calls: BTreeMap<u64, bool>,
    calls_back: BTreeMap<u64, bool>,
    is_closing: bool,
    is_broken: bool,
    reliable: bool,
    /// What protects the messages, and whether somebody on the way can write some of his own.
    secured: Option<(Secured, bool)>,
    /// Another client of the service, once he is there.
    stranger: Option<Stranger>,
    /// The next link of somebody else.
    strange_links: u64,
    /// A message was taken over another connection than that of its session.
    smuggled: bool,
}

type Checked = Result<(), String>;

impl World {
    fn new(seed: u64) -> Self {
        Self::of(seed, false)
    }

    fn of(seed: u64, is_secured: bool) -> Self {
        let mut random = Random::new(seed);
        let modes = |r: &mut Random| {
            r.pick(&[
                ConcurrencyMode::Single,
                ConcurrencyMode::Reentrant,
                ConcurrencyMode::Multiple,
            ])
        };
        let class = random.pick(&[
            Class::Patient,
            Class::Patient,
            Class::Hasty,
            Class::Broken,
            Class::Replaced,
            Class::Replaced,
        ]);
        let is_reliable = class == Class::Replaced || random.permille(300);
        let version =
            random.pick(&[ReliableMessagingVersion::February2005, ReliableMessagingVersion::V11]);
        let reliable = is_reliable.then_some(version);
        let client = DuplexSettings {
            callbacks: true,
            concurrency: modes(&mut random),
            ..DuplexSettings::default()
        };
        let instances = random.pick(&[
            InstanceContextMode::PerSession,
            InstanceContextMode::PerCall,
            InstanceContextMode::Single,
        ]);
        let modes = DispatchModes { instances, concurrency: modes(&mut random) };
        let security = is_secured.then(|| Secured {
            // Whose time runs out, has one key.
            key_lifetime: if class == Class::Hasty {
                36_000
            } else {
                random.pick(&[8, 20, 36_000])
            },
            renewal_percent: random.pick(&[60, 100]),
            by_transport: random.permille(300),
            alone: false,
        });
        let setup = Setup { client, modes, reliable, ..Setup::new(Random::new(seed ^ 0x5EED)) };
        let most = if is_secured { 20 } else { 60 };
        Self {
            ends: Ends::new(Setup { security, ..setup }),
            to_call: random.between(1, most),
            to_call_back: random.between(0, most - 10),
            secured: security.map(|own| (own, is_reliable && !own.by_transport)),
            stranger: None,
            strange_links: 1 << 40,
            smuggled: false,
            random,
            class,
            modes,
            client,
            session: None,
            running: Vec::new(),
            running_back: Vec::new(),
            executed: Vec::new(),
            executed_back: Vec::new(),
            calls: BTreeMap::new(),
            calls_back: BTreeMap::new(),
            is_closing: false,
            is_broken: false,
            reliable: is_reliable,
        }
    }

    /// Gives how many steps it took.
    fn run(mut self) -> Result<u32, String> {
        self.ends.open();
        for step in 0..20_000 {
            self.step()?;
            if self.is_over() {
                self.forget();
                return self.end().map(|()| step);
            }
        }
        Err(format!("it does not end: {:?}", self.ends.ended))
    }

    fn is_over(&self) -> bool {
        let ends = &self.ends;
        ends.ended.is_some()
            && ends.up.is_empty()
            && ends.down.is_empty()
            && ends.exchanges.is_empty()
            && self.running.is_empty()
            && self.running_back.is_empty()
            && ends.duplex.conversation_count() == 0
    }

    fn step(&mut self) -> Checked {
        if self.secured.is_some() && self.ends.opened {
            self.meddle();
        }
        match self.random.between(0, 12) {
            0 | 1 if !self.ends.held[0] || self.is_closing => drop(self.ends.deliver_up()),
            2 | 3 if !self.ends.held[1] || self.is_closing => drop(self.ends.deliver_down()),
            4 if self.to_call > 0 && !self.is_closing => self.call(),
            5 if self.to_call_back > 0 && !self.is_closing => self.call_back(),
            6 | 7 => self.finish(),
            8 | 9 => self.finish_back(),
            10 => self.pass_time(),
            11 if self.class == Class::Broken && self.random.permille(20) => self.break_link(),
            11 if self.class == Class::Replaced && self.random.permille(20) => {
                self.ends.break_links();
            }
            12 if self.to_call + self.to_call_back == 0
                && !self.is_closing
                && self.ends.opened
                && (!matches!(self.class, Class::Patient | Class::Replaced)
                    || self.ends.called.len() == self.calls_back.len()) =>
            {
                self.is_closing = true;
                self.ends.close();
            }
            _ => {}
        }
        self.look()
    }

    /// After a while the service has forgotten whoever said nothing more.
    fn forget(&mut self) {
        if self.secured.is_some() {
            // What is known of a link goes with it.
            self.ends.links.clear();
            (0..12).for_each(|_| self.ends.wait(61_000));
        }
    }

    fn pass_time(&mut self) {
        let millis = match self.class {
            Class::Hasty if self.random.permille(100) => 61_000,
            // A service hears of a client that is gone when its time is up.
            _ if self.reliable && self.ends.ended.is_some() => 61_000,
            Class::Replaced | Class::Patient if self.reliable => self.random.between(0, 400),
            _ => self.random.between(0, 20),
        };
        self.ends.wait(millis);
    }

    fn message(&mut self, text: &str, one_way: bool) -> waxwing_session::AppMessage {
        let wall = jiff::Timestamp::UNIX_EPOCH;
        let mut random = Random::new(self.random.next());
        request(text, one_way, &mut Moment::new(wall, self.ends.time(), &mut random))
    }

    fn call(&mut self) {
        self.to_call -= 1;
        let (call, one_way) = (self.to_call, self.random.permille(400));
        let message = self.message(&format!("call {call}"), one_way);
        self.calls.insert(call, one_way);
        self.ends.send(call, message);
    }

    fn call_back(&mut self) {
        let Some(session) = self.session.clone() else {
            // Nobody has called yet, or ever will.
            self.to_call_back -= u64::from(self.to_call == 0);
            return;
        };
        self.to_call_back -= 1;
        let (call, one_way) = (self.to_call_back, self.random.permille(400));
        let message = self.message(&format!("back {call}"), one_way);
        self.calls_back.insert(call, one_way);
        self.ends.call_back(&session, call, message);
    }

    fn finish(&mut self) {
        if self.running.is_empty() {
            return;
        }
        let at = self.random.between(0, self.running.len() as u64 - 1) as usize;
        let execution = self.running.remove(at);
        let text = format!("reply to {}", text_of(execution.request.envelope()));
        let reply = execution.request.addressing().message_id.is_some();
        let reply = reply.then(|| Ends::reply(&execution, &text)).flatten();
        self.ends.finished(&execution, reply);
    }

    fn finish_back(&mut self) {
        if self.running_back.is_empty() {
            return;
        }
        let at = self.random.between(0, self.running_back.len() as u64 - 1) as usize;
        let (callback, request) = self.running_back.remove(at);
        let text = format!("reply to {}", text_of(request.envelope()));
        let reply = request.addressing().message_id.is_some();
        let reply = reply.then(|| request.reply("urn:r", body(&text)));
        self.ends.executed(callback, reply);
    }

    fn break_link(&mut self) {
        if self.is_broken || !self.ends.opened || self.ends.ended.is_some() {
            return;
        }
        self.is_broken = true;
        if self.reliable {
            return self.ends.break_links();
        }
        // What is under way is lost, and both ends notice.
        self.ends.up.clear();
        self.ends.down.clear();
        self.ends.up.push_back((LinkId(1), Packet::Abort));
        self.ends.down.push_back((LinkId(1), Packet::Abort));
        self.ends.held = [false; 2];
    }

    /// What the ends want executed is what they may.
    fn look(&mut self) -> Checked {
        if self.smuggled {
            return Err("a message is taken over the connection of another session".to_owned());
        }
        for execution in std::mem::take(&mut self.ends.executions) {
            let text = text_of(execution.request.envelope());
            if !text.starts_with("call ") {
                return Err(format!("the service executes '{text}', which nobody called"));
            }
            if self.executed.contains(&text) {
                return Err(format!("'{text}' is executed twice"));
            }
            self.executed.push(text);
            self.session = Some(execution.session.clone().unwrap().to_string());
            self.running.push(execution);
        }
        if self.modes.concurrency == ConcurrencyMode::Single && self.running.len() > 1 {
            return Err(format!("{} calls of a session run at once", self.running.len()));
        }
        for (callback, request) in std::mem::take(&mut self.ends.callbacks) {
            let text = text_of(request.envelope());
            if !text.starts_with("back ") {
                return Err(format!("the client executes '{text}', which nobody called"));
            }
            if self.executed_back.contains(&text) {
                return Err(format!("'{text}' is executed twice"));
            }
            self.executed_back.push(text);
            self.running_back.push((callback, request));
        }
        if self.client.concurrency == ConcurrencyMode::Single && self.running_back.len() > 1 {
            return Err(format!("{} callbacks run at once", self.running_back.len()));
        }
        Ok(())
    }

    fn end(self) -> Checked {
        let ends = &self.ends;
        let sides = [
            ("call", &self.calls, &ends.completed, &self.executed),
            ("back", &self.calls_back, &ends.called, &self.executed_back),
        ];
        for (word, calls, outcomes, executed) in sides {
            for (call, one_way) in calls {
                let outcome = outcomes.get(call).ok_or(format!("{word} {call} has no outcome"))?;
                let own = format!("{word} {call}");
                match outcome {
                    Ok(None) if *one_way => {}
                    Ok(Some(reply)) if text_of(&reply.envelope) == format!("reply to {own}") => {}
                    Ok(_) => return Err(format!("{own} has the reply of another")),
                    Err(SessionError::TimedOut { .. }) if self.reliable => {}
                    Err(error) if matches!(self.class, Class::Patient | Class::Replaced) => {
                        return Err(format!("{own} failed: {error}"));
                    }
                    Err(_) => {}
                }
                let is_whole = matches!(ends.ended, Some(Ok(()))) && !self.is_broken;
                if outcome.is_ok() && is_whole && !executed.contains(&own) {
                    return Err(format!("{own} was not executed"));
                }
            }
            if outcomes.len() != calls.len() {
                return Err(format!("{} outcomes of {} {word}s", outcomes.len(), calls.len()));
            }
            self.in_order(word, executed, calls)?;
        }
        match (&ends.ended, self.class) {
            (Some(Ok(())), _) | (_, Class::Broken) => {}
            (Some(Err(SessionError::TimedOut { .. })), Class::Hasty) => {}
            // Nothing came in for so long that the service gave the session up (receiveTimeout).
            (Some(Err(SessionError::Transport { .. })), Class::Hasty) if ends.millis >= 600_000 => {
            }
            // Its first message came when the service had forgotten a context in which nothing was said.
            (Some(Err(SessionError::Security(_))), Class::Hasty) if self.secured.is_some() => {}
            // Its time to close was up before everything was acknowledged.
            (Some(Err(_)), _) if self.reliable => {}
            (ended, _) => return Err(format!("the session ended with {ended:?}")),
        }
        if ends.sessions.session_count() + ends.sessions.call_count() + ends.duplex.call_count() > 0
        {
            return Err("something is left at the service".to_owned());
        }
        match ends.security().session_count() {
            0 => Ok(()),
            count => Err(format!("{count} security sessions are left at the service")),
        }
    }

    /// Where one runs at a time, they run in the order in which they were called: numbers go down.
    fn in_order(&self, word: &str, executed: &[String], calls: &BTreeMap<u64, bool>) -> Checked {
        let concurrency = match word {
            "call" if self.modes.instances == InstanceContextMode::PerSession => {
                self.modes.concurrency
            }
            "call" => return Ok(()),
            _ => self.client.concurrency,
        };
        let numbers: Vec<u64> = executed.iter().filter_map(|t| t[5..].parse().ok()).collect();
        let known: BTreeSet<_> = calls.keys().copied().collect();
        if concurrency != ConcurrencyMode::Single || numbers.is_sorted_by(|a, b| a > b) {
            return match numbers.iter().all(|number| known.contains(number)) {
                true => Ok(()),
                false => Err("something was executed that was never called".to_owned()),
            };
        }
        Err(format!("{word}s were executed out of order: {numbers:?}"))
    }
}

fn run(seed: u64) -> Result<u32, String> {
    World::new(seed).run().map_err(|error| format!("seed {seed}: {error}"))
}

fn run_secured(seed: u64) -> Result<u32, String> {
    World::of(seed, true).run().map_err(|error| format!("seed {seed}: {error}"))
}

/// The same under keys: renewals, links that break, somebody on the way, another client.
#[test]
fn dozens_of_secured_conversations() {
    for seed in 0..120 {
        run_secured(seed).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// `cargo test -p waxwing-session --test duplex thousands_of_secured -- --ignored --nocapture`; a seed takes 40 ms in a debug
/// build, which is cryptography and XML without optimization all over, so that these are a quarter of a minute of two cores.
#[test]
#[ignore = "half a minute of one core"]
fn thousands_of_secured_conversations() {
    all_pass(1_000_000..1_000_800, run_secured);
}

#[test]
fn hundreds_of_conversations() {
    for seed in 0..400 {
        run(seed).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// What the service's sequence says when the client's is over is no callback; calls run out of time until the session does.
#[test]
fn seeds_that_once_failed() {
    for seed in [1_000_144, 1_009_945, 1_010_188] {
        run(seed).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// `cargo test -p waxwing-session --test duplex thousands -- --ignored --nocapture`, and with `WAXWING_SEEDS=5000..9000` others.
#[test]
#[ignore = "minutes"]
fn thousands_of_conversations() {
    let text = std::env::var("WAXWING_SEEDS").unwrap_or_default();
    let bounds = text.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    let (from, to): (u64, u64) = bounds.unwrap_or((1_000_000, 1_020_000));
    all_pass(from..to, run);
}

/// Runs the seeds on all cores.
fn all_pass(seeds: std::ops::Range<u64>, run: fn(u64) -> Result<u32, String>) {
    let (from, to) = (seeds.start, seeds.end);
    let next = AtomicU64::new(from);
    let failed = Mutex::new(Vec::new());
    let longest = Mutex::new((0, 0));
    let work = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= to {
            break;
        }
        if (seed - from).is_multiple_of(1000) {
            println!("{} done", seed - from);
        }
        match run(seed) {
            Ok(steps) => {
                let mut longest = longest.lock().unwrap();
                *longest = (*longest).max((steps, seed));
            }
            Err(error) => failed.lock().unwrap().push(error),
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let (longest, failed) = (longest.into_inner().unwrap(), failed.into_inner().unwrap());
    println!("{} conversations, the longest of {} steps: seed {}", to - from, longest.0, longest.1);
    assert!(failed.is_empty(), "{} failed: {:#?}", failed.len(), &failed[..failed.len().min(20)]);
}

/// `WAXWING_SEED=17 cargo test -p waxwing-session --test duplex one_seed -- --ignored`
#[test]
#[ignore = "for a person"]
fn one_seed() {
    let seed = std::env::var("WAXWING_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    run(seed).unwrap_or_else(|error| panic!("{error}"));
    run_secured(seed).unwrap_or_else(|error| panic!("secured, {error}"));
}

/// A simulation that notices nothing proves nothing: each rule is broken on purpose.
#[cfg(feature = "mutations")]
#[test]
fn every_broken_rule_over_links_is_noticed() {
    let break_it = |rule| waxwing_session::break_rule(Some(rule));
    let ways = (break_it, || waxwing_session::break_rule(None));
    let rules = waxwing_session::Mutation::DUPLEX;
    crate::broken::every_one_is_noticed(rules, ways, &(0..400), run);
}

/// The same of what protects them.
#[cfg(feature = "mutations")]
#[test]
fn every_broken_rule_of_security_is_noticed() {
    let break_it = |rule| waxwing_session::break_rule(Some(rule));
    let ways = (break_it, || waxwing_session::break_rule(None));
    let rules = waxwing_session::Mutation::SECURE_DUPLEX;
    crate::broken::every_one_is_noticed(rules, ways, &(0..100), run_secured);
    let break_it = |rule| waxwing_reliable::break_rule(Some(rule));
    let ways = (break_it, || waxwing_reliable::break_rule(None));
    let rules = [waxwing_reliable::Mutation::IgnoreContext];
    crate::broken::every_one_is_noticed(rules, ways, &(0..200), run_secured);
    let break_it = |rule| waxwing_security::break_rule(Some(rule));
    let ways = (break_it, || waxwing_security::break_rule(None));
    let rules = waxwing_security::Mutation::DUPLEX;
    crate::broken::every_one_is_noticed(rules, ways, &(0..200), run_secured);
}

/// A client that is dropped in the middle of it all leaves nothing at the service.
#[test]
fn a_client_that_is_gone_leaves_nothing() {
    let mut world = World::new(7);
    world.ends.open();
    world.ends.settle();
    (0..3).for_each(|_| world.call());
    world.ends.settle();
    world.ends.client(ClientInput::Abort { reason: "enough".to_owned() });
    world.ends.settle();
    world.look().unwrap();
    while !world.running.is_empty() {
        world.finish();
        world.look().unwrap();
    }
    let ends = &world.ends;
    assert_eq!((ends.sessions.session_count(), ends.duplex.conversation_count()), (0, 0));
}
