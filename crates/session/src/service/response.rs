//! What an exchange is answered with, before it is written.

use waxwing_reliable::Response;

use super::verified::Carried;
use crate::message::AppMessage;

/// What an exchange is answered with, before it is written.
#[derive(Debug)]
pub struct ServiceResponse(pub(crate) Said);

#[derive(Debug)]
pub(crate) enum Said {
    /// Of a reliable session. Large, and handed on many times.
    Reliable(Box<Response<Carried>>),
    /// Of a call outside of reliable sessions; none of a one-way operation.
    Alone(Option<AppMessage>),
    Unavailable,
    /// A session was asked for, and too many wait to be accepted.
    TooManyWait,
    NoAnswer,
}
