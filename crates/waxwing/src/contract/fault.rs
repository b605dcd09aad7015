//! What an operation may return instead of a result.

use std::any::TypeId;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use waxwing_datacontract::{ContractName, DataContract, WriteError, WriteOptions, Writer};
use waxwing_macros::DataContract;
use waxwing_soap::{Envelope, Fault, FaultCode, MessageVersion};
use waxwing_xml::{Document, Name};

use super::Outgoing;
use super::body::BodyError;
use super::description::OperationDescription;

/// The namespace of the subcodes that WCF's dispatcher gives.
const DISPATCHER: &str =
    "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher";
/// The action of the dispatcher's faults.
const DISPATCHER_FAULT: &str =
    "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher/fault";
/// What a fault says whose creator said nothing.
const NO_REASON: &str = "The creator of this fault did not specify a Reason.";
/// What a client learns of an error that is none of its business (WCF's text).
const INTERNAL: &str = "The server was unable to process the request due to an internal error.  For more information about \
    the error, either turn on IncludeExceptionDetailInFaults (either from ServiceBehaviorAttribute or from the <serviceDebug> \
    configuration behavior) on the server in order to send the exception information back to the client, or turn on tracing \
    as per the Microsoft .NET Framework 3.0 SDK documentation and inspect the server trace logs.";
/// What a client learns that calls after the last operation of a session (WCF's text).
const TERMINATED: &str = "An operation marked as IsTerminating has already been invoked on this channel, causing the channel's \
    connection to terminate.  No more operations may be invoked on this channel.  Please re-create the channel to continue \
    communication.";
/// The namespace of the subcodes of calls that are not executed again after a crash.
pub const DELIVERY: &str = "urn:waxwing:delivery";
/// What a client learns of a call that is in doubt.
const IN_DOUBT: &str = "The service has stopped while it executed this message, which may be executed once only. It is not executed again, \
    and nobody can say from here whether it was done. The message is among the service's dead letters.";
/// Most errors in a chain of causes that are told: enough for a person, and a bound for a chain that is a circle.
const MAX_CAUSES: usize = 16;

/// What an operation may return instead of a result: a SOAP fault, or an internal error.
///
/// * [`OperationFault::new`] is `FaultException`: a fault with a reason and a code.
/// * [`OperationFault::with_detail`] is `FaultException<T>`: its detail is a data contract.
/// * Every error converts with `?` into an *internal error*, as an exception that a WCF service does not catch. The client
///   learns nothing of it but WCF's standard text, unless [`FaultOptions::include_exception_detail`] is set.
///
/// ```
/// use waxwing::contract::OperationFault;
///
/// fn divide(n1: i32, n2: i32) -> Result<i32, OperationFault> {
///     if n2 == 0 {
///         return Err(OperationFault::new("Division by zero").with_subcode("urn:calc", "DivideByZero"));
///     }
///     let quotient = n1.checked_div(n2).ok_or(std::fmt::Error)?;
///     Ok(quotient)
/// }
///
/// assert!(!divide(1, 0).unwrap_err().is_internal());
/// assert!(divide(i32::MIN, -1).unwrap_err().is_internal());
/// ```
pub struct OperationFault(Box<Kind>, Outcome);

/// What becomes of the application's transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Outcome {
    #[default]
    RolledBack,
    Committed,
}

enum Kind {
    Fault { fault: Box<Fault>, action: Action, detail: Option<Detail> },
    Unsupported(String),
    Internal { error: Box<dyn Error + Send + Sync>, type_name: &'static str },
}

/// The action of a fault.
enum Action {
    /// That of the addressing version.
    Default,
    /// The dispatcher's.
    Dispatcher,
    /// One of its own.
    Own(String),
}

/// A detail that is not written yet: the operation's contract may have a name for its element.
#[derive(Clone)]
struct Detail {
    type_id: TypeId,
    name: ContractName,
    write: Arc<WriteDetail>,
}

/// Writes a detail as an element of this name.
type WriteDetail = dyn Fn(&ContractName) -> Result<Document, WriteError> + Send + Sync;

/// What a service tells its clients about errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultOptions {
    /// `includeExceptionDetailInFaults`: sends text and causes of internal errors. For debugging only.
    pub include_exception_detail: bool,
}

