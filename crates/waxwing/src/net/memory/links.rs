//! The two ends of a link in one process.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use waxwing_session::{TransportCause, TransportFailure};

use crate::future::BoxFuture;
use crate::net::link::{Link, LinkAbort, LinkAbout, LinkInput, LinkOutput};

/// How many messages are on their way, each way, before a sender waits.
const UNDER_WAY: usize = 8;

/// The most octets of a message, each way.
pub(super) struct Most {
    /// Of what the first end sends.
    pub(super) up: usize,
    /// Of what the second one sends.
    pub(super) down: usize,
    /// Whether each way is one message in pieces, whose octets altogether are meant.
    pub(super) is_streamed: bool,
}

/// The two ends of one link.
pub(super) fn pair(about: LinkAbout, most: &Most) -> (Link, Link) {
    let broken = Arc::new(watch::Sender::new(false));
    let most_is_of_all = most.is_streamed;
    let (to_second, from_first) = mpsc::channel(UNDER_WAY);
    let (to_first, from_second) = mpsc::channel(UNDER_WAY);
    let whole = |most| if most_is_of_all { usize::MAX } else { most };
    let quota = |most| most_is_of_all.then_some(Quota { most, left: most });
    let end = |about: LinkAbout, sender, receiver, out, incoming| Link {
        about,
        output: Box::new(Output {
            sender: Some(sender),
            most: whole(out),
            broken: Arc::clone(&broken),
        }),
        input: Box::new(Input {
            receiver,
            ended: false,
            quota: quota(incoming),
            broken: Arc::clone(&broken),
        }),
        abort: {
            let broken = Arc::clone(&broken);
            LinkAbort::new(move || {
                broken.send_replace(true);
            })
        },
    };
    let first = end(about.clone(), to_second, from_second, most.up, most.down);
    (first, end(about, to_first, from_first, most.down, most.up))
}

fn failed(cause: TransportCause, reason: &str) -> TransportFailure {
    TransportFailure { cause, reason: reason.to_owned() }
}

fn aborted() -> TransportFailure {
    failed(TransportCause::Broken, "the link in memory was aborted")
}

#[derive(Debug)]
struct Output {
    /// None when it is closed.
    sender: Option<mpsc::Sender<Option<Bytes>>>,
    most: usize,
    broken: Arc<watch::Sender<bool>>,
}

impl Output {
    async fn put(&self, what: Option<Bytes>) -> Result<(), TransportFailure> {
        let Some(sender) = &self.sender else {
            let text =
                "You cannot Send messages on a channel after CloseOutputSession has been called.";
            return Err(failed(TransportCause::Broken, text));
        };
        let mut broken = self.broken.subscribe();
        if *broken.borrow() {
            return Err(aborted());
        }
        tokio::select! {
            sent = sender.send(what) => sent.map_err(|_| aborted()),
            _ = broken.wait_for(|broken| *broken) => Err(aborted()),
        }
    }
}

impl LinkOutput for Output {
    fn send(&mut self, message: Bytes) -> BoxFuture<'_, Result<(), TransportFailure>> {
        Box::pin(async move {
            if message.len() > self.most {
                self.broken.send_replace(true);
                let text = "The maximum message size quota for incoming messages has been exceeded for the remote channel.";
                return Err(failed(TransportCause::RequestTooLarge, text));
            }
            self.put(Some(message)).await
        })
    }

    fn close(&mut self) -> BoxFuture<'_, Result<(), TransportFailure>> {
        Box::pin(async move {
            if self.sender.is_some() {
                self.put(None).await?;
                self.sender = None;
            }
            Ok(())
        })
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.sender.is_some() {
            self.broken.send_replace(true);
        }
    }
}

#[derive(Debug)]
struct Input {
    receiver: mpsc::Receiver<Option<Bytes>>,
    ended: bool,
    /// Of a message in pieces.
    quota: Option<Quota>,
    broken: Arc<watch::Sender<bool>>,
}

/// How many octets a message in pieces may still have.
#[derive(Debug)]
struct Quota {
    most: usize,
    left: usize,
}

impl Quota {
    /// A piece has come in.
    ///
    /// # Errors
    /// With it there are too many; in WCF's words.
    fn take(&mut self, octets: usize) -> Result<(), TransportFailure> {
        let left = self.left.checked_sub(octets).ok_or_else(|| {
            let reason = format!(
                "The maximum message size quota for incoming messages ({}) has been exceeded. To increase the quota, use the \
                 MaxReceivedMessageSize property on the appropriate binding element.",
                self.most
            );
            failed(TransportCause::AnswerTooLarge, &reason)
        })?;
        self.left = left;
        Ok(())
    }
}

impl LinkInput for Input {
    fn receive(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportFailure>> {
        Box::pin(async move {
            if self.ended {
                return Ok(None);
            }
            let mut broken = self.broken.subscribe();
            let came = tokio::select! {
                biased;
                came = self.receiver.recv() => came,
                _ = broken.wait_for(|broken| *broken) => None,
            };
            match came {
                Some(Some(message)) => {
                    let taken = self.quota.as_mut().map_or(Ok(()), |own| own.take(message.len()));
                    if let Err(failure) = taken {
                        self.broken.send_replace(true);
                        return Err(failure);
                    }
                    Ok(Some(message))
                }
                Some(None) => {
                    self.ended = true;
                    Ok(None)
                }
                None => Err(aborted()),
            }
        })
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        if !self.ended {
            self.broken.send_replace(true);
        }
    }
}
