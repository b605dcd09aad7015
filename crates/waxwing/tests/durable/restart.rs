//! A host is dropped without a word and opened again on the same store.

use std::time::Duration;

use waxwing_store::Store as _;

use waxwing::net::memory::Memory;
use waxwing::{ChannelFactory, ConfigurationFile, ServiceHostBuilder, ServiceInstances};

use crate::kit::{
    ADDRESS, Effects, Kind, LEDGER_CONTRACT, LedgerClient, LedgerService, TapeClient, World, until,
};

#[tokio::test]
async fn two_way_sessions_go_on() {
    for kind in Kind::ALL {
        let mut world = World::ledger(kind).await;
        let channel = world.factory().open_channel().await.unwrap();
        let client = LedgerClient::new(&channel);
        assert_eq!(client.add(1).await.unwrap(), 1, "{kind:?}");
        for entry in 2..=5 {
            world.restart().await;
            let sum = (1..=entry).sum::<i32>();
            assert_eq!(client.add(entry).await.unwrap(), sum, "{kind:?}");
            client.note(0).await.unwrap();
        }
        world.restart().await;
        channel.close().await.unwrap();
        let entries: Vec<_> = world.effects.entries().into_iter().filter(|e| *e != 0).collect();
        assert_eq!(entries, [1, 2, 3, 4, 5], "{kind:?}");
        let kept = world.host().statistics().kept;
        assert_eq!((kept.fenced, kept.lost, kept.refused), (0, 0, 0), "{kind:?}: {kept:?}");
        // Without a security session to cancel, a client that has not heard of the end may ask for it for a while.
        let left = usize::from(kind == Kind::Plain11);
        let groups = || world.host().statistics().kept.groups == left;
        until(&format!("nothing is kept of {kind:?}"), groups).await;
        assert_eq!(world.store.health().records, left as u64, "{kind:?}");
    }
}

#[tokio::test]
async fn one_way_sessions_go_on() {
    for kind in Kind::ALL {
        let mut world = World::tape(kind).await;
        let channel = world.factory().open_channel().await.unwrap();
        let client = TapeClient::new(&channel);
        for entry in 1..=12 {
            client.put(entry).await.unwrap();
            if entry % 4 == 0 {
                world.restart().await;
            }
        }
        channel.close().await.unwrap();
        until("all were executed", || world.effects.entries().len() >= 12).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut entries = world.effects.entries();
        entries.dedup();
        assert_eq!(entries, (1..=12).collect::<Vec<_>>(), "{kind:?}: in order");
    }
}

/// `<store>` in the configuration file is all that it takes.
#[tokio::test]
async fn a_file_of_sqlite_is_one_line_of_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let config = |store: &str| {
        let text = format!(
            r#"<configuration><configSections><section name="waxwing" type="System.Configuration.IgnoreSection"/></configSections>
            <system.serviceModel><services><service name="Ledger">
              <endpoint address="{ADDRESS}" binding="wsHttpBinding" bindingConfiguration="B" contract="ILedger"/></service></services>
              <bindings><wsHttpBinding><binding name="B"><reliableSession enabled="true"/><security mode="None"/></binding></wsHttpBinding></bindings>
            </system.serviceModel><waxwing>{store}</waxwing></configuration>"#
        );
        let path = folder.path().join("service.config");
        std::fs::write(&path, text).unwrap();
        ConfigurationFile::load(&path).unwrap_or_else(|error| panic!("{error}"))
    };
    let (memory, effects) = (Memory::new(), Effects::default());
    let open = async || {
        let config = config(r#"<store provider="sqlite" path="sessions.db" maxAttempts="3"/>"#);
        let builder = ServiceHostBuilder::from_config(&config, "Ledger", &LEDGER_CONTRACT);
        let effects = effects.clone();
        let instances = ServiceInstances::single(LedgerService::new(effects));
        builder.unwrap().listener(memory.clone()).open(instances).await
    };
    let host = open().await.unwrap();
    let factory = ChannelFactory::new(Kind::Plain.binding(), ADDRESS, &LEDGER_CONTRACT).unwrap();
    let channel = factory.transport(memory.clone()).open_channel().await.unwrap();
    let client = LedgerClient::new(&channel);
    assert_eq!(client.add(1).await.unwrap(), 1);
    assert!(
        folder.path().join("sessions.db").exists()
            && folder.path().join("sessions.db.key").exists()
    );
    assert!(host.close().await);
    let host = open().await.unwrap();
    assert_eq!(client.add(2).await.unwrap(), 3);
    assert_eq!(host.statistics().kept.restored, 1);
    channel.close().await.unwrap();
    assert!(host.close().await);
    let config = config(r#"<store provider="postgres" path="sessions.db"/>"#);
    let error = ServiceHostBuilder::from_config(&config, "Ledger", &LEDGER_CONTRACT);
    let error = error.expect_err("it cannot be meant").to_string();
    assert!(error.contains("path of <store> is not of the provider postgres"), "{error}");
}

/// The process lives and is cut off from the others, which may have taken its sessions: it says nothing of what it remembers of them,
/// and loads them again when it is back.
#[tokio::test]
async fn a_node_that_was_not_heard_asks_about_what_it_has() {
    for kind in [Kind::Plain, Kind::Secure11] {
        let world = World::ledger(kind).await;
        let channel = world.factory().open_channel().await.unwrap();
        let client = LedgerClient::new(channel.clone());
        assert_eq!(client.add(1).await.unwrap(), 1);
        world.store.go_unheard();
        let caller = LedgerClient::new(channel.clone());
        let late = tokio::spawn(async move { caller.add(2).await });
        let refused = || world.host().statistics().kept.refused > 0;
        until("it is told to come again", refused).await;
        assert_eq!(world.effects.entries(), [1], "{kind:?}");
        world.store.is_heard_again();
        assert_eq!(late.await.unwrap().unwrap(), 3, "{kind:?}");
        let kept = world.host().statistics().kept;
        assert!(kept.restored > 0 && kept.discarded > 0, "{kind:?}: {kept:?}");
        assert_eq!(world.effects.entries(), [1, 2], "{kind:?}");
        channel.close().await.unwrap();
    }
}
