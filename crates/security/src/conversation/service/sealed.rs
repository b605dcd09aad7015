//! What a cookie holds, and how it is sealed: a security context that its service forgets, to be brought back by its client
//! in every message (https-and-proxies facts, §12; WS-SecureConversation has no word on it).
//!
//! ```text
//! version 1 │ key id 8 │ expires 8 │ salt 16, nonce 12, AES-256-GCM( created 8, key, caller ), tag 16
//! ```
//!
//! What the token says in clear is bound to it, and so is what the endpoint is: a cookie is good for one identifier, one
//! `u:Id`, one generation of the key, until one time, at endpoints of one kind. Numbers are big-endian, times are
//! milliseconds since 1970.

use jiff::Timestamp;
use waxwing_crypto::{Certificate, KeyRing, SealingKeyId};
use waxwing_soap::RandomSource;
use zeroize::Zeroizing;

use super::super::caller::CallerIdentity;
use crate::error::{CookieProblem, Reason, Result};
use crate::wsse::{Dialect, TokenKey};

/// The form of what is sealed here.
const VERSION: u8 = 1;
/// The most octets of a cookie: a certificate of some kilobytes and the rest. It comes in every message.
pub(super) const MAX_COOKIE: usize = 16 * 1024;
/// The octets in front of what is sealed.
const HEAD: usize = 1 + SealingKeyId::LENGTH + 8;

/// What a cookie is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The messages of the application.
    Messages,
    /// A negotiated token: the request for a session, or one-shot messages. Who it is for may not be known.
    Negotiated,
}

/// The endpoints at which a cookie is good.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub(super) dialect: Dialect,
    /// The name of the algorithm suite.
    pub(super) suite: String,
    /// How clients prove themselves, the kind of security binding, and what else the owner says.
    pub(super) endpoint: Box<str>,
}

/// What the token says in clear.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clear<'a> {
    pub(super) identifier: &'a str,
    pub(super) instance: Option<&'a str>,
    /// The `u:Id` of the token.
    pub(super) id: &'a str,
}

/// What is sealed.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) key: TokenKey,
    pub(super) caller: CallerIdentity,
    pub(super) created: Timestamp,
    pub(super) expires: Timestamp,
}

/// Seals a context under the first key of the ring.
///
/// # Errors
/// The caller's certificate is too large, or the library refuses.
pub(super) fn seal(
    ring: &KeyRing,
    (scope, purpose): (&Scope, Purpose),
    clear: Clear<'_>,
    content: &Content,
    random: &mut dyn RandomSource,
) -> Result<Vec<u8>> {
    let key = ring.first();
    let mut out = Vec::with_capacity(512);
    out.push(VERSION);
    out.extend_from_slice(key.id().octets());
    out.extend_from_slice(&content.expires.as_millisecond().to_be_bytes());
    let bound = bound(&out, scope, purpose, clear);
    let plain = write_content(content);
    let mut fill = |octets: &mut [u8]| random.fill(octets);
    let sealed = key.seal(&bound, &plain, &mut fill).map_err(Reason::Crypto)?;
    out.extend_from_slice(&sealed);
    match out.len() > MAX_COOKIE {
        true => Err(Reason::Plan("the caller's certificate is too large for a cookie").into()),
        false => Ok(out),
    }
}

/// The key that a cookie is sealed under, as it says.
pub(super) fn key_of(cookie: &[u8]) -> Option<SealingKeyId> {
    let octets = cookie.get(1..1 + SealingKeyId::LENGTH)?;
    Some(SealingKeyId::from(<[u8; SealingKeyId::LENGTH]>::try_from(octets).ok()?))
}

/// Opens a cookie.
///
/// # Errors
/// [`Reason::Cookie`]: what is wrong, for the log.
pub(super) fn open(
    ring: &KeyRing,
    (scope, purpose): (&Scope, Purpose),
    clear: Clear<'_>,
    cookie: &[u8],
    now: Timestamp,
) -> Result<Content> {
    let wrong = |problem| Reason::Cookie(problem).into();
    let (head, sealed) = cookie.split_at_checked(HEAD).ok_or(wrong(CookieProblem::Encoding))?;
    if cookie.len() > MAX_COOKIE || head[0] != VERSION {
        return Err(wrong(CookieProblem::Encoding));
    }
    let expires = i64::from_be_bytes(*head.last_chunk().ok_or(wrong(CookieProblem::Encoding))?);
    let expires = Timestamp::from_millisecond(expires);
    let expires = expires.map_err(|_| wrong(CookieProblem::Encoding))?;
    // Whoever changes the time in clear only makes it fail otherwise.
    if expires <= now {
        return Err(wrong(CookieProblem::Expired { expires }));
    }
    let id = key_of(cookie).ok_or(wrong(CookieProblem::Encoding))?;
    let key = ring.find(id).ok_or(wrong(CookieProblem::UnknownKey(id)))?;
    let plain = key.open(&bound(head, scope, purpose, clear), sealed);
    let plain = plain.ok_or(wrong(CookieProblem::Altered))?;
    read_content(&plain, expires).ok_or(wrong(CookieProblem::Content))
}

