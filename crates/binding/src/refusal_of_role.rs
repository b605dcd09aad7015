//! What WCF refuses of HTTP authentication, at a client or at a service only.

use crate::bindings::Binding;
use crate::effective::Role;
use crate::refusal::{Refusal, refusal};
use crate::stack::{BindingElement, Stack};
use crate::{
    AuthenticationSchemes, BasicHttpSecurityMode, BasicHttpsSecurityMode, HttpClientCredentialType,
    SecurityMode,
};

impl Binding {
    /// Every combination of this binding that WCF refuses when a client, or a service, opens with it, beside
    /// [`refusals`](Binding::refusals).
    pub fn refusals_of(&self, role: Role) -> Vec<Refusal> {
        let mut found = Vec::new();
        match role {
            Role::Client => {
                found = self.client_refusals();
                match self.inherits_schemes() {
                    true => found.push(inherited()),
                    false => several_schemes(&Stack::of(self), &mut found),
                }
            }
            Role::Service => certificate_and_scheme(&Stack::of(self), &mut found),
        }
        found
    }

    /// Whether clients are to be known in whatever way IIS knows them.
    pub(crate) fn inherits_schemes(&self) -> bool {
        use {BasicHttpSecurityMode as Basic, BasicHttpsSecurityMode as Https};
        let ws = |security: &crate::bindings::ws::WsHttpSecurity| {
            (security.mode == SecurityMode::Transport)
                .then_some(security.transport.client_credential_type)
        };
        let basic = |security: &crate::bindings::http::BasicHttpSecurity| {
            matches!(security.mode, Basic::Transport | Basic::TransportCredentialOnly)
                .then_some(security.transport.client_credential_type)
        };
        let https = |security: &crate::bindings::http::BasicHttpsSecurity| {
            (security.mode == Https::Transport).then_some(security.transport.client_credential_type)
        };
        let credential = match self {
            Binding::WsHttp(b) => ws(&b.security),
            Binding::Ws2007Http(b) => ws(&b.security),
            Binding::BasicHttp(b) => basic(&b.security),
            Binding::NetHttp(b) => basic(&b.security),
            Binding::BasicHttps(b) => https(&b.security),
            Binding::NetHttps(b) => https(&b.security),
            _ => None,
        };
        credential == Some(HttpClientCredentialType::InheritedFromHost)
    }
}

fn inherited() -> Refusal {
    refusal(
        "inherited-at-client",
        "security/transport/@clientCredentialType",
        "only a service inside IIS can leave it to its host how clients authenticate",
        "ClientCredentialType 'InheritedFromHost' can only be used on the server side, not the client side. Please use one of \
         the following values instead 'None, Basic, Client, Digest, Ntlm, Windows'.",
        "write the credential that the service wants: clientCredentialType=\"Basic\", \"Digest\", \"Certificate\" or \"None\"",
    )
}

/// The HTTP transport of a stack, with whether a client certificate is required.
fn http(stack: &Stack) -> Option<(AuthenticationSchemes, bool)> {
    stack.elements.iter().find_map(|element| match element {
        BindingElement::HttpTransport(http) => Some((http.authentication_scheme, false)),
        BindingElement::HttpsTransport(https) => {
            Some((https.http.authentication_scheme, https.require_client_certificate))
        }
        _ => None,
    })
}

fn several_schemes(stack: &Stack, found: &mut Vec<Refusal>) {
    let Some((schemes, _)) = http(stack) else { return };
    if schemes.is_single() || schemes == AuthenticationSchemes::NONE {
        return;
    }
    found.push(refusal(
        "several-schemes",
        "httpTransport/@authenticationScheme",
        format!("a client authenticates in one way, but authenticationScheme names several: {schemes}"),
        format!(
            "The '{schemes}' authentication scheme has been specified on the HTTP factory. However, the factory only \
             supports specification of exactly one authentication scheme. Valid authentication schemes are Digest, \
             Negotiate, NTLM, Basic, or Anonymous."
        ),
        "write one of them: authenticationScheme=\"Basic\", \"Digest\" or \"Anonymous\"",
    ));
}

fn certificate_and_scheme(stack: &Stack, found: &mut Vec<Refusal>) {
    let Some((schemes, true)) = http(stack) else { return };
    if schemes == AuthenticationSchemes::ANONYMOUS {
        return;
    }
    found.push(refusal(
        "certificate-and-scheme",
        "httpsTransport/@requireClientCertificate",
        format!("clients must show a certificate and authenticate by {schemes}, but only one of both is possible"),
        format!(
            "The HTTPS listener factory was configured to require a client certificate and the '{schemes}' authentication \
             scheme. However, only one form of client authentication can be required at once."
        ),
        "remove requireClientCertificate, or authenticationScheme",
    ));
}
