//! Two hundred calls at once on one ordered session, over links that lose nothing and on which messages overtake.

use std::time::Duration;

use waxwing_reliable::{
    EarlyMessages, ReliableMessagingVersion, ReliableSessionSettings, SequenceState, Shape,
};

use crate::plan::{Class, MS, Micros, Plan};
use crate::world::{Summary, run_plan};

const HOUR: Micros = 3_600_000 * MS;
const CALLS: usize = 200;

fn plan(early: EarlyMessages, delay: (Micros, Micros), between: Micros) -> Plan {
    let settings = ReliableSessionSettings {
        inactivity_timeout: Duration::from_secs(1_000_000),
        ..ReliableSessionSettings::default()
    };
    Plan {
        class: Class::Patient,
        version: ReliableMessagingVersion::V11,
        shape: Shape::RequestReply,
        client: settings.clone(),
        service: ReliableSessionSettings { early_messages: early, ..settings },
        secured: true,
        soap: None,
        loss: 0,
        duplicates: 0,
        resets: 0,
        delay,
        calls: (0..CALLS as u64).map(|i| (i * between, false)).collect(),
        call_deadline: None,
        close_at: CALLS as u64 * between,
        open_deadline: HOUR,
        close_deadline: HOUR,
        operation: (0, 0),
        concurrency: 1,
        accident: None,
        strangers: 0,
        swaps: 0,
    }
}

fn took(summary: &Summary) -> Micros {
    summary.last_completed - summary.first_sent.unwrap_or_default()
}

/// Whether the service holds what is early or refuses it, as WCF does: nothing is lost, so nothing is sent again by a
/// timer, no call fails (the class demands that), and all at once takes less than twice the time of one after another.
#[test]
fn two_hundred_at_once_take_less_than_twice_the_time_of_two_hundred_in_turn() {
    for early in [EarlyMessages::Hold, EarlyMessages::Refuse] {
        for delay in [(0, MS), (MS, 3 * MS), (10 * MS, 60 * MS)] {
            for seed in 0..20 {
                let summary = run_plan(seed, plan(early, delay, 0)).unwrap();
                assert_eq!(summary.state, SequenceState::Closed);
                let counters = summary.counters;
                assert_eq!((counters.retransmissions, counters.timeouts), (0, 0), "{early:?}");
                assert_eq!(counters.refused == 0, early == EarlyMessages::Hold, "{counters:?}");
                let in_turn = run_plan(seed, plan(early, delay, 2 * delay.1 + MS)).unwrap();
                let longest = (CALLS as Micros) * (delay.0 + delay.1);
                assert!(took(&summary) < 2 * longest.min(took(&in_turn)), "{early:?} {delay:?}");
            }
        }
    }
}
