//! What dials net.tcp for a client's channels: connections that are kept, TLS in them, whom it trusts.

use std::sync::Arc;

use waxwing_binding::StreamSecurity;
use waxwing_crypto::Certificate;
use waxwing_security::conversation::ExpectedIdentity;
use waxwing_session::options;

use super::error::{ChannelError, ChannelErrorKind};
use super::factory::ChannelFactory;
use super::https::ByRule;
use crate::future::BoxFuture;
use crate::net::{Distrust, LinkDialer, ServerTrust, TcpDialer, TcpPool, TcpPoolSettings, TcpTls};

impl ChannelFactory {
    /// What dials the endpoint's address; none where it is none of net.tcp. Its channels share the connections that it keeps.
    /// Blocks: certificate files are read.
    pub(super) fn tcp_dialer(&self) -> Result<Option<Arc<dyn LinkDialer>>, ChannelError> {
        let transport = &self.endpoint.transport;
        let Some(tcp) = &transport.tcp else { return Ok(None) };
        let tls = match transport.stream_security {
            None => None,
            Some(StreamSecurity::Tls { .. }) => Some(self.stream_tls()?),
            Some(StreamSecurity::Windows { .. }) => {
                let text = "this version does not log in by Windows over net.tcp (<windowsStreamSecurity>, \
                            clientCredentialType=\"Windows\")"
                    .to_owned();
                let kind = ChannelErrorKind::Unsupported(text);
                return Err(ChannelError::new(kind, &self.endpoint.address));
            }
        };
        let pool = &tcp.connection_pool_settings;
        let most = pool.max_outbound_connections_per_endpoint;
        let settings = TcpPoolSettings {
            max_idle: usize::try_from(most).unwrap_or(usize::MAX),
            idle_timeout: options::duration(pool.idle_timeout),
            lease_timeout: options::duration(pool.lease_timeout),
        };
        Ok(Some(Arc::new(TcpDialer::new(TcpPool::new(settings), tls))))
    }

    /// TLS in the connection: its certificate is checked as those of message security are (`<serviceCertificate><authentication>`),
    /// and it must be that of the endpoint's identity, or of the host.
    fn stream_tls(&self) -> Result<TcpTls, ChannelError> {
        let address = &self.endpoint.address;
        let failed = |error| ChannelError::new(ChannelErrorKind::Certificate(error), address);
        let rule = match &self.trust {
            Some(rule) => rule.clone(),
            None => self.configured_trust().map_err(failed)?,
        };
        let identity = match self.expected_identity()? {
            Some(identity) => identity,
            None => ExpectedIdentity::of_address(address),
        };
        let trust = ByIdentity { rule: ByRule::new(rule, self.clock), identity };
        let own = self.shown()?;
        TcpTls::new(self.tls_profile()?, own.as_ref(), Arc::new(trust))
            .map_err(|error| ChannelError::incomplete(error.to_string(), address))
    }
}

/// A rule decides whether the certificate is good, and the identity whether it is the right one.
struct ByIdentity {
    rule: ByRule,
    identity: ExpectedIdentity,
}

impl ByIdentity {
    /// In WCF's words where it compares names.
    fn identify(&self, shown: &[Certificate]) -> Result<(), Distrust> {
        let Some(own) = shown.first() else {
            return Err(Distrust::Certificate("it showed no certificate".to_owned()));
        };
        let Err(mismatch) = self.identity.check(own) else { return Ok(()) };
        let names = own.dns_names();
        Err(Distrust::Identity(match (&self.identity, names.first()) {
            (ExpectedIdentity::Dns(expected), Some(found)) => format!(
                "Identity check failed for outgoing message. The expected DNS identity of the remote endpoint was '{expected}' but \
                 the remote endpoint provided DNS claim '{found}'. If this is a legitimate remote endpoint, you can fix the problem \
                 by explicitly specifying DNS identity '{found}' as the Identity property of EndpointAddress when creating channel \
                 proxy (<identity><dns value=\"{found}\"/></identity>)."
            ),
            _ => mismatch.to_string(),
        }))
    }
}

impl ServerTrust for ByIdentity {
    fn quick(&self, shown: &[Certificate], host: &str) -> Option<Result<(), Distrust>> {
        // Who is not the right one need not be judged.
        if let Err(distrust) = self.identify(shown) {
            return Some(Err(distrust));
        }
        self.rule.quick(shown, host)
    }

    fn ask<'a>(
        &'a self,
        shown: &'a [Certificate],
        host: &'a str,
    ) -> BoxFuture<'a, Result<(), Distrust>> {
        Box::pin(async move {
            self.identify(shown)?;
            self.rule.ask(shown, host).await
        })
    }
}
