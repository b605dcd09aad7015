//! An endpoint as a listener of links knows it.

use std::sync::Arc;

use super::Streamed;
use super::serve::serve;
use crate::future::BoxFuture;
use crate::net::{LinkLimits, LinkReceiver, OfferedLink};
use crate::service::endpoint::Endpoint;

/// An endpoint whose messages go in pieces, as a listener of links knows it.
pub(in crate::service) struct StreamedEndpoint {
    endpoint: Arc<Endpoint>,
    streamed: Streamed,
}

impl StreamedEndpoint {
    pub(in crate::service) fn new(endpoint: Arc<Endpoint>, streamed: Streamed) -> Self {
        Self { endpoint, streamed }
    }
}

impl LinkReceiver for StreamedEndpoint {
    fn content_type(&self) -> &str {
        self.streamed.encoding.content_type()
    }

    fn takes(&self, content_type: &str) -> bool {
        self.streamed.encoding.takes(content_type)
    }

    fn streamed(&self) -> Option<usize> {
        Some(self.streamed.encoding.max_message())
    }

    fn limits(&self) -> LinkLimits {
        self.streamed.limits
    }

    fn offered(self: Arc<Self>, link: Box<dyn OfferedLink>) -> BoxFuture<'static, ()> {
        Box::pin(serve(Arc::clone(&self.endpoint), link, self.streamed))
    }
}
