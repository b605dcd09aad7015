//! What sends the messages of a factory's channels, where that was given in code.

use std::sync::Arc;

use waxwing_binding::EffectiveEndpoint;
use waxwing_soap::Address;

use super::error::{ChannelError, ChannelErrorKind};
use super::factory::ChannelFactory;
use crate::net::{HTTP_SCHEMES, Transport, wrong_scheme};

impl ChannelFactory {
    /// What sends messages to the endpoint's address, or to where they go instead of it, if it was given in code.
    pub(super) fn given_transport(&self) -> Result<Option<Arc<dyn Transport>>, ChannelError> {
        let endpoint = &self.endpoint;
        let address = &endpoint.address;
        if address.is_empty() {
            let text = "The Address property on ChannelFactory.Endpoint was null.  The ChannelFactory's Endpoint must have a \
                        valid Address specified: write address=\"http://…\" into the file, or give it in code \
                        (ChannelFactory::address)";
            return Err(ChannelError::incomplete(text, address));
        }
        if self.is_over_links() || self.is_streamed_over_links() {
            return Ok(None);
        }
        let via = endpoint.via.as_deref().unwrap_or(address);
        let place = Address::of(via);
        let Some(scheme) = place.scheme().filter(|_| place.authority().is_some()) else {
            return Err(no_scheme(endpoint));
        };
        if let Some(text) = wrong_scheme(via, &endpoint.transport.scheme) {
            return Err(ChannelError::incomplete(text, address));
        }
        let has = |schemes: &[&str]| schemes.iter().any(|own| place.has_scheme(own));
        if let Some(transport) = self.transports.iter().find(|t| has(t.schemes())) {
            return Ok(Some(Arc::clone(transport)));
        }
        if has(HTTP_SCHEMES) {
            return Ok(None);
        }
        let all = self.transports.iter().flat_map(|t| t.schemes()).chain(HTTP_SCHEMES);
        let mut schemes: Vec<_> = all.copied().collect();
        schemes.dedup();
        let schemes = schemes.join(", ");
        let text = format!("this version sends over {schemes} only, not over {scheme}");
        Err(ChannelError::new(ChannelErrorKind::Unsupported(text), address))
    }
}

/// An address that does not say over what messages go.
fn no_scheme(endpoint: &EffectiveEndpoint) -> ChannelError {
    let address = &endpoint.address;
    if let Some(via) = &endpoint.via {
        let text = format!("messages cannot be sent to {via}: begin it with http://");
        return ChannelError::new(ChannelErrorKind::Unsupported(text), address);
    }
    // Of `localhost:8000/calc` the host is taken for the scheme, by WCF as well.
    let scheme = Address::of(address).scheme().unwrap_or(address);
    let text = format!(
        "the address does not say where to send to: begin it with http://, or give the place in code \
         (ChannelFactory::via) or as <clientVia> (WCF: The provided URI scheme '{scheme}' is invalid; \
         expected 'http'.)"
    );
    ChannelError::incomplete(text, address)
}
