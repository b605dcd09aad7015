//! Exchanges of the client whose messages go in pieces: chunked, a request that is made while it is sent, an answer that is read
//! while it comes.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Response, StatusCode, Uri};
use hyper::body::{Body as _, Incoming};
use waxwing_session::{TransportCause, TransportFailure};
use waxwing_soap::Address;

use super::body::{CollectError, Unlimited, collect};
use super::client::{HttpError, HttpResponse, NOT_TWICE};
use super::login::{Attempt, HttpCredentials, MOST_ATTEMPTS};
use super::pool::Connection;
use super::status::StatusMeaning;
use super::told_body::ToldBody;
use super::transport::{HttpTransport, POST, failure_of, headers, not_mutual, read};
use crate::future::BoxFuture;
use crate::net::link::LinkInput;
use crate::net::pieces::{Pace, Pieces};
use crate::net::transport::{Answer, Request, StreamedAnswer, StreamedTransport, Written};

/// The most octets of what is no message: pages for people.
const MAX_PAGE: usize = 64 << 10;
/// The slowest that an answer may come in, in octets per second on average, when it has taken longer than [`GRACE`]: slower than
/// any link, and faster than a peer that only wants to be waited for.
const MIN_RATE: u32 = 16;
/// How long an answer may take whatever its rate: who sends one may have to wait for what it is made of.
const GRACE: Duration = Duration::from_secs(3600);

impl StreamedTransport for HttpTransport {
    fn exchange_in_pieces<'a>(
        &'a self,
        request: Request<'a>,
        stream: Option<Pieces>,
    ) -> BoxFuture<'a, StreamedAnswer> {
        Box::pin(async move {
            let posted = match stream {
                Some(stream) => self.stream(request, stream).await,
                None => self.whole(request).await,
            };
            posted.unwrap_or_else(|failure| StreamedAnswer::Over(Answer::failed(failure)))
        })
    }
}

impl HttpTransport {
    /// A message that is made while it is sent: it is sent once.
    async fn stream(
        &self,
        request: Request<'_>,
        stream: Pieces,
    ) -> Result<StreamedAnswer, TransportFailure> {
        let mut own = headers(&request);
        let uri = login_uri(&request)?;
        let login = request.credentials.zip(uri.as_ref());
        // A digest of the content cannot be made before there is one.
        let attempt = login.and_then(|(credentials, uri)| credentials.unasked(uri, POST, &[]));
        if let Some(attempt) = &attempt {
            own.insert(AUTHORIZATION, attempt.header.clone());
        }
        let (to, most) = (request.to, request.max_answer);
        let body = ToldBody::pieces(stream, request.written);
        let posted = self.client.post_in_pieces(to, own, body, most).await;
        let (connection, response) = posted.map_err(|error| failure_of(&error))?;
        if response.status() == StatusCode::UNAUTHORIZED
            && let Some((credentials, uri)) = login
            && credentials.asked(uri, (POST, &[]), response.headers(), attempt.as_ref()).is_some()
        {
            let (cause, reason) = (TransportCause::AccessDenied, NOT_TWICE.to_owned());
            return Err(TransportFailure { cause, reason });
        }
        is_theirs(login, attempt.as_ref(), &response).ok_or_else(|| not_mutual(to))?;
        self.answer((connection, response), request.credentials, (to, most)).await
    }

    /// A message that is whole, several times while HTTP refuses it for want of credentials.
    async fn whole(&self, request: Request<'_>) -> Result<StreamedAnswer, TransportFailure> {
        let own = headers(&request);
        let uri = login_uri(&request)?;
        let Request { to, octets, max_answer: most, credentials, .. } = request;
        let login = credentials.zip(uri.as_ref());
        let mut attempt =
            login.and_then(|(credentials, uri)| credentials.unasked(uri, POST, &octets));
        for last in (0..MOST_ATTEMPTS).map(|number| number + 1 == MOST_ATTEMPTS) {
            let mut own = own.clone();
            if let Some(attempt) = &attempt {
                own.insert(AUTHORIZATION, attempt.header.clone());
            }
            let body = ToldBody::new(octets.clone(), Written::by_nobody());
            let posted = self.client.post_in_pieces(to, own, body, most).await;
            let (connection, response) = posted.map_err(|error| failure_of(&error))?;
            let is_refused = response.status() == StatusCode::UNAUTHORIZED && !last;
            let next = login.filter(|_| is_refused).and_then(|(credentials, uri)| {
                credentials.asked(uri, (POST, &octets), response.headers(), attempt.as_ref())
            });
            match next {
                Some(next) => attempt = Some(next),
                None => {
                    let own = is_theirs(login, attempt.as_ref(), &response);
                    own.ok_or_else(|| not_mutual(to))?;
                    let answered = (connection, response);
                    return self.answer(answered, credentials, (to, most)).await;
                }
            }
        }
        Err(not_mutual(to))
    }

