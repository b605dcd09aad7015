//! WS-MetadataExchange: the submission of September 2004 that WCF speaks, and the W3C's version of 2009 that CXF speaks, too.

mod advice;
pub(crate) mod read;
mod request;

pub use self::advice::how_wcf_publishes;
pub use self::request::{Question, request};
