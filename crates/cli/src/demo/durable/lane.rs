//! One client and its service, and whoever kills them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use waxwing_testkit::balancer::Balancer;

use super::books::{Answers, Audit, ClientBook, ServiceBook};
use super::child::{Part, Said, Word};
use super::failure::Failure;
use super::files::LaneFolder;
use super::plan::{Kill, When, Who};
use super::random::Random;

/// How far all lanes are, for whoever looks on.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) executed: AtomicU64,
    pub(super) kills: AtomicU64,
    /// Somebody wants the end of it.
    pub(super) stopped: Arc<AtomicBool>,
}

/// What a lane is to do.
pub(super) struct Job {
    pub(super) folder: LaneFolder,
    /// The account that it books into, which no other lane does.
    pub(super) account: String,
    pub(super) calls: u64,
    pub(super) plan: Vec<Kill>,
    /// The arguments of the service's nodes, and of the client.
    pub(super) services: Vec<Vec<String>>,
    pub(super) client: Vec<String>,
    pub(super) random: Random,
    /// What stands before several nodes, as long as the lane runs.
    #[expect(dead_code, reason = "dropping it stops it")]
    pub(super) balancer: Option<Balancer>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    pub(super) audit: Audit,
    pub(super) answers: Answers,
    pub(super) killed: Killed,
    pub(super) in_doubt: u64,
}

/// Who was killed how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Killed {
    pub(super) services: u64,
    pub(super) clients: u64,
    /// Of both: while recovering.
    pub(super) recovering: u64,
}

/// Without a word of anybody for so long the lane is stuck. Longer than WCF's retries are apart after a storm of kills.
const STUCK: Duration = Duration::from_secs(90);
/// How often a lane looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(100);
/// A kill comes so long after its call at most: somewhere in the next calls.
const MOMENT: Duration = Duration::from_millis(6);
/// How long somebody has to end by himself.
const ENDING: Duration = Duration::from_secs(30);

struct Lane<'j> {
    job: &'j mut Job,
    words: (Sender<Word>, Receiver<Word>),
    services: Vec<Option<Part>>,
    client: Option<Part>,
    lives: u64,
    /// The highest number that was executed.
    executed: u64,
    done: bool,
    /// How long somebody takes to be ready.
    recovery: Duration,
    killed: Killed,
    progress: Arc<Progress>,
}

/// Runs a lane to its end. What went wrong is told beside what came of it.
pub(super) fn run(
    job: &mut Job,
    progress: Arc<Progress>,
) -> Result<(Outcome, Option<Failure>), Failure> {
    let services = job.services.iter().map(|_| None).collect();
    let mut lane = Lane {
        job,
        words: channel(),
        services,
        client: None,
        lives: 0,
        executed: 0,
        done: false,
        recovery: Duration::from_millis(100),
        killed: Killed::default(),
        progress,
    };
    let went = lane.go();
    let killed = lane.killed;
    drop(lane);
    Ok((outcome(job, killed)?, went.err()))
}

fn outcome(job: &Job, killed: Killed) -> Result<Outcome, Failure> {
    let book = ClientBook::open(&job.folder.client_book())?;
    let noted = |word| -> Result<u64, Failure> {
        Ok(book.noted(word)?.and_then(|value| u64::try_from(value).ok()).unwrap_or(0))
    };
    Ok(Outcome {
        audit: ServiceBook::open(&job.folder.service_book())?.audit(&job.account, job.calls)?,
        answers: book.answers()?,
        killed,
        in_doubt: noted("in doubt")?,
    })
}

