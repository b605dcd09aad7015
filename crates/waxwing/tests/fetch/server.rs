//! A server that answers what a test says, with any status and header.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What came: method, target, body.
pub struct Asked {
    pub method: String,
    pub target: String,
    pub body: String,
    pub head: String,
}

/// What goes back: status, further headers, content.
pub struct Reply {
    pub status: &'static str,
    pub headers: String,
    pub content: Vec<u8>,
}

impl Reply {
    pub fn ok(content: impl Into<Vec<u8>>) -> Self {
        Self { status: "200 OK", headers: String::new(), content: content.into() }
    }

    pub fn status(status: &'static str) -> Self {
        Self { status, headers: String::new(), content: Vec::new() }
    }

    pub fn redirection(to: &str) -> Self {
        Self { status: "302 Found", headers: format!("Location: {to}\r\n"), content: Vec::new() }
    }
}

/// A server on the loopback; dropping it ends it.
pub struct Server {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub async fn start(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (handler, asked) = (Arc::new(handler), Arc::<Mutex<Vec<String>>>::default());
        let told = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (handler, told) = (Arc::clone(&handler), Arc::clone(&told));
                tokio::spawn(async move {
                    let _ = serve(stream, &*handler, &told).await;
                });
            }
        });
        Self { address, asked, task }
    }

    pub fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    /// Method and target of each request so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    handler: &(impl Fn(&Asked) -> Reply + Send + Sync),
    told: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut octets = Vec::new();
    let head = loop {
        if stream.read_buf(&mut octets).await? == 0 {
            return Ok(());
        }
        if let Some(end) = octets.windows(4).position(|w| w == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8_lossy(&octets[..head]).into_owned();
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    while octets.len() < head + length.unwrap_or_default() {
        stream.read_buf(&mut octets).await?;
    }
    let mut words = text.split(' ');
    let asked = Asked {
        method: words.next().unwrap_or_default().to_owned(),
        target: words.next().unwrap_or_default().to_owned(),
        body: String::from_utf8_lossy(&octets[head..]).into_owned(),
        head: text.clone(),
    };
    told.lock().unwrap().push(format!("{} {}", asked.method, asked.target));
    let reply = handler(&asked);
    let head = format!(
        "HTTP/1.1 {}\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n",
        reply.status,
        reply.headers,
        reply.content.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&reply.content).await?;
    stream.shutdown().await
}
