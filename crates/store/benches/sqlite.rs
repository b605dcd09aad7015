//! How much of what the disk can take does the store in a file take: beside the raw limit, measured in the same run.
//!
//! `cargo bench -p waxwing-store --features sqlite --bench sqlite` · `WAXWING_BENCH_SECONDS` (4): how long a slice of the store, a quarter
//! of it one of the limit · `WAXWING_BENCH_SLICES` (8) · `WAXWING_BENCH_FOLDER`: where (a real disk; `/tmp` may be memory) ·
//! `WAXWING_BENCH_SESSIONS` (100,000) · `WAXWING_BENCH_LOG`: megabytes of the log.
//!
//! A disk that is shared is fast now and slow a moment later. So limit and store take turns in short slices; each slice of the store is
//! compared with the slices of the limit just before and just after it, and what is told is the median. Between two slices it is waited
//! until the store has written back what it wanted, so that none of its work falls into a slice of the limit.
//!
//! A unit is what a secured two-way call writes: the session's state with the reply that is kept, 2,200 octets that differ each
//! time. 64 producers wait for each of theirs.

#![allow(clippy::disallowed_methods)]

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;
use waxwing_store::sqlite::{SqliteOptions, SqliteStore};
use waxwing_store::{
    Claim, Epoch, Group, Kind, Name, NameChange, RecordId, Step, Store, Unit, Version,
};

const STATE: usize = 2200;
const PRODUCERS: usize = 64;

fn setting(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Octets that differ each time, made cheaply: nothing here compresses.
struct Content(u64);

impl Content {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z ^ (z >> 27)
    }

    fn state(&mut self) -> Bytes {
        let mut state = Vec::with_capacity(STATE);
        while state.len() < STATE {
            state.extend_from_slice(&self.next().to_le_bytes());
        }
        state.into()
    }
}

/// The processor time of this process, in clock ticks of 10 ms.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ');
    let ticks: u64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// One slice.
struct Measured {
    a_second: f64,
    /// Microseconds a unit.
    cpu: f64,
    /// Microseconds that each unit took.
    times: Vec<u32>,
}

/// Producers work for a while; each says how long each unit took.
async fn measure<F>(
    seconds: usize,
    producers: usize,
    mut producer: impl FnMut(usize, Arc<AtomicBool>) -> F,
) -> Measured
where
    F: Future<Output = Vec<u32>> + Send + 'static,
{
    let stop = Arc::new(AtomicBool::new(false));
    let (begun, cpu_begun) = (Instant::now(), cpu());
    let tasks: Vec<_> =
        (0..producers).map(|number| tokio::spawn(producer(number, stop.clone()))).collect();
    tokio::time::sleep(Duration::from_secs(seconds as u64)).await;
    stop.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.expect("a producer ends"));
    }
    let (took, cpu) = (begun.elapsed(), cpu() - cpu_begun);
    let count = times.len() as f64;
    Measured { a_second: count / took.as_secs_f64(), cpu: cpu.as_secs_f64() * 1e6 / count, times }
}

/// Octets that this process has written so far, to files and wherever else.
fn written() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.and_then(|octets| octets.parse().ok()).unwrap_or(0)
}

/// Waits until nothing is written any more.
async fn quiet() {
    let mut before = written();
    for _ in 0..4 {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let now = written();
            // A few octets wake threads of the runtime.
            if now - std::mem::replace(&mut before, now) < 4096 {
                break;
            }
        }
    }
}

/// Appends and waits for the disk, as together as the store does it.
async fn raw(folder: &Path, seconds: usize) -> Measured {
    let (put, put_here) = mpsc::sync_channel::<(Bytes, oneshot::Sender<()>)>(4096);
    let mut file = File::create(folder.join("raw")).expect("a file");
    let thread = std::thread::spawn(move || {
        while let Ok(first) = put_here.recv() {
            let together: Vec<_> = std::iter::once(first).chain(put_here.try_iter()).collect();
            let all: Vec<u8> =
                together.iter().flat_map(|(state, _)| state.iter().copied()).collect();
            file.write_all(&all).and_then(|()| file.sync_data()).expect("it is written");
            together.into_iter().for_each(|(_, told)| told.send(()).expect("somebody waits"));
        }
    });
    let measured = measure(seconds, PRODUCERS, |number, stop| {
        let (put, mut content) = (put.clone(), Content(number as u64));
        async move {
            let mut times = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let begun = Instant::now();
                let (told, done) = oneshot::channel();
                put.send((content.state(), told)).expect("it is taken");
                done.await.expect("it is written");
                times.push(begun.elapsed().as_micros() as u32);
            }
            times
        }
    });
    let measured = measured.await;
    drop(put);
    thread.join().expect("it ends");
    let _ = std::fs::remove_file(folder.join("raw"));
    measured
}

