//! The cookies of a client (`allowCookies`; RFC 6265 §5): what keeps it with one of several servers behind an address.
//!
//! A cookie goes back to the host that set it, and to no other, whatever `Domain` it names: the messages of a channel factory
//! go to one address, so nothing is lost by that, and no host can set cookies for another.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use cookie::{Cookie, Expiration};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Uri};

/// The most cookies: as many as .NET's `CookieContainer` keeps for a domain.
const MAX_COOKIES: usize = 20;
/// The most octets of a cookie, name and value: as .NET's `CookieContainer.MaxCookieSize`.
const MAX_COOKIE: usize = 4096;

/// The cookies of a channel factory. Full, it gives up the one that was set first.
#[derive(Debug, Default)]
pub(crate) struct Cookies {
    kept: Mutex<Vec<Kept>>,
}

#[derive(Debug)]
struct Kept {
    name: String,
    value: String,
    /// The host that set it, in small letters: to others it is not sent.
    host: String,
    path: String,
    /// Whether it goes over TLS alone.
    secure: bool,
    /// None: as long as the factory.
    until: Option<Instant>,
}

impl Cookies {
    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes those that go to `uri` into a request.
    pub(super) fn write(&self, uri: &Uri, headers: &mut HeaderMap) {
        let now = Instant::now();
        let mut kept = self.lock();
        kept.retain(|cookie| cookie.until.is_none_or(|until| until > now));
        let mut all: Vec<&Kept> = kept.iter().filter(|cookie| cookie.goes_to(uri)).collect();
        // Longer paths go first (§5.4).
        all.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> = all.iter().map(|c| format!("{}={}", c.name, c.value)).collect();
        if !pairs.is_empty()
            && let Ok(mut value) = HeaderValue::from_str(&pairs.join("; "))
        {
            value.set_sensitive(true);
            headers.insert(COOKIE, value);
        }
    }

    /// Keeps what an answer from `uri` sets.
    pub(super) fn read(&self, uri: &Uri, headers: &HeaderMap) {
        let set = headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        // What exceeds all that is kept anyway is not even looked at.
        for text in set.take(MAX_COOKIES) {
            if let Ok(cookie) = Cookie::parse(text) {
                self.set(uri, &cookie);
            }
        }
    }

    fn set(&self, uri: &Uri, cookie: &Cookie<'_>) {
        let (name, value, host) = (cookie.name(), cookie.value(), host_of(uri));
        let is_https = uri.scheme_str() == Some("https");
        let secure = cookie.secure().unwrap_or(false);
        let is_sound = |text: &str| text.bytes().all(|octet| octet > b' ' && octet != 0x7f);
        if name.is_empty()
            || name.len() + value.len() > MAX_COOKIE
            || !is_sound(name)
            || value.bytes().any(|octet| octet < b' ' || octet == 0x7f)
            || !cookie.domain().is_none_or(|domain| is_domain_of(domain, &host))
            || (secure && !is_https)
        {
            return;
        }
        let path = match cookie.path() {
            Some(path) if path.starts_with('/') && path.len() <= MAX_COOKIE => path.to_owned(),
            _ => default_path(uri.path()).to_owned(),
        };
        let now = Instant::now();
        let until = lifetime(cookie).map(|lifetime| now.checked_add(lifetime));
        let mut kept = self.lock();
        kept.retain(|old| old.name != name || old.host != host || old.path != path);
        // A lifetime beyond what a clock counts is none; one that is over takes the cookie away.
        let until = until.flatten();
        if until.is_some_and(|until| until <= now) {
            return;
        }
        if kept.len() >= MAX_COOKIES {
            kept.remove(0);
        }
        let (name, value) = (name.to_owned(), value.to_owned());
        kept.push(Kept { name, value, host, path, secure, until });
    }
}

impl Kept {
    fn goes_to(&self, uri: &Uri) -> bool {
        let is_https = uri.scheme_str() == Some("https");
        self.host == host_of(uri)
            && (is_https || !self.secure)
            && path_matches(uri.path(), &self.path)
    }
}

fn host_of(uri: &Uri) -> String {
    uri.host().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase()
}

/// Whether a host may set a cookie for a domain (§5.1.3): its own name, or one above it. An address has none above it.
fn is_domain_of(domain: &str, host: &str) -> bool {
    let domain = domain.trim_start_matches('.').to_ascii_lowercase();
    let is_address = || host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok();
    domain.is_empty()
        || host == domain
        || (host.strip_suffix(&domain).is_some_and(|above| above.ends_with('.')) && !is_address())
}

/// The folder of a path (§5.1.4).
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(at) if at > 0 => &path[..at],
        _ => "/",
    }
}