/// What is encrypted.
fn write_content(content: &Content) -> Zeroizing<Vec<u8>> {
    let secret = content.key.secret();
    // Room for all of it: a buffer that grows leaves the key behind.
    let length = 8 + 4 + secret.len() + 1 + 4 + caller_octets(&content.caller).1.len();
    let mut plain = Zeroizing::new(Vec::with_capacity(length));
    plain.extend_from_slice(&content.created.as_millisecond().to_be_bytes());
    push(&mut plain, secret);
    push_caller(&mut plain, &content.caller);
    plain
}

fn read_content(mut plain: &[u8], expires: Timestamp) -> Option<Content> {
    let (created, rest) = plain.split_first_chunk()?;
    plain = rest;
    let created = Timestamp::from_millisecond(i64::from_be_bytes(*created)).ok()?;
    let key = take(&mut plain)?;
    if key.is_empty() {
        return None;
    }
    let key = TokenKey::new(key.to_vec());
    let caller = take_caller(&mut plain)?;
    plain.is_empty().then_some(Content { key, caller, created, expires })
}

/// Everything that a cookie is bound to, each part with its length.
fn bound(head: &[u8], scope: &Scope, purpose: Purpose, clear: Clear<'_>) -> Vec<u8> {
    let purpose = match purpose {
        Purpose::Messages => "messages",
        Purpose::Negotiated => "negotiated",
    };
    let mut out = Vec::with_capacity(320);
    let parts: [&[u8]; 9] = [
        b"waxwing security context",
        head,
        purpose.as_bytes(),
        scope.dialect.conversation().as_bytes(),
        scope.suite.as_bytes(),
        scope.endpoint.as_bytes(),
        clear.identifier.as_bytes(),
        clear.id.as_bytes(),
        clear.instance.unwrap_or_default().as_bytes(),
    ];
    parts.iter().for_each(|part| push(&mut out, part));
    out.push(u8::from(clear.instance.is_some()));
    out
}

fn push(out: &mut Vec<u8>, octets: &[u8]) {
    let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(octets);
}

fn take<'a>(octets: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = octets.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (part, rest) = rest.split_at_checked(length)?;
    *octets = rest;
    Some(part)
}

/// The kind of a caller, and who it is.
fn caller_octets(caller: &CallerIdentity) -> (u8, &[u8]) {
    match caller {
        CallerIdentity::Anonymous => (0, &[]),
        CallerIdentity::Certificate(certificate) => (1, certificate.der()),
        CallerIdentity::UserName(name) => (2, name.as_bytes()),
    }
}

fn push_caller(out: &mut Vec<u8>, caller: &CallerIdentity) {
    let (kind, octets) = caller_octets(caller);
    out.push(kind);
    push(out, octets);
}