/// The detail of a fault for an internal error, when the service includes it (`System.ServiceModel.ExceptionDetail`).
#[derive(Clone, Debug, Default, PartialEq, Eq, DataContract)]
#[data_contract(crate = "waxwing_datacontract", clr_namespace = "System.ServiceModel")]
pub struct ExceptionDetail {
    /// A link to help.
    pub help_link: Option<String>,
    /// The cause.
    pub inner_exception: Option<Box<ExceptionDetail>>,
    /// The text.
    pub message: Option<String>,
    /// Where it was thrown, line by line. This library writes none.
    pub stack_trace: Option<String>,
    /// The type: a CLR name, or the Rust name of an error type.
    pub r#type: Option<String>,
}

impl OperationFault {
    /// A fault with this reason and the code `Sender`.
    pub fn new(reason: impl Into<String>) -> Self {
        Self::from_fault(Fault::new(FaultCode::Sender, reason))
    }

    /// A fault without a reason: WCF's text says so.
    pub fn without_reason() -> Self {
        Self::new(NO_REASON)
    }

    fn of(kind: Box<Kind>) -> Self {
        Self(kind, Outcome::RolledBack)
    }

    /// The same as an answer that stands: the transaction of an operation with `delivery = "transaction"` is committed all the same,
    /// with this fault as its reply. Otherwise a fault rolls back what the operation has written; it is answered, and a message that
    /// comes again after a crash is executed again. Does nothing elsewhere.
    #[must_use]
    pub fn committed(mut self) -> Self {
        self.1 = Outcome::Committed;
        self
    }

    /// Whether it is an answer that stands.
    pub fn is_committed(&self) -> bool {
        self.1 == Outcome::Committed
    }

    /// A fault that is given in all its parts.
    pub fn from_fault(fault: Fault) -> Self {
        Self::of(Box::new(Kind::Fault {
            fault: Box::new(fault),
            action: Action::Default,
            detail: None,
        }))
    }

