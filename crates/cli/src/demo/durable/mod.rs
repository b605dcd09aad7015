//! `waxwing demo --durable`: client and service as processes of their own, which are killed at random, and not one call is
//! lost, executed twice or out of order.

mod books;
mod child;
mod client;
mod failure;
mod files;
mod lane;
mod ledger;
mod part;
mod plan;
mod random;
mod report;
mod service;
mod stores;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use waxwing_testkit::balancer::Balancer;
use waxwing_testkit::ports::free_port;

pub(crate) use self::part::{Part, run as run_part};
pub(crate) use self::plan::Victims;
pub(crate) use self::stores::StoreKind;

use self::failure::Failure;
use self::files::{LaneFolder, NodePorts};
use self::lane::{Job, Outcome, Progress};
use self::random::Random;
use self::report::Report;
use self::stores::Stores;

/// What a run is asked for.
pub(super) struct Asked<'a> {
    /// Where everything is written; it has the certificates.
    pub(super) folder: &'a Path,
    pub(super) calls: u64,
    pub(super) kills: u64,
    pub(super) victims: Victims,
    /// Pairs of a client and a service side by side.
    pub(super) lanes: u64,
    pub(super) seed: u64,
    /// Where sessions are kept, and by how many nodes of the service.
    pub(super) store: StoreKind,
    pub(super) nodes: usize,
    /// Becomes true when the program is to end.
    pub(super) stopped: Arc<AtomicBool>,
}

