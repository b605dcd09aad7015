//! The task of one link. It holds the channel by a weak reference: a channel that nobody uses any more goes, and its link
//! with it.

use std::sync::Weak;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::Either;
use tokio::sync::{mpsc, watch};
use waxwing_session::{
    ClientInput, LinkId, LinkNews, Time, TransmissionId, Transmit, TransportCause,
    TransportFailure, options,
};
use waxwing_soap::Envelope;
use waxwing_soap::encoder::{Decoder, Encoder};

use super::attached::Outgoing;
use super::parts::LinkParts;
use crate::backlog::{Backlog, Weight};
use crate::client::channel::Inner;
use crate::environment::SystemRandom;
use crate::future::at_most;
use crate::link_encoding::LinkEncoding;
use crate::net::{Dial, Link, LinkInput, LinkOutput, first_bytes};
use crate::trace::TraceDirection;
use crate::turns::in_turns;

/// How many messages go into one write at most.
const BATCH: usize = 32;

/// What a link's task begins with.
pub(super) struct Dialing {
    pub(super) id: LinkId,
    pub(super) parts: LinkParts,
    pub(super) deadline: Time,
    pub(super) outgoing: mpsc::UnboundedReceiver<Outgoing>,
    pub(super) held: watch::Receiver<bool>,
    /// What waits to be written of what the service has the client say.
    pub(super) backlog: Backlog,
}

/// The link is of no more use; why, the session knows.
struct Over;

/// Dials a link and serves it until it ends.
pub(super) async fn run(channel: Weak<Inner>, dialing: Dialing) {
    let Dialing { id, parts, deadline, outgoing, held, backlog } = dialing;
    let Some(inner) = channel.upgrade() else { return };
    let (via, encoding) = (inner.parts.via.clone(), parts.encoding);
    let patience = deadline - inner.parts.clock.time();
    let patience_to_send = options::duration(inner.parts.timeouts.send);
    let patience_to_close = options::duration(inner.parts.timeouts.close);
    drop(inner);
    let dial = Dial::new(&via, encoding.content_type(), encoding.max_message());
    let dialed = tokio::time::timeout(patience, parts.dialer.dial(dial)).await;
    let dialed = dialed.unwrap_or_else(|_| {
        let reason = format!("{via} did not take the connection within {patience:.1?}");
        Err(TransportFailure { cause: TransportCause::NoAnswer, reason })
    });
    let teller = Teller { channel, id, backlog };
    let Link { output, input, .. } = match dialed {
        Ok(link) => link,
        Err(failure) => return teller.tell(LinkNews::Unreachable(failure)),
    };
    teller.tell(LinkNews::Open);
    // Each direction of a link is one to the encoding.
    let writing = write(&teller, output, outgoing, encoding.encoder(), patience_to_send);
    let reading = read(&teller, input, held, encoding);
    tokio::pin!(writing, reading);
    // What comes may have something to be written, which goes out in the same turn then.
    match in_turns(reading.as_mut(), writing.as_mut()).await {
        Either::Left(Ok(())) => {
            let _ = writing.await;
        }
        Either::Right(Ok(())) => {
            // Who closes it does not wait for the other end for longer, either.
            let _ = tokio::time::timeout(patience_to_close, reading).await;
        }
        Either::Left(Err(Over)) | Either::Right(Err(Over)) => {}
    }
}

/// Tells the session what happens at its link.
struct Teller {
    channel: Weak<Inner>,
    id: LinkId,
    backlog: Backlog,
}

impl Teller {
    fn tell(&self, news: LinkNews) {
        let Some(inner) = self.channel.upgrade() else { return };
        let mut state = inner.lock();
        if matches!(news, LinkNews::Message(_)) {
            state.statistics.answers_received += 1;
        }
        inner.give(&mut state, ClientInput::Link { link: self.id, news });
    }

    fn lost(&self, failure: TransportFailure) -> Over {
        self.tell(LinkNews::Lost(failure));
        Over
    }

