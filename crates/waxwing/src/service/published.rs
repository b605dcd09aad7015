//! What is published of a service, and what shows it.

use std::sync::Arc;

use super::https::Https;
use super::instances::Instances;
use super::metadata::{Description, Exchange, ExchangeInstances, Pages, Settings};
use crate::future::BoxFuture;
use crate::net::{HostNames, Incoming, Page, PageRequest, Receiver, Refusal, Reply, ServiceTls};

/// What a service says of itself, and where.
pub(super) struct Published {
    pub(super) description: Arc<Description>,
    pub(super) settings: Arc<Settings>,
}

/// Pages at an address where there is no endpoint.
pub(super) struct PageRoute {
    pub(super) pages: Arc<Pages>,
    pub(super) tls: Option<ServiceTls>,
    /// What shows the certificate, if no endpoint does.
    pub(super) https: Option<Arc<Https>>,
    pub(super) hosts: HostNames,
}

impl Published {
    /// What answers at metadata endpoints.
    pub(super) fn instances(&self) -> Arc<dyn Instances> {
        let (description, settings) = (Arc::clone(&self.description), Arc::clone(&self.settings));
        Arc::new(ExchangeInstances::new(Exchange::new(description, settings)))
    }
}

/// Takes no messages, only shows pages.
pub(super) struct PageReceiver(pub(super) Arc<Pages>);

impl Receiver for PageReceiver {
    fn max_message(&self) -> usize {
        0
    }

    fn page(&self, request: &PageRequest) -> Option<Page> {
        self.0.answer(request)
    }

    fn receive(self: Arc<Self>, _: Incoming) -> BoxFuture<'static, Reply> {
        // As WCF: for another method than GET nobody is registered here, nor at the paths below without an endpoint.
        Box::pin(async { Reply::Refused(Refusal::NotFound) })
    }
}
