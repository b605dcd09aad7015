//! Streams: octets of a message that are read as they come, and written as they are there.

use std::any::Any;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use waxwing_datacontract::{
    ContractName, DataContract, ReadError, Reader, TypeDescriptions, TypeKind, TypeUse, WriteError,
    Writer,
};
use waxwing_soap::Envelope;
use waxwing_xml::{Element, NodeId, Value};

/// Octets of a message that are read as they come (`System.IO.Stream` in a contract of WCF).
///
/// As a parameter, or as the result, of an operation it is all of the body: beside it there are headers only. With
/// `transferMode="Streamed"` (`StreamedRequest`, `StreamedResponse`) of `netTcpBinding`, `basicHttpBinding` and their like neither end
/// ever holds more of it than a few pieces; where messages are buffered the contract is the same, and the octets are held in
/// memory, as in WCF.
///
/// Read it with [`tokio::io::AsyncReadExt`]. Its end is the end of the message: what breaks off before is an error, never a
/// shorter stream. One that is dropped before its end breaks off the connection. `maxReceivedMessageSize` goes for all that
/// comes in, `maxBufferSize` for the headers before it.
///
/// ```
/// use tokio::io::AsyncReadExt;
/// use waxwing::contract::{MessageStream, OperationFault, service_contract};
///
/// #[service_contract(namespace = "http://Microsoft.ServiceModel.Samples", name = "IStreams")]
/// pub trait Streams {
///     async fn put(&self, data: MessageStream) -> Result<i64, OperationFault>;
///     async fn get(&self, length: i64) -> Result<MessageStream, OperationFault>;
/// }
///
/// struct Zeros;
///
/// impl Streams for Zeros {
///     async fn put(&self, mut data: MessageStream) -> Result<i64, OperationFault> {
///         let mut buffer = [0; 4096];
///         let mut length = 0;
///         loop {
///             match data.read(&mut buffer).await? {
///                 0 => return Ok(length),
///                 read => length += read as i64,
///             }
///         }
///     }
///
///     async fn get(&self, length: i64) -> Result<MessageStream, OperationFault> {
///         Ok(MessageStream::new(tokio::io::repeat(0).take(length as u64)))
///     }
/// }
/// ```
#[derive(Default)]
pub struct MessageStream {
    /// None: nothing, or nothing more.
    source: Option<Pin<Box<dyn AsyncRead + Send>>>,
}

impl MessageStream {
    /// What this reads.
    pub fn new(source: impl AsyncRead + Send + 'static) -> Self {
        Self { source: Some(Box::pin(source)) }
    }

    /// Nothing.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads the rest into memory, at most so many octets.
    ///
    /// # Errors
    /// What its source says; [`io::ErrorKind::FileTooLarge`] of more octets.
    pub async fn into_octets(self, most: usize) -> io::Result<Vec<u8>> {
        let mut octets = Vec::new();
        let within = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        self.take(within).read_to_end(&mut octets).await?;
        if octets.len() > most {
            let text = format!("a stream of more than {most} octets is to be held in memory");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        Ok(octets)
    }
}

impl AsyncRead for MessageStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (before, has_room) = (buffer.filled().len(), buffer.remaining() > 0);
        let Some(source) = &mut self.source else { return Poll::Ready(Ok(())) };
        let polled = source.as_mut().poll_read(context, buffer);
        if matches!(polled, Poll::Ready(Ok(()))) && has_room && buffer.filled().len() == before {
            // Its end: whatever it holds is free.
            self.source = None;
        }
        polled
    }
}

impl fmt::Debug for MessageStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageStream").finish_non_exhaustive()
    }
}

impl From<Bytes> for MessageStream {
    fn from(octets: Bytes) -> Self {
        Self::new(io::Cursor::new(octets))
    }
}

impl From<Vec<u8>> for MessageStream {
    fn from(octets: Vec<u8>) -> Self {
        Bytes::from(octets).into()
    }
}

/// The most octets of a stream that is held in memory to be sent: what a message can have at all.
pub(crate) const MOST_HELD: usize = i32::MAX as usize;

/// What a message carries beside its tree: a stream that one reader takes.
struct Slot(Mutex<Option<MessageStream>>);

/// Makes the stream the content of an element, which has none.
pub(crate) fn put(envelope: &mut Envelope, element: NodeId, stream: MessageStream) {
    envelope.attach(element, Arc::new(Slot(Mutex::new(Some(stream)))));
}

/// Takes the stream of a message, with its element; none of a message without, or when somebody has taken it.
pub(crate) fn take(envelope: &Envelope) -> Option<(NodeId, MessageStream)> {
    let (element, content) = envelope.attached()?;
    let content: &(dyn Any + Send + Sync) = &**content;
    let slot = content.downcast_ref::<Slot>()?;
    let stream = slot.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    stream.map(|stream| (element.id(), stream))
}

/// Puts the octets of its stream into the tree of a message, at most so many, where messages are not streamed.
///
/// # Errors
/// What the source of the stream says; more octets.
pub(crate) async fn into_tree(envelope: &mut Envelope, most: usize) -> io::Result<()> {
    let Some((element, stream)) = take(envelope) else { return Ok(()) };
    envelope.detach();
    let octets = stream.into_octets(most).await?;
    if !octets.is_empty() {
        envelope.document_mut().append_value(element, Value::Octets(&octets));
    }
    Ok(())
}

/// `StreamBody`: what WCF's schemas call a stream, base64 in text.
struct StreamBody(Vec<u8>);

/// Describes a stream.
pub fn describe_stream(types: &mut TypeDescriptions) -> TypeUse {
    StreamBody::describe(types)
}

impl DataContract for StreamBody {
    fn contract_name() -> ContractName {
        ContractName::new("StreamBody", "http://schemas.microsoft.com/Message")
    }

    fn describe(types: &mut TypeDescriptions) -> TypeUse {
        types.add::<Self>("", |_| TypeKind::Simple(<Vec<u8>>::contract_name()))
    }

    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        self.0.write(writer, element)
    }

    fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
        Vec::read(reader, element).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use waxwing_soap::MessageVersion;
    use waxwing_xml::Name;

    use super::*;

    fn message(stream: MessageStream) -> Envelope {
        let mut envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
        let element = envelope.append_body_element(Name::new("", "data", "urn:a"));
        put(&mut envelope, element, stream);
        envelope
    }

    #[tokio::test]
    async fn a_stream_is_taken_once_and_no_more_is_held_than_may_be() {
        let envelope = message(vec![1, 2, 3].into());
        let copy = envelope.clone();
        let (_, stream) = take(&envelope).expect("a stream");
        assert!(take(&copy).is_none(), "copies share it");
        assert_eq!(stream.into_octets(3).await.unwrap(), [1, 2, 3]);
        let endless = MessageStream::new(tokio::io::repeat(7));
        let error = endless.into_octets(1000).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert!(MessageStream::empty().into_octets(0).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_stream_goes_into_the_tree_where_messages_are_not_streamed() {
        let mut envelope = message(vec![0, 1, 2].into());
        into_tree(&mut envelope, 3).await.unwrap();
        assert_eq!(envelope.payload().unwrap().text(), "AAEC");
        assert!(envelope.attached().is_none());
        let mut nothing = message(MessageStream::empty());
        into_tree(&mut nothing, 0).await.unwrap();
        assert_eq!(nothing.payload().unwrap().text(), "");
    }
}
