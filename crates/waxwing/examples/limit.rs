//! What a secured reliable call costs at least: a program that does what no implementation can leave out, and nothing else.
//!
//! `limit serve` is the service (interrupted, it ends), `limit call ADDRESS [CALLS [SESSIONS]]` the client; `bench/run.sh` runs both. The messages
//! are a captured request of WCF and its response (`testdata/wcf/rm10-sc-cert`). For each of them one end computes the
//! digests of the signed parts, the HMAC of `SignedInfo`, encrypts, writes base64 and the rest into one buffer; the other
//! reads the text once from tag to tag, decodes, decrypts, and computes digests and HMAC. Between them is HTTP/1.1 over
//! loopback, one connection for each session. Nothing is parsed into a tree, looked up, numbered or kept, and keys are
//! scheduled once.

#![allow(clippy::disallowed_methods)] // a program with sockets and clocks

use std::convert::Infallible;
use std::error::Error;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use waxwing::crypto::{BlockCipher, CipherKey, DigestAlgorithm, DigestValue, HmacKey, sha1};
use waxwing::xml::{Document, Limits};

type Failure = Box<dyn Error + Send + Sync>;

const UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const SIGNATURES: &str = "http://www.w3.org/2000/09/xmldsig#";

/// How a cipher value ends.
const CLOSE: &str = "</e:CipherValue>";

/// One message, and what is done with it.
struct Message {
    /// The text between the cipher values.
    pieces: Vec<String>,
    /// What is encrypted.
    plain: Vec<Vec<u8>>,
    /// The signed parts, and `SignedInfo`.
    parts: Vec<Vec<u8>>,
    info: Vec<u8>,
}

/// Both messages with the keys of a session.
struct Work {
    request: Message,
    response: Message,
    cipher: CipherKey,
    mac: HmacKey,
}

impl Message {
    fn of(wire: &str, plain: &str) -> Result<Self, Failure> {
        let (mut pieces, mut ciphers) = (Vec::new(), Vec::new());
        let mut rest = wire;
        while let Some(at) = rest.find("CipherValue>") {
            let (piece, behind) = rest.split_at(at + "CipherValue>".len());
            pieces.push(piece.to_owned());
            let end = behind.find('<').ok_or("a cipher value has an end")?;
            // The vector stands before it, one block of padding behind.
            let octets = STANDARD.decode(&behind[..end])?.len();
            ciphers.push((0..octets - 17).map(|octet| octet as u8).collect());
            let close = behind.find("CipherValue>").ok_or("a cipher value has an end tag")?;
            let (_, behind) = behind.split_at(close + "CipherValue>".len());
            pieces.push(CLOSE.to_owned());
            rest = behind;
        }
        pieces.push(rest.to_owned());
        let document = Document::parse(plain, &Limits::SOAP)?;
        let all = || document.root().descendants_and_self();
        let info = all().find(|e| e.is(SIGNATURES, "SignedInfo")).ok_or("it is signed")?;
        let part = |id: &str| {
            let part = all().find(|e| e.attribute_ns(UTILITY, "Id") == Some(id))?;
            Some(document.source_of(part.span()).as_bytes().to_vec())
        };
        let ids = info.elements().filter_map(|e| e.attribute("URI")?.strip_prefix('#'));
        let parts = ids.map(|id| part(id).ok_or("a part is there")).collect::<Result<_, _>>()?;
        let info = document.source_of(info.span()).as_bytes().to_vec();
        Ok(Self { pieces, plain: ciphers, parts, info })
    }

    /// What is signed: gives the HMAC.
    fn signed(&self, mac: &HmacKey) -> DigestValue {
        let digests = self.parts.iter().fold(0, |sum, part| sum ^ sha1(part)[0]);
        let mut signed = mac.sign(&self.info);
        signed[0] ^= digests;
        signed
    }

    /// The message as it is sent.
    fn write(&self, work: &Work) -> Result<Vec<u8>, Failure> {
        let mut out = String::with_capacity(8 << 10);
        let signed = self.signed(&work.mac);
        let mut ciphers = self.plain.iter();
        for piece in &self.pieces {
            out.push_str(piece);
            if piece.ends_with("e:CipherValue>") && piece != CLOSE {
                let plain = ciphers.next().ok_or("as many as there are")?;
                let octets = work.cipher.encrypt(&signed[..16], plain)?;
                STANDARD.encode_string(octets, &mut out);
            }
        }
        Ok(out.into_bytes())
    }

