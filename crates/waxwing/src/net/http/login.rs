//! A client that says who it is over HTTP (RFC 9110 §11): it waits to be asked, and remembers where it was.
//!
//! As WCF's platform does, the first request to an address goes without credentials. The service refuses it with 401 before
//! anything is executed, so the same message is sent again, with them; this is all that a transport ever repeats. Later
//! requests have them from the start.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use http_auth::ChallengeRef;
use zeroize::Zeroizing;

use crate::digest::{Algorithm, DigestSecret, Protected, Response, same};
use crate::net::parameters::{Parameters, quoted};

/// How often one message is sent at most: unasked, asked, and asked anew because what was asked with is too old.
pub(super) const MOST_ATTEMPTS: usize = 3;
/// How many addresses are remembered that asked. A factory sends to one; when there are more, all are forgotten.
const MOST_PLACES: usize = 64;

/// How a client says who it is (`clientCredentialType` of `<transport>`, `authenticationScheme`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpScheme {
    /// The password itself, in base64 (RFC 7617).
    Basic,
    /// A digest of the password and what the service gives (RFC 7616).
    Digest,
}

impl HttpScheme {
    /// Its name, as in headers and WCF's texts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Digest => "Digest",
        }
    }
}

/// Who a client is to HTTP, and where it was asked.
pub struct HttpCredentials {
    scheme: HttpScheme,
    username: Box<str>,
    password: Zeroizing<String>,
    /// Whether they go over TLS alone.
    over_tls: bool,
    places: Mutex<Vec<(Place, Asked)>>,
}

/// Where somebody asked: scheme, host and port, and the path down to its last slash.
#[derive(Clone, PartialEq, Eq)]
struct Place {
    authority: String,
    folder: String,
}

/// What was asked for.
#[derive(Clone)]
enum Asked {
    Basic,
    Digest(Box<Challenge>),
}

/// RFC 7616 §3.3.
#[derive(Clone)]
pub(super) struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    qop: Option<Qop>,
    /// How often the nonce was used.
    count: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Qop {
    Auth,
    AuthInt,
}

/// The credentials of one attempt.
pub(super) struct Attempt {
    pub(super) header: HeaderValue,
    /// With what the service proves that it knows the password, too.
    proof: Option<Proof>,
}

pub(super) struct Proof {
    challenge: Box<Challenge>,
    client_nonce: String,
    count: String,
    uri: String,
}

