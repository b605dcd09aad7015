//! Goodput of one-way sessions against a sender that knows which messages will be lost.
//!
//! That sender keeps its window full: whatever is lost it has sent as often as it takes, at once. It transfers
//! one window each round trip.

use waxwing_reliable::{LossRecovery, ReliableMessagingVersion, ReliableSessionSettings, Shape};

use crate::plan::{Class, MS, Micros, Plan};
use crate::world::{Summary, run_plan};

const LONG: Micros = 1_000_000 * 3_600_000 * MS;

/// Runs that a figure is the sum of.
const SEEDS: u64 = 5;

pub struct Link {
    /// Of a thousand messages so many are lost, each way.
    pub loss: u64,
    /// Milliseconds.
    pub round_trip: u64,
}

fn plan(link: &Link, window: u32, recovery: LossRecovery, messages: usize) -> Plan {
    let settings = ReliableSessionSettings {
        max_transfer_window_size: window,
        max_retry_count: 64,
        loss_recovery: recovery,
        inactivity_timeout: std::time::Duration::from_secs(1_000_000_000),
        ..ReliableSessionSettings::default()
    };
    Plan {
        class: Class::Patient,
        version: ReliableMessagingVersion::V11,
        shape: Shape::OneWay,
        client: settings.clone(),
        service: settings,
        secured: false,
        soap: None,
        loss: link.loss,
        duplicates: 0,
        resets: 0,
        delay: (link.round_trip * MS / 2, link.round_trip * MS / 2),
        calls: vec![(0, true); messages],
        call_deadline: None,
        close_at: 0,
        open_deadline: LONG,
        close_deadline: LONG,
        operation: (0, 0),
        // The application takes whatever comes at once.
        concurrency: 100_000,
        accident: None,
        strangers: 0,
        swaps: 0,
    }
}

/// The share of the ideal, and how often each message was sent.
pub fn measure(link: &Link, window: u32, recovery: LossRecovery, messages: usize) -> (f64, f64) {
    let (mut took, mut sent) = (0, 0);
    for seed in 0..SEEDS {
        let summary: Summary = run_plan(seed, plan(link, window, recovery, messages)).unwrap();
        took += summary.last_completed - summary.first_sent.unwrap();
        sent += messages as u64 + summary.counters.retransmissions;
    }
    let all = (SEEDS as usize * messages) as f64;
    let ideal = all / f64::from(window) * (link.round_trip * MS) as f64;
    (ideal / took as f64, sent as f64 / all)
}

/// At least 80 % of the ideal on every link of the table.
#[test]
fn eager_recovery_reaches_four_fifths_of_the_ideal() {
    for (loss, round_trip) in [(10, 50), (200, 1), (200, 200)] {
        let link = Link { loss, round_trip };
        let (share, _) = measure(&link, 64, LossRecovery::Eager, 4_000);
        assert!(share >= 0.8, "loss {loss} per mille, {round_trip} ms: {share:.2}");
    }
}

/// `cargo test --release -p waxwing-reliable --test simulator -- --ignored goodput_table --nocapture`
#[test]
#[ignore = "prints the table of docs/reliable-messaging.md"]
fn goodput_table() {
    println!(
        "| loss | round trip | eager, window 64 | sent | WCF's way, window 64 | WCF's defaults, of window 8 |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: |");
    for loss in [10, 50, 100, 200] {
        for round_trip in [1, 50, 200] {
            let link = Link { loss, round_trip };
            let (eager, sent) = measure(&link, 64, LossRecovery::Eager, 4_000);
            let (wide, _) = measure(&link, 64, LossRecovery::Wcf, 300);
            let (narrow, _) = measure(&link, 8, LossRecovery::Wcf, 300);
            println!(
                "| {} % | {round_trip} ms | {:.0} % | {sent:.1} | {:.1} % | {:.1} % |",
                loss / 10,
                eager * 100.0,
                wide * 100.0,
                narrow * 100.0
            );
        }
    }
}
