//! Transports: how the bytes of an envelope travel. Only HTTP/1.1 for now.
//!
//! A transport knows neither SOAP nor sessions: it moves one entity body there and one back and
//! says in words why it could not. What a status code means for a session is decided by
//! [`waxwing_soap::http`](waxwing_soap).

pub mod http;
