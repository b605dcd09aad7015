//! Forged responses.

use waxwing_reliable::{Body, Message};

use crate::random::Random;
use crate::world::Payload;

/// A response with something wrong in it, now and then.
pub fn forge(mut message: Message<Payload>, random: &mut Random) -> Option<Message<Payload>> {
    if !random.permille(150) {
        return Some(message);
    }
    let headers = &mut message.headers;
    match random.between(0, 7) {
        0 => headers.acknowledgement = None,
        1 => {
            if let Some(a) = &mut headers.acknowledgement {
                a.ranges.insert_range(1, a.ranges.highest() + random.between(1, 5));
            }
        }
        2 => headers.sequence = None,
        3 => {
            if let Some(s) = &mut headers.sequence {
                s.number = i64::MAX as u64;
            }
        }
        4 => {
            if let Some(a) = &mut headers.acknowledgement {
                a.is_final = !a.is_final;
            }
        }
        5 => message.body = Body::AckRequested,
        6 => {
            if let Some(a) = &mut headers.acknowledgement {
                a.buffer_remaining = Some(0);
            }
        }
        _ => return None,
    }
    Some(message)
}
