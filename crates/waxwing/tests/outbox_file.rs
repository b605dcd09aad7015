//! Outboxes of a configuration file: one store for a host and the outboxes of its program; hooks that never end; what `check` says.

#![cfg(feature = "sqlite")]
#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use waxwing::binding::Configuration;
use waxwing::check::FileCheck;
use waxwing::contract::{Answer, BoxFuture, OperationFault, service_contract};
use waxwing::net::memory::Memory;
use waxwing::outbox::{Outbox, OutboxBuilder, OutboxError, OutboxEvent};
use waxwing::{ConfigurationFile, ServiceHost, ServiceHostBuilder, ServiceInstances};

#[service_contract(namespace = "urn:orders", name = "IOrders", session_mode = Required)]
pub trait Orders {
    async fn place(&self, article: String) -> Result<i32, OperationFault>;
}

struct Shop;

impl Orders for Shop {
    async fn place(&self, article: String) -> Result<i32, OperationFault> {
        Ok(article.len() as i32)
    }
}

/// A file with a service and a client of it.
fn text(section: &str) -> String {
    format!(
        r#"<configuration><configSections><section name="waxwing" type="System.Configuration.IgnoreSection"/></configSections>
<system.serviceModel>
<services><service name="Shop"><endpoint address="http://shop.example/orders" binding="wsHttpBinding" bindingConfiguration="plain" contract="IOrders"/></service></services>
<client><endpoint name="orders" address="http://shop.example/orders" binding="wsHttpBinding" bindingConfiguration="plain" contract="IOrders"/></client>
<bindings><wsHttpBinding><binding name="plain"><reliableSession enabled="true"/><security mode="None"/></binding></wsHttpBinding></bindings>
</system.serviceModel>
<waxwing>
{section}
</waxwing></configuration>"#
    )
}

fn load(folder: &Path, section: &str) -> ConfigurationFile {
    let path = folder.join("app.config");
    std::fs::write(&path, text(section)).unwrap();
    ConfigurationFile::load(&path).unwrap()
}

async fn host(file: &ConfigurationFile, memory: &Memory) -> ServiceHost {
    let builder = ServiceHostBuilder::from_config(file, "Shop", &ORDERS_CONTRACT).unwrap();
    let instances = ServiceInstances::per_session(|| OrdersService::new(Shop));
    builder.listener(memory.clone()).open(instances).await.unwrap()
}

fn builder(file: &ConfigurationFile, name: &str, memory: &Memory) -> OutboxBuilder {
    let builder = OutboxBuilder::from_config(file, name, &ORDERS_CONTRACT).unwrap();
    builder.with_channels(|channels| channels.transport(memory.clone()))
}

async fn order(outbox: &Outbox, key: &str) -> i32 {
    let call = OrdersCalls::new(outbox).place("boots".to_owned());
    outbox.enqueue(key, call).await.unwrap().result().await.unwrap()
}

#[tokio::test]
async fn a_host_and_outboxes_of_one_file_share_its_store() {
    let folder = tempfile::tempdir().unwrap();
    let section = r#"<store provider="sqlite" path="all.db"/><outbox name="orders"/>
        <outbox name="bills" endpoint="orders"/><outbox name="apart" endpoint="orders"><store provider="sqlite" path="apart.db"/></outbox>"#;
    let file = load(folder.path(), section);
    let memory = Memory::new();
    let orders = builder(&file, "orders", &memory).open().await.unwrap();
    let host = host(&file, &memory).await;
    let bills = builder(&file, "bills", &memory).open().await.unwrap();
    let apart = builder(&file, "apart", &memory).open().await.unwrap();
    for outbox in [&orders, &bills, &apart] {
        assert_eq!(order(outbox, "one").await, 5);
    }
    // Another process could not have it; another reading of the file is as another process.
    let other = builder(
        &ConfigurationFile::load(folder.path().join("app.config")).unwrap(),
        "orders",
        &memory,
    );
    let error = other.open().await.unwrap_err().to_string();
    assert!(
        error.contains("outbox 'orders' cannot be opened") && error.contains("in use"),
        "{error}"
    );
    orders.close().await;
    assert_eq!(order(&bills, "two").await, 5, "the others still have it");
    bills.close().await;
    apart.close().await;
    assert!(host.close().await);
    // The last one has closed it: whoever comes next opens it.
    let file = ConfigurationFile::load(folder.path().join("app.config")).unwrap();
    let orders = builder(&file, "orders", &memory).open().await.unwrap();
    assert!(orders.look("one").await.is_some());
    orders.close().await;
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let section = "<store provider=\"sqlite\"/>\n<outbox name=\"orders\"/>\n<outbox name=\"bills\" inFlight=\"many\"/>";
    let file = load(folder.path(), section);
    let of = |name: &str| match OutboxBuilder::from_config(&file, name, &ORDERS_CONTRACT) {
        Err(error @ OutboxError::Configuration(_)) => error.to_string(),
        other => panic!("{:?}", other.err()),
    };
    for (name, line, says) in [
        ("orders", "app.config:8", "needs path"),
        ("bills", "app.config:10", "inFlight"),
        ("letters", "", "no outbox \"letters\" in the section <waxwing> (it has orders, bills)"),
    ] {
        let text = of(name);
        assert!(text.contains(line) && text.contains(says), "{text}");
    }
    // So does the host; a channel needs none of it.
    let error =
        ServiceHostBuilder::from_config(&file, "Shop", &ORDERS_CONTRACT).unwrap_err().to_string();
    assert!(error.contains("app.config:8") && error.contains("needs path"), "{error}");
    assert!(waxwing::ChannelFactory::from_config(&file, "orders", &ORDERS_CONTRACT).is_ok());
}

