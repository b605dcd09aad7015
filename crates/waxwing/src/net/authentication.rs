//! What an address asks of its callers over HTTP: challenges out (RFC 9110 §11.6.1), credentials in (RFC 7617, RFC 7616).

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use waxwing_security::conversation::UserNameEvidence;
use zeroize::Zeroizing;

use super::parameters::{Parameters, quoted};
use crate::digest::{Algorithm, DigestAlgorithm, DigestClaim, Nonces, Stated, Target};

/// The most octets of a user name: it is written into logs and given to rules.
const MAX_USER_NAME: usize = 1 << 10;

/// How an address asks those who send to it who they are, over HTTP.
#[derive(Clone)]
pub struct HttpAuthentication {
    realm: Box<str>,
    basic: bool,
    digest: Option<Digest>,
}

#[derive(Clone)]
struct Digest {
    /// Those that are offered, the first one first.
    algorithms: Arc<[DigestAlgorithm]>,
    nonces: Arc<Nonces>,
}

/// What a request says of its sender. **Nothing of it is verified.**
#[derive(Debug)]
#[non_exhaustive]
pub enum Shown {
    /// Nothing that was asked for, or nothing that can be read.
    Nothing,
    /// What was asked for too long ago: whoever asks anew is told so, and need not ask a person for his password.
    Stale,
    /// A user name and password (Basic).
    Password(UserNameEvidence),
    /// That the sender knows the secret of a user (Digest).
    Digest(Box<DigestClaim>),
}

impl HttpAuthentication {
    /// Asks in this realm, for nothing yet.
    ///
    /// # Errors
    /// The realm has characters that no header can have.
    pub(crate) fn new(realm: &str) -> Result<Self, String> {
        match realm.chars().any(char::is_control) {
            true => Err("a realm cannot have line breaks or other control characters".to_owned()),
            false => Ok(Self { realm: realm.into(), basic: false, digest: None }),
        }
    }

    /// The same, asking for user name and password (Basic).
    pub(crate) fn with_basic(self) -> Self {
        Self { basic: true, ..self }
    }

    /// The same, asking for a proof by one of these algorithms (Digest). Nobody else knows `key`.
    pub(crate) fn with_digest(
        self,
        algorithms: &[DigestAlgorithm],
        key: Zeroizing<[u8; 32]>,
    ) -> Self {
        let nonces = Arc::new(Nonces::new(key));
        Self { digest: Some(Digest { algorithms: algorithms.into(), nonces }), ..self }
    }

    /// The realm.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The values of `WWW-Authenticate` for an answer 401; `stale` when the caller has asked with what was given out too long
    /// ago.
    pub fn challenges(&self, stale: bool) -> Vec<HeaderValue> {
        let realm = quoted(&self.realm);
        let mut challenges = Vec::new();
        if let Some(Digest { algorithms, nonces }) = &self.digest {
            let stale = if stale { ", stale=true" } else { "" };
            challenges.extend(algorithms.iter().map(|algorithm| {
                let (nonce, algorithm) = (nonces.give(), algorithm.as_str());
                format!(
                    "Digest realm={realm}, qop=\"auth\", algorithm={algorithm}, nonce=\"{nonce}\", charset=UTF-8{stale}"
                )
            }));
        }
        if self.basic {
            challenges.push(format!("Basic realm={realm}, charset=\"UTF-8\""));
        }
        challenges
            .iter()
            .filter_map(|value| HeaderValue::from_bytes(value.as_bytes()).ok())
            .collect()
    }

    /// What a request says of its sender, `target` being the request's target as it was written.
    pub fn shown(&self, headers: &HeaderMap, method: &str, target: &str) -> Shown {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        // Of two headers somebody in between may have read the other one.
        let (Some(value), None) = (values.next(), values.next()) else { return Shown::Nothing };
        let Some((scheme, rest)) = split_scheme(value.as_bytes()) else { return Shown::Nothing };
        let shown = match scheme.to_ascii_lowercase().as_slice() {
            b"basic" if self.basic => password(rest).map(Shown::Password),
            b"digest" => {
                self.digest.as_ref().and_then(|digest| self.claim(digest, rest, method, target))
            }
            _ => None,
        };
        shown.unwrap_or(Shown::Nothing)
    }

