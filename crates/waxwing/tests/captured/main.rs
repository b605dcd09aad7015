//! Captured flows of WCF through the whole runtime, in both roles: what our client and our service send is what WCF's sent, to
//! the octet where nothing random stands, and what WCF sent is understood.
//!
//! Over HTTP (`http`) each exchange goes both ways at once: WCF's request to our service, WCF's answer to our client. Over
//! net.tcp (`tcp`) and in the two directions of `wsDualHttpBinding` (`dual`) a scripted peer plays one end over loopback.

#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]

mod capture;
mod contracts;
mod drive;
mod dual;
mod http;
mod messages;
mod names;
mod peer;
mod posts;
mod reliable;
mod secured;
mod tcp;