/// Runs the demonstration. Fails unless every figure is as promised.
pub(super) fn run(asked: &Asked<'_>) -> Result<ExitCode, Failure> {
    let begun = Instant::now();
    let runtime = tokio::runtime::Runtime::new()?;
    let stores = Stores::begin(asked.store, asked.folder)?;
    let job = |lane| job(asked, &stores, &runtime, lane);
    let jobs = (0..asked.lanes).map(job).collect::<Result<Vec<_>, _>>()?;
    println!("{}", told(asked));
    let calls = jobs.iter().map(|job| job.calls).sum();
    let stopped = Arc::clone(&asked.stopped);
    let progress = Arc::new(Progress { stopped, ..Progress::default() });
    let outcomes = side_by_side(jobs, &progress, calls);
    if asked.stopped.load(Ordering::Relaxed) {
        return Err("it was interrupted; its processes have ended".into());
    }
    let mut report = Report::new(calls, asked.kills);
    report.time = begun.elapsed();
    let mut went = true;
    for outcome in outcomes {
        let trouble = match outcome {
            Ok((outcome, trouble)) => {
                report.add(&outcome);
                trouble
            }
            Err(error) => Some(error),
        };
        if let Some(error) = trouble {
            eprintln!("error: {error}");
            went = false;
        }
    }
    let went = report.print() && went;
    Ok(if went { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What begins.
fn told(asked: &Asked<'_>) -> String {
    let who = match asked.victims {
        Victims::Service => "the service",
        Victims::Client => "the client",
        Victims::Both => "client and service",
    };
    let nodes = match asked.nodes {
        1 => String::new(),
        nodes => {
            format!(", {nodes} nodes behind a balancer that gives each request to any of them")
        }
    };
    format!(
        "{} calls; {who} killed {} times; kept in {}{nodes}",
        asked.calls,
        asked.kills,
        asked.store.name()
    )
}

/// The share of a lane of what is to be done altogether.
fn share(whole: u64, lanes: u64, lane: u64) -> u64 {
    whole / lanes + u64::from(lane < whole % lanes)
}

fn job(
    asked: &Asked<'_>,
    stores: &Stores,
    runtime: &tokio::runtime::Runtime,
    lane: u64,
) -> Result<Job, Failure> {
    let folder = LaneFolder::new(asked.folder.join(format!("lane-{lane}")));
    std::fs::create_dir_all(folder.path())?;
    let seed = asked.seed.wrapping_add(lane);
    let balancer = configure(&folder, asked.nodes, seed, runtime)?;
    let store = stores.arguments(lane)?;
    let calls = share(asked.calls, asked.lanes, lane);
    let kills = share(asked.kills, asked.lanes, lane);
    let mut random = Random::new(seed);
    let plan = plan::plan(&mut random, asked.victims, asked.nodes, kills, calls);
    let account = format!("account-{lane}");
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let place = folder.path().display().to_string();
    let count = calls.to_string();
    let mut client =
        words(&["client", "--folder", &place, "--account", &account, "--calls", &count]);
    // Every other lane has a session without a way back.
    if lane % 2 == 1 {
        client.push("--one-way".to_owned());
    }
    if asked.victims.client() {
        client.push("--outbox".to_owned());
    }
    client.extend(store.iter().cloned());
    let service = |node| {
        let mut service = words(&["service", "--folder", &place, "--node", &format!("{node}")]);
        service.extend(store.iter().cloned());
        service
    };
    let services = (0..asked.nodes).map(service).collect();
    Ok(Job { folder, account, calls, plan, services, client, random, balancer })
}

/// Writes the configuration files of a lane. Several nodes have a balancer before them, which is started.
fn configure(
    folder: &LaneFolder,
    nodes: usize,
    seed: u64,
    runtime: &tokio::runtime::Runtime,
) -> Result<Option<Balancer>, Failure> {
    if nodes == 1 {
        let port = free_port()?;
        std::fs::write(folder.service_config(0), files::service(port))?;
        std::fs::write(folder.client_config(), files::client(port))?;
        return Ok(None);
    }
    let mut ports = Vec::new();
    for _ in 0..nodes {
        ports.push(NodePorts { service: free_port()?, nodes: free_port()? });
    }
    let addresses = ports.iter().map(|p| SocketAddr::from((Ipv4Addr::LOCALHOST, p.service)));
    let balancer = runtime.block_on(Balancer::start(addresses.collect(), seed))?;
    let public = balancer.local_addr().port();
    for (node, ports) in ports.into_iter().enumerate() {
        let file = files::service_node(node, ports, public);
        std::fs::write(folder.service_config(node), file)?;
    }
    std::fs::write(folder.client_config(), files::client(public))?;
    Ok(Some(balancer))
}

/// How often it is told how far it is, where no bar can be seen.
const TELL: Duration = Duration::from_secs(10);

/// What came of a lane, and what went wrong.
type Ended = Result<(Outcome, Option<Failure>), Failure>;

/// Runs every lane in a thread of its own, and shows how far they are.
fn side_by_side(jobs: Vec<Job>, progress: &Arc<Progress>, calls: u64) -> Vec<Ended> {
    let bar = ProgressBar::new(calls);
    let style = ProgressStyle::with_template(
        "{bar:40} {pos}/{len} calls, {elapsed} of about {duration}  {msg}",
    );
    if let Ok(style) = style {
        bar.set_style(style);
    }
    let lanes: Vec<_> = jobs
        .into_iter()
        .map(|mut job| {
            let progress = Arc::clone(progress);
            std::thread::spawn(move || lane::run(&mut job, progress))
        })
        .collect();
    let mut told = Instant::now();
    while !lanes.iter().all(std::thread::JoinHandle::is_finished) {
        let executed = progress.executed.load(Ordering::Relaxed);
        let kills = progress.kills.load(Ordering::Relaxed);
        bar.set_position(executed);
        bar.set_message(format!("{kills} kills"));
        // A file or a pipe shows no bar.
        if bar.is_hidden() && told.elapsed() >= TELL {
            told = Instant::now();
            eprintln!("{executed}/{calls} calls, {kills} kills");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bar.finish_and_clear();
    let join = |lane: std::thread::JoinHandle<_>| {
        lane.join().unwrap_or_else(|_| Err("a lane has panicked".into()))
    };
    lanes.into_iter().map(join).collect()
}
