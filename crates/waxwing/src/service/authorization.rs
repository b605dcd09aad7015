//! Who may do what: a decision of the program before each call.

use std::future::Future;
use std::time::Duration;

use waxwing_security::wsse::names::WSSE;

use crate::contract::{BoxFuture, OperationContext, OperationFault};
use crate::log::Cut;
use crate::panics;

/// How long a decision may take. One that hangs holds its call's place among `maxConcurrentCalls`; longer than this no
/// client waits (WCF's `sendTimeout` is a minute).
const PATIENCE: Duration = Duration::from_secs(60);

/// Decides whether a call may be executed (WCF's `ServiceAuthorizationManager.CheckAccess`).
///
/// Asked before every call of every operation, when the message was verified: the caller is proven, as far as the
/// binding has security. It runs beside other calls, under no lock, and counts among `maxConcurrentCalls`; one that takes
/// longer than a minute, or panics, refuses its call.
///
/// A closure that gives a future is one. It takes out of the context what the future needs:
///
/// ```
/// # use waxwing::ServiceHostBuilder;
/// use waxwing::contract::OperationContext;
///
/// let builder = ServiceHostBuilder::new().authorize(|call: &OperationContext| {
///     let caller = call.caller().map(|caller| caller.name.clone()).unwrap_or_default();
///     let is_change = !call.action().ends_with("/Read");
///     async move {
///         // A database may be asked here.
///         match is_change && caller != "alice" {
///             true => Err(format!("'{caller}' may only read")),
///             false => Ok(()),
///         }
///     }
/// });
/// ```
pub trait ServiceAuthorization: Send + Sync {
    /// Whether the call may be executed.
    ///
    /// # Errors
    /// It may not. The text is for the local log; the client hears `Access is denied.` and nothing else.
    fn check_access<'a>(&'a self, call: &'a OperationContext) -> BoxFuture<'a, Result<(), String>>;
}

impl<F, V> ServiceAuthorization for F
where
    F: Fn(&OperationContext) -> V + Send + Sync,
    V: Future<Output = Result<(), String>> + Send + 'static,
{
    fn check_access<'a>(&'a self, call: &'a OperationContext) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(self(call))
    }
}

/// Why a call is not executed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// The program said no.
    #[error("access is denied: {0}")]
    Denied(String),
    /// The program did not say anything.
    #[error("the decision whether the call is allowed took longer than {} s", PATIENCE.as_secs())]
    TooSlow,
    /// Its decision failed.
    #[error("the decision whether the call is allowed failed: {0}")]
    Failed(panics::Panicked),
}

impl Refusal {
    /// What the client hears: WCF's fault for a call that is not allowed, its internal error for the others.
    pub(super) fn fault(self) -> OperationFault {
        match self {
            Self::Denied(_) => {
                OperationFault::new("Access is denied.").with_subcode(WSSE, "FailedAuthentication")
            }
            other => OperationFault::internal(other),
        }
    }
}

/// Asks whether the call may be executed.
///
/// # Errors
/// It may not.
pub(super) async fn check(
    authorization: &dyn ServiceAuthorization,
    call: &OperationContext,
) -> Result<(), Refusal> {
    // The closure may panic before it gives a future.
    let decision = panics::caught(async { authorization.check_access(call).await });
    match tokio::time::timeout(PATIENCE, decision).await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(reason))) => Err(Refusal::Denied(Cut::own(reason).to_string())),
        Ok(Err(panicked)) => Err(Refusal::Failed(panicked)),
        Err(_) => Err(Refusal::TooSlow),
    }
}
