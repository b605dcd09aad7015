//! One-way: there is one sequence, and its acknowledgements are the answers of its messages.
//!
//! The service's end is a [destination](crate::destination::Destination) and no more: each message is answered with
//! what came so far. The client's end is a source; this file says what such an acknowledgement completes.

use waxwing_soap::Time;

use crate::names::CallId;
use crate::ranges::{MessageNumber, Ranges};
use crate::source::Source;

/// The rule of an acknowledgement that answers a message. Some: how it breaks it.
pub(crate) fn breach<M>(source: &Source<M>, ranges: &Ranges) -> Option<&'static str> {
    let window = &source.window;
    (window.takes_back(ranges) && !window.newly_in(ranges).is_empty())
        .then_some("an acknowledgement takes an earlier one back")
}

/// Every message that the ranges name is done: which, and the calls that complete by it.
pub(crate) fn acknowledged<M>(
    source: &mut Source<M>,
    ranges: &Ranges,
    now: Time,
) -> (Vec<MessageNumber>, Vec<CallId>) {
    let done = source.window.newly_in(ranges);
    let calls = done.iter().filter_map(|number| source.window.transfer(*number, now)?).collect();
    (done, calls)
}
