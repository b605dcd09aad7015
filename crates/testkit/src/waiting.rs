//! Waiting for what others do, however slow the machine is.

use std::time::Duration;

/// Waits until something is so.
///
/// # Panics
///
/// Where it is not within a minute, with `what`.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waited = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waited).await;
    assert!(waited.is_ok(), "not within a minute: {what}");
}

/// The same of something that needs no name.
///
/// # Panics
///
/// Where it is not so within a minute.
pub async fn wait_for(is_so: impl AsyncFnMut() -> bool) {
    until("what is waited for", is_so).await;
}
