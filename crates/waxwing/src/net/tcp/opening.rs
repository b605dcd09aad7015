//! The preamble of a session, with the upgrade of the stream (MC-NMF §3.2).

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_openssl::SslStream;
use waxwing_crypto::https;
use waxwing_soap::Address;
use waxwing_soap::framing::{
    FramingLimits, Mode, Record, Refusal, ServerFraming, ServerStep, UPGRADE_NEGOTIATE, UPGRADE_TLS,
};

use super::farewell::{FAREWELL, farewell};
use super::socket::{Socket, Wire};
use crate::net::caller::TransportCaller;
use crate::net::link::{LinkAbout, LinkReceiver};
use crate::net::paths::Paths;
use crate::net::tls::{ServiceTls, advice, caller};

/// How much is read at a time: a preamble is short.
const READ: usize = 1 << 10;

/// What a preamble is judged by.
pub(super) struct Opening<'a> {
    pub(super) paths: &'a Paths,
    pub(super) peer: SocketAddr,
}

/// A session whose preamble is over, and not answered yet.
pub(super) struct Opened {
    pub(super) receiver: Arc<dyn LinkReceiver>,
    pub(super) about: LinkAbout,
    pub(super) wire: Wire,
    pub(super) framing: ServerFraming,
    /// What the client has sent behind it.
    pub(super) buffer: BytesMut,
}

/// The endpoint that is asked for.
struct Asked {
    receiver: Arc<dyn LinkReceiver>,
    tls: Option<ServiceTls>,
    via: String,
    content_type: String,
}

/// How an opening goes on.
enum Next {
    Step,
    Refuse(Refusal),
    /// The connection is no good, and there is nobody to be told.
    GiveUp(String),
}

/// A preamble that is being read.
struct Reading<'a> {
    opening: &'a Opening<'a>,
    wire: Wire,
    framing: ServerFraming,
    buffer: BytesMut,
    asked: Option<Asked>,
    caller: TransportCaller,
}

impl Opening<'_> {
    /// Reads the preamble. Gives none when the peer has gone before it said anything.
    ///
    /// # Errors
    /// Why there is no session, for the log; the client has been told.
    pub(super) async fn run(&self, socket: Socket) -> Result<Option<Opened>, String> {
        let mut reading = Reading {
            opening: self,
            wire: Wire::Plain(socket),
            framing: ServerFraming::new(FramingLimits::default()),
            buffer: BytesMut::new(),
            asked: None,
            caller: TransportCaller::Anonymous,
        };
        loop {
            let mut left = &reading.buffer[..];
            let step = reading.framing.read(&mut left);
            let taken = reading.buffer.len() - left.len();
            reading.buffer.advance(taken);
            let next = match step {
                Ok(Some(ServerStep::PreambleEnd)) => match reading.complete() {
                    Ok(opened) => return Ok(Some(opened)),
                    Err((wire, refusal)) => {
                        farewell(wire, &refusal, FAREWELL, |_| ()).await;
                        return Err(refusal.reason);
                    }
                },
                Ok(Some(step)) => reading.step(step).await,
                Ok(None) => match reading.more().await {
                    Ok(true) => continue,
                    Ok(false) => return Ok(None),
                    Err(reason) => Next::GiveUp(reason),
                },
                Err(error) => Next::Refuse(Refusal::of(&error)),
            };
            match next {
                Next::Step => {}
                Next::Refuse(refusal) => {
                    farewell(reading.wire, &refusal, FAREWELL, |_| ()).await;
                    return Err(refusal.reason);
                }
                Next::GiveUp(reason) => {
                    reading.wire.socket().reset_when_dropped();
                    return Err(reason);
                }
            }
        }
    }

    /// Who takes sessions for this address.
    fn asked(&self, mode: Mode, via: String) -> Result<Asked, Refusal> {
        if mode == Mode::Simplex || mode == Mode::SingletonSized {
            return Err(Refusal::mode(mode));
        }
        let address = Address::of(&via);
        let path = String::from_utf8_lossy(&address.path_key()).into_owned();
        let found = self.paths.find_with_tls(address.host(), &path);
        let links = found.and_then(|(receiver, tls)| Some((receiver.links()?, tls)));
        let Some((receiver, tls)) = links else { return Err(Refusal::not_found(&via)) };
        let own = if receiver.streamed().is_some() { Mode::Singleton } else { Mode::Duplex };
        if mode != own {
            return Err(Refusal::mode(mode));
        }
        Ok(Asked { receiver, tls, via, content_type: String::new() })
    }
}

