//! Why a call did not give a result.

use std::error::Error;
use std::sync::Arc;

use waxwing_datacontract::{
    ContractName, DataContract, ReadError, ReadOptions, Reader, WriteError, from_element,
};
use waxwing_soap::Fault;
use waxwing_xml::{Document, Limits};

use super::body::BodyError;

/// Why a call did not give a result.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The service answered with a fault. [`FaultDetail`] reads its detail.
    #[error("the service answered with a fault: {}", .0.text())]
    Fault(Fault),
    /// The message did not get through, or no reply came back: everything below the contract.
    #[error("{0}")]
    Channel(Arc<dyn Error + Send + Sync>),
    /// The arguments or the reply are not what the contract says.
    #[error(transparent)]
    Contract(#[from] ContractError),
}

/// A message that does not fit the contract.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContractError {
    /// An argument that has no XML form; the request was not sent.
    #[error("an argument of the operation '{operation}' cannot be written: {error}")]
    Argument {
        /// The operation.
        operation: &'static str,
        /// What cannot be written.
        error: WriteError,
    },
    /// A body that cannot be read.
    #[error("the reply of the operation '{operation}' cannot be read: {error}")]
    Reply {
        /// The operation.
        operation: &'static str,
        /// What is wrong with it.
        error: BodyError,
    },
    /// A reply to something else.
    #[error(
        "A reply message was received for operation '{operation}' with action '{found}'. However, your client code requires action '{expected}'."
    )]
    ReplyAction {
        /// The operation.
        operation: &'static str,
        /// The action of the reply.
        found: String,
        /// The action that the contract says.
        expected: &'static str,
    },
}

debug_is_display!(CallError, ContractError);

impl CallError {
    /// An error below the contract.
    pub fn channel(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Channel(Arc::from(error.into()))
    }

    /// The service's fault, if that is what the call got.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Fault(fault) => Some(fault),
            _ => None,
        }
    }
}

/// The typed detail of a fault, as `FaultException<T>` has it.
///
/// ```
/// use waxwing::contract::FaultDetail;
/// use waxwing::soap::{Fault, FaultCode};
/// let detail = r#"<int xmlns="http://schemas.microsoft.com/2003/10/Serialization/">5</int>"#;
/// let fault = Fault::new(FaultCode::Sender, "five").with_detail(detail);
/// assert_eq!(fault.detail::<i32>().unwrap(), 5);
/// assert!(fault.detail::<String>().is_err());
/// ```
pub trait FaultDetail {
    /// The detail as data contract `T`.
    ///
    /// # Errors
    /// A fault without detail, with a detail of another contract, or with one that cannot be read.
    fn detail<T: DataContract>(&self) -> Result<T, ReadError>;

    /// The detail as data contract `T`, in an element that the contract of the operation names itself.
    ///
    /// # Errors
    /// As [`FaultDetail::detail`].
    fn detail_named<T: DataContract>(&self, local: &str, namespace: &str) -> Result<T, ReadError>;
}

impl FaultDetail for Fault {
    fn detail<T: DataContract>(&self) -> Result<T, ReadError> {
        from_element(detail_document(self)?.root(), &ReadOptions::default())
    }

    fn detail_named<T: DataContract>(&self, local: &str, namespace: &str) -> Result<T, ReadError> {
        let document = detail_document(self)?;
        let mut reader = Reader::new(&ReadOptions::default());
        if !document.root().is(namespace, local) {
            return Err(reader.wrong_root(&ContractName::owned(local, namespace), document.root()));
        }
        reader.child(document.root())
    }
}

fn detail_document(fault: &Fault) -> Result<Document, ReadError> {
    let text = fault.detail.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| ReadError::custom("The fault has no detail."))?;
    Document::parse(text.as_bytes(), &Limits::SOAP)
        .map_err(|error| ReadError::custom(format!("The detail is not one XML element: {error}")))
}
