//! What strangers and other clients do with names that are not theirs: nothing of anybody else's is touched.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use waxwing::binding::{Binding, SecurityMode, ServiceBehavior, WsHttpBinding};
use waxwing::store::MemoryStore;
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};
use waxwing_store::{Epoch, Group, Kind, Name, Outcome, RecordId, Step, Store as _, Unit, Version};

use crate::kit::{Effects, TAPE_CONTRACT, TapeClient, TapeService, until};

const RM: &str = "http://schemas.xmlsoap.org/ws/2005/02/rm";

#[derive(Clone)]
struct Open {
    store: MemoryStore,
    effects: Effects,
    host: Arc<ServiceHost>,
    address: SocketAddr,
    /// Where its messages come from.
    source: Ipv4Addr,
}

fn binding() -> Binding {
    WsHttpBinding::new(SecurityMode::None, true).into()
}

impl Open {
    async fn new() -> Self {
        Self::on(MemoryStore::default(), Effects::default()).await
    }

    /// A process of the service over what is kept already.
    async fn on(store: MemoryStore, effects: Effects) -> Self {
        let behavior = ServiceBehavior::default();
        let builder = ServiceHostBuilder::new()
            .endpoint(binding(), "http://127.0.0.1:0/tape", &TAPE_CONTRACT, behavior)
            .unwrap()
            .store(store.clone());
        let service = TapeService::new(effects.clone());
        let host = Arc::new(builder.open(ServiceInstances::single(service)).await.unwrap());
        let address = host.local_addresses()[0];
        Self { store, effects, host, address, source: Ipv4Addr::LOCALHOST }
    }

