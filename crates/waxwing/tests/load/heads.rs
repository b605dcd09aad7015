//! Heads of requests.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::sleep;

use crate::MAX_CONNECTIONS;
use crate::attack::{answer, connect, many, trickle};
use crate::honest::{newcomers, under};

/// More slow heads than there are places.
#[tokio::test(flavor = "multi_thread")]
async fn slow_heads() {
    let bound = MAX_CONNECTIONS * (96 << 10);
    under("slow heads", bound, |service| async move {
        let address = service.address();
        let factory = service.factory("reliable", true, false);
        many(2 * MAX_CONNECTIONS, newcomers(&factory), move |_| async move {
            while let Ok(mut stream) = connect(address).await {
                let head = format!("POST /reliable HTTP/1.1\r\nX: {}", "x".repeat(1000));
                trickle(&mut stream, head.as_bytes(), Duration::from_millis(100)).await;
            }
        })
        .await;
    })
    .await;
}

/// Heads as large as they may be on nearly every connection; larger ones are refused.
#[tokio::test(flavor = "multi_thread")]
async fn large_heads() {
    // `hyper` may hold as much again while its buffer grows.
    let bound = MAX_CONNECTIONS * 2 * (64 << 10);
    under("large heads", bound, |service| async move {
        let address = service.address();
        let large = |octets: usize| {
            let field = format!("X-Field: {}\r\n", "x".repeat(1000));
            format!("POST /reliable HTTP/1.1\r\n{}", field.repeat(octets / field.len()))
        };
        let mut refused = connect(address).await.unwrap();
        let _ = refused.write_all(large(80_000).as_bytes()).await;
        let answer = answer(&mut refused).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        let head = large(62_000);
        many(MAX_CONNECTIONS - 10, sleep(Duration::from_secs(3)), move |_| {
            let head = head.clone();
            async move {
                while let Ok(mut stream) = connect(address).await {
                    let _ = stream.write_all(head.as_bytes()).await;
                    sleep(Duration::from_secs(1)).await;
                }
            }
        })
        .await;
    })
    .await;
}