/// §5.1.4.
fn path_matches(path: &str, cookie: &str) -> bool {
    path.strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

/// How long a cookie lives from now; none of one without an end. `Max-Age` goes before `Expires` (§5.3).
fn lifetime(cookie: &Cookie<'_>) -> Option<Duration> {
    if let Some(age) = cookie.max_age() {
        return Some(Duration::try_from(age).unwrap_or(Duration::ZERO));
    }
    let Some(Expiration::DateTime(at)) = cookie.expires() else { return None };
    // In seconds: not every system has a `SystemTime` for every year that a server may write.
    let at = Duration::from_secs(u64::try_from(at.unix_timestamp()).unwrap_or(0));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Some(at.saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(cookies: &Cookies, uri: &'static str, lines: &[&str]) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(SET_COOKIE, HeaderValue::from_str(line).unwrap());
        }
        cookies.read(&Uri::from_static(uri), &headers);
    }

    fn sent(cookies: &Cookies, uri: &'static str) -> String {
        let mut headers = HeaderMap::new();
        cookies.write(&Uri::from_static(uri), &mut headers);
        headers.get(COOKIE).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    #[test]
    fn a_cookie_goes_back_where_it_came_from() {
        let cookies = Cookies::default();
        set(
            &cookies,
            "http://a.example/calc/x",
            &["route=1; HttpOnly", "b=2; Path=/", "b=3; path=/"],
        );
        assert_eq!(sent(&cookies, "http://A.example:8080/calc/y"), "route=1; b=3");
        assert_eq!(sent(&cookies, "https://a.example/calc"), "route=1; b=3");
        assert_eq!(sent(&cookies, "http://a.example/calculator"), "b=3");
        assert_eq!(sent(&cookies, "http://b.example/calc"), "");
        set(
            &cookies,
            "http://a.example/calc/x",
            &["route=; Max-Age=0", "b=; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/"],
        );
        assert_eq!(sent(&cookies, "http://a.example/calc/y"), "");
    }

    #[test]
    fn lifetimes() {
        let cookies = Cookies::default();
        let to = "http://a.example/";
        set(
            &cookies,
            to,
            &["a=1; Max-Age=-5", "b=1; Max-Age=3600; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
        );
        set(&cookies, to, &["c=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT", "d=1; Expires=nonsense"]);
        set(&cookies, to, &["e=1; Max-Age=99999999999999999999"]);
        set(&cookies, to, &["f=1; Expires=Thu, 01 Jan 0100 00:00:00 GMT"]);
        assert_eq!(sent(&cookies, to), "b=1; c=1; d=1; e=1");
    }

    #[test]
    fn nobody_sets_cookies_for_others() {
        let cookies = Cookies::default();
        let to = "http://a.b.example/";
        set(
            &cookies,
            to,
            &[
                "x=1; Domain=other.example",
                "y=1; Domain=c.a.b.example",
                "z=1; Domain=b.example.evil",
            ],
        );
        assert_eq!(sent(&cookies, to), "");
        // A public suffix as well as a domain of one's own: it comes back to the host, and goes to nobody else.
        set(&cookies, to, &["x=1; Domain=example", "y=2; Domain=.B.Example"]);
        assert_eq!(sent(&cookies, to), "x=1; y=2");
        assert_eq!(sent(&cookies, "http://c.b.example/"), "");
        assert_eq!(sent(&cookies, "http://example/"), "");
        set(&cookies, "http://10.0.0.1/", &["x=1; Domain=0.0.1"]);
        assert_eq!(sent(&cookies, "http://10.0.0.1/"), "");
    }

    #[test]
    fn what_is_for_tls_stays_there() {
        let cookies = Cookies::default();
        set(&cookies, "https://a.example/", &["s=1; Secure"]);
        assert_eq!(sent(&cookies, "https://a.example/"), "s=1");
        assert_eq!(sent(&cookies, "http://a.example/"), "");
        set(&cookies, "http://a.example/", &["t=1; Secure"]);
        assert_eq!(sent(&cookies, "https://a.example/"), "s=1");
    }

    #[test]
    fn number_and_size_are_bounded() {
        let cookies = Cookies::default();
        let to = "http://a.example/";
        for n in 0..1000 {
            set(&cookies, to, &[&format!("c{n}=x; Path=/{}", "p".repeat(n * 7))]);
            set(&cookies, to, &[&format!("d{n}={}", "x".repeat(MAX_COOKIE))]);
        }
        assert_eq!(cookies.lock().len(), MAX_COOKIES);
        let held: usize =
            cookies.lock().iter().map(|c| c.name.len() + c.value.len() + c.path.len()).sum();
        assert!(held <= MAX_COOKIES * 2 * MAX_COOKIE, "{held}");
        for n in 0..100 {
            set(&cookies, to, &[&format!("f{n}=x")]);
        }
        assert_eq!(sent(&cookies, to).split("; ").count(), MAX_COOKIES);
    }

    #[test]
    fn nothing_breaks_out_of_the_header() {
        let cookies = Cookies::default();
        let to = "http://a.example/";
        for line in ["=x", "a b=1", ";", "", "x", "a=1\tb", "\u{e9}=1"] {
            let mut headers = HeaderMap::new();
            headers.append(SET_COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            cookies.read(&Uri::from_static(to), &headers);
        }
        assert_eq!(sent(&cookies, to), "");
        set(&cookies, to, &["q=\"1; 2\"", "r=a=b"]);
        let all = sent(&cookies, to);
        assert!(all.contains("r=a=b"), "{all}");
    }
}