fn take_caller(octets: &mut &[u8]) -> Option<CallerIdentity> {
    let (kind, rest) = octets.split_first()?;
    *octets = rest;
    let value = take(octets)?;
    match kind {
        0 if value.is_empty() => Some(CallerIdentity::Anonymous),
        1 => Certificate::from_der(value).ok().map(CallerIdentity::Certificate),
        2 => Some(CallerIdentity::UserName(std::str::from_utf8(value).ok()?.into())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use waxwing_crypto::SealingKey;

    use super::*;

    struct Counting(u8);

    impl RandomSource for Counting {
        fn fill(&mut self, octets: &mut [u8]) {
            octets.iter_mut().for_each(|octet| {
                self.0 = self.0.wrapping_add(1);
                *octet = self.0;
            });
        }
    }

    fn ring(octet: u8) -> KeyRing {
        KeyRing::new(SealingKey::new(Zeroizing::new([octet; SealingKey::LENGTH])))
    }

    fn scope() -> Scope {
        Scope {
            dialect: Dialect::February2005,
            suite: "Basic256".into(),
            endpoint: "certificate".into(),
        }
    }

    const CLEAR: Clear<'_> = Clear { identifier: "urn:uuid:1", instance: None, id: "uuid-1" };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn content(caller: CallerIdentity) -> Content {
        let key = TokenKey::new(vec![7; 32]);
        Content { key, caller, created: at(100), expires: at(200) }
    }

    fn alice() -> CallerIdentity {
        CallerIdentity::UserName("alice".into())
    }

    fn sealed() -> Vec<u8> {
        let place = (&scope(), Purpose::Messages);
        seal(&ring(1), place, CLEAR, &content(alice()), &mut Counting(0)).unwrap()
    }

    fn opened(
        ring: &KeyRing,
        scope: &Scope,
        purpose: Purpose,
        clear: Clear<'_>,
        now: i64,
    ) -> Result<Content, Reason> {
        let opened = open(ring, (scope, purpose), clear, &sealed(), at(now));
        opened.map_err(|error| error.reason().clone())
    }

    fn problem(found: Result<Content, Reason>) -> CookieProblem {
        match found {
            Err(Reason::Cookie(problem)) => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_sealed_comes_back() {
        let found = opened(&ring(1), &scope(), Purpose::Messages, CLEAR, 150).unwrap();
        assert!(found.key.same(&content(alice()).key));
        assert!(found.caller.is_same(&alice()));
        assert_eq!((found.created, found.expires), (at(100), at(200)));
        let rotated = ring(2).with(ring(1).first().clone());
        assert!(opened(&rotated, &scope(), Purpose::Messages, CLEAR, 150).is_ok());
    }

    /// A buffer that grew would have left the key behind in memory.
    #[test]
    fn the_key_is_written_once() {
        let name = "a".repeat(3000);
        let long = content(CallerIdentity::UserName(name.into()));
        for content in [content(CallerIdentity::Anonymous), content(alice()), long] {
            let plain = write_content(&content);
            assert_eq!(plain.capacity(), plain.len());
        }
    }

    /// Whatever the token says in clear, and whatever the endpoint is, is bound to the cookie.
    #[test]
    fn a_cookie_is_good_for_one_token_at_one_kind_of_endpoint() {
        let altered = |scope: &Scope, purpose, clear| {
            let found = problem(opened(&ring(1), scope, purpose, clear, 150));
            assert_eq!(found, CookieProblem::Altered);
        };
        let messages = Purpose::Messages;
        altered(&scope(), messages, Clear { id: "uuid-2", ..CLEAR });
        altered(&scope(), messages, Clear { identifier: "urn:uuid:2", ..CLEAR });
        altered(&scope(), messages, Clear { instance: Some("urn:uuid:3"), ..CLEAR });
        altered(&scope(), messages, Clear { instance: Some(""), ..CLEAR });
        // No boundary between two parts can be shifted.
        altered(
            &scope(),
            messages,
            Clear { identifier: "urn:uuid:1u", id: "uid-1", instance: None },
        );
        altered(&scope(), Purpose::Negotiated, CLEAR);
        altered(&Scope { dialect: Dialect::Version13, ..scope() }, messages, CLEAR);
        altered(&Scope { suite: "Basic128".into(), ..scope() }, messages, CLEAR);
        altered(&Scope { endpoint: "user name".into(), ..scope() }, messages, CLEAR);
    }

    #[test]
    fn foreign_expired_and_malformed_cookies_are_told_apart_in_the_log() {
        let messages = Purpose::Messages;
        let foreign = problem(opened(&ring(2), &scope(), messages, CLEAR, 150));
        assert_eq!(foreign, CookieProblem::UnknownKey(ring(1).first().id()));
        let expired = problem(opened(&ring(1), &scope(), messages, CLEAR, 200));
        assert_eq!(expired, CookieProblem::Expired { expires: at(200) });
        let malformed = |octets: &[u8]| {
            let found = open(&ring(1), (&scope(), messages), CLEAR, octets, at(150));
            problem(found.map_err(|error| error.reason().clone()))
        };
        assert_eq!(malformed(&[]), CookieProblem::Encoding);
        assert_eq!(malformed(&sealed()[..HEAD - 1]), CookieProblem::Encoding);
        assert_eq!(malformed(&sealed()[..HEAD]), CookieProblem::Altered);
        let mut other = sealed();
        other[0] = 2;
        assert_eq!(malformed(&other), CookieProblem::Encoding);
        assert_eq!(malformed(&vec![1; MAX_COOKIE + 1]), CookieProblem::Encoding);
        // A later end of its life, which stands in clear.
        let mut longer = sealed();
        longer[HEAD - 5] ^= 1;
        assert!(malformed(&longer) == CookieProblem::Altered);
    }

    #[test]
    fn every_octet_counts() {
        for at_octet in 0..sealed().len() {
            let mut cookie = sealed();
            cookie[at_octet] ^= 1;
            let found = open(&ring(1), (&scope(), Purpose::Messages), CLEAR, &cookie, at(150));
            assert!(found.is_err(), "octet {at_octet}");
        }
    }

    proptest! {
        /// What is no cookie of ours never panics and never opens.
        #[test]
        fn whatever_somebody_makes_up(octets in prop::collection::vec(any::<u8>(), 0..600), cut in 0usize..600) {
            let place = (&scope(), Purpose::Messages);
            prop_assert!(open(&ring(1), place, CLEAR, &octets, at(150)).is_err());
            let mut mixed = sealed();
            mixed.truncate(cut);
            mixed.extend_from_slice(&octets);
            if mixed != sealed() {
                prop_assert!(open(&ring(1), place, CLEAR, &mixed, at(150)).is_err());
            }
            let _ = read_content(&octets, at(1));
        }

        #[test]
        fn callers_come_back(name in "\\PC{0,40}") {
            let caller = CallerIdentity::UserName(name.into());
            let mut out = Vec::new();
            push_caller(&mut out, &caller);
            let mut rest = &out[..];
            prop_assert!(take_caller(&mut rest).unwrap().is_same(&caller));
            prop_assert!(rest.is_empty());
        }
    }
}
