//! What dials WebSockets for a client's channels: over the connections of its HTTP, with their TLS and proxy.

use std::sync::Arc;

use waxwing_session::options;

use super::error::ChannelError;
use super::factory::ChannelFactory;
use crate::net::{LinkDialer, WebSocketDialer};

impl ChannelFactory {
    /// What dials the endpoint's address; none where messages do not go through WebSockets
    /// (`webSocketSettings/transportUsage`). Blocks: certificate files are read.
    pub(super) fn web_socket_dialer(&self) -> Result<Option<Arc<dyn LinkDialer>>, ChannelError> {
        let transport = &self.endpoint.transport;
        let settings = transport.web_socket.as_ref();
        let settings =
            settings.filter(|_| transport.uses_web_sockets(self.contract.callback().is_some()));
        let Some(settings) = settings else { return Ok(None) };
        let keep_alive = options::keep_alive(settings);
        let dialer =
            WebSocketDialer::new(self.http_settings()?, &settings.sub_protocol, keep_alive);
        Ok(Some(Arc::new(dialer)))
    }
}
