//! A link that kills a process (-9) at chosen steps of a session, and starts it again: the process may be the service behind
//! the link, or the client before it.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::http::{HttpClient, HttpReply, HttpRequest, HttpServer};
use crate::steps::{Step, action};

/// When in a step the process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before the message is passed on: the service never sees it.
    Before,
    /// When it was sent, whatever has come of it by then. Its answer is lost.
    Sent,
    /// When it was answered; the answer is lost.
    Answered,
    /// When the answer was passed on.
    After,
}

impl Moment {
    /// Of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "before" => Some(Self::Before),
            "sent" => Some(Self::Sent),
            "answered" => Some(Self::Answered),
            "after" => Some(Self::After),
            _ => None,
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Sent => "sent",
            Self::Answered => "answered",
            Self::After => "after",
        }
    }
}

/// What messages are counted by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Those of a step.
    Step(Step),
    /// Those of an operation of the application: the end of its action, which begins with a capital letter.
    Operation(String),
}

impl Place {
    fn of_word(word: &str) -> Option<Self> {
        let is_operation = word.starts_with(|first: char| first.is_ascii_uppercase());
        match Step::of_word(word) {
            Some(step) => Some(Self::Step(step)),
            None => is_operation.then(|| Self::Operation(word.to_owned())),
        }
    }

    /// Where the message with an action counts.
    fn all_of(action: &str) -> Vec<Self> {
        let step = Step::of_action(action);
        let mut all = vec![Self::Step(step)];
        if step == Step::Call {
            let operation = action.rsplit('/').next().unwrap_or_default();
            all.push(Self::Operation(operation.to_owned()));
        }
        all
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(step) => step.fmt(f),
            Self::Operation(operation) => f.write_str(operation),
        }
    }
}

/// One kill: at the message with this number among those of its place, counted from 1, or the next where somebody dies of that
/// one already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KillAt {
    /// The step or operation.
    pub place: Place,
    /// Which message of it.
    pub number: u64,
    /// When.
    pub moment: Moment,
}

impl KillAt {
    /// Of words: `call.2:answered`, `Note.1:sent`; without a number the first one.
    pub fn of_words(words: &str) -> Option<Self> {
        let (place, moment) = words.split_once(':')?;
        let (place, number) = match place.split_once('.') {
            Some((place, number)) => (place, number.parse().ok()?),
            None => (place, 1),
        };
        Some(Self { place: Place::of_word(place)?, number, moment: Moment::of_word(moment)? })
    }
}

impl fmt::Display for KillAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}:{}", self.place, self.number, self.moment.word())
    }
}

/// How long the message has to be on its way when the process is killed at [`Moment::Sent`], and how long an answer has at
/// [`Moment::After`].
const ON_ITS_WAY: Duration = Duration::from_millis(2);

/// The process that is killed.
#[derive(Debug)]
pub struct Victim {
    command: Vec<String>,
    away: Duration,
    child: Mutex<Option<Child>>,
    /// Nobody starts it again.
    stopped: Mutex<bool>,
}

impl Victim {
    /// A command, and how long it stays away after each kill.
    pub fn new(command: Vec<String>, away: Duration) -> Arc<Self> {
        Arc::new(Self { command, away, child: Mutex::default(), stopped: Mutex::new(false) })
    }

    /// Starts it. What it prints is printed here, and told to `heard`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(
        self: &Arc<Self>,
        heard: impl Fn(&str) + Send + Sync + Clone + 'static,
    ) -> io::Result<()> {
        let (program, arguments) =
            self.command.split_first().ok_or_else(|| io::Error::other("no command"))?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                heard(&line);
            }
        });
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        Ok(())
    }

    /// Kills it, and starts it again after a while.
    fn kill(self: &Arc<Self>, heard: impl Fn(&str) + Send + Sync + Clone + 'static) {
        let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take()
        else {
            return;
        };
        let _ = child.kill();
        let _ = child.wait();
        let own = Arc::clone(self);
        std::thread::spawn(move || {
            std::thread::sleep(own.away);
            if !*own.stopped.lock().unwrap_or_else(PoisonError::into_inner)
                && let Err(error) = own.start(heard)
            {
                eprintln!("error: {error}");
            }
        });
    }

    /// Whether it has ended by itself, and with which code.
    pub fn ended(&self) -> Option<i32> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let status = child.as_mut()?.try_wait().ok()??;
        Some(status.code().unwrap_or(-1))
    }

    /// Lets it end: its input ends. Kills it after `patience`.
    pub fn stop(&self, patience: Duration) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take()
        else {
            return;
        };
        drop(child.stdin.take());
        let begun = std::time::Instant::now();
        while begun.elapsed() < patience {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}

