//! What is kept of conversations, as octets: what a store keeps, and what is made of it again.
//!
//! A record begins with the version of its format and with what it is of; what follows are values by the format of
//! [postcard](https://postcard.jamesmunns.com/wire-format), messages as XML. Fields and variants stand in the order of
//! their declarations: whoever changes one gives the format another number, and reads the old one.
//!
//! Records hold keys and plain messages: they are wiped when they are dropped, and a store seals them. Reading takes whatever
//! octets there are: it does not panic, and allocates no more than a multiple of what it is given.

mod caller;
mod message;
mod octets;
mod session;

pub use self::message::{read_message, read_request, write_message, write_request};
pub use self::octets::{RecordError, RecordKind};
pub use self::session::{
    read_client, read_context, read_session, write_client, write_context, write_session,
};

#[cfg(test)]
mod tests;