impl Lane<'_> {
    fn go(&mut self) -> Result<(), Failure> {
        for node in 0..self.services.len() {
            self.start(Who::Service(node))?;
        }
        self.until(|lane, _| lane.services.iter().flatten().all(|service| service.ready))?;
        self.start(Who::Client)?;
        for kill in std::mem::take(&mut self.job.plan) {
            match kill.when {
                When::Executed(number) => {
                    self.until(|lane, _| lane.executed >= number || lane.done)?;
                    if !self.done {
                        let moment = self.job.random.time(MOMENT);
                        self.linger(moment)?;
                    }
                }
                // It was started a moment ago.
                When::Recovering => {
                    let longest = self.recovery + self.recovery / 4;
                    let moment = self.job.random.time(longest);
                    self.linger(moment)?;
                }
            }
            if self.done {
                break;
            }
            self.kill(kill)?;
        }
        std::fs::write(self.job.folder.finale(), "")?;
        self.until(|lane, _| lane.done)?;
        // A call without an answer is done for the client when the service has it.
        let calls = self.job.calls;
        self.until(|lane, _| lane.executed >= calls)?;
        self.end()
    }

    fn slot(&mut self, who: Who) -> Option<&mut Option<Part>> {
        match who {
            Who::Client => Some(&mut self.client),
            Who::Service(node) => self.services.get_mut(node),
        }
    }

    fn life(&mut self, who: Who) -> u64 {
        self.slot(who).and_then(|slot| slot.as_ref()).map_or(0, |part| part.life)
    }

    fn start(&mut self, who: Who) -> Result<(), Failure> {
        self.lives += 1;
        let (arguments, name) = match who {
            Who::Client => (&self.job.client, "client".to_owned()),
            Who::Service(node) => {
                (self.job.services.get(node).ok_or("no such node")?, format!("service-{node}"))
            }
        };
        let log = self.job.folder.log(&name);
        let part = Part::start(arguments, &log, who, self.lives, self.words.0.clone())?;
        if let Some(slot) = self.slot(who) {
            *slot = Some(part);
        }
        Ok(())
    }

    /// Kills somebody, leaves him dead for a while, and starts him again.
    fn kill(&mut self, kill: Kill) -> Result<(), Failure> {
        let Some(part) = self.slot(kill.who).and_then(Option::take) else { return Ok(()) };
        let life = part.life;
        if !part.kill()? {
            // It had ended by itself. The client may, when it is done: its last words tell.
            self.until(|lane, word| lane.done || word.life == life && word.said == Said::Gone)?;
            return match self.done {
                true => Ok(()),
                false => Err(self.complaint(kill.who, "ended by itself")),
            };
        }
        match kill.who {
            Who::Client => self.killed.clients += 1,
            Who::Service(_) => self.killed.services += 1,
        }
        self.killed.recovering += u64::from(kill.when == When::Recovering);
        self.progress.kills.fetch_add(1, Ordering::Relaxed);
        self.linger(kill.away)?;
        match self.done && kill.who == Who::Client {
            true => Ok(()),
            false => self.start(kill.who),
        }
    }

    /// Takes what is said for a while.
    fn linger(&mut self, time: Duration) -> Result<(), Failure> {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.goes_on()?;
            if let Ok(word) = self.words.1.recv_timeout(left.min(LOOK)) {
                self.hear(word)?;
            }
        }
        Ok(())
    }

    /// Takes what is said until it is this.
    fn until(&mut self, mut holds: impl FnMut(&Self, Word) -> bool) -> Result<(), Failure> {
        // What holds already needs no word.
        let nothing = Word { who: Who::Client, life: u64::MAX, said: Said::Gone };
        if holds(self, nothing) {
            return Ok(());
        }
        let mut heard = Instant::now();
        loop {
            self.goes_on()?;
            match self.words.1.recv_timeout(LOOK) {
                Ok(word) => {
                    heard = Instant::now();
                    self.hear(word)?;
                    if holds(self, word) {
                        return Ok(());
                    }
                }
                Err(RecvTimeoutError::Timeout) if heard.elapsed() < STUCK => {}
                Err(RecvTimeoutError::Timeout) => {
                    let seconds = STUCK.as_secs();
                    let text = format!("has heard nothing for {seconds} s: calls are lost");
                    return Err(self.complaint(Who::Client, &text));
                }
                Err(RecvTimeoutError::Disconnected) => return Err("nobody is there".into()),
            }
        }
    }

    fn goes_on(&self) -> Result<(), Failure> {
        match self.progress.stopped.load(Ordering::Relaxed) {
            true => Err("it was interrupted".into()),
            false => Ok(()),
        }
    }

    fn hear(&mut self, word: Word) -> Result<(), Failure> {
        match word.said {
            Said::Ready => {
                let part = self.slot(word.who).and_then(Option::as_mut);
                if let Some(part) = part.filter(|part| part.life == word.life) {
                    part.ready = true;
                    let took = part.begun.elapsed();
                    // A mean that follows the machine.
                    self.recovery = (self.recovery * 3 + took) / 4;
                }
            }
            Said::Executed(number) => {
                let more = number.saturating_sub(self.executed);
                self.progress.executed.fetch_add(more, Ordering::Relaxed);
                self.executed = self.executed.max(number);
            }
            Said::Done => self.done = true,
            Said::Gone => {
                let is_now = self.life(word.who) == word.life;
                if is_now && !(self.done && word.who == Who::Client) {
                    return Err(self.complaint(word.who, "ended by itself"));
                }
            }
        }
        Ok(())
    }

    /// Everybody ends by himself.
    fn end(&mut self) -> Result<(), Failure> {
        let Some(client) = self.client.take() else { return Ok(()) };
        if !client.stop(ENDING)? {
            return Err(self.complaint(Who::Client, "did not end well"));
        }
        for node in 0..self.services.len() {
            let Some(part) = self.services.get_mut(node).and_then(Option::take) else { continue };
            if !part.stop(ENDING)? {
                return Err(self.complaint(Who::Service(node), "did not end well"));
            }
        }
        Ok(())
    }

    /// What went wrong, with the last words of its log.
    fn complaint(&self, who: Who, what: &str) -> Failure {
        let name = match who {
            Who::Client => "client".to_owned(),
            Who::Service(node) => format!("service-{node}"),
        };
        let path = self.job.folder.log(&name);
        let log = std::fs::read_to_string(&path).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.get(lines.len().saturating_sub(12)..).unwrap_or_default().join("\n  ");
        let (account, executed) = (&self.job.account, self.executed);
        format!("{account}: after call {executed} the {name} {what}; its log ends with\n  {last}")
            .into()
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        let parts = self.services.iter_mut().chain(std::iter::once(&mut self.client));
        for part in parts.filter_map(Option::take) {
            let _ = part.kill();
        }
    }
}
