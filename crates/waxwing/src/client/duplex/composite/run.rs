//! The task of one channel of composite duplex. It holds the channel by a weak reference: a channel that nobody uses any more
//! goes, and is not called back any more.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use waxwing_session::{
    ClientInput, LinkId, LinkNews, Time, TransmissionId, Transmit, TransportCause,
    TransportFailure, options,
};

use super::listener::{Attachment, Came};
use super::place::CallbackPlace;
use crate::backlog::Backlog;
use crate::client::channel::Inner;
use crate::client::duplex::attached::Outgoing;
use crate::trace::TraceDirection;

/// How many messages are on their way at a time: WCF's window of 8, and what is said beside it.
const UNDER_WAY: usize = 12;

/// How many wait behind them. What finds no place is as if it were lost: it comes again.
const WAITING: usize = 256;

/// What the task begins with.
pub(in crate::client::duplex) struct Listening {
    pub(in crate::client::duplex) id: LinkId,
    pub(in crate::client::duplex) place: Arc<CallbackPlace>,
    pub(in crate::client::duplex) deadline: Time,
    pub(in crate::client::duplex) outgoing: mpsc::UnboundedReceiver<Outgoing>,
    pub(in crate::client::duplex) backlog: Backlog,
}

/// How a message fared.
type Sent = (TransmissionId, Result<(), TransportFailure>);

/// Listens, then posts what the session hands out and gives it what comes, until it hands out nothing more.
pub(in crate::client::duplex) async fn run(channel: Weak<Inner>, listening: Listening) {
    let Listening { id, place, deadline, outgoing, backlog } = listening;
    let Some(inner) = channel.upgrade() else { return };
    let patience = deadline - inner.parts.clock.time();
    let patience_to_close = options::duration(inner.parts.timeouts.close);
    drop(inner);
    let attached = tokio::time::timeout(patience, place.attach()).await;
    let attached = attached.unwrap_or_else(|_| {
        let reason = format!("the client could not listen for the service within {patience:.1?}");
        Err(TransportFailure { cause: TransportCause::NoAnswer, reason })
    });
    drop(place);
    let attachment = match attached {
        Ok(attachment) => attachment,
        Err(failure) => return tell(&channel, id, LinkNews::Unreachable(failure)),
    };
    tell(&channel, id, LinkNews::Listening(attachment.address.clone()));
    let mut directions = Directions {
        channel,
        id,
        attachment,
        outgoing,
        backlog,
        posting: FuturesUnordered::new(),
        waiting: VecDeque::new(),
        closing: None,
    };
    let _ = directions.serve().await;
    // What was handed out last is posted, while nobody hears any more what comes.
    let _ = tokio::time::timeout(patience_to_close, directions.flush()).await;
    tell(&directions.channel, id, LinkNews::End);
}

fn tell(channel: &Weak<Inner>, link: LinkId, news: LinkNews) {
    if let Some(inner) = channel.upgrade() {
        inner.give(&mut inner.lock(), ClientInput::Link { link, news });
    }
}

/// Both directions of a channel.
struct Directions<F = futures_util::future::BoxFuture<'static, Sent>> {
    channel: Weak<Inner>,
    id: LinkId,
    attachment: Attachment,
    outgoing: mpsc::UnboundedReceiver<Outgoing>,
    backlog: Backlog,
    posting: FuturesUnordered<F>,
    waiting: VecDeque<Box<Transmit>>,
    /// Nothing more is handed out, and the channel lives until everything is posted.
    closing: Option<Arc<dyn Any + Send + Sync>>,
}

/// The channel is gone.
struct Gone;

impl Directions {
    async fn serve(&mut self) -> Result<(), Gone> {
        while self.closing.is_none() {
            tokio::select! {
                came = self.attachment.came.recv() => match came {
                    Some(came) => self.came(came)?,
                    None => return Err(Gone),
                },
                outgoing = self.outgoing.recv() => {
                    let outgoing = outgoing.ok_or(Gone)?;
                    self.backlog.less(outgoing.weight());
                    match outgoing {
                        Outgoing::Message(transmit) => self.hand_out(transmit)?,
                        Outgoing::Close(channel) => self.closing = Some(channel),
                    }
                }
                Some(sent) = self.posting.next() => self.sent(sent)?,
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        while let Some(sent) = self.posting.next().await {
            self.sent(sent)?;
        }
        Ok(())
    }

    fn came(&self, came: Came) -> Result<(), Gone> {
        let inner = self.channel.upgrade().ok_or(Gone)?;
        let Came { envelope, octets, hold } = came;
        if let Some(trace) = &inner.parts.trace {
            let now = inner.parts.clock.wall();
            trace.wire(now, TraceDirection::Received, "message", &octets, Some(&envelope));
        }
        drop((octets, hold));
        let mut state = inner.lock();
        state.statistics.answers_received += 1;
        let news = LinkNews::Message(Box::new(envelope));
        inner.give(&mut state, ClientInput::Link { link: self.id, news });
        Ok(())
    }

    fn hand_out(&mut self, transmit: Box<Transmit>) -> Result<(), Gone> {
        if self.waiting.len() >= WAITING {
            let reason = format!(
                "{WAITING} messages wait to be posted, and {UNDER_WAY} are on their way: the service takes them too slowly"
            );
            let failure = TransportFailure { cause: TransportCause::NoAnswer, reason };
            return self.sent((transmit.id, Err(failure)));
        }
        self.waiting.push_back(transmit);
        self.post()
    }

    /// Posts what waits, as far as may be on its way.
    fn post(&mut self) -> Result<(), Gone> {
        while self.posting.len() < UNDER_WAY
            && let Some(transmit) = self.waiting.pop_front()
        {
            let inner = self.channel.upgrade().ok_or(Gone)?;
            self.posting.push(Box::pin(async move {
                let id = transmit.id;
                (id, inner.post_one_way(*transmit).await)
            }));
        }
        Ok(())
    }

    fn sent(&mut self, (id, result): Sent) -> Result<(), Gone> {
        let inner = self.channel.upgrade().ok_or(Gone)?;
        inner.sent_one_way(id, result);
        self.post()
    }
}
