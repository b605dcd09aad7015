//! HTTP as the clients know it: what an answer means, whatever its status.

use std::cell::RefCell;

use bytes::Bytes;
use http::header::{
    ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, DATE, HeaderName, USER_AGENT, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use jiff::Timestamp;
use waxwing_session::{TransportCause, TransportFailure};
use waxwing_soap::{Address, SoapVersion};

use super::client::{HttpClient, HttpError, HttpResponse};
use super::connect::HttpSettings;
use super::login::{HttpCredentials, MOST_ATTEMPTS};
use super::status::StatusMeaning;
use crate::future::{BoxFuture, boxed};
use crate::net::transport::{
    Answer, Outcome, Request, StreamedTransport, Transport, Written, first_bytes,
};

/// The schemes of HTTP.
pub(crate) const HTTP_SCHEMES: &[&str] = &["http", "https"];

/// What a client that gets metadata takes: XML rather than pages for people.
const DOCUMENTS: &str = "text/xml, application/xml, application/wsdl+xml, */*;q=0.5";

/// The methods, as digests have them.
pub(super) const POST: &str = "POST";
const GET: &str = "GET";

/// A document, or what came instead.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// Where a redirection leads.
    pub(crate) location: Option<String>,
    /// The content.
    pub(crate) octets: Bytes,
    /// The schemes that HTTP asks for, of an answer 401.
    pub(crate) asked: Vec<String>,
    /// Whether credentials were shown.
    pub(crate) is_shown: bool,
}

/// A pool of connections to any number of services.
pub(crate) struct HttpTransport {
    pub(super) client: HttpClient,
}

impl HttpTransport {
    /// Without connections yet. Needs a running tokio runtime only when a message is sent.
    pub(crate) fn new(settings: HttpSettings) -> Self {
        Self { client: HttpClient::new(settings) }
    }
}

