//! A connection that is protected by TLS and is in clear again, as those of net.tcp that are used more than once.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use openssl::ssl::{Ssl, SslContext, SslMethod, SslVerifyMode, SslVersion};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use crate::capture::Side;
use crate::secured::file;

/// A connection that outlives the TLS sessions over it.
#[derive(Clone)]
struct Shared(Arc<Mutex<TcpStream>>);

impl AsyncRead for Shared {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.lock().unwrap()).poll_read(cx, buf)
    }
}

impl AsyncWrite for Shared {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.lock().unwrap()).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.lock().unwrap()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.lock().unwrap()).poll_shutdown(cx)
    }
}

/// The peer's end of a connection.
pub struct Wire {
    /// None: it was cut.
    clear: Option<Shared>,
    tls: Option<Pin<Box<SslStream<Shared>>>>,
}

impl Wire {
    pub fn new(stream: TcpStream) -> Self {
        Self { clear: Some(Shared(Arc::new(Mutex::new(stream)))), tls: None }
    }

    /// A TLS session begins. The peer's end is the other one; as WCF's client it shows the certificate of alice to who asks.
    pub async fn protect(&mut self, ours: Side) {
        let name = if ours == Side::Client { "service" } else { "alice" };
        let mut context = SslContext::builder(SslMethod::tls()).unwrap();
        context.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
        let own = openssl::x509::X509::from_pem(&file(name, "cert")).unwrap();
        let key = openssl::pkey::PKey::private_key_from_pem(&file(name, "key")).unwrap();
        context.set_certificate(&own).unwrap();
        context.set_private_key(&key).unwrap();
        match ours {
            // Who it is, is asked; whether that is alice, the test of our client's certificate says elsewhere.
            Side::Client => context.set_verify_callback(SslVerifyMode::PEER, |_, _| true),
            Side::Service => context.set_verify(SslVerifyMode::NONE),
        }
        let ssl = Ssl::new(&context.build()).unwrap();
        let mut tls = Box::pin(SslStream::new(ssl, self.clear().clone()).unwrap());
        match ours {
            Side::Client => tls.as_mut().accept().await.unwrap(),
            Side::Service => tls.as_mut().connect().await.unwrap(),
        }
        self.tls = Some(tls);
    }

    /// The next octets are in clear.
    pub fn in_clear(&mut self) {
        self.tls = None;
    }

    /// Nothing more goes either way: with a reset, or as if the other end had ended it.
    pub async fn cut(&mut self, is_reset: bool) {
        self.tls = None;
        if !is_reset {
            return self.clear().shutdown().await.unwrap();
        }
        {
            let Shared(stream) = self.clear();
            let stream = stream.lock().unwrap();
            socket2::SockRef::from(&*stream).set_linger(Some(Duration::ZERO)).unwrap();
        }
        // With nothing to wait for it is a reset.
        self.clear = None;
    }

    fn clear(&mut self) -> &mut Shared {
        self.clear.as_mut().expect("a connection")
    }

    pub async fn write(&mut self, octets: &[u8]) {
        match &mut self.tls {
            Some(tls) => tls.write_all(octets).await.unwrap(),
            None => self.clear().write_all(octets).await.unwrap(),
        }
    }

    /// Appends what comes; gives how much that is.
    pub async fn read(&mut self, octets: &mut Vec<u8>) -> usize {
        match &mut self.tls {
            Some(tls) => tls.read_buf(octets).await.unwrap(),
            None => self.clear().read_buf(octets).await.unwrap(),
        }
    }

    /// Says nothing more, and hears what comes until the end.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.clear().shutdown().await.ok();
        match &mut self.tls {
            Some(tls) => tls.read_to_end(&mut rest).await.ok(),
            None => self.clear().read_to_end(&mut rest).await.ok(),
        };
        rest
    }
}
