//! Streams over net.tcp: a file of any size goes to the service and comes back, and neither end ever holds more than pieces of it.
//!
//! `cargo run -p waxwing --example streams`
//!
//! Both ends run in this process, without security so that nothing must be set up: `SecurityMode::Transport` puts TLS around it.
#![allow(clippy::disallowed_methods, reason = "it looks for a free port")]

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use waxwing::binding::{NetTcpBinding, SecurityMode, ServiceBehavior, TransferMode};
use waxwing::contract::{MessageStream, OperationFault, service_contract};
use waxwing::{ChannelFactory, ServiceHostBuilder, ServiceInstances};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// WCF has `Stream` there.
#[service_contract(namespace = "urn:example:files", name = "IFiles")]
trait Files {
    /// A stream is all of a body: what else there is to say goes into headers.
    async fn upload(
        &self,
        #[param(header)] name: &str,
        data: MessageStream,
    ) -> Result<i64, OperationFault>;
    async fn download(&self, name: &str) -> Result<MessageStream, OperationFault>;
}

/// Keeps files in a folder.
struct Folder(std::path::PathBuf);

impl Folder {
    /// Names come from a stranger.
    fn place(&self, name: &str) -> Result<std::path::PathBuf, OperationFault> {
        let is_plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
        is_plain.then(|| self.0.join(name)).ok_or_else(|| OperationFault::new("no name of a file"))
    }
}

impl Files for Folder {
    async fn upload(&self, name: &str, mut data: MessageStream) -> Result<i64, OperationFault> {
        let mut file = std::fs::File::create(self.place(name)?)?;
        let (mut length, mut piece) = (0, vec![0; 64 << 10]);
        loop {
            match data.read(&mut piece).await? {
                // Its end is the end of the message: a stream that breaks off is an error.
                0 => return Ok(length),
                read => {
                    std::io::Write::write_all(&mut file, &piece[..read])?;
                    length += i64::try_from(read)?;
                }
            }
        }
    }

    async fn download(&self, name: &str) -> Result<MessageStream, OperationFault> {
        let mut file = std::fs::File::open(self.place(name)?)?;
        // Whatever is read in pieces can be sent; here by a pipe, since files are not asynchronous.
        let (mut into, from) = tokio::io::duplex(64 << 10);
        tokio::spawn(async move {
            let mut piece = vec![0; 64 << 10];
            while let Ok(read @ 1..) = std::io::Read::read(&mut file, &mut piece) {
                if into.write_all(&piece[..read]).await.is_err() {
                    break;
                }
            }
        });
        Ok(MessageStream::new(from))
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let folder = std::env::temp_dir().join(format!("waxwing-streams-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let shown = show(folder.clone()).await;
    std::fs::remove_dir_all(&folder)?;
    shown
}

async fn show(folder: std::path::PathBuf) -> Result<(), Failure> {
    const LENGTH: u64 = 100 << 20;
    let binding = NetTcpBinding::new(SecurityMode::None, false)
        .transfer_mode(TransferMode::Streamed)
        // Of a whole message, its stream included; maxBufferSize (65,536) is for its headers, and stays.
        .max_received_message_size(1 << 30);
    let behavior = ServiceBehavior::default();
    let host = ServiceHostBuilder::new()
        .endpoint(binding.clone(), "net.tcp://localhost:0/files", &FILES_CONTRACT, behavior)?
        .open(ServiceInstances::per_call(move || FilesService::new(Folder(folder.clone()))))
        .await?;
    let address = format!("net.tcp://{}/files", host.local_addresses()[0]);
    let channel = ChannelFactory::new(binding, &address, &FILES_CONTRACT)?.open_channel().await?;
    let files = FilesClient::new(&channel);

    let sent =
        files.upload("sevens", MessageStream::new(tokio::io::repeat(7).take(LENGTH))).await?;
    println!("the service has {} MiB", sent >> 20);
    // The answer is there when its headers are; the stream is read afterwards.
    let mut stream = files.download("sevens").await?;
    let (mut came, mut piece) = (0, vec![0; 64 << 10]);
    loop {
        match stream.read(&mut piece).await? {
            0 => break,
            read if piece[..read].iter().all(|octet| *octet == 7) => came += read as u64,
            _ => return Err("other octets came back".into()),
        }
    }
    println!("{} MiB came back", came >> 20);
    channel.close().await?;
    host.close().await;
    if came != LENGTH || u64::try_from(sent)? != LENGTH {
        return Err("not all of it came".into());
    }
    Ok(())
}
