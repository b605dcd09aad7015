//! What a client's messages go through, as binding, file, environment and code say it.

use std::sync::Arc;

use waxwing_binding::{
    AuthenticationSchemes, ProxyCredentials, ProxyEnvironment, ProxyRoute, ProxyRules,
};

use super::error::ChannelError;
use super::factory::ChannelFactory;
use crate::net::{ClientTls, HttpProxy, HttpSettings, HttpTransport, ProxyLogin, is_own};

impl ChannelFactory {
    /// The same, sending through this proxy (`proxyAddress` with `useDefaultWebProxy="false"`): `http://proxy:3128`,
    /// `https://proxy` where the proxy itself is spoken to over TLS, either with `user:password@` before the host. What the
    /// environment and `<defaultProxy>` say does not count.
    #[must_use]
    pub fn proxy_address(mut self, address: impl Into<String>) -> Self {
        let proxy = &mut self.endpoint_mut().transport.proxy;
        (proxy.address, proxy.use_default) = (Some(address.into()), false);
        self
    }

    /// The same, sending through no proxy, whatever the environment and `<defaultProxy>` say.
    #[must_use]
    pub fn no_proxy(mut self) -> Self {
        let proxy = &mut self.endpoint_mut().transport.proxy;
        (proxy.address, proxy.use_default) = (None, false);
        self
    }

    /// The same, with a user name and password for the proxy, in every security mode. They go before those of the proxy's
    /// address; a configuration file's `proxyCredentialType` takes those of [`user_name`](Self::user_name) or
    /// [`http_digest`](Self::http_digest) otherwise. They are shown when the proxy asks, by Digest if it takes that. **Basic
    /// shows the password to whoever listens between here and the proxy.**
    #[must_use]
    pub fn proxy_credentials(
        mut self,
        name: impl Into<String>,
        password: impl Into<String>,
    ) -> Self {
        self.endpoint_mut();
        self.proxy_credentials = Some(ProxyCredentials::new(name, password));
        self
    }

    /// What messages go over where the program gives no transport. Blocks: TLS may need certificate files.
    pub(crate) fn built_in(&self) -> Result<Arc<HttpTransport>, ChannelError> {
        Ok(Arc::new(HttpTransport::new(self.http_settings()?)))
    }

    /// What the connections are made with. Blocks, as [`built_in`](Self::built_in).
    pub(super) fn http_settings(&self) -> Result<HttpSettings, ChannelError> {
        let transport = &self.endpoint.transport;
        Ok(HttpSettings {
            tls: self.tls_below()?,
            proxy: self.proxy()?.map(Arc::new),
            cookies: transport.allow_cookies.then(|| Arc::clone(&self.cookies)),
            decompression: transport.decompression,
        })
    }

    /// The proxy of the address; none where messages go to it directly.
    fn proxy(&self) -> Result<Option<HttpProxy>, ChannelError> {
        let incomplete = |text: String| ChannelError::incomplete(text, &self.endpoint.address);
        let settings = &self.endpoint.transport.proxy;
        let environment = ProxyEnvironment::read(|name| std::env::var(name).ok());
        let rules = ProxyRules::of(settings, &environment).map_err(incomplete)?;
        let route = rules.route(self.place(), &is_own).map_err(incomplete)?;
        let ProxyRoute::Through { proxy, why } = route else { return Ok(None) };
        let scheme = Some(settings.authentication);
        let scheme = scheme.filter(|scheme| *scheme != AuthenticationSchemes::ANONYMOUS);
        // As in WCF: the user name of the client's credentials is the proxy's where the binding says that it wants one.
        let of_binding = || {
            let of_digest = scheme == Some(AuthenticationSchemes::DIGEST);
            let digest = self.http_digest.as_ref().filter(|_| of_digest);
            let (name, password) =
                digest.or(self.user_name.as_ref()).filter(|_| scheme.is_some())?;
            Some(ProxyCredentials::new(name.as_str(), password.as_str()))
        };
        let credentials = self.proxy_credentials.clone();
        let credentials = credentials.or_else(|| proxy.credentials.clone()).or_else(of_binding);
        let tls: Option<ClientTls> = if proxy.secure { Some(self.tls_of_proxy()?) } else { None };
        Ok(Some(HttpProxy::new(proxy, why, ProxyLogin { credentials, scheme }, tls)))
    }
}
