//! An authority's web server without manners: it answers by path as a test says, and counts who asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What comes back.
#[derive(Clone)]
pub enum Answer {
    /// HTTP 200 with these octets.
    Octets(Vec<u8>),
    /// The same, after a while.
    Late(Duration, Vec<u8>),
    /// A status and nothing.
    Status(&'static str),
    /// A redirection.
    Elsewhere(String),
    /// Octets without end.
    Endless,
    /// Nothing at all.
    Silence,
    /// No HTTP.
    Noise,
}

/// A server on a port of the loopback. It ends when it is dropped.
pub struct Responder {
    port: u16,
    routes: Arc<Mutex<HashMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Responder {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let routes: Arc<Mutex<HashMap<String, Answer>>> = Arc::default();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (known, seen) = (Arc::clone(&routes), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            let mut tasks = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                tasks.spawn(answer(stream, Arc::clone(&known), Arc::clone(&seen)));
            }
        });
        Self { port, routes, asked, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Answers requests whose path begins with this.
    pub fn set(&self, path: &str, answer: Answer) {
        self.routes.lock().unwrap().insert(path.to_owned(), answer);
    }

    /// The request lines so far whose path begins with this.
    pub fn asked(&self, path: &str) -> Vec<String> {
        let all = self.asked.lock().unwrap();
        let is_here = |line: &&String| line.split(' ').nth(1).is_some_and(|p| p.starts_with(path));
        all.iter().filter(is_here).cloned().collect()
    }
}

async fn answer(
    mut stream: TcpStream,
    routes: Arc<Mutex<HashMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<String>>>,
) {
    let mut head = Vec::new();
    let mut octets = [0; 4096];
    while !head.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut octets).await {
            Ok(0) | Err(_) => return,
            Ok(count) => head.extend_from_slice(&octets[..count]),
        }
    }
    let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let method = line.split(' ').next().unwrap_or_default().to_owned();
    asked.lock().unwrap().push(line);
    let found = {
        let routes = routes.lock().unwrap();
        let by_method = routes.get(&format!("{method} {path}"));
        let fits = |(route, _): &(&String, &Answer)| path.starts_with(route.as_str());
        by_method.or_else(|| routes.iter().find(fits).map(|(_, answer)| answer)).cloned()
    };
    let whole = |octets: Vec<u8>| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", octets.len());
        [head.into_bytes(), octets].concat()
    };
    let reply = match found.unwrap_or(Answer::Status("404 Not Found")) {
        Answer::Octets(octets) => whole(octets),
        Answer::Late(time, octets) => {
            tokio::time::sleep(time).await;
            whole(octets)
        }
        Answer::Status(status) => {
            format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into_bytes()
        }
        Answer::Elsewhere(url) => {
            format!("HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n")
                .into_bytes()
        }
        Answer::Endless => {
            let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            let chunk = [b"10000\r\n".to_vec(), vec![0x30; 0x10000], b"\r\n".to_vec()].concat();
            let mut failed = stream.write_all(head).await.is_err();
            while !failed {
                failed = stream.write_all(&chunk).await.is_err();
            }
            return;
        }
        Answer::Silence => return std::future::pending().await,
        Answer::Noise => b"-ERR unknown command\r\n".to_vec(),
    };
    let _ = stream.write_all(&reply).await;
    let _ = stream.shutdown().await;
}