#[test]
fn a_check_tells_what_becomes_of_outboxes() {
    let of = |section: &str, reliable: bool| {
        let text = text(section).replace("enabled=\"true\"", &format!("enabled=\"{reliable}\""));
        let check = FileCheck::of(
            Configuration::load(&text),
            Path::new(""),
            waxwing::jiff::Timestamp::now(),
        );
        let found = check.findings().filter(|found| {
            found.code != "no-reliable-session"
                && found.severity != waxwing::binding::Severity::Note
        });
        found.map(|found| (found.line, found.code, found.message.clone())).collect::<Vec<_>>()
    };
    let store = "<store provider=\"sqlite\" path=\"a.db\"/>";
    assert_eq!(of(&format!("{store}<outbox name=\"orders\"/>"), true), []);
    let found = of(&format!("{store}\n<outbox name=\"orders\"/>"), false);
    assert!(
        found.iter().any(|(line, code, _)| (*line, *code) == (9, "outbox-session")),
        "{found:?}"
    );
    let found = of(
        "<outbox name=\"orders\">\n<store provider=\"postgres\" url=\"host=h password=hunter2\" keyVariable=\"K\"/></outbox>",
        true,
    );
    let codes: Vec<_> = found.iter().map(|(line, code, _)| (*line, *code)).collect();
    // And the variable with its keys is not set.
    assert_eq!(codes, [(9, "store-password"), (9, "store-keys")], "{found:?}");
    assert!(found.iter().all(|(_, _, text)| !text.contains("hunter2")));
}

/// What `check` says of a store in this folder: codes with their texts, and the outboxes that do not open.
fn told_of_store(folder: &Path, store: &str) -> (Vec<(&'static str, String)>, Vec<String>) {
    let text = text(&format!("{store}<outbox name=\"orders\"/>"));
    let check = FileCheck::of(Configuration::load(&text), folder, waxwing::jiff::Timestamp::now());
    let found = check.findings().filter(|d| d.severity != waxwing::binding::Severity::Note);
    (found.map(|d| (d.code, d.message.clone())).collect(), check.closed_outboxes.clone())
}

#[test]
fn where_no_store_can_be_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    std::fs::write(folder.path().join("text"), "not a database, but a text of some length")
        .unwrap();
    std::fs::write(folder.path().join("empty"), "").unwrap();
    let of = |path: &str| {
        told_of_store(folder.path(), &format!("<store provider=\"sqlite\" path=\"{path}\"/>"))
    };
    for (path, says) in [
        ("nowhere/a.db", "there is no folder"),
        ("folder", "is a folder, and a store is a file"),
        ("text", "is no store of Waxwing"),
    ] {
        let (found, closed) = of(path);
        // Of the service, which does not open, and of the outbox.
        assert!(
            !found.is_empty() && found.iter().all(|(code, _)| *code == "store-path"),
            "{found:?}"
        );
        assert!(found[0].1.contains(says), "{path}: {found:?}");
        assert_eq!(closed, ["orders"], "{path}");
    }
    for path in ["a.db", "folder/a.db", "empty"] {
        assert_eq!(of(path), (Vec::new(), Vec::new()), "{path}");
    }
    assert!(!folder.path().join("a.db").exists(), "nothing is made");
    #[cfg(not(windows))]
    {
        let (found, closed) = of(r"C:\data\a.db");
        assert!(found[0].1.contains("is one of Windows") && closed.is_empty(), "{found:?}");
    }
    let unset = "<store provider=\"sqlite\" path=\"a.db\" keyVariable=\"WAXWING_TEST_UNSET\"/>";
    let (found, closed) = told_of_store(folder.path(), unset);
    assert!(found[0].1.contains("WAXWING_TEST_UNSET") && closed.is_empty(), "{found:?}");
}