fn options(path: &Path) -> SqliteOptions {
    let options = SqliteOptions::new(path);
    match setting("WAXWING_BENCH_LOG", 0) {
        0 => options,
        megabytes => options.log_octets(megabytes as u64 * 1_000_000),
    }
}

fn group(number: usize) -> Group {
    Group::new(format!("urn:uuid:00000000-0000-4000-8000-{number:012}"))
}

fn unit(number: usize, step: Step) -> Unit {
    let record = RecordId { group: group(number), kind: Kind::Sequence, name: Name::new("") };
    Unit {
        record,
        epoch: Epoch(1),
        step,
        expires_at: None,
        names: Vec::new(),
        messages: Vec::new(),
    }
}

async fn fill(store: &SqliteStore, sessions: std::ops::Range<usize>) {
    let mut content = Content(1 << 40);
    let mut waiting = std::collections::VecDeque::new();
    for number in sessions {
        let mut unit = unit(number, Step::Create(content.state()));
        unit.names.push(NameChange::Add(Name::new(format!("offer {number}"))));
        waiting.push_back(store.commit(unit));
        if waiting.len() > 2000 {
            assert!(waiting.pop_front().expect("one").await.is_done());
        }
    }
    for outcome in waiting {
        assert!(outcome.await.is_done());
    }
}

/// Each producer has sessions of its own, and writes one of them at random.
async fn sessions(
    store: &SqliteStore,
    seconds: usize,
    sessions: usize,
    producers: usize,
    versions: &Versions,
) -> Measured {
    measure(seconds, producers, |number, stop| {
        let (store, versions) = (store.clone(), versions.clone());
        let mut content = Content(((number + 1) as u64) << 32);
        async move {
            let own: Vec<usize> = (number..sessions).step_by(producers).collect();
            let mut times = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let which = own[content.next() as usize % own.len()];
                let version = versions[which].fetch_add(1, Ordering::Relaxed) + 1;
                let begun = Instant::now();
                let step = Step::Write(Version(version), content.state());
                let outcome = store.commit(unit(which, step)).await;
                assert!(outcome.is_done(), "{outcome:?}");
                times.push(begun.elapsed().as_micros() as u32);
            }
            times
        }
    })
    .await
}

type Versions = Arc<Vec<std::sync::atomic::AtomicU64>>;

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_unstable_by(f64::total_cmp);
    let middle = all.len() / 2;
    match all.len() % 2 {
        0 => f64::midpoint(all[middle - 1], all[middle]),
        _ => all[middle],
    }
}

/// What is told of slices: the median of each figure, and the times of all units.
fn show(what: &str, slices: &[Measured], parts: &[f64]) {
    let of = |figure: fn(&Measured) -> f64| median(slices.iter().map(figure).collect());
    let mut times: Vec<u32> = slices.iter().flat_map(|slice| slice.times.iter().copied()).collect();
    times.sort_unstable();
    let at = |part: f64| f64::from(times[(times.len() as f64 * part) as usize]) / 1e3;
    let (least, most) = slices
        .iter()
        .map(|slice| slice.a_second)
        .fold((f64::MAX, 0_f64), |(least, most), rate| (least.min(rate), most.max(rate)));
    print!(
        "{what:<40} {:>7.0}/s ({least:.0} to {most:.0})  p50 {:>5.2} ms  p99 {:>6.2} ms  {:>5.1} µs CPU",
        of(|slice| slice.a_second),
        at(0.5),
        at(0.99),
        of(|slice| slice.cpu)
    );
    if !parts.is_empty() {
        let (least, most) = parts
            .iter()
            .fold((f64::MAX, 0_f64), |(least, most), part| (least.min(*part), most.max(*part)));
        let percent = |part: f64| part * 100.0;
        print!(
            "  {:.0} % of the limit ({:.0} to {:.0})",
            percent(median(parts.to_vec())),
            percent(least),
            percent(most)
        );
    }
    println!();
}