    /// What came: a message, of which the octets are to come, or something else.
    async fn answer(
        &self,
        (connection, response): (Connection, Response<Incoming>),
        credentials: Option<&HttpCredentials>,
        (to, most): (&str, usize),
    ) -> Result<StreamedAnswer, TransportFailure> {
        let (head, body) = response.into_parts();
        let text = |name| text(&head.headers, name);
        let told = self.client.told(to);
        let is_message = StatusMeaning::of(head.status.as_u16()) == StatusMeaning::Message;
        let is_empty = body.is_end_stream();
        if is_message && !is_empty {
            if let Some(coding) = text(CONTENT_ENCODING)
                && !coding.eq_ignore_ascii_case("identity")
            {
                let text = format!("it is in '{}', and none was asked for", coding.escape_debug());
                return Err(failure_of(&HttpError::Coding { address: told.into_owned(), text }));
            }
            if body.size_hint().lower() > most as u64 {
                let address = told.into_owned();
                return Err(failure_of(&HttpError::TooLarge { address, limit: most }));
            }
            let pace = Pace::new(Duration::MAX, GRACE, MIN_RATE);
            let address = told.into_owned();
            let input =
                Box::new(AnswerInput { body, most, pace, address, _connection: connection });
            return Ok(StreamedAnswer::Message { content_type: text(CONTENT_TYPE), input });
        }
        // Some cut the connection behind the head of a refusal, since they have not read the message.
        let body = match collect(body, MAX_PAGE, &Unlimited).await {
            Ok((body, ())) => body.into(),
            Err(CollectError::TooLarge | CollectError::Broken(_)) => Bytes::new(),
        };
        let (content_type, location) = (text(CONTENT_TYPE), text(LOCATION));
        let (status, headers) = (head.status, head.headers);
        let response = HttpResponse { status, content_type, location, headers, body };
        Ok(StreamedAnswer::Over(read(response, &told, credentials)))
    }
}

/// Whether what answers knows the password, too, where it says so. Of the content of an answer it can say so only when that is
/// whole: then it is not believed.
fn is_theirs(
    login: Option<(&HttpCredentials, &Uri)>,
    attempt: Option<&Attempt>,
    response: &Response<Incoming>,
) -> Option<()> {
    let Some(((credentials, _), attempt)) = login.zip(attempt) else { return Some(()) };
    credentials.is_mutual(attempt, response.headers(), &[]).then_some(())
}

/// Where the credentials go; an error where they may not.
fn login_uri(request: &Request<'_>) -> Result<Option<Uri>, TransportFailure> {
    let Some(credentials) = request.credentials else { return Ok(None) };
    let uri = Address::of(request.to).escaped().parse::<Uri>().ok();
    match &uri {
        Some(uri) if !credentials.may_go_to(uri) => Err(TransportFailure {
            cause: TransportCause::Address,
            reason: format!(
                "the credentials for HTTP go over TLS alone, and {} is no https address",
                request.to
            ),
        }),
        _ => Ok(uri),
    }
}

fn text(headers: &HeaderMap, name: http::HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// The body of an answer, piece by piece.
struct AnswerInput {
    body: Incoming,
    most: usize,
    pace: Pace,
    address: String,
    /// It ends when nobody holds it.
    _connection: Connection,
}

impl fmt::Debug for AnswerInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerInput").field("address", &self.address).finish_non_exhaustive()
    }
}

impl LinkInput for AnswerInput {
    fn receive(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportFailure>> {
        Box::pin(async move {
            loop {
                let body = &mut self.body;
                let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
                let failed = |error| Err(failure_of(&error));
                let address = || self.address.clone();
                let frame = match self.pace.within(frame).await {
                    Ok(None) => return Ok(None),
                    Ok(Some(Ok(frame))) => frame,
                    Ok(Some(Err(error))) => {
                        let error = error.to_string().into();
                        return failed(HttpError::Broken { address: address(), error });
                    }
                    Err(patience) => {
                        let reason = format!(
                            "the answer of {} comes too slowly: nothing more within {patience:.1?}",
                            self.address
                        );
                        return Err(TransportFailure { cause: TransportCause::NoAnswer, reason });
                    }
                };
                let Ok(piece) = frame.into_data() else { continue };
                if self.pace.came(piece.len()) > self.most as u64 {
                    return failed(HttpError::TooLarge { address: address(), limit: self.most });
                }
                if !piece.is_empty() {
                    return Ok(Some(piece));
                }
            }
        })
    }
}
