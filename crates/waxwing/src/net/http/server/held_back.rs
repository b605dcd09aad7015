//! Requests whose client waits to be told to send their body (`Expect: 100-continue`, RFC 9110 §10.1.1): who is refused for what stands
//! before it hears that at once, and sends nothing. `hyper` tells him to go on when the body is asked for.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::body::{Body as _, Incoming};

use super::answer_body::AnswerBody;
use super::exchange::{Aborted, Exchange, HttpHandler, HttpRequest, empty, host, looked_at};
use crate::net::places::Stage;
use crate::net::room::Hold;
use crate::panics;

impl<H: HttpHandler> Exchange<H> {
    /// Answers one request.
    pub(super) async fn held_back(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<AnswerBody>, Aborted> {
        let (mut head, body) = request.into_parts();
        let refusal = looked_at(&mut head).or_else(|| {
            let is_too_large = body.size_hint().lower() > self.max_body as u64;
            is_too_large.then(|| empty(StatusCode::PAYLOAD_TOO_LARGE))
        });
        if let Some(refusal) = refusal {
            return Ok(refusal);
        }
        let host = host(&head.uri, &head.headers).map(str::to_owned);
        // It waits for us.
        self.connection.enter(Stage::Handling);
        let request = self.request(head, host, (Bytes::new(), Hold::default()));
        let judged = match panics::caught(self.handler.judge(&request)).await {
            Ok(Ok(judged)) => judged,
            Ok(Err(reply)) => return self.write(Ok(reply)),
            Err(panicked) => return self.write(Err(panicked)),
        };
        self.connection.enter(Stage::Body);
        let (body, hold) = match self.body(body, request.host.as_deref(), request.path()).await? {
            Ok(body) => body,
            Err(refusal) => return Ok(refusal),
        };
        self.connection.enter(Stage::Handling);
        let handled = match judged {
            Some(judged) => panics::caught(self.handler.handle_judged(judged, body, hold)).await,
            None => {
                panics::caught(self.handler.handle(HttpRequest { body, hold, ..request })).await
            }
        };
        self.write(handled)
    }
}
