//! What `strace` saw a process do to its files.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::workload;

/// What a process did, in the order in which it began and ended: a write may be on the disk as soon as it has begun; a sync
/// covers what had ended when it began, once it has ended itself.
#[derive(Debug)]
pub(crate) enum Event {
    /// A file was made, under this name.
    Made(String),
    Write(usize, Op),
    Unlinked(String),
    /// A file was moved from one name to another.
    Moved(String, String),
    /// A write has ended.
    Ended(usize),
    /// A sync of a file begins; `None`: of the folder.
    SyncBegins(usize, Option<String>),
    SyncEnds(usize),
    /// The process has noted something.
    Note(String),
}

/// A change of a file.
#[derive(Debug, Clone)]
pub(crate) struct Op {
    pub(crate) file: String,
    pub(crate) what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

const CALLS: &str = "openat,open,close,pwrite64,pwritev,pwritev2,write,writev,fsync,fdatasync,sync_file_range,ftruncate,truncate,unlink,unlinkat,rename,renameat,renameat2,fallocate";

/// Runs the process under `strace`. `more`: its own arguments, as what it is to inject.
pub(crate) fn run(
    folder: &Path,
    units: usize,
    settings: &[(&str, &str)],
    more: &[&str],
) -> (Output, String) {
    let trace = folder.join("trace");
    let (program, own) = workload::child(folder, units);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-xx", "-s", "1000000", "-e", &format!("trace={CALLS}"), "-o"]);
    strace.arg(&trace).args(more).arg("--").arg(program).args(workload::ARGUMENTS);
    strace.envs(own).envs(settings.iter().copied()).stdout(Stdio::null()).stderr(Stdio::piped());
    let output = strace.output().expect("strace runs: install it (apt-get install strace)");
    let text = std::fs::read_to_string(&trace).expect("a trace");
    std::fs::remove_file(&trace).expect("it is removed");
    (output, text)
}

/// A call: its name, its arguments, its result.
struct Call<'a> {
    name: &'a str,
    arguments: Vec<&'a str>,
}

fn call(text: &str) -> Option<Call<'_>> {
    let (name, rest) = text.split_once('(')?;
    Some(Call { name, arguments: rest.split(", ").map(str::trim).collect() })
}

/// The octets of `"\x41\x42"`.
fn octets(text: &str) -> Vec<u8> {
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let text = text.unwrap_or_else(|| panic!("not whole: {text:?}"));
    let digits = text.split("\\x").skip(1);
    digits.map(|digits| u8::from_str_radix(digits, 16).expect("two digits")).collect()
}

fn text(argument: &str) -> String {
    String::from_utf8(octets(argument)).expect("a name of text")
}

/// Reads a trace: what was done to the files in this folder.
pub(crate) fn read(folder: &Path, trace: &str) -> Vec<Event> {
    let mut reading = Reading {
        folder: folder.to_str().expect("a name of text").to_owned(),
        open: HashMap::new(),
        begun: HashMap::new(),
        events: Vec::new(),
    };
    for line in trace.lines() {
        let (process, rest) = line.split_once(' ').expect("a process");
        let rest = rest.trim_start();
        // `<detached ...>`: the process was gone before strace had seen the end of the call.
        let cut = rest.strip_suffix("<unfinished ...>");
        if let Some(begin) = cut.or_else(|| rest.strip_suffix("<detached ...>")) {
            let number = reading.begin(begin.trim_end());
            reading.begun.insert(process.to_owned(), (begin.trim_end().to_owned(), number));
        } else if rest.starts_with("<... ") {
            let Some((begin, number)) = reading.begun.remove(process) else { continue };
            reading.ended(&begin, result(rest), number);
        } else if rest.contains('(') {
            let (begin, result) =
                (rest.rsplit_once(") ").map_or(rest, |(begin, _)| begin), result(rest));
            // The process ended in the middle of it: `<unfinished ...>) = ?`.
            let begin = begin.strip_suffix("<unfinished ...>").unwrap_or(begin).trim_end();
            let number = reading.begin(begin);
            reading.ended(begin, result, number);
        }
    }
    reading.events
}

/// What a call gave. None: the process ended in the middle of it, and nobody knows whether it was done.
fn result(line: &str) -> Option<i64> {
    let result = line.rsplit_once("= ").map_or("-1", |(_, result)| result);
    if result.starts_with('?') {
        return None;
    }
    Some(result.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(-1))
}

struct Reading {
    folder: String,
    /// Files by their descriptors: a name in the folder, or the folder (empty).
    open: HashMap<i64, String>,
    begun: HashMap<String, (String, usize)>,
    events: Vec<Event>,
}

