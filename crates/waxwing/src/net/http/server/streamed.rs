//! One exchange in pieces: the body of the request is handed over while it comes, and the answer goes out as it is made.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::EXPECT;
use http::{Method, Request, Response, StatusCode};
use hyper::body::{Body as _, Incoming};
use waxwing_session::{TransportCause, TransportFailure};

use super::answer_body::AnswerBody;
use super::exchange::{Aborted, Exchange, HttpHandler, empty, host, looked_at, read_on};
use crate::future::BoxFuture;
use crate::net::link::LinkInput;
use crate::net::pieces::Pace;
use crate::net::places::{Connection, ConnectionRoom, End, Pause, Places, Stage};
use crate::net::room::{Hold, PIECE, Room as _, charged};
use crate::panics;

impl<H: HttpHandler> Exchange<H> {
    /// The most octets of this request, where it is handed over as its body comes.
    pub(super) fn streams(&self, request: &Request<Incoming>) -> Option<usize> {
        let host = host(request.uri(), request.headers());
        let streams = || self.handler.streams(host, request.uri().path());
        (request.method() == Method::POST).then(streams).flatten()
    }

    /// Answers a request of at most so many octets.
    pub(super) async fn in_pieces(
        &self,
        request: Request<Incoming>,
        most: usize,
    ) -> Result<Response<AnswerBody>, Aborted> {
        let (mut head, body) = request.into_parts();
        let refusal = looked_at(&mut head).or_else(|| {
            (body.size_hint().lower() > most as u64).then(|| empty(StatusCode::PAYLOAD_TOO_LARGE))
        });
        if let Some(refusal) = refusal {
            self.connection.enter(Stage::Answer);
            if !head.headers.contains_key(EXPECT) {
                read_on(body);
            }
            return Ok(refusal);
        }
        let turn = Arc::new(Turn::default());
        let input = BodyInput {
            body,
            came: None,
            most,
            pace: self.places.pace(),
            places: Arc::clone(&self.places),
            connection: Arc::clone(&self.connection),
            turn: Arc::clone(&turn),
        };
        turn.rest(&self.connection);
        let host = host(&head.uri, &head.headers).map(str::to_owned);
        let request = self.request(head, host, (Bytes::new(), Hold::default()));
        let handled = self.handler.handle_in_pieces(request, Box::new(input));
        let reply = tokio::select! {
            reply = panics::caught(handled) => reply,
            end = self.connection.ended() => {
                tracing::debug!(peer = %self.peer, "an exchange was given up: {end:?}");
                return Err(Aborted);
            }
        };
        turn.answer(&self.connection);
        self.write(reply)
    }
}

/// What the connection is doing while a body comes: it waits for its peer while octets are asked for, and for nobody otherwise.
/// When the answer begins, it is doing that.
#[derive(Debug, Default)]
struct Turn(Mutex<Whose>);

#[derive(Debug, Default)]
enum Whose {
    /// The peer's: its octets are waited for.
    #[default]
    Peer,
    /// Ours.
    Ours(Pause),
    /// The answer's.
    Answer,
}

impl Turn {
    fn with(&self, next: impl FnOnce(Whose) -> Whose) {
        let mut whose = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *whose = next(std::mem::replace(&mut *whose, Whose::Answer));
    }

    fn wait(&self, connection: &Connection) {
        self.with(|whose| match whose {
            Whose::Ours(pause) => {
                connection.go_on(pause);
                Whose::Peer
            }
            other => other,
        });
    }

    fn rest(&self, connection: &Connection) {
        self.with(|whose| match whose {
            Whose::Peer => Whose::Ours(connection.pause()),
            other => other,
        });
    }

    fn answer(&self, connection: &Connection) {
        self.with(|_| {
            connection.enter(Stage::Answer);
            Whose::Answer
        });
    }
}

/// The body of a request, piece by piece.
struct BodyInput {
    body: Incoming,
    /// A piece that waits for memory.
    came: Option<Bytes>,
    most: usize,
    pace: Pace,
    places: Arc<Places>,
    connection: Arc<Connection>,
    turn: Arc<Turn>,
}

impl std::fmt::Debug for BodyInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyInput").finish_non_exhaustive()
    }
}

impl LinkInput for BodyInput {
    fn receive(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportFailure>> {
        Box::pin(async move {
            if self.came.is_none() {
                self.turn.wait(&self.connection);
                let next = self.next().await;
                self.turn.rest(&self.connection);
                self.came = next?;
            }
            let Some(piece) = self.came.as_ref() else { return Ok(None) };
            // What `hyper` hands out is a slice of its own buffer, which is larger.
            let room = ConnectionRoom { places: &self.places, connection: &self.connection };
            let mut charge = room.charge();
            room.more(&mut charge, piece.len() + PIECE).await;
            let piece = self.came.take().unwrap_or_default();
            Ok(Some(charged(piece.to_vec(), charge)))
        })
    }
}

impl BodyInput {
    /// The next octets.
    async fn next(&mut self) -> Result<Option<Bytes>, TransportFailure> {
        let failed = |cause, reason: String| Err(TransportFailure { cause, reason });
        loop {
            let body = &mut self.body;
            let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
            let came = tokio::select! {
                came = self.pace.within(frame) => came,
                end = self.connection.ended() => return match end {
                    End::Evicted => failed(TransportCause::Broken, "others needed the connection".to_owned()),
                    End::TooSlow => failed(TransportCause::NoAnswer, "it came too slowly".to_owned()),
                },
            };
            let frame = match came {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(error))) => return failed(TransportCause::Broken, error.to_string()),
                Err(patience) => {
                    let reason = format!("it came too slowly: nothing more within {patience:.1?}");
                    return failed(TransportCause::NoAnswer, reason);
                }
            };
            let Ok(piece) = frame.into_data() else { continue };
            if self.pace.came(piece.len()) > self.most as u64 {
                return failed(TransportCause::AnswerTooLarge, too_large(self.most));
            }
            let room = ConnectionRoom { places: &self.places, connection: &self.connection };
            room.progress(piece.len());
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
    }
}

fn too_large(most: usize) -> String {
    format!(
        "The maximum message size quota for incoming messages ({most}) has been exceeded. To increase the quota, use the \
         MaxReceivedMessageSize property on the appropriate binding element."
    )
}