impl HttpTransport {
    /// Gets the document at an address, at most `max_octets` of it. Any status is an answer; no redirection is followed.
    /// Where HTTP asks for one of the credentials, the first that may go there, it is asked again with them.
    ///
    /// # Errors
    /// Nobody answers, or what answers is not HTTP.
    pub(crate) async fn get(
        &self,
        address: &str,
        max_octets: usize,
        credentials: &[HttpCredentials],
    ) -> Result<Fetched, TransportFailure> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(DOCUMENTS));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("waxwing/", env!("CARGO_PKG_VERSION"))),
        );
        let uri = Address::of(address).escaped().parse::<Uri>().unwrap_or_default();
        let mut usable: Vec<_> = credentials.iter().filter(|own| own.may_go_to(&uri)).collect();
        let unasked = |own: &&HttpCredentials| own.unasked(&uri, GET, &[]);
        let mut attempt = usable.iter().find_map(|own| unasked(own).map(|made| (*own, made)));
        let mut sent = 0;
        loop {
            let mut headers = headers.clone();
            if let Some((_, attempt)) = &attempt {
                headers.insert(AUTHORIZATION, attempt.header.clone());
            }
            let answer = self.client.get(address, headers, max_octets).await;
            let response = answer.map_err(|error| failure_of(&error))?;
            sent += 1;
            if response.status != StatusCode::UNAUTHORIZED || sent == MOST_ATTEMPTS {
                let is_theirs = attempt.as_ref().is_none_or(|(credentials, own)| {
                    credentials.is_mutual(own, &response.headers, &response.body)
                });
                return if is_theirs {
                    Ok(fetched(response, attempt.is_some()))
                } else {
                    Err(not_mutual(address))
                };
            }
            // What was refused in one way is not shown in a weaker one.
            if let Some((own, _)) = &attempt {
                usable = vec![*own];
            }
            let before = attempt.as_ref().map(|(_, made)| made);
            let next = usable.iter().find_map(|own| {
                let made = own.asked(&uri, (GET, &[]), &response.headers, before)?;
                Some((*own, made))
            });
            let Some(next) = next else { return Ok(fetched(response, before.is_some())) };
            attempt = Some(next);
        }
    }

    /// One exchange.
    async fn post(&self, request: Request<'_>) -> Answer {
        if let Some(credentials) = request.credentials {
            // Large, and not everybody's.
            return Box::pin(self.post_with(credentials, request)).await;
        }
        let headers = headers(&request);
        let Request { to, octets, max_answer, written, .. } = request;
        match self.client.post(to, headers, octets, max_answer, written).await {
            Ok(response) => read(response, &self.client.told(to), None),
            Err(error) => Answer::failed(failure_of(&error)),
        }
    }

    /// One exchange, or several while HTTP refuses the message for want of credentials: what is answered with 401 was not
    /// executed (RFC 9110 §15.5.2).
    async fn post_with(&self, credentials: &HttpCredentials, request: Request<'_>) -> Answer {
        let headers = headers(&request);
        let Request { to, octets, max_answer, written, .. } = request;
        let told = self.client.told(to);
        let Ok(uri) = &Address::of(to).escaped().parse::<Uri>() else {
            // Why not, it says itself.
            return match self.client.post(to, headers, octets, max_answer, written).await {
                Ok(response) => read(response, &told, None),
                Err(error) => Answer::failed(failure_of(&error)),
            };
        };
        if !credentials.may_go_to(uri) {
            return Answer::failed(TransportFailure {
                cause: TransportCause::Address,
                reason: format!(
                    "the credentials for HTTP go over TLS alone, and {to} is no https address"
                ),
            });
        }
        let mut written = Some(written);
        let mut attempt = credentials.unasked(uri, POST, &octets);
        for last in (0..MOST_ATTEMPTS).map(|number| number + 1 == MOST_ATTEMPTS) {
            let mut headers = headers.clone();
            if let Some(attempt) = &attempt {
                headers.insert(AUTHORIZATION, attempt.header.clone());
            }
            // Whoever sends the next message of the session waits while this one may have to go again.
            let own = written.take_if(|_| attempt.is_some()).unwrap_or_else(Written::by_nobody);
            let answer = self.client.post(to, headers, octets.clone(), max_answer, own).await;
            let response = match answer {
                Ok(response) => response,
                Err(error) => return Answer::failed(failure_of(&error)),
            };
            if response.status != StatusCode::UNAUTHORIZED || last {
                let is_theirs = attempt.as_ref().is_none_or(|own| {
                    credentials.is_mutual(own, &response.headers, &response.body)
                });
                return match is_theirs {
                    true => read(response, &told, Some(credentials)),
                    false => Answer::failed(not_mutual(to)),
                };
            }
            let next = credentials.asked(uri, (POST, &octets), &response.headers, attempt.as_ref());
            let Some(next) = next else { return read(response, &told, Some(credentials)) };
            attempt = Some(next);
        }
        Answer::failed(not_mutual(to))
    }
}

fn fetched(response: HttpResponse, is_shown: bool) -> Fetched {
    let HttpResponse { status, location, body: octets, headers, .. } = response;
    let asked = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let asked = asked.filter_map(|text| http_auth::parse_challenges(text).ok()).flatten();
    let asked = asked.map(|challenge| challenge.scheme.to_owned()).collect();
    Fetched { status, location, octets, asked, is_shown }
}

/// The answer does not prove that who gave it knows the password, though it pretends to.
pub(super) fn not_mutual(to: &str) -> TransportFailure {
    TransportFailure {
        cause: TransportCause::AccessDenied,
        reason: format!(
            "The remote HTTP server did not satisfy the mutual authentication requirement. What answers at {to} does not know \
             the password"
        ),
    }
}

impl Transport for HttpTransport {
    fn schemes(&self) -> &[&str] {
        HTTP_SCHEMES
    }

    fn exchange<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
        boxed(|| self.post(request))
    }

    fn streamed(&self) -> Option<&dyn StreamedTransport> {
        Some(self)
    }
}