impl Reading {
    fn within(&self, path: &str) -> Option<String> {
        let rest = path.strip_prefix(&self.folder)?;
        Some(rest.trim_start_matches('/').to_owned())
    }

    fn file(&self, call: &Call<'_>) -> Option<String> {
        let descriptor = call.arguments.first()?.trim_end_matches(')');
        self.open.get(&descriptor.parse().ok()?).cloned()
    }

    /// A call begins: what it may do from now on.
    fn begin(&mut self, begin: &str) -> usize {
        let number = self.events.len();
        let Some(call) = call(begin) else { return number };
        let Some(file) = self.file(&call) else { return number };
        let argument = |at: usize| call.arguments[at].trim_end_matches(')');
        let offset = |at: usize| {
            argument(at).parse::<usize>().unwrap_or_else(|_| panic!("no number: {begin:?}"))
        };
        match call.name {
            "write" if file == "notes" => {
                self.events.push(Event::Note(text(argument(1)).trim_end().to_owned()));
            }
            // The words about who has it are nothing that is promised.
            "write" | "ftruncate" | "close" if file.ends_with(".lock") => {}
            "write" if file.starts_with("store.key") => {
                let op = Op { file, what: What::Write(0, octets(argument(1))) };
                self.events.push(Event::Write(number, op));
            }
            // The memory that connections share is made anew after a crash.
            "pwrite64" | "ftruncate" | "fallocate" | "write" if file.ends_with("-shm") => {}
            "pwrite64" => {
                let op = Op { file, what: What::Write(offset(3), octets(argument(1))) };
                self.events.push(Event::Write(number, op));
            }
            "ftruncate" => {
                let op = Op { file, what: What::Truncate(offset(1)) };
                self.events.push(Event::Write(number, op));
            }
            "fsync" | "fdatasync" => {
                let file = (!file.is_empty()).then_some(file);
                self.events.push(Event::SyncBegins(number, file));
            }
            "close" => {}
            other => panic!("the test does not know what {other} does to {file}: {begin:.200}"),
        }
        number
    }

    /// A call that never ended stays as it is: under way when the process ended.
    fn ended(&mut self, begin: &str, result: Option<i64>, number: usize) {
        if let Some(result) = result {
            self.end(begin, result, number);
        }
    }

    fn end(&mut self, begin: &str, result: i64, number: usize) {
        let Some(call) = call(begin) else { return };
        match call.name {
            "openat" | "open" if result >= 0 => {
                let path =
                    text(call.arguments[usize::from(call.name == "openat")].trim_end_matches(')'));
                let Some(file) = self.within(&path) else { return };
                if begin.contains("O_CREAT") {
                    self.events.push(Event::Made(file.clone()));
                }
                self.open.insert(result, file);
            }
            "close" => {
                let descriptor = call.arguments[0].trim_end_matches(')').parse().unwrap_or(-1);
                self.open.remove(&descriptor);
            }
            "rename" if result == 0 => {
                let path = |at: usize| text(call.arguments[at].trim_end_matches(')'));
                let names = self.within(&path(0)).zip(self.within(&path(1)));
                self.events.extend(names.map(|(from, to)| Event::Moved(from, to)));
            }
            "renameat" | "renameat2" | "unlinkat" | "truncate" if result == 0 => {
                panic!("the test does not know this one: {begin:.200}");
            }
            "unlink" if result == 0 => {
                let path = text(call.arguments[0].trim_end_matches(')'));
                self.events.extend(self.within(&path).map(Event::Unlinked));
            }
            "pwrite64" | "ftruncate" | "write" => {
                if matches!(self.events.get(number), Some(Event::Write(..))) {
                    assert!(result >= 0, "a write failed with {result}: {begin:.80}");
                    self.events.push(Event::Ended(number));
                }
            }
            "fsync" | "fdatasync" if result == 0 => {
                if matches!(self.events.get(number), Some(Event::SyncBegins(..))) {
                    self.events.push(Event::SyncEnds(number));
                }
            }
            _ => {}
        }
    }
}

/// Whatever strace writes at the end of a call that the end of its process cut off, it is a write that has begun and not ended.
#[test]
fn calls_cut_off_have_begun() {
    for end in ["<unfinished ...>", "<detached ...>", "<unfinished ...>) = ?", ") = ?"] {
        let trace = format!(
            "7 openat(AT_FDCWD, \"\\x2f\\x61\\x2f\\x62\", O_RDWR) = 5\n7 pwrite64(5, \"\\x41\", 1, 4096 {end}\n"
        );
        let events = read(Path::new("/a"), &trace);
        assert!(
            matches!(&events[..], [Event::Write(0, Op { what: What::Write(4096, octets), .. })] if octets == b"A"),
            "{end}: {events:?}"
        );
    }
}
