//! What dials the links of a client's channels.

use std::sync::Arc;

use waxwing_session::{DuplexSettings, options};
use waxwing_soap::{Address, SoapVersion};

use super::duplex::parts::LinkParts;
use super::error::{ChannelError, ChannelErrorKind};
use super::factory::ChannelFactory;
use super::prepared::Read;
use super::streamed::parts::{StreamedParts, Way};
use crate::contract::{CallbackInstance, FaultOptions};
use crate::link_encoding::LinkEncoding;
use crate::net::{LinkDialer, Transport};
use crate::streaming::{self, StreamedEncoding};

impl ChannelFactory {
    /// The same, making links with this where the binding's messages go over links (`netTcpBinding`) and the address has one
    /// of its schemes. What is given last goes first; without it links go over TCP.
    #[must_use]
    pub fn dialer(mut self, dialer: impl LinkDialer + 'static) -> Self {
        self.dialers.insert(0, Arc::new(dialer));
        self
    }

    /// Whether messages go over links.
    pub(super) fn is_over_links(&self) -> bool {
        options::is_over_links(&self.endpoint, self.contract.callback().is_some())
    }

    /// Whether both ends call: over links, or in composite duplex.
    pub(super) fn is_duplex(&self) -> bool {
        self.is_over_links() || options::is_composite(&self.endpoint)
    }

    /// What the links of a channel are made of; none where messages go in exchanges.
    ///
    /// # Errors
    /// Nothing here dials such an address.
    pub(super) fn link_parts(
        &self,
        read: &Read,
        version: SoapVersion,
    ) -> Result<Option<LinkParts>, ChannelError> {
        if !self.is_over_links() {
            return Ok(None);
        }
        let dialer = self.dialer_of(read)?;
        let encoding = LinkEncoding::of(&self.endpoint, version);
        Ok(Some(LinkParts { dialer, encoding }))
    }

    /// How a conversation over links is, or over a pair of addresses.
    pub(super) fn duplex_settings(&self) -> DuplexSettings {
        let concurrency = self.callback.as_ref().map(CallbackInstance::mode);
        DuplexSettings {
            callbacks: concurrency.is_some(),
            concurrency: concurrency.unwrap_or_default(),
            bound: self.endpoint.transport.stream_security.is_some(),
            composite: options::is_composite(&self.endpoint),
        }
    }

    /// What the service hears of errors in callbacks (`callbackDebug`).
    pub(super) fn callback_faults(&self) -> FaultOptions {
        let debug = self.endpoint.endpoint_behavior.callback_debug.as_ref();
        let include_exception_detail = debug.is_some_and(|d| d.include_exception_detail_in_faults);
        FaultOptions { include_exception_detail }
    }

    /// Whether messages go in pieces, one each way over a link.
    pub(super) fn is_streamed_over_links(&self) -> bool {
        streaming::is_over_links(&self.endpoint)
    }

    /// What the exchanges in pieces of a channel are made of; none where messages are whole: a transport of the program may have
    /// those alone, and then streams are held in memory.
    ///
    /// # Errors
    /// Nothing here dials such an address.
    pub(super) fn streamed_parts(
        &self,
        read: &Read,
        version: SoapVersion,
        transport: Option<&Arc<dyn Transport>>,
    ) -> Result<Option<StreamedParts>, ChannelError> {
        let Some(encoding) = StreamedEncoding::of(&self.endpoint, version) else { return Ok(None) };
        let way = match transport.filter(|_| !self.is_streamed_over_links()) {
            None => Way::Links(self.dialer_of(read)?),
            Some(transport) if transport.streamed().is_none() => return Ok(None),
            Some(transport) => Way::Exchanges(Arc::clone(transport)),
        };
        let timeouts = &self.endpoint.timeouts;
        Ok(Some(StreamedParts {
            way,
            encoding,
            send_timeout: options::duration(timeouts.send),
            receive_timeout: options::duration(timeouts.receive),
        }))
    }

    fn dialer_of(&self, read: &Read) -> Result<Arc<dyn LinkDialer>, ChannelError> {
        let place = Address::of(self.place());
        let has = |dialer: &&Arc<dyn LinkDialer>| {
            dialer.schemes().iter().any(|scheme| place.has_scheme(scheme))
        };
        let found = self.dialers.iter().chain(&read.dialer).find(has).map(Arc::clone);
        found.ok_or_else(|| self.not_dialed())
    }

    fn not_dialed(&self) -> ChannelError {
        let place = self.place();
        let (scheme, expected) =
            (Address::of(place).scheme().unwrap_or_default(), &self.endpoint.transport.scheme);
        let text = format!(
            "The provided URI scheme '{scheme}' is invalid; expected '{expected}'. ({place}: write an address that begins \
             with {expected}://, or take another binding)"
        );
        ChannelError::new(ChannelErrorKind::Incomplete(text), &self.endpoint.address)
    }
}
