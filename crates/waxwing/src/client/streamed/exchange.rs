//! Exchanges in pieces (`transferMode`): a link for each, with one message each way, or an exchange of HTTP.

use bytes::Bytes;
use tokio::task::JoinHandle;
use waxwing_session::{Answer, Transmit, TransportCause, TransportFailure};
use waxwing_soap::{Envelope, MessageVersion};

use super::parts::{StreamedParts, Way};
use crate::client::channel::Inner;
use crate::client::error::{ChannelError, ChannelErrorKind};
use crate::client::post::{Posted, content_type};
use crate::contract::{MOST_HELD, StreamPlace, into_tree};
use crate::environment::SystemRandom;
use crate::net::{self, Dial, HttpCredentials, Link, LinkInput, Outcome, Request, StreamedAnswer};
use crate::streaming::{Leave, NotReceived, NotSent, Prepared, Received, receive};

/// One exchange.
struct Streamed<'a> {
    parts: &'a StreamedParts,
    via: &'a str,
    /// What the transport is told of the message.
    told: Told<'a>,
    /// Where the stream of the answer stands, if it has one.
    answer: Option<&'a StreamPlace>,
}

/// What a transport is told beside a message.
#[derive(Clone, Copy)]
struct Told<'a> {
    action: &'a str,
    version: MessageVersion,
    keep_alive: bool,
    credentials: Option<&'a HttpCredentials>,
}

impl Inner {
    /// Reads the stream of a request into memory where messages are whole, as WCF does.
    ///
    /// # Errors
    /// The stream cannot be read.
    pub(in crate::client) async fn hold(&self, message: &mut Envelope) -> Result<(), ChannelError> {
        let is_sent = |streamed: &StreamedParts| streamed.encoding.requests();
        if self.parts.streamed.as_ref().is_some_and(is_sent) || message.attached().is_none() {
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
        let action = transmit.action().into_owned();
        let operation = self.parts.contract.find(&action);
        let answer = operation.and_then(|operation| operation.reply().stream());
        let answer = answer.filter(|_| parts.encoding.replies());
        drop(transmit);
        let told = Told {
            action: &action,
            version: self.parts.version,
            keep_alive: self.parts.keep_alive,
            credentials: self.parts.http.as_deref(),
        };
        let exchange = Streamed { parts, via, told, answer };
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

    /// Why there is no answer: that the request did not go out says more than what came of that.
    async fn or(mut self, failure: TransportFailure) -> TransportFailure {
        match self.written().await {
            Err(first) => first,
            Ok(()) => failure,
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
        let StreamedParts { way, encoding, send_timeout, .. } = self.parts;
        match way {
            Way::Links(dialer) => {
                let most = encoding.max_message();
                let dial = Dial::new(self.via, encoding.content_type(), most).streamed();
                let Link { output, input, .. } = dialer.dial(dial).await?;
                let upload = Upload(Some(tokio::spawn(message.send(output, *send_timeout))));
                self.answered(input, encoding.content_type(), upload).await
            }
            Way::Exchanges(_) => self.posted(message).await,
        }
    }

    /// One exchange of the transport.
    async fn posted(&self, mut message: Prepared) -> Result<(Answer, Bytes), TransportFailure> {
        let StreamedParts { way, encoding, send_timeout, .. } = self.parts;
        let Some(transport) = way.transport() else {
            return Ok((Answer::Failed(no_transport()), Bytes::new()));
        };
        let Told { action, version, keep_alive, credentials } = self.told;
        let content_type = content_type(message.content_type(), version, action).into_owned();
        let (written, _) = net::written();
        let (octets, max_answer, version) = (message.whole(), encoding.max_message(), version.soap);
        let (upload, stream) = match &octets {
            Some(_) => (Upload(None), None),
            None => {
                let (output, stream) = net::pieces();
                let send = message.send(Box::new(output), *send_timeout);
                (Upload(Some(tokio::spawn(send))), Some(stream))
            }
        };
        let request = Request {
            action,
            version,
            max_answer,
            keep_alive,
            credentials,
            ..Request::new(self.via, &content_type, octets.unwrap_or_default(), written)
        };
        match transport.exchange_in_pieces(request, stream).await {
            StreamedAnswer::Message { content_type, input } => {
                let content_type = content_type.unwrap_or_else(|| "none".to_owned());
                self.answered(input, &content_type, upload).await
            }
            StreamedAnswer::Over(net::Answer { outcome, octets, .. }) => match outcome {
                Outcome::Empty => Ok((Answer::Empty, octets)),
                Outcome::Failed(failure) if failure.cause == TransportCause::Broken => {
                    Err(upload.or(failure).await)
                }
                Outcome::Failed(failure) => Ok((Answer::Failed(failure), octets)),
                // A transport that has pieces has none of these.
                Outcome::Message { .. } => Ok((Answer::Failed(no_transport()), octets)),
            },
        }
    }

    /// The answer as it comes.
    async fn answered(
        &self,
        mut input: Box<dyn LinkInput>,
        content_type: &str,
        mut upload: Upload,
    ) -> Result<(Answer, Bytes), TransportFailure> {
        let StreamedParts { encoding, receive_timeout, .. } = self.parts;
        let is_stream = |answer: &Envelope| {
            self.answer.is_some_and(|place| !answer.is_fault() && place.is_reached(answer))
        };
        let encoding = (encoding, content_type);
        match receive(&mut *input, encoding, *receive_timeout, is_stream).await {
            Ok(Some(Received { envelope, octets, rest })) => {
                upload.leave();
                if let Some(rest) = rest {
                    tokio::spawn(rest.pump(input, *receive_timeout, Leave::Soon));
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

    /// Why there is no answer.
    async fn failed(
        &self,
        error: NotReceived,
        upload: Upload,
        input: Box<dyn LinkInput>,
    ) -> TransportFailure {
        drop(input);
        match error {
            NotReceived::Malformed(error) | NotReceived::ContentType(error) => {
                let reason = format!("the answer is no SOAP message: {error}");
                TransportFailure { cause: TransportCause::NotSoap, reason }
            }
            NotReceived::Link(failure) if failure.cause == TransportCause::Broken => {
                upload.or(failure).await
            }
            NotReceived::Link(failure) => failure,
        }
    }
}

/// A transport that says otherwise than before.
fn no_transport() -> TransportFailure {
    let reason = "the transport has no messages in pieces".to_owned();
    TransportFailure { cause: TransportCause::NotSoap, reason }
}
