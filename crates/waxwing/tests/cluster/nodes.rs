//! Nodes of one process, and a balancer before them.

use std::collections::HashSet;
use std::future::Future;
use std::net::TcpListener;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use waxwing::ChannelFactory;
use waxwing::cluster::NodeOptions;
use waxwing::crypto::{Certificate, Identity, KeyRing, SealingKey};
use waxwing::net::memory::Memory;
use waxwing::net::{Answer, Request, Transport};
use waxwing::service::KeptStatistics;
use waxwing_store::MemoryStore;
use waxwing_testkit::ports::free_port;
use zeroize::Zeroizing;

use crate::kit::{Effects, Kind, World, until};

fn pki(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pki");
    std::fs::read(folder.join(name)).unwrap()
}

fn options(address: &str) -> NodeOptions {
    let own = Identity::from_pem(&[pki("service.cert.pem"), pki("service.key.pem")].concat());
    let authorities = Certificate::from_pem(&pki("ca.cert.pem")).unwrap();
    let keys = KeyRing::new(SealingKey::new(Zeroizing::new([7; SealingKey::LENGTH])));
    NodeOptions::new(address, address, own.unwrap(), authorities, ["localhost"], keys)
}

/// Addresses that nobody listens on, all different.
fn free_addresses(count: usize) -> Vec<String> {
    (0..count).map(|_| format!("localhost:{}", free_port().unwrap())).collect()
}

/// Sends each message to some node that is up. It remembers nothing.
#[derive(Clone)]
pub(crate) struct Balancer {
    nodes: Arc<Mutex<Vec<Memory>>>,
    up: Arc<Mutex<HashSet<usize>>>,
    seed: Arc<AtomicU64>,
    /// In base64: where it looks into messages for the node that they are for, as HAProxy may.
    names: Option<Arc<Vec<String>>>,
}

impl Balancer {
    /// The node that a message names.
    fn named(&self, message: &[u8]) -> Option<usize> {
        let text = std::str::from_utf8(message).unwrap();
        let cookie = |name: &String| text.contains(&format!(">{name}</"));
        self.names.as_ref()?.iter().position(cookie)
    }
}

impl Transport for Balancer {
    fn schemes(&self) -> &[&str] {
        &["http"]
    }

    fn exchange<'a>(
        &'a self,
        request: Request<'a>,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        let drawn = self.seed.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
        let mixed = (drawn ^ (drawn >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 33;
        let node = {
            let mut up: Vec<_> = self.up.lock().unwrap().iter().copied().collect();
            up.sort_unstable();
            let named = self.named(&request.octets).filter(|node| up.contains(node));
            named.unwrap_or(up[mixed as usize % up.len()])
        };
        let memory = self.nodes.lock().unwrap()[node].clone();
        Box::pin(async move { memory.exchange(request).await })
    }
}

/// All nodes.
pub(crate) struct Nodes {
    pub(crate) worlds: Vec<World>,
    pub(crate) effects: Effects,
    balancer: Balancer,
    addresses: Vec<String>,
    /// Their security contexts say which node has them.
    has_cookies: bool,
}

impl Nodes {
    pub(crate) async fn start(kind: Kind, count: usize) -> Self {
        Self::start_with(kind, count, false).await
    }

    /// The same, whose security contexts carry the name of their node for the balancer, if it is wanted.
    pub(crate) async fn start_with(kind: Kind, count: usize, has_cookies: bool) -> Self {
        let addresses = free_addresses(count);
        let first = MemoryStore::new(&*addresses[0]);
        let others = addresses[1..].iter().map(|address| first.another_node(&**address));
        let others: Vec<_> = others.collect();
        let effects = Effects::default();
        let stores = std::iter::once(first).chain(others);
        let worlds: Vec<_> =
            stores.map(|store| World::node(kind, store, effects.clone())).collect();
        let nodes = worlds.iter().map(|world| world.memory.clone()).collect();
        let balancer = Balancer {
            nodes: Arc::new(Mutex::new(nodes)),
            up: Arc::new(Mutex::new((0..count).collect())),
            seed: Arc::new(AtomicU64::new(42)),
            names: has_cookies.then(|| {
                Arc::new(addresses.iter().map(|name| BASE64_STANDARD.encode(name)).collect())
            }),
        };
        let mut nodes = Self { worlds, effects, balancer, addresses, has_cookies };
        for node in 0..count {
            nodes.open(node).await;
        }
        nodes
    }

    async fn open(&mut self, node: usize) {
        let world = &mut self.worlds[node];
        let mut options = options(&self.addresses[node]);
        options.balancer_cookie = self.has_cookies;
        let builder = world.builder().node(options);
        world.host = Some(builder.open(world.instances()).await.unwrap());
        self.balancer.up.lock().unwrap().insert(node);
    }

    /// The process is gone without a word. The others miss it at once.
    pub(crate) fn kill(&mut self, node: usize) {
        self.balancer.up.lock().unwrap().remove(&node);
        self.worlds[node].host = None;
        self.worlds[node].store.kill();
    }

    /// The process was killed, and is there again.
    pub(crate) async fn restart(&mut self, node: usize) {
        self.kill(node);
        let address = self.addresses[node].replace("localhost", "127.0.0.1");
        until("its socket is gone", || TcpListener::bind(&address).is_ok()).await;
        self.worlds[node].store = self.worlds[node].store.restarted();
        self.open(node).await;
    }

    /// The node is drained while the balancer still sends to it, then closed.
    pub(crate) async fn drain(&mut self, node: usize) -> bool {
        let host = self.worlds[node].host.take().unwrap();
        let all = host.drain().await;
        self.balancer.up.lock().unwrap().remove(&node);
        tokio::time::sleep(Duration::from_millis(50)).await;
        host.close().await;
        all
    }

    /// The process of a node that was closed is there again.
    pub(crate) async fn reopen(&mut self, node: usize) {
        self.worlds[node].store = self.worlds[node].store.restarted();
        self.open(node).await;
    }

    pub(crate) fn factory(&self) -> ChannelFactory {
        self.worlds[0].factory().transport(self.balancer.clone())
    }

    /// The nodes with sessions.
    pub(crate) fn owners(&self) -> Vec<usize> {
        let own = |node: &usize| self.kept(*node).is_some_and(|kept| kept.groups > 0);
        (0..self.worlds.len()).filter(own).collect()
    }

    pub(crate) fn kept(&self, node: usize) -> Option<KeptStatistics> {
        self.worlds[node].host.as_ref().map(|host| host.statistics().kept)
    }

    pub(crate) fn sum(&self, of: impl Fn(&KeptStatistics) -> u64) -> u64 {
        (0..self.worlds.len()).filter_map(|node| self.kept(node)).map(|kept| of(&kept)).sum()
    }
}