    /// RFC 7616 §3.4. What is not of our challenge is not looked at further.
    fn claim(&self, digest: &Digest, rest: &[u8], method: &str, target: &str) -> Option<Shown> {
        let given = Parameters::read(&Zeroizing::new(text(rest)))?;
        let get = |name| given.get(name);
        let algorithm = Algorithm::named(get("algorithm"))?;
        let username = get("username").filter(|name| is_user_name(name))?;
        let (realm, nonce, uri) = (get("realm")?, get("nonce")?, get("uri")?);
        let count =
            get("nc").filter(|nc| nc.len() == 8 && nc.bytes().all(|o| o.is_ascii_hexdigit()))?;
        let is_asked = realm == &*self.realm
            && get("qop") == Some("auth")
            && uri == target
            && digest.algorithms.contains(&algorithm.digest)
            && !algorithm.session;
        if !is_asked {
            return None;
        }
        if !digest.nonces.is_good(nonce) {
            return Some(Shown::Stale);
        }
        let stated = Stated {
            username: username.into(),
            realm: realm.into(),
            algorithm,
            nonce: nonce.into(),
            count: count.into(),
            client_nonce: get("cnonce")?.into(),
            response: get("response")?.into(),
        };
        let target = Target { method: method.into(), uri: uri.into() };
        let claim = DigestClaim::new(stated, target, Arc::clone(&digest.nonces));
        Some(Shown::Digest(Box::new(claim)))
    }
}

impl fmt::Debug for HttpAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written = f.debug_struct("HttpAuthentication");
        written.field("realm", &self.realm).field("basic", &self.basic);
        written.field("digest", &self.digest.is_some()).finish()
    }
}

fn split_scheme(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = value.iter().position(|octet| *octet == b' ')?;
    Some((&value[..at], value[at..].trim_ascii()))
}

/// RFC 7617 §2: what stands before the first colon is the user name. Older clients do not write UTF-8.
fn password(encoded: &[u8]) -> Option<UserNameEvidence> {
    let octets = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let pair = Zeroizing::new(text(&octets));
    let (username, password) = pair.split_once(':')?;
    let is_text = is_user_name(username) && !password.chars().any(char::is_control);
    let password = || Some(Zeroizing::new(password.to_owned()));
    is_text.then(|| UserNameEvidence { username: username.into(), password: password() })
}

/// Neither scheme has control characters in a user name: they would be lines of a log.
fn is_user_name(name: &str) -> bool {
    name.len() <= MAX_USER_NAME && !name.chars().any(char::is_control)
}

/// UTF-8, or else ISO 8859-1.
fn text(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(text) => text.to_owned(),
        Err(_) => octets.iter().map(|octet| char::from(*octet)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(realm: &str) -> HttpAuthentication {
        HttpAuthentication::new(realm).expect("a realm").with_basic()
    }

    fn basic(pair: &[u8]) -> HeaderMap {
        headers(&format!("bAsIc  {}", STANDARD.encode(pair)))
    }

    fn headers(value: &str) -> HeaderMap {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
        HeaderMap::from_iter([(AUTHORIZATION, value)])
    }

    fn shown(headers: &HeaderMap) -> Option<(String, String)> {
        match asking("here").shown(headers, "POST", "/calc") {
            Shown::Password(UserNameEvidence { username, password }) => {
                Some((username.into(), password.expect("a password").to_string()))
            }
            _ => None,
        }
    }

    #[test]
    fn user_names_and_passwords() {
        let pair = |name: &str, password: &str| Some((name.to_owned(), password.to_owned()));
        // As it was captured of WCF's client.
        assert_eq!(shown(&headers("Basic YWxpY2U6c2VjcmV0")), pair("alice", "secret"));
        assert_eq!(shown(&basic(b"user:with:colon")), pair("user", "with:colon"));
        assert_eq!(shown(&basic("Zoë:pàß".as_bytes())), pair("Zoë", "pàß"));
        assert_eq!(shown(&basic(b"Zo\xeb:p\xe0\xdf")), pair("Zoë", "pàß"));
        assert_eq!(shown(&basic(b":")), pair("", ""));
        for bad in [&b"alice"[..], b"ali\nce:secret", b"al\x00:s", b"alice:sec\rret", b"\x7f:x"] {
            assert_eq!(shown(&basic(bad)), None, "{bad:?}");
        }
        let long = [vec![b'a'; MAX_USER_NAME + 1], b":x".to_vec()].concat();
        assert_eq!(shown(&basic(&long)), None);
        for bad in ["", "Basic", "Basic !!!", "Bearer YWxpY2U6c2VjcmV0", "YWxpY2U6c2VjcmV0"] {
            assert_eq!(shown(&headers(bad)), None, "{bad}");
        }
        let mut twice = basic(b"alice:secret");
        twice.append(AUTHORIZATION, HeaderValue::from_static("Basic Ym9iOng="));
        assert_eq!(shown(&twice), None);
    }

    #[test]
    fn realms_are_quoted() {
        let challenge = asking("a \"b\\c\" d").challenges(false);
        assert_eq!(challenge, [r#"Basic realm="a \"b\\c\" d", charset="UTF-8""#]);
        assert!(HttpAuthentication::new("a\r\nX: y").is_err());
    }
}
