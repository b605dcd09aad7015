//! What a proxy asks for (RFC 9110 §11.7.1), and what it is answered.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use waxwing_binding::{AuthenticationSchemes, ProxyCredentials};
use zeroize::Zeroizing;

use crate::net::http::login::{Challenge, Proof};

/// The most schemes of a proxy that are looked at.
const MAX_SCHEMES: usize = 16;

/// The schemes that a proxy offers.
#[derive(Clone, Default)]
pub(super) struct Challenges {
    /// As it names them.
    names: Vec<String>,
    /// The best of Digest, and whether what it was answered before is only too old.
    digest: Option<(Challenge, bool)>,
}

impl std::fmt::Debug for Challenges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.names())
    }
}

impl Challenges {
    /// From the `Proxy-Authenticate` headers of an answer.
    pub(super) fn of<'a>(headers: impl Iterator<Item = &'a str>) -> Self {
        let headers: Vec<&str> = headers.take(MAX_SCHEMES).collect();
        let mut found: Vec<String> = Vec::new();
        for scheme in headers.iter().copied().flat_map(schemes) {
            let known = found.iter().any(|own| own.eq_ignore_ascii_case(scheme));
            if !known && found.len() < MAX_SCHEMES {
                found.push(scheme.to_owned());
            }
        }
        Self { names: found, digest: Challenge::best(headers.into_iter()) }
    }

    pub(super) fn offers(&self, scheme: &str) -> bool {
        self.names.iter().any(|own| own.eq_ignore_ascii_case(scheme))
    }

    /// `Basic, Negotiate`
    pub(super) fn names(&self) -> String {
        if self.names.is_empty() {
            "nothing that has a name".to_owned()
        } else {
            self.names.join(", ")
        }
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

/// What a proxy has asked for, to be shown with every message from then on.
#[derive(Clone)]
pub(in crate::net::http) enum Asked {
    Basic,
    Digest(Box<Challenge>),
}

impl ProxyLogin {
    /// What to say to these challenges, `before` being what was said and refused; else why nothing can be said.
    pub(super) fn choose(
        &self,
        asked: &Challenges,
        before: Option<&Asked>,
    ) -> Result<Asked, String> {
        let names = asked.names();
        let may_be = |scheme| self.scheme.is_none_or(|own| own == scheme);
        let (basic, digest) =
            (may_be(AuthenticationSchemes::BASIC), may_be(AuthenticationSchemes::DIGEST));
        if let Some(scheme) = self.scheme.filter(|_| !basic && !digest) {
            return Err(format!(
                "it wants credentials ({names}), and the binding says {scheme}, which this version cannot give: use Digest, or \
                 Basic over TLS or in a network that you trust"
            ));
        }
        if self.credentials.is_none() {
            return Err(format!(
                "it wants credentials ({names}), and there are none: give them in code (ChannelFactory::proxy_credentials), \
                 or as user:password@ in the proxy's address, or write <transport proxyCredentialType=\"Basic\" /> in the \
                 modes Transport and TransportCredentialOnly and give the user name"
            ));
        }
        let refused = || format!("it does not take this user name and password ({names})");
        // What protects the password goes first.
        if let Some((challenge, stale)) = asked.digest.as_ref().filter(|_| digest) {
            let is_good = match before {
                None => true,
                Some(Asked::Digest(before)) => *stale && !before.is_same(challenge),
                Some(Asked::Basic) => false,
            };
            let next = is_good.then(|| Asked::Digest(Box::new(challenge.clone())));
            return next.ok_or_else(refused);
        }
        if basic && asked.offers("Basic") {
            return if before.is_none() { Ok(Asked::Basic) } else { Err(refused()) };
        }
        let can = match (basic, digest) {
            (true, false) => "the binding says Basic",
            (false, true) => "the binding says Digest",
            _ => "this version can give Basic and Digest alone",
        };
        Err(format!(
            "it wants credentials ({names}), and {can}: let the proxy take that, or go without it (useDefaultWebProxy=\"false\")"
        ))
    }

    /// The value of `Proxy-Authorization` for a request of this method and target; none where it cannot be said.
    pub(super) fn value(&self, asked: &Asked, method: &str, target: &str) -> Option<HeaderValue> {
        let ProxyCredentials { user_name, password } = self.credentials.as_ref()?;
        let value = Zeroizing::new(match asked {
            // A colon would end the user name (RFC 7617 §2).
            Asked::Basic if user_name.contains(':') => return None,
            Asked::Basic => {
                let pair = Zeroizing::new(format!("{user_name}:{}", password.as_str()));
                format!("Basic {}", STANDARD.encode(pair.as_bytes()))
            }
            Asked::Digest(challenge) => {
                // A proxy is shown no proof of the body: it need not wait for it.
                let proof = Proof::new(challenge, target.to_owned())?;
                proof.value(user_name, password, method, &[])?
            }
        });
        let mut value = HeaderValue::from_str(&value).ok()?;
        value.set_sensitive(true);
        Some(value)
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

    fn login(scheme: Option<AuthenticationSchemes>) -> ProxyLogin {
        let credentials = Some(ProxyCredentials::new("Aladdin", "open sesame"));
        ProxyLogin { credentials, scheme }
    }

    #[test]
    fn basic_where_nothing_better_is_offered() {
        let asked = asked(&["Negotiate", "Basic realm=\"x\""]);
        for scheme in [None, Some(AuthenticationSchemes::BASIC)] {
            let login = login(scheme);
            let chosen = login.choose(&asked, None).unwrap();
            let value = login.value(&chosen, "POST", "http://a/").unwrap();
            assert_eq!(value, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
            let again = login.choose(&asked, Some(&chosen)).map(drop);
            assert!(again.expect_err("refused").contains("does not take"));
        }
    }

    #[test]
    fn digest_before_basic() {
        let digest = "Digest realm=\"r\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256";
        let login = login(None);
        let chosen = login.choose(&asked(&["Basic realm=\"x\"", digest]), None).unwrap();
        let value = login.value(&chosen, "CONNECT", "a.example:443").unwrap();
        let value = value.to_str().unwrap();
        for part in
            ["Digest username=\"Aladdin\"", "uri=\"a.example:443\"", "nonce=\"n1\"", "nc=00000001"]
        {
            assert!(value.contains(part), "{value}");
        }
        assert!(!value.contains("sesame"));
        // Too old is not wrong, but the same nonce is.
        let stale = asked(&["Digest realm=\"r\", nonce=\"n2\", qop=\"auth\", stale=true"]);
        assert!(login.choose(&stale, Some(&chosen)).is_ok());
        let same = asked(&["Digest realm=\"r\", nonce=\"n1\", qop=\"auth\", stale=true"]);
        assert!(login.choose(&same, Some(&chosen)).is_err());
        // Whoever refuses a digest does not get the password instead.
        assert!(login.choose(&asked(&["Basic realm=\"x\""]), Some(&chosen)).is_err());
    }

    #[test]
    fn what_cannot_be_said() {
        let (basic, digest) =
            (asked(&["Basic realm=\"x\""]), asked(&["Digest realm=\"r\", nonce=\"n\""]));
        let nobody = ProxyLogin::default();
        for (login, asked, says) in [
            (&nobody, &basic, "there are none"),
            (&login(None), &asked(&["NTLM"]), "(NTLM)"),
            (&login(Some(AuthenticationSchemes::NTLM)), &basic, "says Ntlm"),
            (&login(Some(AuthenticationSchemes::DIGEST)), &basic, "says Digest"),
            (&login(Some(AuthenticationSchemes::BASIC)), &digest, "says Basic"),
        ] {
            let why = login.choose(asked, None).map(drop).expect_err("cannot be answered");
            assert!(why.contains(says) && !why.contains("sesame"), "{why}");
        }
        let colon =
            ProxyLogin { credentials: Some(ProxyCredentials::new("a:b", "c")), scheme: None };
        assert!(colon.value(&Asked::Basic, "POST", "/").is_none());
        let line =
            ProxyLogin { credentials: Some(ProxyCredentials::new("a\r\nb: c", "c")), scheme: None };
        let asked = line.choose(&digest, None).unwrap();
        assert!(line.value(&asked, "POST", "/").is_none());
    }

    proptest! {
        #[test]
        fn nothing_panics(header in "\\PC{0,100}") {
            let _ = asked(&[&header]).names();
        }
    }
}