impl HttpCredentials {
    /// Credentials that go over TLS alone.
    ///
    /// # Errors
    /// What HTTP cannot carry: control characters, or a colon in a user name of Basic.
    pub fn new(
        scheme: HttpScheme,
        username: &str,
        password: Zeroizing<String>,
    ) -> Result<Self, &'static str> {
        let is_control = |text: &str| text.chars().any(char::is_control);
        if is_control(username) || is_control(&password) {
            return Err(
                "a user name or password for HTTP cannot have line breaks or other control characters",
            );
        }
        if scheme == HttpScheme::Basic && username.contains(':') {
            return Err(
                "a user name for HTTP Basic cannot have a colon: the service would take the rest for a part of the \
                        password (RFC 7617 §2)",
            );
        }
        let places = Mutex::default();
        Ok(Self { scheme, username: username.into(), password, over_tls: true, places })
    }

    /// The same, over connections that protect nothing, too (`TransportCredentialOnly`). **Whoever listens reads the password
    /// of Basic.**
    #[must_use]
    pub fn without_tls(self) -> Self {
        Self { over_tls: false, ..self }
    }

    /// How it is said.
    pub fn scheme(&self) -> HttpScheme {
        self.scheme
    }

    /// Whether they may go to this address.
    pub(super) fn may_go_to(&self, uri: &Uri) -> bool {
        !self.over_tls || uri.scheme_str() == Some("https")
    }

    fn places(&self) -> MutexGuard<'_, Vec<(Place, Asked)>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The credentials for a first attempt; none where nobody has asked yet.
    pub(super) fn unasked(&self, uri: &Uri, method: &str, body: &[u8]) -> Option<Attempt> {
        let own = Place::of(uri)?;
        let asked = {
            let mut places = self.places();
            let (_, asked) = places.iter_mut().find(|(place, _)| place.covers(&own))?;
            if let Asked::Digest(challenge) = asked {
                challenge.count = challenge.count.checked_add(1)?;
            }
            asked.clone()
        };
        self.attempt(&asked, uri, method, body)
    }

    /// The credentials for the next attempt after an answer 401; `before` are those that were refused.
    ///
    /// # Errors
    /// They are refused, or something else is asked for.
    pub(super) fn asked(
        &self,
        uri: &Uri,
        (method, body): (&str, &[u8]),
        headers: &HeaderMap,
        before: Option<&Attempt>,
    ) -> Option<Attempt> {
        let texts =
            headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let texts: Vec<&str> = texts.collect();
        let parsed =
            || texts.iter().filter_map(|text| http_auth::parse_challenges(text).ok()).flatten();
        let asked = match self.scheme {
            HttpScheme::Basic => {
                let is_asked = parsed().any(|c| c.scheme.eq_ignore_ascii_case("Basic"));
                (is_asked && before.is_none()).then_some(Asked::Basic)
            }
            HttpScheme::Digest => {
                let good = Challenge::best(texts.iter().copied()).filter(|(challenge, stale)| {
                    before.is_none()
                        || (*stale && !before.is_some_and(|before| before.is_of(challenge)))
                });
                good.map(|(challenge, _)| Asked::Digest(Box::new(challenge)))
            }
        };
        let Some(asked) = asked else {
            // Nobody is asked again with what was refused.
            self.forget(uri);
            return None;
        };
        self.remember(uri, asked.clone());
        self.attempt(&asked, uri, method, body)
    }

    fn remember(&self, uri: &Uri, asked: Asked) {
        let Some(own) = Place::of(uri) else { return };
        let mut places = self.places();
        places.retain(|(place, _)| !place.covers(&own));
        if places.len() >= MOST_PLACES {
            places.clear();
        }
        places.push((own, asked));
    }

    fn forget(&self, uri: &Uri) {
        if let Some(own) = Place::of(uri) {
            self.places().retain(|(place, _)| !place.covers(&own));
        }
    }

    fn attempt(&self, asked: &Asked, uri: &Uri, method: &str, body: &[u8]) -> Option<Attempt> {
        let (value, proof) = match asked {
            Asked::Basic => {
                let pair = Zeroizing::new(format!("{}:{}", self.username, *self.password));
                let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
                (Zeroizing::new(format!("Basic {}", *encoded)), None)
            }
            Asked::Digest(challenge) => {
                let uri = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
                let proof = Proof::new(challenge, uri)?;
                let value = proof.value(&self.username, &self.password, method, body)?;
                (Zeroizing::new(value), Some(proof))
            }
        };
        let mut header = HeaderValue::from_bytes(value.as_bytes()).ok()?;
        header.set_sensitive(true);
        Some(Attempt { header, proof })
    }

    /// Whether an answer comes from somebody who knows the password, where it says so (`rspauth`, RFC 7616 §3.5).
    pub(super) fn is_mutual(&self, attempt: &Attempt, headers: &HeaderMap, body: &[u8]) -> bool {
        let info = headers.get(HeaderName::from_static("authentication-info"));
        let (Some(proof), Some(info)) = (&attempt.proof, info) else { return true };
        let info = info.to_str().ok().and_then(Parameters::read);
        let Some(given) = info.as_ref().and_then(|info| info.get("rspauth")) else { return true };
        let is_whole = info.as_ref().and_then(|info| info.get("qop")) == Some("auth-int");
        let body = is_whole.then_some(body);
        let own = proof.response(&self.username, &self.password, "", body);
        own.is_some_and(|own| same(&own, given))
    }
}

impl fmt::Debug for HttpCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written = f.debug_struct("HttpCredentials");
        written.field("scheme", &self.scheme).field("username", &self.username);
        written.finish_non_exhaustive()
    }
}

impl Place {
    fn of(uri: &Uri) -> Option<Self> {
        let authority =
            format!("{}://{}", uri.scheme_str()?, uri.authority()?).to_ascii_lowercase();
        let path = uri.path();
        let folder = path[..=path.rfind('/')?].to_owned();
        Some(Self { authority, folder })
    }

    /// Whether what was asked here is asked there, too: at the same depth or deeper (RFC 7617 §2.2).
    fn covers(&self, other: &Self) -> bool {
        self.authority == other.authority && other.folder.starts_with(&self.folder)
    }
}

