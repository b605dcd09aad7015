//! Conversations of `wsDualHttpBinding` without message security: a peer posts what one end of WCF posted, and the other end
//! is ours.

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use waxwing::service::ConcurrencyMode;
use waxwing::{
    ChannelFactory, ConfigurationFile, ServiceHost, ServiceHostBuilder, ServiceInstances,
};
use waxwing_session::AddressFilterMode;
use waxwing_testkit::http::{HttpReply, HttpRequest, HttpServer};
use waxwing_testkit::ports::free_port;

use crate::capture::Side;
use crate::contracts::{DUPLEX_CONTRACT, DuplexService, Telling};
use crate::drive::Program;
use crate::posts::{Peer, Posts};

/// A capture and what its recorder did not hand on.
type Flow = (&'static str, &'static [&'static str]);

const FLOWS: [Flow; 9] = [
    ("dual-none", &[]),
    ("dual-two-channels", &[]),
    ("dual-two-factories", &[]),
    ("dual-mtom", &[]),
    ("dual-abort", &[]),
    ("dual-drop-request", &["003-request"]),
    ("dual-connection-lost", &["003-request"]),
    ("dual-http-503", &["003-request"]),
    ("dual-drop-createsequence-response", &["002-callback-request"]),
];

/// Its client took WCF's own address, at port 80: nobody can be sure to have that.
const NO_BASE_ADDRESS: Flow = ("dual-no-base-address", &[]);

/// Its client had message security, and the service did not.
const OTHER_SECURITY: Flow = ("dual-fault-plain-service", &[]);

/// A file for both ends; the client is called back at a port of its own.
fn file(folder: &std::path::Path, name: &str, address: &str, port: u16) -> ConfigurationFile {
    let encoding = if name == "dual-mtom" { "Mtom" } else { "Text" };
    let text = format!(
        r#"<configuration><system.serviceModel><bindings><wsDualHttpBinding><binding name="B" messageEncoding="{encoding}"
          clientBaseAddress="http://localhost:{port}/callback"><security mode="None"/></binding></wsDualHttpBinding></bindings>
        <services><service name="S"><endpoint address="{address}" binding="wsDualHttpBinding" bindingConfiguration="B"
          contract="ICalculatorDuplex"/></service></services>
        <client><endpoint name="c" address="{address}" binding="wsDualHttpBinding" bindingConfiguration="B"
          contract="ICalculatorDuplex"/></client></system.serviceModel></configuration>"#
    );
    let path = folder.join("app.config");
    std::fs::write(&path, text).unwrap();
    ConfigurationFile::load(&path).unwrap_or_else(|error| panic!("{error}"))
}

/// Where our end posts to. What the recorder did not hand on is taken as it did then: not at all, or with a status.
async fn listener(name: &str) -> (HttpServer, mpsc::UnboundedReceiver<HttpRequest>) {
    let (sender, inbox) = mpsc::unbounded_channel();
    let refused = match name {
        "dual-connection-lost" => Some(HttpReply::Abort),
        "dual-http-503" => Some(HttpReply::Empty(http::StatusCode::SERVICE_UNAVAILABLE)),
        _ => None,
    };
    let refused = std::sync::Mutex::new(refused);
    let server = HttpServer::start(move |request: HttpRequest| {
        let text = String::from_utf8_lossy(&request.body);
        let is_first_call = text.contains("MessageNumber>1<");
        let refused = refused.lock().unwrap().take_if(|_| is_first_call);
        let _ = sender.send(request);
        async { refused.unwrap_or(HttpReply::Empty(http::StatusCode::ACCEPTED)) }
    });
    (server.await.unwrap(), inbox)
}

/// Our client does what the captured one did; a peer posts what WCF's service posted. Gives how many messages were the same to
/// the octet, and all.
async fn as_client(flow: Flow) -> (usize, usize) {
    let (name, lost) = flow;
    let posts = Posts::read(name, lost);
    let (server, inbox) = listener(name).await;
    let address = format!("http://localhost:{}/calc", server.local_addr().port());
    let folder = tempfile::tempdir().unwrap();
    let config = file(folder.path(), name, &address, free_port().unwrap());
    let factory = move || {
        let factory = ChannelFactory::from_config(&config, "c", &DUPLEX_CONTRACT);
        factory.unwrap_or_else(|e| panic!("{e}"))
    };
    let mut peer = Peer::new(&format!("{name}, our client"), Side::Client, inbox);
    peer.names.word(&address, &posts.address());
    let program = Program::new(factory, "duplex");
    tokio::join!(peer.play(&posts.posts), program.run(&posts.operations));
    peer.end().await
}

/// Our service, and a peer that is WCF's client.
async fn as_service(flow: Flow) -> (usize, usize) {
    let (name, lost) = flow;
    let posts = Posts::read(name, lost);
    let (server, inbox) = listener("").await;
    let address = format!("http://localhost:{}/calc", free_port().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let config = file(folder.path(), name, &address, 1);
    let host = host(&config).await;
    let mut peer = Peer::new(&format!("{name}, our service"), Side::Service, inbox);
    peer.names.word(&address, &posts.address());
    for captured in posts.callbacks() {
        let path = captured.splitn(4, '/').nth(3).unwrap();
        let own = format!("http://localhost:{}/{path}", server.local_addr().port());
        peer.names.word(&own, &captured);
    }
    peer.play(&posts.posts).await;
    let over = async {
        while host.statistics().sessions > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let over = tokio::time::timeout(std::time::Duration::from_secs(30), over).await;
    over.unwrap_or_else(|_| panic!("{name}: its sessions are not over"));
    assert!(host.close().await, "{name}");
    peer.end().await
}

async fn host(config: &ConfigurationFile) -> ServiceHost {
    let builder = ServiceHostBuilder::from_config(config, "S", &DUPLEX_CONTRACT);
    let builder = builder.unwrap_or_else(|e| panic!("{e}")).address_filter(AddressFilterMode::Any);
    let instances = ServiceInstances::per_session(|| DuplexService::new(Telling::default()));
    let instances = instances.concurrency(ConcurrencyMode::Reentrant);
    builder.open(instances).await.unwrap_or_else(|e| panic!("{e}"))
}

/// All at once: some of them wait for WCF's timers.
async fn each<F>(flows: impl Iterator<Item = Flow>, replay: impl Fn(Flow) -> F)
where
    F: Future<Output = (usize, usize)> + Send + 'static,
{
    let mut running = JoinSet::new();
    for flow in flows {
        let run = replay(flow);
        running.spawn(async move { (flow.0, run.await) });
    }
    while let Some(done) = running.join_next().await {
        let (name, (equal, all)) =
            done.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
        println!("{name}: {equal} of {all} to the octet");
        // The first acknowledges nothing; which of the others do, is a race at both ends.
        assert!(equal > 0, "{name}: {equal} of {all}");
    }
}

#[tokio::test]
async fn our_client_is_called_back_by_wcfs_service() {
    each(FLOWS.into_iter(), as_client).await;
}

#[tokio::test]
async fn our_service_calls_wcfs_client_back() {
    each(FLOWS.into_iter().chain([NO_BASE_ADDRESS, OTHER_SECURITY]), as_service).await;
}
