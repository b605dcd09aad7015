//! What is known of the end of a sequence that comes in (2005 §3.1 LastMessage, 1.1 §3.5 CloseSequence).

use crate::ranges::MessageNumber;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// More may come.
    Open,
    /// 2005: the number of the last message.
    Last(MessageNumber),
    /// 1.1: CloseSequence came, with this LastMsgNumber. Nothing new is taken.
    Closed(Option<MessageNumber>),
}