impl Attempt {
    /// Whether it was made for this very nonce.
    fn is_of(&self, challenge: &Challenge) -> bool {
        self.proof.as_ref().is_some_and(|proof| proof.challenge.nonce == challenge.nonce)
    }
}

impl Challenge {
    /// The best of the challenges in these headers that can be answered, and whether what was answered before is only too old.
    pub(super) fn best<'a>(texts: impl Iterator<Item = &'a str>) -> Option<(Self, bool)> {
        let parsed = texts.filter_map(|text| http_auth::parse_challenges(text).ok()).flatten();
        // The same algorithm weighs more with a proof of the body left out than none at all.
        parsed
            .filter_map(|challenge| Self::of(&challenge))
            .max_by_key(|(challenge, _)| (challenge.algorithm.digest, challenge.qop.is_some()))
    }

    /// The same to be used once more; none when it has been used too often.
    pub(super) fn next(&self) -> Option<Self> {
        Some(Self { count: self.count.checked_add(1)?, ..self.clone() })
    }

    /// Whether it is of this very nonce.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.nonce == other.nonce
    }

    /// A challenge that can be answered, and whether what was answered before is only too old.
    fn of(challenge: &ChallengeRef<'_>) -> Option<(Self, bool)> {
        if !challenge.scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let get = |name: &str| {
            let found = challenge.params.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_unescaped())
        };
        let algorithm = Algorithm::named(get("algorithm").as_deref())?;
        let qop = match get("qop") {
            None => None,
            Some(offered) => {
                let has = |name: &str| {
                    offered.split(',').any(|qop| qop.trim().eq_ignore_ascii_case(name))
                };
                // What is offered and not known cannot be answered.
                Some(if has("auth") {
                    Qop::Auth
                } else {
                    has("auth-int").then_some(Qop::AuthInt)?
                })
            }
        };
        let stale = get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
        let (realm, nonce) = (get("realm")?, get("nonce")?);
        let found = Self { realm, nonce, opaque: get("opaque"), algorithm, qop, count: 1 };
        Some((found, stale))
    }
}

impl Proof {
    /// The value of the header (RFC 7616 §3.4).
    pub(super) fn value(
        &self,
        username: &str,
        password: &str,
        method: &str,
        body: &[u8],
    ) -> Option<String> {
        let Challenge { realm, nonce, opaque, algorithm, qop, .. } = &*self.challenge;
        let body = (*qop == Some(Qop::AuthInt)).then_some(body);
        let response = self.response(username, password, method, body)?;
        let mut value = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{}\", algorithm={}",
            quoted(username),
            quoted(realm),
            quoted(nonce),
            quoted(&self.uri),
            *response,
            algorithm.name()
        );
        if let Some(qop) = qop {
            let qop = if *qop == Qop::Auth { "auth" } else { "auth-int" };
            value += &format!(", qop={qop}, nc={}, cnonce=\"{}\"", self.count, self.client_nonce);
        }
        if let Some(opaque) = opaque {
            value += &format!(", opaque={}", quoted(opaque));
        }
        Some(value)
    }

    fn response(
        &self,
        username: &str,
        password: &str,
        method: &str,
        body: Option<&[u8]>,
    ) -> Option<Zeroizing<String>> {
        let challenge = &self.challenge;
        let secret = DigestSecret::password(password);
        let key = secret.of(challenge.algorithm.digest, username, &challenge.realm)?;
        let protected = challenge.qop.map(|_| Protected {
            count: &self.count,
            client_nonce: &self.client_nonce,
            body,
        });
        let response = Response {
            algorithm: challenge.algorithm,
            nonce: &challenge.nonce,
            protected,
            method,
            uri: &self.uri,
        };
        Some(response.digest(&key))
    }

    /// For one request, by the count that the challenge has.
    pub(super) fn new(challenge: &Challenge, uri: String) -> Option<Self> {
        let mut octets = [0; 16];
        getrandom::fill(&mut octets).ok()?;
        let client_nonce = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(octets);
        let count = format!("{:08x}", challenge.count);
        Some(Self { challenge: Box::new(challenge.clone()), client_nonce, count, uri })
    }
}
