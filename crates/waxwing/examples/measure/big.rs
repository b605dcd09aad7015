//! What a big message costs: a text or octets are echoed by a service in a process of its own.
//!
//! The kind is `text` (a string), `octets` (base64 in a text) or `mtom` (octets beside the text); the security is `none`,
//! `conversation` (message security in a secure conversation) or `mixed` (a credential in messages over TLS), each in a
//! reliable session. Printed is how many of these octets went to and fro a second for each two cores that were busy (twice the
//! octets for an echo, by the CPU time of both processes), the same by the clock, and how much memory client and service
//! had at most beyond what they had before, as multiple of the octets.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use waxwing::binding::{
    MessageCredentialType, SecurityMode, ServiceBehavior, WsHttpBinding, WsMessageEncoding,
};
use waxwing::contract::{OperationFault, service_contract};
use waxwing::crypto::{
    Certificate, CertificateValidator, Identity, RevocationMode, Usage, ValidationMode,
};
use waxwing::{ChannelFactory, ClientChannel, ServiceHostBuilder, ServiceInstances};

use crate::Failure;
use crate::process::Process;

#[service_contract(namespace = "urn:waxwing:big", name = "IBig")]
trait Big {
    async fn text(&self, value: String) -> Result<String, OperationFault>;
    async fn octets(&self, value: Vec<u8>) -> Result<Vec<u8>, OperationFault>;
}

struct Echo;

impl Big for Echo {
    async fn text(&self, value: String) -> Result<String, OperationFault> {
        Ok(value)
    }
    async fn octets(&self, value: Vec<u8>) -> Result<Vec<u8>, OperationFault> {
        Ok(value)
    }
}

/// What is sent, and how.
#[derive(Clone, Copy)]
struct Way<'w> {
    kind: &'w str,
    security: &'w str,
}

impl Way<'_> {
    fn scheme(&self) -> &'static str {
        if self.security == "mixed" { "https" } else { "http" }
    }

    fn binding(&self) -> Result<WsHttpBinding, Failure> {
        let mode = match self.security {
            "none" => SecurityMode::None,
            "conversation" => SecurityMode::Message,
            "mixed" => SecurityMode::TransportWithMessageCredential,
            other => return Err(format!("no security '{other}'").into()),
        };
        let encoding = match self.kind {
            "text" | "octets" => WsMessageEncoding::Text,
            "mtom" => WsMessageEncoding::Mtom,
            other => return Err(format!("no kind '{other}'").into()),
        };
        let binding = WsHttpBinding::new(mode, true)
            .message_encoding(encoding)
            .max_received_message_size(1 << 30);
        Ok(if mode == SecurityMode::None {
            binding
        } else {
            binding
                .message_credential(MessageCredentialType::Certificate)
                .negotiate_service_credential(false)
        })
    }
}

/// A file of the test PKI.
fn pki(name: &str) -> Result<Vec<u8>, Failure> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/pki");
    Ok(std::fs::read(format!("{path}/{name}"))?)
}

fn identity(name: &str) -> Result<Identity, Failure> {
    let mut pem = pki(&format!("{name}.cert.pem"))?;
    pem.extend(pki(&format!("{name}.key.pem"))?);
    Ok(Identity::from_pem(&pem)?)
}

/// The authority of the test PKI is believed.
fn trust(usage: Usage) -> Result<CertificateValidator, Failure> {
    let (mode, revocation) = (ValidationMode::ChainTrust, RevocationMode::NoCheck);
    let roots = Certificate::from_pem(&pki("ca.cert.pem")?)?;
    Ok(CertificateValidator::new(mode, revocation, usage).with_roots(roots))
}

/// `big-service`: serves until standard input ends.
pub(crate) async fn serve(kind: &str, security: &str) -> Result<(), Failure> {
    let way = Way { kind, security };
    let mut builder = ServiceHostBuilder::new()
        .endpoint(
            way.binding()?,
            &format!("{}://localhost:0/big", way.scheme()),
            &BIG_CONTRACT,
            ServiceBehavior::default(),
        )?
        .certificate(identity("service")?)
        .client_trust(trust(Usage::Client)?);
    if way.scheme() == "https" {
        builder = builder.https_certificate(identity("service")?);
    }
    let host = builder.open(ServiceInstances::single(BigService::new(Echo))).await?;
    let port = host.local_addresses().first().ok_or("it listens")?.port();
    println!("READY {}://localhost:{port}/big", way.scheme());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    host.close().await;
    Ok(())
}

