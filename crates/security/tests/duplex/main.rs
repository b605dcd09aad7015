//! Messages that are no exchange: both ends send when they like, over one connection or two directions of one-way messages.

#[path = "../common/nego.rs"]
mod nego;

mod attacks;
mod ends;
mod kit;
mod rules;