    /// Reads one; gives whether everything in it was there.
    fn read(&self, work: &Work, octets: &[u8]) -> Result<bool, Failure> {
        let text = str::from_utf8(octets)?;
        let (mut at, mut names, mut ciphers) = (0, 0, 0);
        while let Some(open) = text[at..].find('<') {
            let start = at + open + 1;
            let Some(len) = text[start..].find('>') else { break };
            let tag = &text[start..start + len];
            at = start + len + 1;
            // Attributes are told apart.
            names += tag.bytes().filter(|octet| *octet == b'=').count();
            if tag.ends_with(":CipherValue") && !tag.starts_with('/') {
                let end = at + text[at..].find('<').ok_or("a cipher value has an end")?;
                let octets = STANDARD.decode(&text[at..end])?;
                let plain = work.cipher.decrypt(&octets).ok_or("it is decrypted")?;
                ciphers += usize::from(!plain.is_empty());
                at = end;
            }
        }
        Ok(names > 0 && ciphers == self.plain.len() && !self.signed(&work.mac).is_empty())
    }
}

impl Work {
    fn new() -> Result<Self, Failure> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/wcf/rm10-sc-cert.json.gz");
        let mut json = String::new();
        flate2::read::GzDecoder::new(std::fs::File::open(path)?).read_to_string(&mut json)?;
        let scenario: serde_json::Value = serde_json::from_str(&json)?;
        let message = |name: &str| {
            let mut all = scenario["messages"].as_array().into_iter().flatten();
            let wire = all.find(|m| m["name"] == name).and_then(|m| m["body"].as_str());
            let plain = scenario["plain"][name].as_str();
            Message::of(wire.ok_or("a message")?, plain.ok_or("a message")?)
        };
        Ok(Self {
            request: message("004-request")?,
            response: message("004-response")?,
            cipher: CipherKey::new(BlockCipher::Aes256, &[7; 32]).ok_or("a key")?,
            mac: HmacKey::new(DigestAlgorithm::Sha1, &[9; 24]),
        })
    }
}

async fn serve(work: Arc<Work>) -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("READY {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let work = Arc::clone(&work);
        let answer = service_fn(move |request: Request<Incoming>| {
            let work = Arc::clone(&work);
            async move {
                let octets = request.into_body().collect().await.map(|body| body.to_bytes());
                let good =
                    octets.is_ok_and(|octets| work.request.read(&work, &octets).unwrap_or(false));
                let answer = if good { work.response.write(&work) } else { Ok(Vec::new()) };
                let answer = Bytes::from(answer.unwrap_or_default());
                Ok::<_, Infallible>(Response::new(Full::new(answer)))
            }
        });
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer),
        );
    }
}

/// One session: how many answers were wrong, and the time.
async fn session(work: Arc<Work>, address: String, calls: u64) -> Result<(u64, Duration), Failure> {
    let stream = TcpStream::connect(&address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let begun = Instant::now();
    let mut wrong = 0;
    for _ in 0..calls {
        let message = Full::new(Bytes::from(work.request.write(&work)?));
        let request = Request::post("/").header("host", &address).body(message)?;
        sender.ready().await?;
        let answer = sender.send_request(request).await?.into_body().collect().await?.to_bytes();
        wrong += u64::from(!work.response.read(&work, &answer)?);
    }
    Ok((wrong, begun.elapsed()))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let work = Arc::new(Work::new()?);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (address, calls, sessions) = match arguments.as_slice() {
        [serves] if serves == "serve" => {
            return tokio::select! {
                failed = serve(work) => failed,
                interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
            };
        }
        [calls, address, rest @ ..] if calls == "call" => {
            let number = |at: usize, default| {
                rest.get(at).map_or(Ok::<u64, Failure>(default), |text| Ok(text.parse()?))
            };
            (address.clone(), number(0, 4)?, number(1, 1)?)
        }
        _ => return Err("usage: limit serve | limit call ADDRESS [CALLS [SESSIONS]]".into()),
    };
    let one = |_| tokio::spawn(session(Arc::clone(&work), address.clone(), calls / sessions));
    let running: Vec<_> = (0..sessions).map(one).collect();
    let (mut wrong, mut called) = (0, Duration::ZERO);
    for session in running {
        let (more, time) = session.await??;
        wrong += more;
        called = called.max(time);
    }
    let (seconds, rate) = (called.as_secs_f64(), calls as f64 / called.as_secs_f64());
    println!(
        "{calls} calls in {sessions} sessions, {wrong} wrong, {seconds:.2} s, {rate:.0} calls/s"
    );
    if wrong == 0 { Ok(()) } else { Err("answers were wrong".into()) }
}