    fn written(&self, ids: &[TransmissionId]) {
        if ids.is_empty() {
            return;
        }
        let Some(inner) = self.channel.upgrade() else { return };
        let mut state = inner.lock();
        ids.iter().for_each(|id| inner.give(&mut state, ClientInput::Written(*id)));
    }
}

async fn write(
    teller: &Teller,
    mut output: Box<dyn LinkOutput>,
    mut outgoing: mpsc::UnboundedReceiver<Outgoing>,
    mut encoder: Box<dyn Encoder + Send>,
    patience: Duration,
) -> Result<(), Over> {
    let mut batch = Vec::new();
    loop {
        if outgoing.recv_many(&mut batch, BATCH).await == 0 {
            return Err(Over);
        }
        let (mut octets, mut ids, mut last) = (Vec::with_capacity(batch.len()), Vec::new(), None);
        let mut weight = Weight::default();
        for outgoing in batch.drain(..) {
            weight.add(outgoing.weight());
            match outgoing {
                Outgoing::Message(transmit) => {
                    let inner = teller.channel.upgrade().ok_or(Over)?;
                    ids.extend(transmit.is_awaited.then_some(transmit.id));
                    octets.push(inner.encode(&transmit, &mut *encoder));
                }
                Outgoing::Close(channel) => last = Some(channel),
            }
        }
        let written = at_most(patience, output.send_all(octets)).await;
        match written.unwrap_or_else(|| Err(not_taken(patience))) {
            Ok(()) => {
                teller.backlog.less(weight);
                teller.written(&ids);
            }
            Err(failure) => return Err(teller.lost(failure)),
        }
        if last.is_some() {
            let closed = at_most(patience, output.close()).await;
            return closed
                .unwrap_or_else(|| Err(not_taken(patience)))
                .map_err(|failure| teller.lost(failure));
        }
    }
}

fn not_taken(patience: Duration) -> TransportFailure {
    let reason = format!(
        "the service took nothing of a message within {patience:.1?}. WCF: The write timed out. The time allotted to this \
         operation may have been a portion of a longer timeout (SendTimeout)"
    );
    TransportFailure { cause: TransportCause::NoAnswer, reason }
}

async fn read(
    teller: &Teller,
    mut input: Box<dyn LinkInput>,
    mut held: watch::Receiver<bool>,
    encoding: LinkEncoding,
) -> Result<(), Over> {
    let (mut decoder, content_type) = (encoding.decoder(), encoding.content_type());
    loop {
        teller.backlog.has_room().await;
        if held.wait_for(|held| !held).await.is_err() {
            return Err(Over);
        }
        let octets = match input.receive().await {
            Ok(Some(octets)) => octets,
            Ok(None) => {
                teller.tell(LinkNews::End);
                return Ok(());
            }
            Err(failure) => return Err(teller.lost(failure)),
        };
        match decode(teller, &mut *decoder, content_type, &octets) {
            Ok(envelope) => teller.tell(LinkNews::Message(Box::new(envelope))),
            // An encoding with state is lost with one message.
            Err(failure) => return Err(teller.lost(failure)),
        }
    }
}

fn decode(
    teller: &Teller,
    decoder: &mut (dyn Decoder + Send),
    content_type: &str,
    octets: &[u8],
) -> Result<Envelope, TransportFailure> {
    let read = decoder.read(content_type, octets);
    if let Some(inner) = teller.channel.upgrade()
        && let Some(trace) = &inner.parts.trace
    {
        let now = inner.parts.clock.wall();
        trace.wire(now, TraceDirection::Received, "message", octets, read.as_ref().ok());
    }
    read.map_err(|error| {
        let first = first_bytes(octets);
        let reason = format!("what came is no SOAP message: {error}. It began with '{first}'");
        TransportFailure { cause: TransportCause::NotSoap, reason }
    })
}

impl Inner {
    fn encode(&self, transmit: &Transmit, encoder: &mut (dyn Encoder + Send)) -> Bytes {
        let octets = encoder.write(&transmit.envelope, &mut SystemRandom).octets;
        self.trace_sent(transmit, &octets);
        octets.into()
    }
}
