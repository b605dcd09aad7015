//! What a loader asks for.

use crate::location::{At, Location};

/// Something that the loader needs to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// What it is.
    pub kind: WantKind,
    /// Where it is.
    pub location: Location,
    /// Who refers to it; none for what was given.
    pub wanted_by: Option<At>,
}

/// How a loader wants something to be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WantKind {
    /// Read the file, or GET the URL.
    Document,
    /// Ask the endpoint by WS-MetadataExchange (`wsx:MetadataReference`).
    Exchange,
}