pub(super) fn headers(request: &Request<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(request.content_type) {
        headers.insert(CONTENT_TYPE, value);
    }
    if !request.keep_alive {
        // The connection is closed behind the answer (RFC 9112 §9.6).
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if request.version == SoapVersion::Soap11
        && let Ok(value) = HeaderValue::from_str(&format!("\"{}\"", request.action))
    {
        headers.insert(HeaderName::from_static("soapaction"), value);
    }
    headers
}

pub(super) fn read(
    mut response: HttpResponse,
    to: &str,
    credentials: Option<&HttpCredentials>,
) -> Answer {
    let content_type = response.content_type.take();
    let outcome = match outcome_of(&response, to, credentials) {
        Outcome::Message { .. } => Outcome::Message { content_type },
        other => other,
    };
    let date = response.headers.get(DATE).and_then(|date| date.to_str().ok());
    let clock = date.and_then(http_date);
    Answer { outcome, octets: response.body, clock }
}

fn outcome_of(response: &HttpResponse, to: &str, credentials: Option<&HttpCredentials>) -> Outcome {
    let status = response.status.as_u16();
    let failed = |cause, text: &str| {
        let reason = format!("{text} (HTTP {} from {to})", response.status);
        Outcome::Failed(TransportFailure { cause, reason })
    };
    match StatusMeaning::of(status) {
        StatusMeaning::Message if response.body.is_empty() && status != 500 => Outcome::Empty,
        StatusMeaning::Message => Outcome::Message { content_type: None },
        StatusMeaning::AccessDenied => {
            failed(TransportCause::AccessDenied, &denied(response, credentials))
        }
        StatusMeaning::EndpointNotFound => failed(
            TransportCause::NotFound,
            "There was no endpoint listening that could accept the message",
        ),
        StatusMeaning::ServerTooBusy => {
            failed(TransportCause::Busy, "The HTTP service is too busy or unavailable")
        }
        StatusMeaning::GatewayTimeout => {
            failed(TransportCause::Gateway, "A gateway got no answer in time")
        }
        StatusMeaning::UnsupportedMediaType => failed(
            TransportCause::MediaType,
            "The service does not take this content type; the client and service bindings may be mismatched",
        ),
        StatusMeaning::TooLarge => failed(
            TransportCause::RequestTooLarge,
            "The message is larger than the service's maxReceivedMessageSize",
        ),
        StatusMeaning::ProtocolError if wants_tls(response, to) => failed(
            TransportCause::Address,
            "The server speaks HTTPS at this port, and the address says http: begin the address with https://, with a binding \
             for it (mode=\"TransportWithMessageCredential\" or \"Transport\", or <httpsTransport>)",
        ),
        StatusMeaning::ProtocolError => {
            let (cause, reason) = (TransportCause::NotSoap, unexpected(response, to));
            Outcome::Failed(TransportFailure { cause, reason })
        }
    }
}

/// What servers say who hear HTTP without TLS at a port for TLS: this crate's, nginx, Apache httpd, Go, Tomcat.
const SPEAKS_TLS: [&str; 5] = [
    "This port speaks HTTPS",
    "The plain HTTP request was sent to HTTPS port",
    "speaking plain HTTP to an SSL-enabled server port",
    "Client sent an HTTP request to an HTTPS server",
    "This combination of host and port requires TLS",
];

/// Whether the address says `http` of a port for TLS.
fn wants_tls(response: &HttpResponse, to: &str) -> bool {
    // They all say it at once: what follows is the server's name, or a page for browsers.
    let beginning = &response.body[..response.body.len().min(1024)];
    let said = || String::from_utf8_lossy(beginning);
    response.status == StatusCode::BAD_REQUEST
        && Address::of(to).has_scheme("http")
        && SPEAKS_TLS.iter().any(|words| said().contains(words))
}

/// Why nobody is let in, in WCF's words.
fn denied(response: &HttpResponse, credentials: Option<&HttpCredentials>) -> String {
    let scheme = credentials.map_or("Anonymous", |credentials| credentials.scheme().as_str());
    let asked: Vec<String> = response
        .headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).escape_debug().to_string())
        .collect();
    let asked = asked.join(", ");
    if response.status == StatusCode::FORBIDDEN {
        let why = match credentials {
            Some(_) => {
                "the service takes the user name or password for wrong: give it others (ChannelFactory::user_name)"
            }
            None => {
                "the service wants a client certificate, or takes the one that was shown for none"
            }
        };
        return format!(
            "The HTTP request was forbidden with client authentication scheme '{scheme}'. Probably {why}"
        );
    }
    let has = |wanted: &str| asked.to_ascii_lowercase().contains(&wanted.to_ascii_lowercase());
    let why = match credentials {
        Some(_) if has(scheme) => "the service takes the user name or password for wrong: give it others (ChannelFactory::user_name)".to_owned(),
        Some(_) => "the service wants another scheme: write its name as clientCredentialType of <transport>".to_owned(),
        None if has("Basic") || has("Digest") => {
            "the service wants a user name and password over HTTP: write clientCredentialType=\"Basic\" or \"Digest\" in \
             <transport>, and give them in code (ChannelFactory::user_name)"
                .to_owned()
        }
        None => "the service, or something before it, wants a credential that this binding does not send".to_owned(),
    };
    format!(
        "The HTTP request is unauthorized with client authentication scheme '{scheme}'. The authentication header received \
         from the server was '{asked}'. Probably {why}"
    )
}