impl Reading<'_> {
    /// Reads what comes; not, when the peer has gone without a word.
    async fn more(&mut self) -> Result<bool, String> {
        self.buffer.reserve(READ);
        match self.wire.read_buf(&mut self.buffer).await {
            Ok(0) => match self.framing.end_of_stream() {
                Ok(()) => Ok(false),
                Err(error) => Err(error.to_string()),
            },
            Ok(_) => Ok(true),
            Err(_) if self.framing.is_fresh() => Ok(false),
            Err(error) => Err(format!("the connection broke in the preamble: {error}")),
        }
    }

    async fn step(&mut self, step: ServerStep) -> Next {
        match step {
            ServerStep::Via { mode, via } => match self.opening.asked(mode, via) {
                Ok(asked) => {
                    let whole = || asked.receiver.limits().max_message;
                    self.framing.set_max_envelope(asked.receiver.streamed().unwrap_or_else(whole));
                    self.asked = Some(asked);
                    Next::Step
                }
                Err(refusal) => Next::Refuse(refusal),
            },
            ServerStep::ContentType(found) => {
                let Some(asked) = &mut self.asked else { return out_of_turn() };
                if !asked.receiver.takes(&found) {
                    let expected = asked.receiver.content_type();
                    return Next::Refuse(Refusal::content_type(&found, expected));
                }
                asked.content_type = found;
                Next::Step
            }
            ServerStep::Upgrade(name) => self.upgrade(&name).await,
            _ => out_of_turn(),
        }
    }

    /// Upgrades the stream, where that is what the endpoint has.
    async fn upgrade(&mut self, name: &str) -> Next {
        let Some(asked) = &self.asked else { return out_of_turn() };
        let tls = asked.tls.clone().filter(|_| name == UPGRADE_TLS && !self.wire.is_protected());
        let Some(tls) = tls else {
            let offered = asked.tls.as_ref().map(|_| UPGRADE_TLS);
            let mut refusal = Refusal::upgrade(name, offered);
            if name == UPGRADE_NEGOTIATE {
                refusal.reason += " The client logs in by Windows (clientCredentialType=\"Windows\", the default of netTcpBinding), \
                                   which this version does not have: give both sides Certificate or None, or message security";
            }
            return Next::Refuse(refusal);
        };
        let socket = self.wire.socket().clone();
        // A fast client has begun with the handshake already.
        socket.unread(std::mem::take(&mut self.buffer));
        match self.handshake(&tls, socket).await {
            Ok(wire) => {
                self.wire = wire;
                Next::Step
            }
            Err(reason) => {
                tls.failed(self.opening.peer, &reason);
                Next::GiveUp(reason)
            }
        }
    }

    async fn handshake(&mut self, tls: &ServiceTls, mut socket: Socket) -> Result<Wire, String> {
        let failed = |error: openssl::error::ErrorStack| format!("TLS cannot begin: {error}");
        let ssl = tls.connection().map_err(failed)?;
        let granted = Record::UpgradeResponse.to_octets();
        socket.write_all(&granted).await.map_err(|error| error.to_string())?;
        let mut stream = SslStream::new(ssl, socket.clone()).map_err(failed)?;
        let shaken = Pin::new(&mut stream).accept().await;
        shaken.map_err(|error| advice(&https::words(&error)))?;
        if tls.is_asking() {
            self.caller = caller(https::shown(stream.ssl()));
            // Certificate means that one is shown: WCF's handshake fails without.
            if matches!(self.caller, TransportCaller::Anonymous) {
                return Err("The remote party did not provide a certificate: the endpoint has \
                            clientCredentialType=\"Certificate\" for its transport"
                    .to_owned());
            }
        }
        Ok(Wire::tls(stream, socket))
    }

    /// The preamble is over; it may have to have had an upgrade.
    fn complete(self) -> Result<Opened, (Wire, Refusal)> {
        let Some(asked) = self.asked else {
            return Err((self.wire, Refusal::not_found("")));
        };
        let is_protected = self.wire.is_protected();
        if asked.tls.is_some() && !is_protected {
            let refusal = Refusal::upgrade_missing(&asked.via);
            return Err((self.wire, refusal));
        }
        let mut about = LinkAbout::new(asked.via, asked.content_type);
        (about.peer, about.protected) = (Some(self.opening.peer), is_protected);
        about.caller = self.caller;
        let (receiver, wire, framing) = (asked.receiver, self.wire, self.framing);
        Ok(Opened { receiver, about, wire, framing, buffer: self.buffer })
    }
}

/// What the framing does not let happen.
fn out_of_turn() -> Next {
    Next::GiveUp("a record of the preamble came out of turn".to_owned())
}
