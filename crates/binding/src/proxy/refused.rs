//! What WCF refuses of proxies when a channel factory opens. A service with the same binding opens: it uses no proxy.

use crate::AuthenticationSchemes as Schemes;
use crate::bindings::Binding;
use crate::refusal::{Refusal, refusal};
use crate::stack::{BindingElement, Stack};

impl Binding {
    /// Every combination of this binding that WCF refuses when a client with it is opened, beside
    /// [`refusals`](Binding::refusals).
    pub(crate) fn client_refusals(&self) -> Vec<Refusal> {
        let stack = Stack::of(self);
        let Some(http) = stack.http() else { return Vec::new() };
        let is_https =
            stack.elements.iter().any(|e| matches!(e, BindingElement::HttpsTransport(_)));
        let (address, scheme) = match (self, is_https) {
            (Binding::Custom(_), false) => {
                ("httpTransport/@proxyAddress", "httpTransport/@proxyAuthenticationScheme")
            }
            (Binding::Custom(_), true) => {
                ("httpsTransport/@proxyAddress", "httpsTransport/@proxyAuthenticationScheme")
            }
            _ => ("@proxyAddress", "security/transport/@proxyCredentialType"),
        };
        let mut found = Vec::new();
        if http.proxy_address.is_some() && http.use_default_web_proxy {
            found.push(refusal(
                "proxy-and-default-proxy",
                address,
                "proxyAddress names a proxy, and useDefaultWebProxy, which is true unless it is written, another one",
                "You cannot specify an explicit Proxy Address as well as UseDefaultWebProxy=true in your HTTP \
                 Transport Binding Element.",
                "write useDefaultWebProxy=\"false\" beside proxyAddress",
            ));
        }
        let schemes = http.proxy_authentication_scheme;
        let singles = [
            Schemes::DIGEST,
            Schemes::NEGOTIATE,
            Schemes::NTLM,
            Schemes::BASIC,
            Schemes::ANONYMOUS,
        ];
        if !singles.contains(&schemes) {
            found.push(refusal(
                "proxy-authentication-schemes",
                scheme,
                format!("a client authenticates to a proxy in one way, not in these: {schemes}"),
                format!(
                    "The '{schemes}' authentication scheme has been specified for the proxy on the HTTP factory. However, \
                     the factory only supports specification of exactly one authentication scheme. Valid authentication \
                     schemes are Digest, Negotiate, NTLM, Basic, or Anonymous."
                ),
                "write one of Basic, Digest, Anonymous",
            ));
        }
        found
    }
}
