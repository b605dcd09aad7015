//! Messages one element of which is read and written as its octets come: WCF's streamed transfer (`transferMode`), in the
//! [encodings](Streamed) of messages that stand each by itself.
//!
//! Everything before the content of the element is the head, which is a whole message with an empty element as soon as the
//! ends of what is open are added: a [`Head`] finds where that is. What follows is the [`Content`], and nothing but the ends of
//! what is around it may stand behind. As WCF has it, the octets are
//!
//! * in binary messages in any number of records ([`ContentReader`], [`ContentWriter`]; MC-NBFX §2.3.3);
//! * in text base64;
//! * in MTOM a part of their own, the last one, to which the element refers.

mod content;
mod divide;
mod encoding;
mod head;
mod mtom;
mod part;
mod reading;
mod text;
mod text_content;

pub use content::{ContentError, ContentReader, ContentWriter, FIRST_AT_ONCE, MOST_AT_ONCE};
pub use divide::{Divided, StreamWriter};
pub use encoding::Streamed;
pub use head::{HeadError, HeadReader, HeadStep, Place};
pub use reading::{Content, Head};