/// A running link. Dropping it stops it.
#[derive(Debug)]
pub struct KillingLink {
    server: HttpServer,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    service: SocketAddr,
    victim: Arc<Victim>,
    counts: Mutex<HashMap<Place, u64>>,
    kills: Mutex<Vec<KillAt>>,
    killed: Mutex<Vec<KillAt>>,
    statuses: Mutex<Vec<(Step, Option<u16>)>>,
}

impl KillingLink {
    /// Starts a link at `port` (0: any) that leads to `service` and kills `victim` at these places.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn start(
        port: u16,
        service: SocketAddr,
        victim: Arc<Victim>,
        kills: Vec<KillAt>,
        heard: impl Fn(&str) + Send + Sync + Clone + 'static,
    ) -> io::Result<Self> {
        let state = Arc::new(State {
            service,
            victim,
            counts: Mutex::default(),
            kills: Mutex::new(kills),
            killed: Mutex::default(),
            statuses: Mutex::default(),
        });
        let (client, own) = (HttpClient::new(), Arc::clone(&state));
        let handler = move |request: HttpRequest| {
            let (client, own, heard) = (client.clone(), Arc::clone(&own), heard.clone());
            async move { own.pass(&client, request, heard).await }
        };
        Ok(Self { server: HttpServer::start_at(port, handler).await?, state })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// The kills that were done, and those that were not.
    pub fn kills(&self) -> (Vec<KillAt>, Vec<KillAt>) {
        let read =
            |list: &Mutex<Vec<KillAt>>| list.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (read(&self.state.killed), read(&self.state.kills))
    }

    /// What each message was answered with, in the order of the answers: the status, or nothing.
    pub fn statuses(&self) -> Vec<(Step, Option<u16>)> {
        self.state.statuses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl State {
    /// Counts a message, and says whether somebody dies of it.
    fn count(&self, action: &str) -> Option<Moment> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut moment = None;
        for place in Place::all_of(action) {
            let count = counts.entry(place.clone()).or_default();
            *count += 1;
            let number = *count;
            let mut kills = self.kills.lock().unwrap_or_else(PoisonError::into_inner);
            // Of one message somebody dies once: what else was to happen at it happens at the next of its place.
            let due = |kill: &KillAt| kill.place == place && kill.number <= number;
            if moment.is_none()
                && let Some(found) = kills.iter().position(due)
            {
                let kill = kills.remove(found);
                moment = Some(kill.moment);
                self.killed.lock().unwrap_or_else(PoisonError::into_inner).push(kill);
            }
        }
        moment
    }

    async fn pass(
        self: Arc<Self>,
        client: &HttpClient,
        request: HttpRequest,
        heard: impl Fn(&str) + Send + Sync + Clone + 'static,
    ) -> HttpReply {
        let action = action(&request.body);
        let step = action.as_deref().map(Step::of_action);
        let moment = action.and_then(|action| self.count(&action));
        let address = format!("http://{}{}", self.service, request.path);
        let content_type = request.content_type.unwrap_or_default();
        let send = client.post(&address, &content_type, request.body);
        let answer = match moment {
            Some(Moment::Before) => {
                self.victim.kill(heard);
                return self.said(step, HttpReply::Abort);
            }
            Some(Moment::Sent) => {
                let mut send = std::pin::pin!(send);
                let _ = tokio::time::timeout(ON_ITS_WAY, &mut send).await;
                self.victim.kill(heard);
                return self.said(step, HttpReply::Abort);
            }
            Some(Moment::Answered) => {
                let _ = send.await;
                self.victim.kill(heard);
                return self.said(step, HttpReply::Abort);
            }
            Some(Moment::After) => {
                let own = Arc::clone(&self);
                let answer = send.await;
                tokio::spawn(async move {
                    tokio::time::sleep(ON_ITS_WAY).await;
                    own.victim.kill(heard);
                });
                answer
            }
            None => send.await,
        };
        self.said(step, answer.map_or(HttpReply::Abort, HttpReply::from))
    }

    fn said(&self, step: Option<Step>, reply: HttpReply) -> HttpReply {
        let status = match &reply {
            HttpReply::Message { status, .. } | HttpReply::Empty(status) => Some(status.as_u16()),
            HttpReply::Abort => None,
        };
        if let Some(step) = step {
            let mut all = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
            all.push((step, status));
        }
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        let at = |place, number, moment| Some(KillAt { place, number, moment });
        let call = at(Place::Step(Step::Call), 2, Moment::Answered);
        assert_eq!(KillAt::of_words("call.2:answered"), call);
        let create = at(Place::Step(Step::Create), 1, Moment::Before);
        assert_eq!(KillAt::of_words("create:before"), create);
        let note = at(Place::Operation("Note".to_owned()), 3, Moment::Sent);
        assert_eq!(KillAt::of_words("Note.3:sent"), note);
        assert_eq!(note.unwrap().to_string(), "Note.3:sent");
        for wrong in ["create", "create:never", "nothing:sent", "call.x:sent"] {
            assert_eq!(KillAt::of_words(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_message_counts_by_its_step_and_by_its_operation() {
        let all = Place::all_of("urn:calculator/Note");
        assert_eq!(all, [Place::Step(Step::Call), Place::Operation("Note".to_owned())]);
        let create = "http://schemas.xmlsoap.org/ws/2005/02/rm/CreateSequence";
        assert_eq!(Place::all_of(create), [Place::Step(Step::Create)]);
    }

    /// The victim is `cat`-like: a shell that says its number of lives and waits for the end of its input.
    #[tokio::test]
    async fn a_victim_dies_at_its_step_and_comes_back() {
        let answer = |_| async { HttpReply::Empty(http::StatusCode::ACCEPTED) };
        let service = HttpServer::start(answer).await.expect("a port");
        let command = ["sh", "-c", "echo born; read nothing"].map(str::to_owned).to_vec();
        let victim = Victim::new(command, Duration::ZERO);
        let born = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let own = Arc::clone(&born);
        let heard = move |line: &str| {
            assert_eq!(line, "born");
            own.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        };
        victim.start(heard.clone()).expect("started");
        let kills = ["call.2:after", "Second.1:before", "close:before"]
            .map(|words| KillAt::of_words(words).unwrap());
        let at = service.local_addr();
        let link = KillingLink::start(0, at, Arc::clone(&victim), kills.to_vec(), heard).await;
        let link = link.expect("a port");
        let client = HttpClient::new();
        let address = format!("http://{}/", link.local_addr());
        let call = "<Action>urn:call</Action>";
        let second = "<Action>urn:test/Second</Action>";
        let close = "<Action>http://docs.oasis-open.org/ws-rx/wsrm/200702/CloseSequence</Action>";
        let born_is = async |lives: u64| {
            while born.load(std::sync::atomic::Ordering::SeqCst) < lives {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        born_is(1).await;
        assert!(client.post(&address, "text/xml", call).await.is_ok());
        // The second call, and the first of its name: it is the next of that name that nobody survives.
        assert!(client.post(&address, "text/xml", second).await.is_ok());
        born_is(2).await;
        assert!(client.post(&address, "text/xml", second).await.is_err());
        born_is(3).await;
        assert!(client.post(&address, "text/xml", close).await.is_err());
        born_is(4).await;
        let (done, left) = link.kills();
        assert_eq!((done, left), (kills.to_vec(), Vec::new()));
        assert_eq!(
            link.statuses(),
            [
                (Step::Call, Some(202)),
                (Step::Call, Some(202)),
                (Step::Call, None),
                (Step::Close, None)
            ]
        );
        victim.stop(Duration::from_secs(5));
    }
}