    /// The status and the body of the answer.
    async fn post(&self, id: &str, headers: &str, action: &str, body: &str) -> (String, String) {
        let message = format!(
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"http://www.w3.org/2005/08/addressing\" \
             xmlns:r=\"{RM}\"><s:Header>{headers}<a:Action s:mustUnderstand=\"1\">{action}</a:Action>\
             <a:MessageID>{id}</a:MessageID><a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address>\
             </a:ReplyTo><a:To s:mustUnderstand=\"1\">http://{}/tape</a:To></s:Header><s:Body>{body}</s:Body></s:Envelope>",
            self.address
        );
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((self.source, 0).into()).unwrap();
        let mut stream = socket.connect(self.address).await.unwrap();
        let head = format!(
            "POST /tape HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/soap+xml; charset=utf-8\r\n\
             Content-Length: {}\r\n\r\n",
            self.address,
            message.len()
        );
        stream.write_all((head + &message).as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }

    /// A message of a sequence that somebody names.
    async fn call_in(&self, sequence: &str) -> (String, String) {
        let header = format!(
            "<r:Sequence s:mustUnderstand=\"1\"><r:Identifier>{sequence}</r:Identifier>\
             <r:MessageNumber>1</r:MessageNumber></r:Sequence>"
        );
        let body = "<Put xmlns=\"urn:tape\"><entry>1</entry></Put>";
        self.post("urn:uuid:9", &header, "urn:tape/ITape/Put", body).await
    }

    /// A CreateSequence of this MessageID, which is what it is known by.
    async fn create_as(&self, id: &str) -> (String, String) {
        let body = "<r:CreateSequence><r:AcksTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></r:AcksTo>\
             </r:CreateSequence>";
        self.post(id, "", &format!("{RM}/CreateSequence"), body).await
    }
}

/// What else is in the store, an outbox or a dead letter, is nobody's who names it: its owner would be fenced.
#[tokio::test]
async fn what_is_no_session_is_not_claimed_by_its_name() {
    let all = Open::new().await;
    for (kind, group) in [
        (Kind::Outbox, "outbox:orders"),
        (Kind::DeadLetter, "urn:waxwing:dead-letter:urn:uuid:1/1"),
    ] {
        let unit = |step: Step| Unit {
            record: RecordId { group: Group::new(group), kind, name: Name::new("") },
            epoch: Epoch(1),
            step,
            expires_at: None,
            names: Vec::new(),
            messages: Vec::new(),
        };
        assert!(all.store.commit(unit(Step::Create("first".into()))).await.is_done());
        let (status, body) = all.call_in(group).await;
        assert!(status.contains("500") && body.contains("UnknownSequence"), "{status}: {body}");
        let written = all.store.commit(unit(Step::Write(Version(2), "second".into()))).await;
        assert!(matches!(written, Outcome::Done), "{group}: {written:?}");
    }
}

/// A client that calls its own what is another one's sequence gets none; the other one goes on.
#[tokio::test]
async fn a_name_that_is_another_sessions_takes_nothing_from_it() {
    let all = Open::new().await;
    let address = format!("http://{}/tape", all.address);
    let factory = ChannelFactory::new(binding(), &address, &TAPE_CONTRACT).unwrap();
    let channel = factory.open_channel().await.unwrap();
    let client = TapeClient::new(&channel);
    client.put(1).await.unwrap();
    until("it was executed", || all.effects.entries().len() == 1).await;
    let records = all.store.records(Kind::Sequence, None, 10).await.unwrap();
    let victim = records[0].id.name.as_str().to_owned();
    let (status, body) = all.create_as(&victim).await;
    assert!(status.contains("500") && body.contains("is in use"), "{status}: {body}");
    for entry in 2..=4 {
        client.put(entry).await.unwrap();
    }
    until("all were executed", || all.effects.entries().len() == 4).await;
    let kept = all.host.statistics().kept;
    assert_eq!((kept.lost, kept.fenced, kept.discarded), (0, 0, 0), "{kept:?}");
    let records = all.store.records(Kind::Sequence, None, 10).await.unwrap();
    let of_victim = records.iter().filter(|record| record.id.name.as_str() == victim);
    let groups: Vec<_> = of_victim.map(|record| record.id.group.as_str()).collect();
    assert_eq!(groups, [&*victim], "it is kept once, where it was");
    channel.close().await.unwrap();
}

/// A stranger who has seen an identifier of the service go by in clear makes up as many as he likes that look like it, and asks for
/// them from many connections, again and again. The store is slow, and the process was just started: the sessions of honest clients,
/// too, must be looked for. Each is found at the first message; nobody else hears 503.
#[tokio::test]
async fn a_flood_of_made_up_names_takes_no_place_from_others() {
    const CONNECTIONS: u64 = 500;
    const CLIENTS: u64 = 8;
    let before = Open::new().await;
    let mut sequences = Vec::new();
    for client in 0..CLIENTS {
        let (_, body) = before.create_as(&format!("urn:uuid:client-{client}")).await;
        let (_, named) = body.split_once("Identifier>").unwrap_or_else(|| panic!("{body}"));
        sequences.push(named.split('<').next().unwrap().to_owned());
    }
    let store = before.store.restarted();
    let effects = before.effects.clone();
    drop(before);
    let all = Open::on(store, effects).await;
    all.store.read_slowly(Duration::from_millis(150));
    let (stop, made_up) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let alike = sequences[0].clone();
    let flood: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let stranger = Open { source: Ipv4Addr::new(127, 0, 0, 2), ..all.clone() };
            let (stop, made_up, alike) = (Arc::clone(&stop), Arc::clone(&made_up), alike.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let number = made_up.fetch_add(1, Ordering::Relaxed);
                    // Node, shard, version and variant as they are; the rest is anybody's guess.
                    let end = format!("{number:012x}");
                    let name = format!("{}{end}", &alike[..alike.len() - end.len()]);
                    let (status, _) = stranger.call_in(&name).await;
                    assert!(status.contains("503") || status.contains("500"), "{status}");
                }
            })
        })
        .collect();
    until("the stranger has what he can have", || all.host.statistics().kept.refused > 20).await;
    for sequence in &sequences {
        let (status, body) = all.call_in(sequence).await;
        assert!(
            status.contains("200") && body.contains("AcknowledgementRange"),
            "{status}: {body}"
        );
    }
    stop.store(true, Ordering::Relaxed);
    for stranger in flood {
        stranger.await.unwrap();
    }
    until("all were executed", || all.effects.entries().len() as u64 == CLIENTS).await;
}
