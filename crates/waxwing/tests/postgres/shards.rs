//! Several databases that are one store, as a configuration file names them.

use waxwing::contract::{OperationFault, service_contract};
use waxwing::net::memory::Memory;
use waxwing::store::KeyFile;
use waxwing::{ChannelFactory, ConfigurationFile, ServiceHostBuilder, ServiceInstances};
use waxwing_testkit::postgres::Postgres;

use crate::kit::{client, missing};

#[service_contract(namespace = "urn:sums", name = "ISums", session_mode = Required)]
pub trait Sums {
    async fn add(&self, entry: i32) -> Result<i32, OperationFault>;
}

#[derive(Default)]
struct Sum(std::sync::atomic::AtomicI32);

impl Sums for Sum {
    async fn add(&self, entry: i32) -> Result<i32, OperationFault> {
        Ok(self.0.fetch_add(entry, std::sync::atomic::Ordering::SeqCst) + entry)
    }
}

fn config(url: &str, dead_after: &str) -> String {
    format!(
        r#"<configuration><configSections><section name="waxwing" type="System.Configuration.IgnoreSection"/></configSections>
<system.serviceModel>
<services><service name="Sums"><endpoint address="http://sums.example/sums" binding="wsHttpBinding" bindingConfiguration="plain" contract="ISums"/></service></services>
<client><endpoint name="sums" address="http://sums.example/sums" binding="wsHttpBinding" bindingConfiguration="plain" contract="ISums"/></client>
<bindings><wsHttpBinding><binding name="plain"><reliableSession enabled="true"/><security mode="None"/></binding></wsHttpBinding></bindings>
</system.serviceModel>
<waxwing>
<store provider="postgres" keyFile="keys" deadAfter="{dead_after}" beatEvery="00:00:01" statementTimeout="00:00:05" connections="2" maxQueued="100">
<shard url="{url}" schema="one"/><shard url="{url}" schema="two"/></store>
</waxwing></configuration>"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_spread_over_the_shards_of_a_file_and_found_there_again() {
    if missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let postgres = Postgres::start(&folder.path().join("postgres")).unwrap();
    KeyFile::make(&folder.path().join("keys")).unwrap();
    let path = folder.path().join("service.config");
    std::fs::write(&path, config(&postgres.address(), "00:00:05")).unwrap();
    let file = ConfigurationFile::load(&path).unwrap();
    let memory = Memory::new();
    let open = async || {
        ServiceHostBuilder::from_config(&file, "Sums", &SUMS_CONTRACT)
            .unwrap()
            .listener(memory.clone())
            .open(ServiceInstances::per_session(|| SumsService::new(Sum::default())))
            .await
            .unwrap()
    };
    let host = open().await;
    let factory = ChannelFactory::from_config(&file, "sums", &SUMS_CONTRACT).unwrap();
    let factory = factory.transport(memory.clone());
    let mut channels = Vec::new();
    for _ in 0..12 {
        let channel = factory.open_channel().await.unwrap();
        assert_eq!(SumsClient::new(&channel).add(1).await.unwrap(), 1);
        channels.push(channel);
    }
    let sql = client(&postgres.address()).await;
    let mut all = 0;
    for schema in ["one", "two"] {
        let count = format!("SELECT count(*) FROM {schema}.groups");
        let here: i64 = sql.query_one(&count, &[]).await.unwrap().get(0);
        assert!(here > 0, "nothing in the shard {schema}");
        all += here;
    }
    assert_eq!(all, 12);
    host.close().await;
    // Another process: each session is found in its shard.
    let host = open().await;
    for channel in &channels {
        SumsClient::new(channel).add(1).await.unwrap();
    }
    assert_eq!(host.statistics().kept.restored, 12);
    for channel in &channels {
        channel.close().await.unwrap();
    }
    host.close().await;
    // What would hold a node for dead at its first lost beat is refused with its line, before anybody is asked.
    std::fs::write(&path, config(&postgres.address(), "00:00:01")).unwrap();
    let file = ConfigurationFile::load(&path).unwrap();
    let error = ServiceHostBuilder::from_config(&file, "Sums", &SUMS_CONTRACT);
    let error = error.expect_err("it is refused").to_string();
    assert!(error.contains("service.config:8") && error.contains("one lost beat"), "{error}");
}
