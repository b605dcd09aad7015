//! Bodies and answers.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::sleep;

use crate::attack::{answer, connect, head, many, trickle};
use crate::honest::{newcomers, under};
use crate::{MAX_BUFFERED, MAX_CONNECTIONS, MAX_MESSAGE};

/// What a connection costs beside bodies: its task and `hyper`'s read buffer.
const CONNECTION: usize = 96 << 10;

/// Every octet in a segment of its own: kept as they come, each costs a read buffer.
#[tokio::test(flavor = "multi_thread")]
async fn one_octet_segments() {
    const ATTACKERS: usize = 60;
    const OCTETS: usize = 1000;
    let bound = ATTACKERS * (2 * OCTETS + CONNECTION);
    under("one-octet segments", bound, |service| async move {
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..ATTACKERS {
            let address = service.address();
            all.spawn(async move {
                let mut stream = connect(address).await.unwrap();
                stream.write_all(head("reliable", OCTETS).as_bytes()).await.unwrap();
                trickle(&mut stream, &[b' '; OCTETS], Duration::from_millis(2)).await;
                answer(&mut stream).await
            });
        }
        for answer in all.join_all().await {
            assert!(answer.starts_with("HTTP/1.1 400"), "blanks are no message: {answer}");
        }
    })
    .await;
}

/// More slow bodies than there are places.
#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies() {
    let bound = MAX_CONNECTIONS * CONNECTION;
    under("slow bodies", bound, |service| async move {
        let address = service.address();
        let factory = service.factory("reliable", true, false);
        many(2 * MAX_CONNECTIONS, newcomers(&factory), move |_| async move {
            while let Ok(mut stream) = connect(address).await {
                let _ = stream.write_all(head("reliable", 60_000).as_bytes()).await;
                trickle(&mut stream, &[b' '; 60_000], Duration::from_millis(100)).await;
            }
        })
        .await;
    })
    .await;
}

/// Bodies that are nearly there, and stay so: together thirty times what the service holds.
#[tokio::test(flavor = "multi_thread")]
async fn stalled_bodies() {
    // Twice: a body may be as large as its buffer is half full, and is copied when that grows.
    let bound = 2 * MAX_BUFFERED + MAX_CONNECTIONS * CONNECTION;
    under("stalled bodies", bound, |service| async move {
        let address = service.address();
        many(MAX_CONNECTIONS, sleep(Duration::from_secs(5)), move |_| async move {
            let Ok(mut stream) = connect(address).await else { return };
            let _ = stream.write_all(head("reliable", MAX_MESSAGE).as_bytes()).await;
            let _ = stream.write_all(&vec![b' '; MAX_MESSAGE - 1]).await;
            std::future::pending().await
        })
        .await;
    })
    .await;
}

/// Large answers that nobody takes.
#[tokio::test(flavor = "multi_thread")]
async fn slow_readers() {
    const ANSWER: usize = 3_000_000;
    // Two calls run at once, each with its answer as text, as tree (growing by doubling) and as octets, beside those of
    // which one more than the limit may be held.
    let bound = MAX_BUFFERED + ANSWER + 2 * 6 * ANSWER + MAX_CONNECTIONS * CONNECTION;
    under("slow readers", bound, |service| async move {
        let address = service.address();
        let call = format!(
            r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>
<a:Action s:mustUnderstand="1">urn:load/ILoad/Large</a:Action><a:MessageID>urn:x</a:MessageID><a:To s:mustUnderstand="1">http://localhost/plain</a:To>
</s:Header><s:Body><Large xmlns="urn:load"><octets>{ANSWER}</octets></Large></s:Body></s:Envelope>"#
        );
        let request = head("plain", call.len()) + &call;
        let mut one = connect(address).await.unwrap();
        one.write_all(request.as_bytes()).await.unwrap();
        let answered = answer(&mut one).await;
        assert!(answered.starts_with("HTTP/1.1 200") && answered.contains("LargeResult"), "{answered}");
        drop(one);
        many(60, sleep(Duration::from_secs(8)), move |_| {
            let request = request.clone();
            async move {
                let Ok(mut stream) = connect(address).await else { return };
                let _ = stream.write_all(request.as_bytes()).await;
                std::future::pending().await
            }
        })
        .await;
    })
    .await;
}
