//! What a call says beside its arguments: a time of its own, headers, and whether the reply's headers are wanted.

use std::time::Duration;

use waxwing_soap::{Envelope, MessageVersion};

use super::header::{MessageHeader, ReplyHeaders};
use super::{BoxFuture, CallError, ObjectQuotas, Request, RequestChannel};

/// Options of calls. A generated client takes them with `with_options`, and the calls of the client that it gives have
/// them all.
///
/// ```
/// use std::time::Duration;
/// use waxwing::contract::{CallOptions, MessageHeader, ReplyHeaders};
/// let reply = ReplyHeaders::new();
/// let options = CallOptions::new()
///     .timeout(Duration::from_secs(5))
///     .header(MessageHeader::new("Ticket", "urn:shop", &42)?)
///     .reply_headers(&reply);
/// // let price = client.with_options(options).price("umbrella").await?;
/// // let status: Option<String> = reply.header("Status", "urn:shop")?;
/// # let _ = options;
/// # Ok::<(), waxwing::datacontract::WriteError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    timeout: Option<Duration>,
    headers: Vec<MessageHeader>,
    reply: Option<ReplyHeaders>,
}

impl CallOptions {
    /// Nothing special.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with this time for each call instead of the binding's `sendTimeout` (WCF: `OperationTimeout`).
    ///
    /// Inside a reliable session a message that was sent has its number, which cannot be taken back: a call that still waits
    /// for its place in the window fails alone, one that was sent ends a request/reply session, as the `sendTimeout` does.
    /// Outside of reliable sessions only the call fails; the service may have executed it.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The same with one more header in each request.
    #[must_use]
    pub fn header(mut self, header: MessageHeader) -> Self {
        self.headers.push(header);
        self
    }

    /// The same; the headers of each reply are put into `reply`.
    #[must_use]
    pub fn reply_headers(mut self, reply: &ReplyHeaders) -> Self {
        self.reply = Some(reply.clone());
        self
    }

    fn apply(&self, request: &mut Request<'_>) {
        request.timeout = request.timeout.or(self.timeout);
        for header in &self.headers {
            header.write(&mut request.message);
        }
    }
}

/// A channel whose calls have options. A generated client makes it with `with_options`.
#[derive(Clone, Debug)]
pub struct Configured<C> {
    channel: C,
    options: CallOptions,
}

impl<C> Configured<C> {
    /// The calls of `channel` with these options. Of two that are put around a channel the outer one's time goes first.
    pub fn new(channel: C, options: CallOptions) -> Self {
        Self { channel, options }
    }

    /// The channel.
    pub fn channel(&self) -> &C {
        &self.channel
    }
}

impl<C> std::ops::Deref for Configured<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.channel
    }
}

impl<C: RequestChannel> RequestChannel for Configured<C> {
    fn message_version(&self) -> MessageVersion {
        self.channel.message_version()
    }

    fn quotas(&self) -> ObjectQuotas {
        self.channel.quotas()
    }

    fn request<'a>(
        &'a self,
        mut request: Request<'a>,
    ) -> BoxFuture<'a, Result<Envelope, CallError>> {
        self.options.apply(&mut request);
        let reply = self.channel.request(request);
        match &self.options.reply {
            None => reply,
            Some(headers) => Box::pin(async move {
                let reply = reply.await?;
                headers.keep(&reply);
                Ok(reply)
            }),
        }
    }

    fn send_one_way<'a>(
        &'a self,
        mut request: Request<'a>,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        self.options.apply(&mut request);
        self.channel.send_one_way(request)
    }
}
