//! Sessions and negotiations that are begun and never used.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use waxwing_testkit::http::{HttpClient, HttpReply, HttpRequest, HttpServer};

use crate::honest::{newcomer, under};
use crate::{MAX_CONNECTIONS, MAX_SESSIONS};

async fn post(client: &HttpClient, address: &str, body: String) -> Option<(u16, String)> {
    let answer = client.post(address, "application/soap+xml; charset=utf-8", body).await.ok()?;
    Some((answer.status.as_u16(), String::from_utf8_lossy(&answer.body).into_owned()))
}

/// Thousands of sequences that nobody uses.
#[tokio::test(flavor = "multi_thread")]
async fn create_sequence_flood() {
    const EACH: usize = 300;
    // A session is a few KiB; those over the limits are refused.
    let bound = (MAX_SESSIONS + 4) * (32 << 10) + MAX_CONNECTIONS * (96 << 10);
    under("CreateSequence flood", bound, |service| async move {
        let address = format!("http://{}/reliable", service.address());
        let mut all = tokio::task::JoinSet::new();
        for attacker in 0..8 {
            let (client, address) = (HttpClient::new(), address.clone());
            all.spawn(async move {
                let mut refused = 0;
                for number in 0..EACH {
                    let message = format!(
                        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>
<a:Action s:mustUnderstand="1">http://schemas.xmlsoap.org/ws/2005/02/rm/CreateSequence</a:Action><a:MessageID>urn:m:{attacker}:{number}</a:MessageID>
<a:To s:mustUnderstand="1">{address}</a:To></s:Header><s:Body><CreateSequence xmlns="http://schemas.xmlsoap.org/ws/2005/02/rm">
<AcksTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></AcksTo>
<Offer><Identifier>urn:o:{attacker}:{number}</Identifier></Offer></CreateSequence></s:Body></s:Envelope>"#
                    );
                    let (_, answer) = post(&client, &address, message).await.expect("an answer");
                    match answer.contains("ConnectionLimitReached") {
                        true => refused += 1,
                        false => assert!(answer.contains("CreateSequenceResponse"), "{answer}"),
                    }
                }
                refused
            });
        }
        let refused: usize = all.join_all().await.into_iter().sum();
        // All but those that were accepted or wait; one place is the honest client's.
        assert_eq!(refused, 8 * EACH - (MAX_SESSIONS - 1) - 4);
    })
    .await;
}

/// First legs of negotiations, each of another client, that nobody continues.
#[tokio::test(flavor = "multi_thread")]
async fn half_open_negotiations() {
    const LEGS: usize = 400;
    // One address may have its share of the negotiations, not all. A TLS engine of OpenSSL with its buffers, for each of the 128 that may be open.
    let bound = 128 * (160 << 10) + MAX_CONNECTIONS * (96 << 10);
    under("half-open negotiations", bound, |service| async move {
        let legs = first_legs(&service, LEGS).await;
        assert_eq!(legs.len(), LEGS);
        let address = format!("http://{}/secure", service.address());
        let client = HttpClient::new();
        let mut answered = 0;
        for leg in legs {
            let (status, _) = post(&client, &address, leg).await.expect("an answer");
            answered += usize::from(status == 200);
        }
        assert!(answered >= 64, "the legs are taken: {answered}");
        newcomer(&service.factory("secure", true, true)).await;
    })
    .await;
}

/// What so many clients would send first, told by a service that answers none of them.
async fn first_legs(service: &crate::service::Service, count: usize) -> Vec<String> {
    let legs = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&legs);
    let deaf = move |request: HttpRequest| {
        seen.lock().unwrap().push(String::from_utf8_lossy(&request.body).into_owned());
        async { HttpReply::Empty(StatusCode::BAD_REQUEST) }
    };
    let deaf = HttpServer::start(deaf).await.unwrap();
    let factory = service.factory("secure", true, true);
    let factory = factory.via(format!("http://{}/secure", deaf.local_addr()));
    for _ in 0..count {
        let opened = tokio::time::timeout(Duration::from_secs(5), factory.open_channel()).await;
        opened.expect("told at once").expect_err("nobody answers");
    }
    legs.lock().unwrap().clone()
}
