//! An endpoint as listeners know it: what takes the messages and the links of its address.

use std::sync::Arc;
use std::time::Duration;

use super::duplex::receiver::LinkEndpoint;
use super::durable::Came;
use super::endpoint::Endpoint;
use super::streamed::StreamedEndpoint;
use crate::future::BoxFuture;
use crate::net::{
    HttpAuthentication, Incoming, LinkReceiver, Page, PageRequest, Receiver, Refusal, Reply,
};

impl Receiver for Endpoint {
    fn max_message(&self) -> usize {
        self.parts.encoding.max_message()
    }

    fn authentication(&self) -> Option<&HttpAuthentication> {
        self.parts.http_authentication.as_ref()
    }

    fn page(&self, request: &PageRequest) -> Option<Page> {
        self.parts.pages.as_ref()?.answer(request)
    }

    fn request_timeout(&self) -> Option<Duration> {
        self.parts.request_timeout
    }

    fn links(self: Arc<Self>) -> Option<Arc<dyn LinkReceiver>> {
        if let Some(streamed) = self.parts.streamed {
            return Some(Arc::new(StreamedEndpoint::new(self, streamed)));
        }
        let links = self.parts.links.clone()?;
        Some(Arc::new(LinkEndpoint::new(self, links)))
    }

    fn receive(self: Arc<Self>, incoming: Incoming) -> BoxFuture<'static, Reply> {
        // WCF: "This service only supports WebSocket connections." (400)
        if self.parts.links.is_some() || self.parts.streamed.is_some() {
            return Box::pin(async { Reply::Refused(Refusal::Malformed) });
        }
        if self.parts.outward.is_some() {
            return Box::pin(self.take(incoming));
        }
        Box::pin(self.handle(incoming, Came::FromAClient))
    }
}
