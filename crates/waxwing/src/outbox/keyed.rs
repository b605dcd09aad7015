//! A channel whose one call is kept under a key: what a generated client calls over.

use waxwing_soap::{Envelope, MessageVersion};

use super::handle::Outbox;
use crate::contract::{BoxFuture, Call, CallError, ObjectQuotas, Request, RequestChannel};

/// A channel for one call: it is enqueued under a key, and its result is waited for.
///
/// The same call under the same key gives the same result, also after a restart: the service executes it once. The time of a
/// call ([`CallOptions`](crate::contract::CallOptions)) limits the waiting, not the delivery.
#[derive(Clone, Debug)]
pub struct Keyed {
    outbox: Outbox,
    key: String,
}

impl Outbox {
    /// A channel for the call with this key: `CalculatorClient::new(outbox.keyed("order 17")).add(1.0, 2.0).await`.
    pub fn keyed(&self, key: impl Into<String>) -> Keyed {
        Keyed { outbox: self.clone(), key: key.into() }
    }
}

impl Keyed {
    async fn call<T: 'static>(
        &self,
        call: Call<T>,
        timeout: Option<std::time::Duration>,
    ) -> Result<T, CallError> {
        let queued = self.outbox.enqueue(&self.key, call).await?;
        let result = queued.result();
        match timeout {
            None => result.await,
            Some(timeout) => tokio::time::timeout(timeout, result).await.unwrap_or_else(|_| {
                Err(CallError::channel(format!(
                    "the call '{}' has no result after {timeout:?}. It is kept and goes on: call again with the same key",
                    self.key
                )))
            }),
        }
    }
}

impl RequestChannel for Keyed {
    fn message_version(&self) -> MessageVersion {
        self.outbox.format().version()
    }

    fn quotas(&self) -> ObjectQuotas {
        self.outbox.format().quotas()
    }

    fn request<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Envelope, CallError>> {
        let Request { action, message, timeout } = request;
        Box::pin(self.call(Call::raw_with_fault(action, message), timeout))
    }

    /// Kept, and acknowledged by the service.
    fn send_one_way<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<(), CallError>> {
        let Request { action, message, timeout } = request;
        Box::pin(self.call(Call::raw_one_way(action, message), timeout))
    }
}
