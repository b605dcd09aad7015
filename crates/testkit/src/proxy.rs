//! An HTTP proxy that says what it was asked: messages in absolute form, and tunnels by CONNECT.
//!
//! It knows the addresses of hosts by itself, so that a name that exists nowhere else is reached through it alone.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How a proxy behaves.
#[derive(Clone, Debug, Default)]
pub struct ProxyRules {
    /// `Proxy-Authorization` that it wants; without it everybody may pass.
    pub authorization: Option<String>,
    /// What it says to those who have none: the value of `Proxy-Authenticate`.
    pub challenge: String,
    /// Where hosts are.
    pub hosts: HashMap<String, SocketAddr>,
    /// Whether it cuts the connection behind the head of that refusal, as tinyproxy does, which has not read the message.
    pub cuts: bool,
    /// What it answers every request, as it stands, before it closes the connection; none: it does its work.
    pub answer: Option<Vec<u8>>,
    /// What becomes of the answers that it passes on.
    pub rewrite: Rewrite,
}

/// What becomes of an answer, head and body.
#[derive(Clone, Default)]
pub struct Rewrite(Option<Arc<Change>>);

type Change = dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync;

impl Rewrite {
    /// Each answer is given to `change`.
    pub fn new(change: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(change)))
    }

    fn of(&self, answer: Vec<u8>) -> Vec<u8> {
        match &self.0 {
            Some(change) => change(answer),
            None => answer,
        }
    }
}

impl std::fmt::Debug for Rewrite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rewrite").field("changes", &self.0.is_some()).finish()
    }
}

/// A proxy on a free port of the loopback. Dropping it stops it, and what goes through it.
#[derive(Debug)]
pub struct HttpProxy {
    local: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    rules: ProxyRules,
    heads: Mutex<Vec<String>>,
}

impl HttpProxy {
    /// A proxy that behaves like this.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(rules: ProxyRules) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let local = listener.local_addr()?;
        let state = Arc::new(State { rules, heads: Mutex::default() });
        let own = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let mut all = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                while all.try_join_next().is_some() {}
                let state = Arc::clone(&own);
                all.spawn(async move {
                    // A peer that goes away ends a connection like one that is done.
                    let _ = state.serve(stream).await;
                });
            }
        });
        Ok(Self { local, state, task })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The heads of the requests so far, as they came.
    pub fn heads(&self) -> Vec<String> {
        self.state.heads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Serves a connection that somebody else accepted, one with TLS for example.
    ///
    /// # Errors
    /// It broke.
    pub fn serve<S>(&self, stream: S) -> impl Future<Output = io::Result<()>> + Send + use<S>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let state = Arc::clone(&self.state);
        async move { state.serve(stream).await }
    }
}

impl Drop for HttpProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The head up to and with the empty line, and what came behind it.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut octets = Vec::new();
    loop {
        if let Some(end) = octets.windows(4).position(|four| four == b"\r\n\r\n") {
            let behind = octets.split_off(end + 4);
            return Ok(Some((String::from_utf8_lossy(&octets).into_owned(), behind)));
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await? {
            0 => return Ok(None),
            read => octets.extend_from_slice(&piece[..read]),
        }
    }
}

/// The value of a header in a head.
pub fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

impl State {
    async fn serve<S>(&self, mut stream: S) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        while let Some((head, mut body)) = head(&mut stream).await? {
            self.heads.lock().unwrap_or_else(PoisonError::into_inner).push(head.clone());
            let shown = header(&head, "proxy-authorization");
            let passes =
                self.rules.authorization.is_none() || shown == self.rules.authorization.as_deref();
            if !passes && self.rules.cuts {
                let challenge = &self.rules.challenge;
                let refusal = format!(
                    "HTTP/1.1 407 Unauthorized\r\nProxy-Authenticate: {challenge}\r\nContent-Length: 500\r\n\r\n<html>"
                );
                return stream.write_all(refusal.as_bytes()).await;
            }
            let length = header(&head, "content-length").and_then(|text| text.parse().ok());
            let length: usize = length.unwrap_or(0);
            while body.len() < length {
                let mut piece = vec![0; length - body.len()];
                match stream.read(&mut piece).await? {
                    0 => return Ok(()),
                    read => body.extend_from_slice(&piece[..read]),
                }
            }
            if let Some(answer) = &self.rules.answer {
                stream.write_all(answer).await?;
                return stream.shutdown().await;
            }
            if !passes {
                let challenge = &self.rules.challenge;
                let refusal = format!(
                    "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: {challenge}\r\nContent-Length: 0\r\n\r\n"
                );
                stream.write_all(refusal.as_bytes()).await?;
                continue;
            }
            let mut words = head.split(' ');
            let (method, target) =
                (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            if method == "CONNECT" {
                let Some(mut server) = self.connect(&mut stream, target).await? else { continue };
                stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
                tokio::io::copy_bidirectional(&mut stream, &mut server).await?;
                return Ok(());
            }
            let bare = target.strip_prefix("http://").unwrap_or_default();
            let (place, path) = bare.split_at(bare.find('/').unwrap_or(bare.len()));
            let Some(mut server) = self.connect(&mut stream, place).await? else { continue };
            self.forward(&mut server, &head, method, path, &body).await?;
            let mut answer = Vec::new();
            server.read_to_end(&mut answer).await?;
            stream.write_all(&self.rules.rewrite.of(kept_alive(&answer))).await?;
        }
        Ok(())
    }

    /// The server of a host and port; without it the client is told.
    async fn connect(
        &self,
        client: &mut (impl AsyncWrite + Unpin),
        place: &str,
    ) -> io::Result<Option<TcpStream>> {
        let host = place.rsplit_once(':').map_or(place, |(host, _)| host);
        let connected = match self.rules.hosts.get(host) {
            Some(address) => TcpStream::connect(address).await,
            None => TcpStream::connect(place).await,
        };
        if let Ok(server) = connected {
            return Ok(Some(server));
        }
        client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").await?;
        Ok(None)
    }

    /// In origin form, without what is between the client and the proxy, one request a connection.
    async fn forward(
        &self,
        server: &mut TcpStream,
        head: &str,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> io::Result<()> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        for line in head.lines().skip(1).filter(|line| !line.is_empty()) {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            if !name.starts_with("proxy-") && name != "connection" {
                request += &format!("{line}\r\n");
            }
        }
        request += "\r\n";
        server.write_all(request.as_bytes()).await?;
        server.write_all(body).await
    }
}

/// An answer without the word that its connection is closed.
fn kept_alive(answer: &[u8]) -> Vec<u8> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..end]);
    let lines =
        head.split("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let head = lines.collect::<Vec<_>>().join("\r\n");
    [head.as_bytes(), &answer[end..]].concat()
}