#[test]
fn an_outbox_that_does_not_open_is_told_beside_its_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    let store =
        "<store provider=\"sqlite\" path=\"a.db\"/><outbox name=\"orders\" idle=\"00:10:00\"/>";
    let of = |text: &str| {
        FileCheck::of(Configuration::load(text), folder.path(), waxwing::jiff::Timestamp::now())
    };
    let check = of(&text(store));
    assert!(check.closed_outboxes.is_empty());
    assert!(check.findings().any(|d| d.code == "outbox-idle"), "as long as the service is patient");
    let check = of(&text(store).replace("<reliableSession enabled=\"true\"/>", ""));
    assert_eq!(check.closed_outboxes, ["orders"]);
    assert!(check.findings().any(|d| d.code == "outbox-session"));
}

#[tokio::test]
async fn a_handler_that_never_ends_is_given_up_and_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = load(
        folder.path(),
        "<store provider=\"sqlite\" path=\"a.db\"/><outbox name=\"orders\" hookTimeout=\"00:00:00.2\" firstPause=\"00:00:00.1\"/>",
    );
    let memory = Memory::new();
    let host = host(&file, &memory).await;
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let handler = move |_: String, _: Answer| -> BoxFuture<'static, Result<(), String>> {
        match counted.fetch_add(1, Ordering::SeqCst) {
            0 => Box::pin(std::future::pending()),
            _ => Box::pin(std::future::ready(Ok(()))),
        }
    };
    let outbox = builder(&file, "orders", &memory).on_result(handler).open().await.unwrap();
    let mut events = outbox.events();
    for key in ["one", "two"] {
        let call = OrdersCalls::new(&outbox).place("boots".to_owned());
        outbox.enqueue(key, call).await.unwrap();
    }
    let done = outbox.wait_for(|status| {
        status.calls == 2 && status.answered == 0 && status.queued + status.in_flight == 0
    });
    tokio::time::timeout(Duration::from_secs(20), done).await.expect("both are taken");
    assert_eq!(asked.load(Ordering::SeqCst), 3, "one was asked twice");
    let mut given_up = false;
    while let Ok(Some(event)) =
        tokio::time::timeout(Duration::from_millis(200), events.next()).await
    {
        given_up |= matches!(&event, Ok(OutboxEvent::ApplicationFailed { reason, .. }) if reason.contains("hook_timeout"));
    }
    assert!(given_up);
    outbox.close().await;
    host.close().await;
}

/// Who looks right after a restart sees since when calls wait.
#[tokio::test]
async fn the_oldest_call_is_known_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file =
        load(folder.path(), "<store provider=\"sqlite\" path=\"a.db\"/><outbox name=\"orders\"/>");
    let memory = Memory::new();
    let outbox = builder(&file, "orders", &memory).open().await.unwrap();
    outbox.pause().await.unwrap();
    outbox.enqueue("one", OrdersCalls::new(&outbox).place("boots".to_owned())).await.unwrap();
    let before = outbox.look("one").await.unwrap().enqueued_at;
    outbox.close().await;
    drop(outbox);
    let outbox = builder(&file, "orders", &memory).open().await.unwrap();
    let oldest = outbox.status().oldest.expect("one waits");
    assert_eq!(oldest.as_millisecond(), before.as_millisecond());
    outbox.close().await;
}

#[tokio::test]
async fn two_services_of_a_host_that_name_different_stores_are_refused() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let section = "<store provider=\"sqlite\" path=\"a.db\"/>";
    let (file, other) = (load(one.path(), section), load(two.path(), section));
    let of = |file: &ConfigurationFile| {
        ServiceHostBuilder::from_config(file, "Shop", &ORDERS_CONTRACT)
            .unwrap()
            .listener(Memory::new())
    };
    let instances = || ServiceInstances::per_session(|| OrdersService::new(Shop));
    let both = of(&file).service(of(&other), instances()).open(instances()).await;
    let error = both.expect_err("they differ").to_string();
    assert!(error.contains("two services of the host name each a store"), "{error}");
    // The same file twice is one store; what is refused then is the address.
    let both = of(&file).service(of(&file), instances()).open(instances()).await;
    let error = both.expect_err("one address").to_string();
    assert!(error.contains("A registration already exists"), "{error}");
    let both = of(&file).service(of(&file).max_attempts(9), instances()).open(instances()).await;
    let error = both.expect_err("they differ").to_string();
    assert!(error.contains("maxAttempts"), "{error}");
}
