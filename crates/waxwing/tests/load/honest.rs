//! The honest client, and what is asserted of every attack.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use waxwing::ChannelFactory;

use crate::service::{LoadClient, Service};
use crate::{ONE, SLACK};

/// Calls in one session until it is told to stop. Gives the number of calls, each of which was answered rightly.
async fn call_until(factory: ChannelFactory, stop: Arc<AtomicBool>) -> u32 {
    let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("open: {e}"));
    let client = LoadClient::new(&channel);
    let mut calls = 0;
    while !stop.load(Ordering::Relaxed) {
        let answer = client.add(calls).await.unwrap_or_else(|e| panic!("call {calls}: {e}"));
        assert_eq!(answer, calls + 1);
        calls += 1;
    }
    channel.close().await.unwrap_or_else(|e| panic!("close: {e}"));
    calls as u32
}

/// Opens, calls once and closes: somebody who comes while the attack goes on.
pub async fn newcomer(factory: &ChannelFactory) {
    let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("a newcomer: {e}"));
    assert_eq!(LoadClient::new(&channel).add(41).await.unwrap(), 42);
    channel.close().await.unwrap();
}

/// Newcomers while an attack goes on: it must not end before they were served.
pub async fn newcomers(factory: &ChannelFactory) {
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let served = tokio::time::timeout(Duration::from_secs(30), newcomer(factory)).await;
        served.expect("a newcomer is served while the attack goes on");
    }
}

/// Runs an attack with an honest client beside it, whose memory may not grow by more than `bound` octets.
pub async fn under<A, F>(name: &str, bound: usize, attack: A)
where
    A: FnOnce(Arc<Service>) -> F,
    F: Future<Output = ()>,
{
    let _one = ONE.lock().await;
    let service = Arc::new(Service::start());
    let factory = service.factory("reliable", true, false);
    let stop = Arc::new(AtomicBool::new(false));
    for _ in 0..20 {
        newcomer(&factory).await;
    }
    let (before, _) = service.memory();
    let begun = Instant::now();
    let honest = tokio::spawn(call_until(factory, Arc::clone(&stop)));
    // The honest client is in before the attack begins.
    tokio::time::sleep(Duration::from_millis(200)).await;
    attack(Arc::clone(&service)).await;
    stop.store(true, Ordering::Relaxed);
    let calls = honest.await.expect("the honest client got every answer");
    let (_, most) = service.memory();
    let (grown, time) = (most.saturating_sub(before), begun.elapsed().as_secs_f64());
    println!(
        "{name}: memory {:.1} MiB + {:.1} MiB (bound {:.1}), honest client {:.0} calls/s ({calls} in {time:.1} s)",
        before as f64 / 1048576.0,
        grown as f64 / 1048576.0,
        (bound + SLACK) as f64 / 1048576.0,
        f64::from(calls) / time,
    );
    assert!(calls > 0);
    assert!(grown < bound + SLACK, "{name}: the memory of the service grew by {grown} octets");
}
