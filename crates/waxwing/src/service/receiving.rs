//! An endpoint as listeners know it: what takes the messages and the links of its address.

use std::sync::Arc;
use std::time::Duration;

use super::duplex::receiver::LinkEndpoint;
use super::durable::Came;
use super::endpoint::Endpoint;
use super::streamed::{Streamed, StreamedEndpoint};
use crate::future::{BoxFuture, boxed};
use crate::net::{
    HttpAuthentication, Incoming, LinkInput, LinkReceiver, Page, PageRequest, Receiver, Refusal,
    Reply, StreamedReply,
};

impl Receiver for Endpoint {
    fn max_message(&self) -> usize {
        match &self.parts.streamed {
            Some(streamed) => streamed.max_held(),
            None => self.parts.encoding.max_message(),
        }
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
        if let Some(streamed) = self.parts.streamed.filter(Streamed::is_over_links) {
            return Some(Arc::new(StreamedEndpoint::new(self, streamed)));
        }
        let links = self.parts.links.clone()?;
        Some(Arc::new(LinkEndpoint::new(self, links)))
    }

    fn streamed(&self) -> Option<usize> {
        let streamed = self.parts.streamed.filter(|streamed| !streamed.is_over_links());
        streamed.map(|streamed| streamed.max_message())
    }

    fn receive_in_pieces(
        self: Arc<Self>,
        incoming: Incoming,
        input: Box<dyn LinkInput>,
    ) -> BoxFuture<'static, StreamedReply> {
        match self.parts.streamed {
            Some(streamed) => Box::pin(self.in_pieces(incoming, input, streamed)),
            None => Box::pin(async { StreamedReply::Whole(Reply::Refused(Refusal::Failed)) }),
        }
    }

    fn judge(self: Arc<Self>, incoming: Incoming) -> BoxFuture<'static, Result<Incoming, Refusal>> {
        Box::pin(self.judge_head(incoming))
    }

    fn receive(self: Arc<Self>, incoming: Incoming) -> BoxFuture<'static, Reply> {
        match self.parts.streamed {
            Some(streamed) if !streamed.is_over_links() => {
                return Box::pin(self.whole_in_pieces(incoming, streamed));
            }
            // WCF: "This service only supports WebSocket connections." (400)
            None if self.parts.links.is_none() => {}
            _ => return Box::pin(async { Reply::Refused(Refusal::Malformed) }),
        }
        if self.parts.outward.is_some() {
            return Box::pin(self.take(incoming));
        }
        boxed(|| self.handle(incoming, Came::FromAClient))
    }
}