    /// An error that is none of the caller's business.
    ///
    /// `?` does the same for every error; this takes texts, too.
    pub fn internal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::of(Box::new(Kind::Internal { error: error.into(), type_name: "Error" }))
    }

    /// The same with this code instead. Nothing changes in an internal error.
    #[must_use]
    pub fn with_code(mut self, code: FaultCode) -> Self {
        if let Kind::Fault { fault, .. } = &mut *self.0 {
            fault.code = code;
        }
        self
    }

    /// The same with one more subcode. Nothing changes in an internal error.
    #[must_use]
    pub fn with_subcode(mut self, namespace: &str, local: &str) -> Self {
        if let Kind::Fault { fault, .. } = &mut *self.0 {
            fault.subcodes.push(waxwing_soap::QName::new(namespace, local));
        }
        self
    }

    /// The same with this action instead of the one that the contract says. Nothing changes in an internal error.
    #[must_use]
    pub fn with_action(mut self, own: impl Into<String>) -> Self {
        if let Kind::Fault { action, .. } = &mut *self.0 {
            *action = Action::Own(own.into());
        }
        self
    }

    /// The same with this detail. Nothing changes in an internal error.
    ///
    /// Name and action are those that the operation declares for the type `T`; of a type that it does not declare, those of
    /// the data contract and of any fault.
    #[must_use]
    pub fn with_detail<T: DataContract + Send + Sync + 'static>(mut self, value: T) -> Self {
        if let Kind::Fault { detail, .. } = &mut *self.0 {
            let write = move |name: &ContractName| write_detail(&value, name);
            *detail = Some(Detail {
                type_id: TypeId::of::<T>(),
                name: T::root_name(),
                write: Arc::new(write),
            });
        }
        self
    }

    /// True for an internal error: WCF closes the session after it.
    pub fn is_internal(&self) -> bool {
        matches!(&*self.0, Kind::Internal { .. })
    }

    /// The internal error, for the log.
    pub fn internal_error(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        match &*self.0 {
            Kind::Internal { error, .. } => Some(&**error),
            _ => None,
        }
    }

    /// Whether it says that the contract does not have the action.
    pub(crate) fn is_unsupported(&self) -> bool {
        matches!(&*self.0, Kind::Unsupported(_))
    }

    /// The fault of a message with an action that the contract does not have.
    pub fn action_not_supported(action: &str) -> Self {
        Self::of(Box::new(Kind::Unsupported(action.to_owned())))
    }

    /// The fault of a message with a header that must be understood, and is not.
    pub(crate) fn not_understood(fault: Fault) -> Self {
        let (fault, action) = (Box::new(fault), Action::Default);
        Self::of(Box::new(Kind::Fault { fault, action, detail: None }))
    }

    /// The fault of a call after the last one of its session (`IsTerminating`): WCF's `SessionTerminated`.
    pub fn session_terminated() -> Self {
        let fault =
            Fault::new(FaultCode::Sender, TERMINATED).with_subcode(DISPATCHER, "SessionTerminated");
        let (fault, action) = (Box::new(fault), Action::Dispatcher);
        Self::of(Box::new(Kind::Fault { fault, action, detail: None }))
    }

    /// The fault of a call that is in doubt: it was begun by a process that died, and is not executed again
    /// (`delivery = "once"`). Code `Receiver`, subcode `InDoubt` in [`DELIVERY`].
    pub fn in_doubt() -> Self {
        Self::from_fault(
            Fault::new(FaultCode::Receiver, IN_DOUBT).with_subcode(DELIVERY, "InDoubt"),
        )
    }

    /// The fault of a message that was given up: the process died so many times while it was executed. Code `Receiver`, subcode
    /// `GivenUp` in [`DELIVERY`].
    pub fn given_up(attempts: u32) -> Self {
        let text = format!(
            "The service has stopped {attempts} times while it executed this message, and does not execute it again. Nobody can say from \
             here what of it was done. The message is among the service's dead letters."
        );
        Self::from_fault(Fault::new(FaultCode::Receiver, text).with_subcode(DELIVERY, "GivenUp"))
    }

    /// The fault of a request whose body cannot be read.
    #[doc(hidden)]
    pub fn unreadable(error: &BodyError) -> Self {
        Self::not_deserialized(error)
    }

    /// The same for whatever keeps a request from being read.
    pub(crate) fn not_deserialized(error: &dyn std::fmt::Display) -> Self {
        let reason = format!(
            "The formatter threw an exception while trying to deserialize the message: {error}"
        );
        let fault = Box::new(
            Fault::new(FaultCode::Sender, reason).with_subcode(DISPATCHER, "DeserializationFailed"),
        );
        Self::of(Box::new(Kind::Fault { fault, action: Action::Dispatcher, detail: None }))
    }

    /// The same with the action and the element name that the operation declares for its detail.
    #[doc(hidden)]
    #[must_use]
    pub fn declared(mut self, operation: &OperationDescription) -> Self {
        if let Kind::Fault { action, detail: Some(detail), .. } = &mut *self.0
            && let Some(known) =
                operation.faults.iter().find(|known| (known.detail)() == detail.type_id)
        {
            if let Action::Default = action {
                *action = Action::Own(known.action.to_owned());
            }
            if let Some((local, namespace)) = known.element {
                detail.name = ContractName::new(local, namespace);
            }
        }
        self
    }

    /// The action and the fault as they go on the wire.
    pub fn to_fault(&self, version: MessageVersion, options: FaultOptions) -> (String, Fault) {
        match &*self.0 {
            Kind::Fault { fault, action, detail } => match with_written_detail(fault, detail) {
                Ok(fault) => (action.text(version), fault),
                Err(error) => Self::from(error).to_fault(version, options),
            },
            Kind::Unsupported(action) => {
                let addressing = version.addressing;
                let fault = Fault::new(FaultCode::Sender, unsupported_text(action))
                    .with_subcode(addressing.namespace(), "ActionNotSupported");
                (addressing.fault_action().to_owned(), fault)
            }
            Kind::Internal { error, type_name } => {
                (DISPATCHER_FAULT.to_owned(), internal_fault(&**error, type_name, options))
            }
        }
    }

    /// The message for the caller.
    pub fn to_outgoing(&self, version: MessageVersion, options: FaultOptions) -> Outgoing {
        let (action, fault) = self.to_fault(version, options);
        let mut envelope = Envelope::new(version);
        fault.write(&mut envelope);
        Outgoing { action, envelope }
    }
}

