//! From a reply that did not verify to what it means for the client.

use waxwing_soap::{Envelope, Fault};

use super::super::error::{ClientError, FaultOrigin};
use super::super::faults::{SecurityFaultKind, ends_session};
use crate::error::SecurityError;
use crate::wsse::Dialect;

/// The most characters of an unsecured fault's reason that are kept: it is a stranger's text.
const MAX_REASON: usize = 4096;

/// What must be read of a reply before verification consumes it: the fault that it shows in clear.
pub(super) fn visible_fault(reply: &Envelope) -> Option<Fault> {
    let mut fault = if reply.is_fault() { Fault::read(reply)? } else { return None };
    fault.detail = None;
    for (_, text) in &mut fault.reason {
        if text.len() > MAX_REASON {
            let cut = text.char_indices().map(|(i, _)| i).take_while(|i| *i <= MAX_REASON).last();
            text.truncate(cut.unwrap_or(0));
        }
    }
    Some(fault)
}

/// A reply that did not verify: a fault of the service's security layer, or a reply to be forgotten.
///
/// Every fault ends an exchange of the security protocol. In the session only a fault of the service's
/// own security layer does; anything else that cannot be verified concerns that call alone.
pub(super) fn failure(
    fault: Option<Fault>,
    error: SecurityError,
    origin: FaultOrigin,
    dialect: Dialect,
) -> ClientError {
    match fault {
        Some(fault) if origin != FaultOrigin::Call || ends_session(&fault, dialect) => {
            let kind = SecurityFaultKind::of(&fault);
            ClientError::Fault { fault: Box::new(fault), kind, origin, ends_session: true }
        }
        Some(fault) => {
            let kind = SecurityFaultKind::of(&fault);
            ClientError::Fault { fault: Box::new(fault), kind, origin, ends_session: false }
        }
        None if origin == FaultOrigin::Call => ClientError::Unverifiable(error),
        None => ClientError::Response { origin, error },
    }
}
