//! Exchanges in pieces: a link for each, with one message each way (`transferMode`).

use bytes::Bytes;
use tokio::task::JoinHandle;
use waxwing_session::{Answer, Transmit, TransportCause, TransportFailure};
use waxwing_soap::Envelope;

use super::parts::StreamedParts;
use crate::client::channel::Inner;
use crate::client::error::{ChannelError, ChannelErrorKind};
use crate::client::post::Posted;
use crate::contract::{MOST_HELD, StreamPlace, into_tree};
use crate::environment::SystemRandom;
use crate::net::{Dial, Link, LinkInput};
use crate::streaming::{NotReceived, NotSent, Prepared, Received, receive};

/// One exchange.
struct Streamed<'a> {
    parts: &'a StreamedParts,
    via: &'a str,
    /// Where the stream of the answer stands, if it has one.
    answer: Option<&'a StreamPlace>,
}

impl Inner {
    /// Reads the stream of a request into memory where messages are whole, as WCF does.
    ///
    /// # Errors
    /// The stream cannot be read.
    pub(in crate::client) async fn hold(&self, message: &mut Envelope) -> Result<(), ChannelError> {
        if self.parts.streamed.is_some() || message.attached().is_none() {
            return Ok(());
        }
        into_tree(message, MOST_HELD).await.map_err(|error| {
            let text = format!("the stream that was to be sent could not be read: {error}");
            ChannelError::new(ChannelErrorKind::Contract(text), &self.parts.address)
        })
    }

    /// An exchange in pieces.
    pub(in crate::client) async fn in_pieces(
        &self,
        parts: &StreamedParts,
        transmit: Transmit,
    ) -> Posted {
        let (via, patience) = (&*self.parts.via, self.patience(transmit.deadline));
        let prepared = parts.encoding.prepare(&transmit.envelope, &mut SystemRandom);
        let message = match prepared {
            Ok(message) => message,
            Err(error) => return Posted::failed(error.into_failure()),
        };
        self.trace_sent(&transmit, message.octets());
        let operation = self.parts.contract.find(&transmit.action);
        let answer = operation.and_then(|operation| operation.reply().stream());
        drop(transmit);
        let exchange = Streamed { parts, via, answer };
        match tokio::time::timeout(patience, exchange.exchange(message)).await {
            Ok((answer, octets)) => Posted { answer, octets, clock: None },
            Err(_) => Posted::not_answered(via, patience),
        }
    }
}

/// A request that is on its way. Dropped, it is given up, and the link with it.
struct Upload(Option<JoinHandle<Result<(), NotSent>>>);

impl Upload {
    /// Waits until all of it is written.
    async fn written(&mut self) -> Result<(), TransportFailure> {
        let Some(task) = &mut self.0 else { return Ok(()) };
        let sent = task.await;
        self.0 = None;
        match sent {
            Ok(sent) => sent.map_err(NotSent::into_failure),
            Err(error) => {
                let reason = format!("the task that sends a message ended: {error}");
                Err(TransportFailure { cause: TransportCause::Broken, reason })
            }
        }
    }

    /// It goes on by itself: the service has answered before it has read everything.
    fn leave(mut self) {
        self.0 = None;
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl Streamed<'_> {
    /// One exchange, with the octets of the answer up to its stream, for traces. The answer is there when all that stands
    /// before its stream is; a stream that is sent may still be under way then.
    async fn exchange(&self, message: Prepared) -> (Answer, Bytes) {
        let failed = |failure| (Answer::Failed(failure), Bytes::new());
        self.attempt(message).await.unwrap_or_else(failed)
    }

    async fn attempt(&self, message: Prepared) -> Result<(Answer, Bytes), TransportFailure> {
        let StreamedParts { dialer, encoding, send_timeout, receive_timeout } = self.parts;
        let most = encoding.max_message();
        let dial = Dial::new(self.via, encoding.content_type(), most).streamed();
        let Link { output, mut input, .. } = dialer.dial(dial).await?;
        let mut upload = Upload(Some(tokio::spawn(message.send(output, *send_timeout))));
        let is_stream = |answer: &Envelope| {
            self.answer.is_some_and(|place| !answer.is_fault() && place.is_reached(answer))
        };
        match receive(&mut *input, encoding, *receive_timeout, is_stream).await {
            Ok(Some(Received { envelope, octets, rest })) => {
                upload.leave();
                if let Some(rest) = rest {
                    tokio::spawn(rest.pump(input, *receive_timeout));
                }
                Ok((Answer::Message(Box::new(envelope)), octets))
            }
            Ok(None) => {
                upload.written().await?;
                Ok((Answer::Empty, Bytes::new()))
            }
            Err(error) => Err(self.failed(error, upload, input).await),
        }
    }

    /// Why there is no answer: that the request did not go out says more than what came of that.
    async fn failed(
        &self,
        error: NotReceived,
        mut upload: Upload,
        input: Box<dyn LinkInput>,
    ) -> TransportFailure {
        drop(input);
        match error {
            NotReceived::Malformed(error) => {
                let reason = format!("the answer is no SOAP message: {error}");
                TransportFailure { cause: TransportCause::NotSoap, reason }
            }
            NotReceived::Link(failure) if failure.cause == TransportCause::Broken => {
                match upload.written().await {
                    Err(first) => first,
                    Ok(()) => failure,
                }
            }
            NotReceived::Link(failure) => failure,
        }
    }
}
