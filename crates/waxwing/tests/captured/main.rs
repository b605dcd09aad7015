//! Captured flows of WCF through the whole runtime, in both roles: what our client and our service send is what WCF's sent, to
//! the octet where nothing random stands, and what WCF sent is understood.
//!
//! Over HTTP (`http`) each exchange goes both ways at once: WCF's request to our service, WCF's answer to our client. Over
//! net.tcp (`tcp`) and in the two directions of `wsDualHttpBinding` (`dual`) a scripted peer plays one end over loopback.
//!
//! With message security both ends of a run have keys of their own. Over net.tcp the peer holds the capture's, too: it says what
//! WCF said under the keys of the run, and reads what ours says (`secured`). Over HTTP our ends talk to each other, and what
//! they say is compared (`http_secured`). Which captures go where is told in `testdata/README.md`.

#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]

mod capture;
mod contracts;
mod drive;
mod dual;
mod http;
mod http_secured;
mod messages;
mod names;
mod peer;
mod posts;
mod reliable;
mod secured;
mod tcp;
mod wire;