/// The limit and the store in turns.
async fn beside_the_limit(
    what: &str,
    folder: &Path,
    store: &SqliteStore,
    count: usize,
    producers: usize,
    versions: &Versions,
) {
    let seconds = setting("WAXWING_BENCH_SECONDS", 4);
    let slices = setting("WAXWING_BENCH_SLICES", 8);
    let limit = || async {
        quiet().await;
        raw(folder, seconds.div_ceil(4)).await
    };
    let (mut limits, mut stores) = (vec![limit().await], Vec::new());
    for _ in 0..slices {
        stores.push(sessions(store, seconds, count, producers, versions).await);
        limits.push(limit().await);
    }
    let around = limits.windows(2).map(|two| f64::midpoint(two[0].a_second, two[1].a_second));
    let parts: Vec<f64> =
        stores.iter().zip(around).map(|(slice, limit)| slice.a_second / limit).collect();
    show("limit: append + fdatasync, 64 producers", &limits, &[]);
    show(what, &stores, &parts);
}

/// A process of its own that works until it is killed.
async fn work_until_killed(path: &Path, count: usize) {
    let store = SqliteStore::open(&options(path)).expect("it opens");
    fill(&store, 0..count).await;
    println!("ready");
    let versions: Versions = Arc::new((0..count).map(|_| 1.into()).collect());
    sessions(&store, 3600, count, PRODUCERS, &versions).await;
}

fn recovery(path: &Path, count: usize) {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .env("WAXWING_BENCH_CHILD", path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    assert_eq!(line, "ready\n");
    std::thread::sleep(Duration::from_secs(3));
    child.kill().and_then(|()| child.wait()).expect("it is killed");
    let log = std::fs::metadata(format!("{}-wal", path.display())).map_or(0, |file| file.len());
    let begun = Instant::now();
    let store = SqliteStore::open(&options(path)).expect("it opens");
    let opened = begun.elapsed();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("one");
    let claim = runtime.block_on(store.claim(&group(count / 2))).expect("an answer");
    assert!(matches!(claim, Claim::Mine(_, records) if records.len() == 1));
    println!(
        "recovery of {count} sessions after kill -9 (log of {} MB): opened in {:.2} s, first claim after {:.2} s",
        log / 1_000_000,
        opened.as_secs_f64(),
        begun.elapsed().as_secs_f64()
    );
}

fn main() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("one");
    let count = setting("WAXWING_BENCH_SESSIONS", 100_000);
    if let Some(path) = std::env::var_os("WAXWING_BENCH_CHILD") {
        return runtime().block_on(work_until_killed(Path::new(&path), count));
    }
    let folder = match std::env::var_os("WAXWING_BENCH_FOLDER") {
        Some(folder) => tempfile::tempdir_in(PathBuf::from(folder)),
        None => tempfile::tempdir(),
    };
    let folder = folder.expect("a folder");
    let path = folder.path().join("store");
    let rt = runtime();
    let store = SqliteStore::open(&options(&path)).expect("it opens");
    let versions: Versions = Arc::new((0..count).map(|_| 1.into()).collect());
    rt.block_on(fill(&store, 0..PRODUCERS));
    let measure = |what: &str, count, producers| {
        rt.block_on(beside_the_limit(what, folder.path(), &store, count, producers, &versions));
    };
    measure("store, 64 hot sessions", PRODUCERS, PRODUCERS);
    rt.block_on(fill(&store, PRODUCERS..count));
    for producers in [64, 256] {
        measure(&format!("store, {count} scattered, {producers} producers"), count, producers);
    }
    let health = store.health();
    let (units, groups, _) = health.committed;
    println!(
        "{:.1} units a commit; {} MB in the file, {} MB in the log",
        units as f64 / groups as f64,
        health.octets.0 / 1_000_000,
        std::fs::metadata(format!("{}-wal", path.display())).map_or(0, |file| file.len())
            / 1_000_000
    );
    drop(store);
    recovery(&folder.path().join("recovery"), count);
}