/// A service in a process of its own, with its address.
fn service(way: Way<'_>) -> Result<(Child, String), Failure> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["big-service", way.kind, way.security])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("it has an output")?).read_line(&mut line)?;
    let address = line.trim().strip_prefix("READY ").ok_or("the service does not start")?;
    Ok((child, address.to_owned()))
}

/// The letter or octet at a place: no two echoes are alike, and a part that stands in another's place is noticed.
fn sign(echo: usize, place: usize) -> u8 {
    b'A' + u8::try_from((place * 7 + place / 1009 + echo) % 26).unwrap_or(0)
}

/// One echo; whether it came back as it was.
async fn echo(
    client: &BigClient<ClientChannel>,
    way: Way<'_>,
    octets: usize,
    number: usize,
) -> Result<(), Failure> {
    let sent: Vec<u8> = (0..octets).map(|place| sign(number, place)).collect();
    let back = if way.kind == "text" {
        client.text(String::from_utf8(sent)?).await?.into_bytes()
    } else {
        client.octets(sent).await?
    };
    let right = back.len() == octets
        && back.iter().enumerate().all(|(place, octet)| *octet == sign(number, place));
    if right { Ok(()) } else { Err("another answer than was sent".into()) }
}

/// What making and checking the content costs, which is not the messages' own.
fn content(octets: usize, echoes: usize) -> Result<Duration, Failure> {
    let before = Process::own().cpu()?;
    for number in 0..echoes {
        let sent: Vec<u8> = (0..octets).map(|place| sign(number, place)).collect();
        let sent = std::hint::black_box(sent);
        let right = sent.iter().enumerate().all(|(place, octet)| *octet == sign(number, place));
        std::hint::black_box(right);
    }
    Ok(Process::own().cpu()? - before)
}

/// `big`.
pub(crate) async fn call(
    kind: &str,
    security: &str,
    octets: usize,
    echoes: usize,
) -> Result<(), Failure> {
    let way = Way { kind, security };
    let (mut child, address) = service(way)?;
    let mut factory = ChannelFactory::new(way.binding()?, &address, &BIG_CONTRACT)?;
    if way.security != "none" {
        factory = factory
            .client_certificate(identity("alice")?)
            .service_certificate(identity("service")?.certificate)
            .service_trust(trust(Usage::Service)?);
    }
    if way.scheme() == "https" {
        factory = factory.https_roots(Certificate::from_pem(&pki("ca.cert.pem")?)?);
    }
    let channel = factory.open_channel().await?;
    let client = BigClient::new(channel.clone());
    for number in 0..20 {
        echo(&client, way, 1000, number).await?;
    }
    let ends = [Process::own(), Process::other(child.id())];
    let used = || Ok::<_, Failure>(ends[0].cpu()? + ends[1].cpu()?);
    let had = [ends[0].memory("VmRSS")?, ends[1].memory("VmRSS")?];
    let (before, begun) = (used()?, Instant::now());
    for number in 0..echoes {
        echo(&client, way, octets, number).await?;
    }
    let (wall, busy) = (begun.elapsed(), used()? - before);
    let peak = [ends[0].memory("VmHWM")?, ends[1].memory("VmHWM")?];
    let busy = busy.saturating_sub(content(octets, echoes)?);
    let went = (2 * octets * echoes) as f64 / 1e6;
    let times = |end: usize| peak[end].saturating_sub(had[end]) as f64 / octets as f64;
    println!(
        "{} {}: {octets} octets, {:.1} MB/s per core pair, {:.1} MB/s, {:.2} client, {:.2} service",
        way.kind,
        way.security,
        went / (busy.as_secs_f64() / 2.0),
        went / wall.as_secs_f64(),
        times(0),
        times(1),
    );
    channel.close().await?;
    drop(child.stdin.take());
    child.wait()?;
    Ok(())
}
