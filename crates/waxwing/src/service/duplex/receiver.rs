//! An endpoint as a listener of links knows it.

use std::sync::Arc;

use super::links::Links;
use super::serve::serve;
use crate::future::BoxFuture;
use crate::net::{LinkLimits, LinkReceiver, OfferedLink};
use crate::service::endpoint::Endpoint;

/// An endpoint as a listener of links knows it.
pub(in crate::service) struct LinkEndpoint {
    endpoint: Arc<Endpoint>,
    links: Links,
}

impl LinkEndpoint {
    pub(in crate::service) fn new(endpoint: Arc<Endpoint>, links: Links) -> Self {
        Self { endpoint, links }
    }
}

impl LinkReceiver for LinkEndpoint {
    fn content_type(&self) -> &str {
        self.links.encoding.content_type()
    }

    fn takes(&self, content_type: &str) -> bool {
        self.links.encoding.takes(content_type)
    }

    fn sub_protocol(&self) -> &str {
        &self.links.sub_protocol
    }

    fn limits(&self) -> LinkLimits {
        self.links.limits
    }

    fn offered(self: Arc<Self>, link: Box<dyn OfferedLink>) -> BoxFuture<'static, ()> {
        let encoding = self.links.encoding.of_link(&link.about().content_type);
        Box::pin(serve(Arc::clone(&self.endpoint), link, encoding))
    }
}
