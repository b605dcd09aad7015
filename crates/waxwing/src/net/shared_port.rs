//! Ports of this process that several share whose addresses come and go: the clients that are called back over HTTP. In WCF
//! they share what http.sys listens on.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use waxwing_soap::Address;

use super::http::{HttpLimits, HttpListener};
use super::listener::{
    HostNames, Incoming, ListenError, Listener, Listening, Receiver, Refusal, Reply, Route,
};
use super::place::place_of;
use crate::future::BoxFuture;

/// The ports that are listened on, by host and port. Whoever listens there holds them.
static PORTS: LazyLock<AsyncMutex<HashMap<String, Weak<Port>>>> =
    LazyLock::new(AsyncMutex::default);

/// How often a port is tried that the last one to share it has only just let go.
const TRIES: u32 = 20;

/// How long between two of them.
const BETWEEN: Duration = Duration::from_millis(25);

/// A path that is listened on; dropped, nobody listens there any more.
pub(crate) struct SharedPath {
    port: Arc<Port>,
    path: Vec<u8>,
}

impl SharedPath {
    /// The port that is really listened on, where the address names any.
    pub(crate) fn local_port(&self) -> Option<u16> {
        let local = self.port.listening.iter().find_map(|listening| listening.local_address());
        local.map(|address| address.port())
    }
}

impl Drop for SharedPath {
    fn drop(&mut self) {
        self.port.paths.lock().remove(&self.path);
    }
}

/// A port with those who share it.
struct Port {
    paths: Arc<SharedPaths>,
    listening: Vec<Box<dyn Listening>>,
    /// The most octets of a message.
    most: usize,
}

/// Who listens at which path. That it is held by the listener keeps nobody alive.
#[derive(Default)]
struct SharedPaths(Mutex<BTreeMap<Vec<u8>, Weak<dyn Receiver>>>);

impl SharedPaths {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Vec<u8>, Weak<dyn Receiver>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the port's listener knows: it asks who listens at a path.
struct AtPort {
    paths: Arc<SharedPaths>,
    most: usize,
}

impl Receiver for AtPort {
    fn max_message(&self) -> usize {
        self.most
    }

    fn below(&self, path: &str) -> Option<Option<Arc<dyn Receiver>>> {
        let path = Address::of(path).path_key();
        Some(self.paths.lock().get(&path).and_then(Weak::upgrade))
    }

    fn receive(self: Arc<Self>, _: Incoming) -> BoxFuture<'static, Reply> {
        Box::pin(async { Reply::Refused(Refusal::NotFound) })
    }
}

/// Listens at an address of this process, whose port others of it may share. `receiver` takes the messages until what comes
/// back is dropped, or itself.
///
/// # Errors
/// The port cannot be listened on: another process, or a service of this one, has it, it is not allowed, the host is none of this machine.
pub(crate) async fn listen_at(
    address: &str,
    receiver: Weak<dyn Receiver>,
    most: usize,
) -> Result<SharedPath, ListenError> {
    let (place, path) = place_of(address).ok_or_else(|| {
        let error = io::Error::new(io::ErrorKind::InvalidInput, "it names no host and port");
        ListenError { address: address.to_owned(), error }
    })?;
    let mut ports = PORTS.lock().await;
    ports.retain(|_, port| port.strong_count() > 0);
    let port = match ports.get(&place).and_then(Weak::upgrade) {
        Some(port) if port.most < most => {
            let text = format!(
                "another client of this program listens there for messages of at most {} octets, and this one takes {most}: give both \
                 the same maxReceivedMessageSize, or each a port of its own",
                port.most
            );
            let error = io::Error::new(io::ErrorKind::AddrInUse, text);
            return Err(ListenError { address: place, error });
        }
        Some(port) => port,
        None => {
            let port = Arc::new(listen(&place, most).await?);
            if Address::of(address).port() != Some(0) {
                ports.insert(place, Arc::downgrade(&port));
            }
            port
        }
    };
    port.paths.lock().insert(path.clone(), receiver);
    Ok(SharedPath { port, path })
}

async fn listen(place: &str, most: usize) -> Result<Port, ListenError> {
    let paths = Arc::new(SharedPaths::default());
    let listener = HttpListener::new(HttpLimits::default());
    let route = || Route {
        address: format!("http://{place}/"),
        receiver: Arc::new(AtPort { paths: Arc::clone(&paths), most }) as Arc<_>,
        tls: None,
        hosts: HostNames::StrongWildcard,
    };
    let mut tries = 1;
    let listening = loop {
        match listener.listen(vec![route()]).await {
            Err(error) if error.error.kind() == io::ErrorKind::AddrInUse && tries < TRIES => {
                tries += 1;
                tokio::time::sleep(BETWEEN).await;
            }
            listening => break listening?,
        }
    };
    Ok(Port { paths, listening, most })
}