/// What a service does not catch is internal.
impl<E: Error + Send + Sync + 'static> From<E> for OperationFault {
    fn from(error: E) -> Self {
        let type_name = std::any::type_name::<E>();
        Self::of(Box::new(Kind::Internal { error: Box::new(error), type_name }))
    }
}

impl fmt::Display for OperationFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Fault { fault, .. } => f.write_str(fault.text()),
            Kind::Unsupported(action) => f.write_str(&unsupported_text(action)),
            Kind::Internal { error, .. } => write!(f, "internal error: {error}"),
        }
    }
}

impl fmt::Debug for OperationFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Fault { fault, detail, .. } => {
                let detail = detail.as_ref().map(|detail| &detail.name);
                f.debug_struct("Fault").field("fault", fault).field("detail", &detail).finish()
            }
            Kind::Unsupported(action) => f.debug_tuple("ActionNotSupported").field(action).finish(),
            Kind::Internal { error, .. } => f.debug_tuple("Internal").field(error).finish(),
        }
    }
}

impl Action {
    fn text(&self, version: MessageVersion) -> String {
        match self {
            Self::Default => version.addressing.default_fault_action().to_owned(),
            Self::Dispatcher => DISPATCHER_FAULT.to_owned(),
            Self::Own(action) => action.clone(),
        }
    }
}

fn with_written_detail(fault: &Fault, detail: &Option<Detail>) -> Result<Fault, WriteError> {
    let mut fault = fault.clone();
    if let Some(detail) = detail {
        fault.detail = Some((detail.write)(&detail.name)?.to_xml());
    }
    Ok(fault)
}

fn write_detail<T: DataContract>(value: &T, name: &ContractName) -> Result<Document, WriteError> {
    let mut document = Document::new(Name::new("", &name.local, &name.namespace));
    let root = document.root().id();
    Writer::new(&mut document, root, &WriteOptions::default())
        .value(root, value)
        .map_err(|error| error.inside(&name.local))?;
    Ok(document)
}

fn unsupported_text(action: &str) -> String {
    format!(
        "The message with Action '{action}' cannot be processed at the receiver, due to a ContractFilter mismatch at the \
         EndpointDispatcher. This may be because of either a contract mismatch (mismatched Actions between sender and \
         receiver) or a binding/security mismatch between the sender and the receiver.  Check that sender and receiver have \
         the same contract and the same binding (including security requirements, e.g. Message, Transport, None)."
    )
}

fn internal_fault(
    error: &(dyn Error + Send + Sync + 'static),
    type_name: &str,
    options: FaultOptions,
) -> Fault {
    let text = if options.include_exception_detail { error.to_string() } else { INTERNAL.into() };
    let mut fault =
        Fault::new(FaultCode::Receiver, text).with_subcode(DISPATCHER, "InternalServiceFault");
    if options.include_exception_detail {
        let detail = ExceptionDetail {
            r#type: Some(type_name.to_owned()),
            ..exception_detail(error, MAX_CAUSES)
        };
        // A text that XML cannot hold leaves the detail out; the reason says it with replacements.
        let written = write_detail(&detail, &ExceptionDetail::root_name());
        fault.detail = written.ok().map(|document| document.to_xml());
    }
    fault
}

fn exception_detail(error: &(dyn Error + 'static), causes: usize) -> ExceptionDetail {
    let cause = error.source().filter(|_| causes > 0);
    ExceptionDetail {
        inner_exception: cause.map(|cause| Box::new(exception_detail(cause, causes - 1))),
        message: Some(error.to_string()),
        r#type: Some("Error".to_owned()),
        ..ExceptionDetail::default()
    }
}
