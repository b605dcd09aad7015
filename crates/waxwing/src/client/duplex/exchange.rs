//! Exchanges over links: the messages of security handshakes. Each has a link of its own, but for the legs of a negotiation,
//! which go over one, as those of WCF's clients do. A link ends before the next is dialed, which goes over the same
//! connection then.

use std::time::Duration;

use bytes::Bytes;
use waxwing_session::{Answer, Leg, TransportCause, TransportFailure};
use waxwing_soap::Envelope;
use waxwing_soap::encoder::{Decoder, Encoder};

use super::parts::LinkParts;
use crate::environment::SystemRandom;
use crate::net::{Dial, Link, first_bytes};

/// How long the end of a link that is of no use any more is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// A link of a handshake, whose next leg goes over it. The encoding has a state for each link.
pub(in crate::client) struct Handshake {
    link: Link,
    encoder: Box<dyn Encoder + Send>,
    decoder: Box<dyn Decoder + Send>,
}

/// How an exchange ended, with the octets of the answer, for traces, and with its link, where another leg may follow.
pub(in crate::client) struct Exchanged {
    pub(in crate::client) answer: Answer,
    pub(in crate::client) octets: Bytes,
    pub(in crate::client) kept: Option<Handshake>,
}

impl LinkParts {
    /// One exchange. `kept`: the link of the one before.
    pub(in crate::client) async fn exchange(
        &self,
        via: &str,
        kept: Option<Handshake>,
        (leg, envelope): (Leg, &Envelope),
        sent: impl FnOnce(&[u8]),
    ) -> Exchanged {
        let (answer, octets, kept) = match self.over_link(via, kept, (leg, envelope), sent).await {
            Err(failure) => (Answer::Failed(failure), Bytes::new(), None),
            Ok((octets, mut handshake)) => {
                let answer = match &octets {
                    None => Answer::Empty,
                    Some(octets) => self.read(&mut *handshake.decoder, octets),
                };
                if leg == Leg::Alone || octets.is_none() {
                    handshake.end().await;
                    (answer, octets.unwrap_or_default(), None)
                } else {
                    (answer, octets.unwrap_or_default(), Some(handshake))
                }
            }
        };
        Exchanged { answer, octets, kept }
    }

    async fn over_link(
        &self,
        via: &str,
        kept: Option<Handshake>,
        (leg, envelope): (Leg, &Envelope),
        sent: impl FnOnce(&[u8]),
    ) -> Result<(Option<Bytes>, Handshake), TransportFailure> {
        let mut handshake = match kept {
            Some(kept) if leg == Leg::Further => kept,
            other => {
                if let Some(other) = other {
                    other.end().await;
                }
                self.begin(via).await?
            }
        };
        let octets = Bytes::from(handshake.encoder.write(envelope, &mut SystemRandom).octets);
        sent(&octets);
        handshake.link.output.send(octets).await?;
        let received = handshake.link.input.receive().await?;
        Ok((received, handshake))
    }

    async fn begin(&self, via: &str) -> Result<Handshake, TransportFailure> {
        let most = self.encoding.max_message();
        let dial = Dial::new(via, self.encoding.content_type(), most);
        let link = self.dialer.dial(dial).await?;
        let (encoder, decoder) = (self.encoding.encoder(), self.encoding.decoder());
        Ok(Handshake { link, encoder, decoder })
    }

    fn read(&self, decoder: &mut (dyn Decoder + Send), octets: &[u8]) -> Answer {
        match decoder.read(self.encoding.content_type(), octets) {
            Ok(envelope) => Answer::Message(Box::new(envelope)),
            Err(error) => {
                let first = first_bytes(octets);
                let reason = format!("the answer is no SOAP message: {error}: '{first}'");
                Answer::Failed(TransportFailure { cause: TransportCause::NotSoap, reason })
            }
        }
    }
}

impl Handshake {
    /// Both ends say that nothing more comes; the connection is good for another link then. Nobody waits for long: what was
    /// to be heard was heard.
    pub(in crate::client) async fn end(mut self) {
        let ending = async {
            self.link.output.close().await?;
            self.link.input.receive().await
        };
        let _ = tokio::time::timeout(PATIENCE, ending).await;
    }
}
