//! What people do with an outbox.

use std::time::Duration;

use crate::shop::{Place, missing};

const LIST: &[&str] = &["outbox", "list"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outbox_in_a_file_is_dealt_with_while_no_program_has_it() {
    deals_with(Place::file(), "process ").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outbox_in_a_database_is_dealt_with_while_no_program_has_it() {
    if missing() {
        return;
    }
    deals_with(Place::database(), "a program has the outbox 'orders'").await;
}

/// `in_use`: what is said while its program has it.
async fn deals_with(place: Place, in_use: &str) {
    let (outbox, service) = place.in_doubt().await;
    // Looking is allowed always.
    let all = place.json(LIST, &[]);
    assert_eq!(
        (&all["outboxes"][0]["name"], &all["outboxes"][0]["inDoubt"]),
        (&"orders".into(), &1.into())
    );
    let own = place.json(LIST, &["orders"]);
    let states: Vec<_> =
        own["list"].as_array().unwrap().iter().map(|call| &call["state"]).collect();
    assert_eq!(states, ["in-doubt", "queued"], "{own:#}");
    assert_eq!(
        (&own["list"][0]["number"], own["service"].is_string()),
        (&1.into(), false),
        "{own:#}"
    );
    for command in ["pause", "resume"] {
        let (code, text) = place.said(&["outbox", command], &["orders"]);
        assert!(code == 2 && text.contains(in_use), "{command}: {text}");
    }
    let (code, text) = place.said(&["outbox", "resolve"], &["orders", "first", "--send-again"]);
    assert!(code == 2 && text.contains(in_use), "{text}");
    outbox.close().await;
    drop(outbox);

    let (code, text) = place.said(&["outbox", "show"], &["orders", "first", "--show-messages"]);
    assert_eq!(code, 0, "{text}");
    for found in
        ["in doubt since", "waxwing outbox resolve", "umbrella", "urn:orders/IOrders/Place", "why "]
    {
        assert!(text.contains(found), "{found}: {text}");
    }
    let (code, text) = place.said(&["outbox", "cancel"], &["orders", "first"]);
    assert!(code == 1 && text.contains("decide what became of it first"), "{text}");
    let (code, text) = place.said(&["outbox", "cancel"], &["orders", "third"]);
    assert!(code == 1 && text.contains("no call with the key 'third'"), "{text}");
    let (code, text) = place.said(&["outbox", "cancel"], &["bills", "first"]);
    assert!(code == 1 && text.contains("no outbox 'bills': it has orders"), "{text}");
    let (code, text) = place.said(&["outbox", "show"], &["orders", "third"]);
    assert!(code == 1 && text.contains("'third'"), "{text}");
    for (command, rest) in [
        ("pause", &["orders"][..]),
        ("cancel", &["orders", "second"]),
        ("resolve", &["orders", "first", "--send-again"]),
    ] {
        let (code, text) = place.said(&["outbox", command], rest);
        assert_eq!(code, 0, "{command}: {text}");
    }
    let own = place.json(LIST, &["orders"]);
    assert_eq!((&own["paused"], &own["inDoubt"]), (&true.into(), &0.into()), "{own:#}");
    let states: Vec<_> =
        own["list"].as_array().unwrap().iter().map(|call| &call["state"]).collect();
    assert_eq!(states, ["queued", "cancelled"], "{own:#}");
    let (code, text) = place.said(&["outbox", "resolve"], &["orders", "first", "--send-again"]);
    assert!(code == 1 && text.contains("only of a call in doubt"), "{text}");
    let (code, text) = place.said(LIST, &["orders", "--state", "cancelled"]);
    assert!(code == 0 && text.contains("second") && !text.contains("first"), "{text}");
    assert_eq!(place.said(&["outbox", "resume"], &["orders"]).0, 0);

    // Its program goes on from there.
    let outbox = place.open().await;
    let result = tokio::time::timeout(Duration::from_secs(30), outbox.result("first")).await;
    assert!(result.expect("it is delivered").is_ok());
    assert!(outbox.result("second").await.is_err(), "it was cancelled");
    outbox.close().await;
    drop(outbox);
    let call = place.json(&["outbox", "show"], &["orders", "first", "--show-messages"]);
    assert_eq!(call["state"], "answered");
    assert!(call["result"].as_str().is_some_and(|xml| xml.contains("PlaceResult>8<")), "{call:#}");
    drop(service);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_of_a_call_in_doubt_is_said() {
    let place = Place::file();
    let (outbox, service) = place.in_doubt().await;
    outbox.close().await;
    drop(outbox);
    let answer = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><PlaceResponse xmlns="urn:orders">
        <PlaceResult>41</PlaceResult></PlaceResponse></s:Body></s:Envelope>"#;
    std::fs::write(place.path().join("answer.xml"), answer).unwrap();
    std::fs::write(place.path().join("none.xml"), "<a/>").unwrap();
    let resolve = ["outbox", "resolve"];
    let (code, text) =
        place.said(&resolve, &["orders", "first", "--delivered", "--answer", "none.xml"]);
    assert!(code == 2 && text.contains("no SOAP envelope"), "{text}");
    let (code, text) =
        place.said(&resolve, &["orders", "first", "--delivered", "--answer", "answer.xml"]);
    assert_eq!(code, 0, "{text}");
    let again = place.said(&resolve, &["orders", "first", "--give-up", "nobody knows"]);
    assert!(again.0 == 1 && again.1.contains("answered"), "{again:?}");
    let outbox = place.open().await;
    let calls = crate::shop::OrdersCalls::new(&outbox).place("umbrella".to_owned());
    let known = outbox.enqueue("first", calls).await.unwrap();
    assert_eq!(known.result().await.unwrap(), 41, "as it was said");
    let second = tokio::time::timeout(Duration::from_secs(30), outbox.result("second")).await;
    assert!(second.expect("nothing holds it any more").is_ok());
    outbox.close().await;
    drop(service);
}

/// A key may be what a stranger has typed into a form: it does nothing to the terminal of whoever looks, and begins no line that says
/// something else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_program_named_does_nothing_to_a_terminal() {
    let place = Place::file();
    let outbox = place.open().await;
    let key = "a\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}\nstate      answered";
    let calls = crate::shop::OrdersCalls::new(&outbox).place("umbrella".to_owned());
    outbox.enqueue(key, calls).await.unwrap();
    let known = place.json(LIST, &["orders"]);
    assert_eq!(known["list"][0]["key"], key, "a machine reads it as it is");
    outbox.close().await;
    drop(outbox);
    for (command, rest) in [
        (&["outbox", "list"][..], &["orders"][..]),
        (&["outbox", "show"], &["orders", key]),
        (&["outbox", "show"], &["orders", &format!("{key}-")]),
        (&["outbox", "cancel"], &["orders", &format!("{key}-")]),
        (&["outbox", "show"], &[key, "first"]),
        (&["store", "inspect"], &[key]),
        (&["store", "inspect"], &["outbox:orders", "--show-messages"]),
        (&["store", "dead-letters", "show"], &[key]),
    ] {
        let (_, text) = place.said(command, rest);
        let acts = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!text.contains(acts), "{command:?}: {text:?}");
        let lies = text.lines().any(|line| line.starts_with("state      answered"));
        assert!(!lies, "{command:?}: {text}");
    }
}

#[test]
fn wrong_arguments_have_their_code() {
    let place = Place::file();
    for (command, rest) in [
        (&["outbox", "resolve"][..], &["orders", "first"][..]),
        (&["outbox", "resolve"], &["orders", "first", "--send-again", "--give-up", "x"]),
        (&["outbox", "resolve"], &["orders", "first", "--send-again", "--answer", "x"]),
        (&["outbox", "pause"], &[]),
        (&["outbox", "cancel"], &["orders"]),
        (&["outbox", "list"], &["orders", "--state", "lost"]),
        (&["outbox", "list"], &["--limit", "5"]),
        (&["outbox", "frob"], &[]),
    ] {
        let (code, text) = place.said(command, rest);
        assert_eq!(code, 64, "{command:?} {rest:?}: {text}");
    }
    for command in ["list", "pause"] {
        let rest: &[&str] = if command == "list" { &[] } else { &["orders"] };
        let (code, text) = place.said(&["outbox", command], rest);
        assert!(code == 2 && text.contains("there is no store at"), "{text}");
    }
    assert!(!place.path().join("orders.db").exists(), "none was made");
}
