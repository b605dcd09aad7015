//! What a proxy asks for (RFC 9110 §11.7.1), and what it is answered.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use waxwing_binding::{AuthenticationSchemes, ProxyCredentials};
use zeroize::Zeroizing;

/// The most schemes of a proxy that are looked at.
const MAX_SCHEMES: usize = 16;

/// The schemes that a proxy offers, as it names them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Challenges(Vec<String>);

impl Challenges {
    /// From the `Proxy-Authenticate` headers of an answer.
    pub(super) fn of<'a>(headers: impl Iterator<Item = &'a str>) -> Self {
        let mut found: Vec<String> = Vec::new();
        for scheme in headers.flat_map(schemes) {
            let known = found.iter().any(|own| own.eq_ignore_ascii_case(scheme));
            if !known && found.len() < MAX_SCHEMES {
                found.push(scheme.to_owned());
            }
        }
        Self(found)
    }

    pub(super) fn offers(&self, scheme: &str) -> bool {
        self.0.iter().any(|own| own.eq_ignore_ascii_case(scheme))
    }

    /// `Basic, Negotiate`
    pub(super) fn names(&self) -> String {
        if self.0.is_empty() { "nothing that has a name".to_owned() } else { self.0.join(", ") }
    }
}

/// The names of the schemes in a header: what stands in front of a blank and is no parameter. Quoted texts are passed over.
fn schemes(header: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in header.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(&header[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&header[begin..]);
    let names = parts.into_iter().filter_map(|part| {
        let name = part.split_whitespace().next()?;
        let is_token = name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
        (is_token && name.len() <= 40).then_some(name)
    });
    names.collect()
}

/// How a client shows itself to its proxy.
#[derive(Clone, Default)]
pub(crate) struct ProxyLogin {
    /// Who it is.
    pub(crate) credentials: Option<ProxyCredentials>,
    /// How, where the binding says so.
    pub(crate) scheme: Option<AuthenticationSchemes>,
}

/// The value of `Proxy-Authorization` for Basic (RFC 7617 §2): in UTF-8, since no proxy says which it wants.
pub(super) fn basic(credentials: &ProxyCredentials) -> Zeroizing<String> {
    let ProxyCredentials { user_name, password } = credentials;
    let pair = Zeroizing::new(format!("{user_name}:{}", password.as_str()));
    Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())))
}

impl ProxyLogin {
    /// What to say to these challenges; else why nothing can be said.
    pub(super) fn answer(&self, asked: &Challenges) -> Result<Zeroizing<String>, String> {
        let names = asked.names();
        let may_be_basic = self.scheme.is_none_or(|scheme| scheme == AuthenticationSchemes::BASIC);
        if let Some(scheme) = self.scheme.filter(|_| !may_be_basic) {
            return Err(format!(
                "it wants credentials ({names}), and the binding says {scheme}, which this version cannot give: use Basic, \
                 over TLS or in a network that you trust"
            ));
        }
        let Some(credentials) = &self.credentials else {
            return Err(format!(
                "it wants credentials ({names}), and there are none: give them in code (ChannelFactory::proxy_credentials), \
                 or as user:password@ in the proxy's address, or write <transport proxyCredentialType=\"Basic\" /> in the \
                 modes Transport and TransportCredentialOnly and give the user name"
            ));
        };
        if !asked.offers("Basic") {
            return Err(format!(
                "it wants credentials ({names}), and this version can give Basic alone: let the proxy take Basic, or go \
                 without it (useDefaultWebProxy=\"false\")"
            ));
        }
        if credentials.user_name.contains(':') {
            return Err("the user name has a colon, which Basic cannot carry".to_owned());
        }
        Ok(basic(credentials))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asked(headers: &[&str]) -> Challenges {
        Challenges::of(headers.iter().copied())
    }

    #[test]
    fn schemes_of_a_proxy() {
        for (headers, names) in [
            (&["Basic realm=\"a, Digest b\""][..], "Basic"),
            (
                &["Digest realm=\"x\", qop=\"auth\", nonce=\"n\", Basic realm=\"y\""],
                "Digest, Basic",
            ),
            (&["Negotiate", "NTLM", "basic realm=\"\\\"\""], "Negotiate, NTLM, basic"),
            (&["", ",", "\u{1}"], "nothing that has a name"),
        ] {
            assert_eq!(asked(headers).names(), names);
        }
    }

    #[test]
    fn answers() {
        let credentials = Some(ProxyCredentials::new("Aladdin", "open sesame"));
        let login = |credentials, scheme| ProxyLogin { credentials, scheme };
        let both = asked(&["Negotiate", "Basic realm=\"x\""]);
        let told = login(credentials.clone(), None).answer(&both).unwrap();
        assert_eq!(told.as_str(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let basic = Some(AuthenticationSchemes::BASIC);
        assert!(login(credentials.clone(), basic).answer(&both).is_ok());
        for (login, asked, says) in [
            (login(None, None), &both, "there are none"),
            (login(None, basic), &both, "there are none"),
            (login(credentials.clone(), None), &asked(&["NTLM"]), "(NTLM)"),
            (login(credentials, Some(AuthenticationSchemes::NTLM)), &both, "says Ntlm"),
            (login(Some(ProxyCredentials::new("a:b", "c")), None), &both, "colon"),
        ] {
            let why = login.answer(asked).expect_err("cannot be answered");
            assert!(why.contains(says) && !why.contains("sesame"), "{why}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(header in "\\PC{0,100}") {
            let _ = asked(&[&header]).names();
        }
    }
}
