//! A contract with streams, its service, and sources that are never held.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use waxwing::ChannelFactory;
use waxwing::contract::{MessageStream, OperationFault, service_contract};

#[service_contract(namespace = "http://Microsoft.ServiceModel.Samples", name = "IStreams")]
pub trait Streams {
    async fn get(&self, length: i64) -> Result<MessageStream, OperationFault>;
    async fn put(&self, data: MessageStream) -> Result<i64, OperationFault>;
    async fn echo_stream(&self, data: MessageStream) -> Result<MessageStream, OperationFault>;
    #[operation(one_way)]
    async fn drop(&self, data: MessageStream) -> Result<(), OperationFault>;
    /// Reads the first octets, and answers.
    async fn first(&self, data: MessageStream) -> Result<Vec<u8>, OperationFault>;
    /// No stream at all.
    async fn double(&self, data: Vec<u8>) -> Result<Vec<u8>, OperationFault>;
    #[operation(results(header("Length"), "Data"))]
    async fn with_headers(
        &self,
        #[param(header)] name: String,
        data: MessageStream,
    ) -> Result<(i64, MessageStream), OperationFault>;
}

/// How many octets sources have given and sinks have taken, and the most that were on their way at a time.
#[derive(Default)]
pub struct Meter {
    pub under_way: AtomicI64,
    pub most: AtomicI64,
}

impl Meter {
    fn gave(&self, octets: usize) {
        let now = self.under_way.fetch_add(octets as i64, Ordering::SeqCst) + octets as i64;
        self.most.fetch_max(now, Ordering::SeqCst);
    }

    fn took(&self, octets: usize) {
        self.under_way.fetch_sub(octets as i64, Ordering::SeqCst);
    }
}

/// The octets of WCF's captured streams: multiples of seven.
pub struct Sevens {
    pub at: u64,
    pub length: u64,
    pub meter: Option<Arc<Meter>>,
    /// Fails instead of ending.
    pub fails: bool,
}

impl AsyncRead for Sevens {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let count = (self.length - self.at).min(buffer.remaining() as u64);
        if count == 0 && self.fails {
            return Poll::Ready(Err(io::Error::other("the disk is gone")));
        }
        let count = count.min(32 << 10);
        buffer.put_slice(expected(self.at, count as usize));
        self.at += count;
        if let Some(meter) = &self.meter {
            meter.gave(count as usize);
        }
        Poll::Ready(Ok(()))
    }
}

pub fn seven(at: u64) -> u8 {
    (at * 7 % 256) as u8
}

/// What stands at that place, at most 64 KiB of it.
pub fn expected(at: u64, count: usize) -> &'static [u8] {
    static TABLE: LazyLock<Vec<u8>> = LazyLock::new(|| (0..(64 << 10) + 256).map(seven).collect());
    let from = (at % 256) as usize;
    &TABLE[from..from + count]
}

pub fn sevens(length: u64) -> Sevens {
    Sevens { at: 0, length, meter: None, fails: false }
}

/// Reads a stream to its end, and looks at each octet.
pub async fn drain(data: &mut MessageStream, meter: Option<&Meter>) -> io::Result<u64> {
    let (mut buffer, mut length) = (vec![0; 20_000], 0);
    loop {
        let read = data.read(&mut buffer).await?;
        if read == 0 {
            return Ok(length);
        }
        assert!(expected(length, read) == &buffer[..read], "other octets at {length}");
        length += read as u64;
        if let Some(meter) = meter {
            meter.took(read);
        }
    }
}

#[derive(Clone, Default)]
pub struct Service {
    pub meter: Option<Arc<Meter>>,
    pub dropped: Arc<AtomicU64>,
    pub failures: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Streams for Service {
    async fn get(&self, length: i64) -> Result<MessageStream, OperationFault> {
        let fails = length < 0;
        let length = length.unsigned_abs();
        Ok(MessageStream::new(Sevens { at: 0, length, meter: self.meter.clone(), fails }))
    }
    async fn put(&self, mut data: MessageStream) -> Result<i64, OperationFault> {
        let drained = drain(&mut data, self.meter.as_deref()).await;
        if let Err(error) = &drained {
            self.failures.lock().unwrap().push(format!("{:?}: {error}", error.kind()));
        }
        Ok(drained? as i64)
    }
    async fn echo_stream(&self, data: MessageStream) -> Result<MessageStream, OperationFault> {
        Ok(data)
    }
    async fn drop(&self, mut data: MessageStream) -> Result<(), OperationFault> {
        let length = drain(&mut data, None).await?;
        self.dropped.fetch_add(length, Ordering::SeqCst);
        Ok(())
    }
    async fn first(&self, mut data: MessageStream) -> Result<Vec<u8>, OperationFault> {
        let mut first = vec![0; 3];
        data.read_exact(&mut first).await?;
        Ok(first)
    }
    async fn double(&self, data: Vec<u8>) -> Result<Vec<u8>, OperationFault> {
        Ok([data.clone(), data].concat())
    }
    async fn with_headers(
        &self,
        name: String,
        data: MessageStream,
    ) -> Result<(i64, MessageStream), OperationFault> {
        Ok((name.len() as i64, data))
    }
}

pub async fn everything(factory: &ChannelFactory, service: &Service) {
    let channel = factory.open_channel().await.unwrap();
    let client = StreamsClient::new(&channel);
    for length in [0_u64, 1, 2, 3, 255, 256, 5000, 300_000] {
        let mut got = client.get(length as i64).await.unwrap();
        assert_eq!(drain(&mut got, None).await.unwrap(), length);
        let put = client.put(MessageStream::new(sevens(length))).await.unwrap();
        assert_eq!(put, length as i64);
        let mut echo = client.echo_stream(MessageStream::new(sevens(length))).await.unwrap();
        assert_eq!(drain(&mut echo, None).await.unwrap(), length);
    }
    client.drop(MessageStream::new(sevens(500))).await.unwrap();
    let data: Vec<u8> = (0..30_000).map(seven).collect();
    assert_eq!(client.double(data.clone()).await.unwrap(), [data.clone(), data].concat());
    let stream = MessageStream::new(sevens(100));
    let (length, mut data) = client.with_headers("umbrella".to_owned(), stream).await.unwrap();
    assert_eq!((length, drain(&mut data, None).await.unwrap()), (8, 100));
    channel.close().await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), async {
        while service.dropped.load(Ordering::SeqCst) != 500 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("the one-way message was executed");
}