/// What came instead of a message, for a person.
fn unexpected(response: &HttpResponse, to: &str) -> String {
    let mut reason = format!(
        "The remote server returned an unexpected response (HTTP {} from {to})",
        response.status
    );
    if let Some(location) = &response.location {
        let location = first_bytes(location.as_bytes());
        reason += &format!(", which leads to {location}: no redirection is followed");
    }
    if !response.body.is_empty() {
        let beginning = first_bytes(&response.body);
        reason += &format!(". The first bytes of the response were: '{beginning}'");
    }
    reason
}

pub(super) fn failure_of(error: &HttpError) -> TransportFailure {
    let cause = match error {
        HttpError::Address { .. } => TransportCause::Address,
        HttpError::UnknownHost { .. } => TransportCause::UnknownHost,
        HttpError::Connect { error, .. } => {
            let io = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
            match io {
                Some(std::io::ErrorKind::ConnectionRefused) => TransportCause::Refused,
                _ => TransportCause::Unreachable,
            }
        }
        HttpError::Tls { .. } => TransportCause::Tls,
        HttpError::Untrusted { .. } => TransportCause::Untrusted,
        HttpError::Broken { .. } => TransportCause::Broken,
        HttpError::Proxy { .. } => TransportCause::Proxy,
        HttpError::ProxyAuthentication { .. } => TransportCause::ProxyAuthentication,
        HttpError::NotHttp { .. } | HttpError::Coding { .. } => TransportCause::NotSoap,
        HttpError::TooLarge { .. } => TransportCause::AnswerTooLarge,
    };
    TransportFailure { cause, reason: error.to_string() }
}

thread_local! {
    /// The last `Date` header: most say the same second as the one before.
    static LAST_DATE: RefCell<Option<(Box<str>, Timestamp)>> = const { RefCell::new(None) };
}

/// The longest `Date` that is kept.
const USUAL_DATE: usize = 64;

/// The time of a `Date` header.
fn http_date(text: &str) -> Option<Timestamp> {
    LAST_DATE.with_borrow_mut(|last| {
        if let Some((_, date)) = last.as_ref().filter(|(own, _)| **own == *text) {
            return Some(*date);
        }
        let date = read_date(text)?;
        if text.len() <= USUAL_DATE {
            *last = Some((text.into(), date));
        }
        Some(date)
    })
}

/// The time of a `Date` header (RFC 9110 §5.6.7, the form that everybody writes).
fn read_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}
