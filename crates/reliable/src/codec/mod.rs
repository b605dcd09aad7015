//! Typed messages to and from envelopes (WS-RM 2005 §3, 1.1 §3; WCF's header order and prefixes).
//!
//! * `read(&Envelope, ReliableMessagingVersion) -> Result<Message<()>, ReadError>`: what an envelope is to this
//!   layer; put the application's message in with [`Message::map`](crate::Message::map).
//!   `ReadError::fault()` is the fault to answer with, None when the request is best left unanswered.
//! * `write_headers(&mut Envelope, &Headers, ReliableMessagingVersion)`: the headers into an application message
//!   that has its addressing headers already.
//! * `write(&Message<M>, ReliableMessagingVersion, MessageVersion, to: Option<&str>) -> Option<Envelope>`: a whole
//!   message of the protocol; None for an application message. `to` is the address of a request, None for a
//!   response.
//! * `Response::is_fault()`: whether the status of the response is 500.
