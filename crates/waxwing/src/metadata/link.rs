//! Metadata exchanges over net.tcp: a session of one question and its answer, as mexTcpBinding has it.

use bytes::Bytes;
use waxwing_metadata::load::check_answer;
use waxwing_metadata::mex::{Question, request};
use waxwing_soap::SoapVersion;
use waxwing_soap::encoder::binary::DEFAULT_MAX_SESSION_SIZE;
use waxwing_soap::encoder::{BinarySession, Compression, Decoder, Encoder};
use waxwing_xml::Limits;

use super::remote::Failed;
use crate::environment::SystemRandom;
use crate::net::{
    Dial, Link, LinkDialer, TcpDialer, TcpPool, TcpPoolSettings, TransportCause, TransportFailure,
};

/// Asks an endpoint. Gives the answer as text, which is at most `most` octets of records.
pub(super) async fn ask(address: &str, question: Question, most: usize) -> Result<Vec<u8>, Failed> {
    // Nothing is kept: there is one question to each endpoint.
    let settings = TcpPoolSettings { max_idle: 0, ..TcpPoolSettings::default() };
    let dialer = TcpDialer::new(TcpPool::new(settings), None);
    let encoding = BinarySession {
        limits: Limits { max_bytes: most, ..Limits::SOAP },
        compression: Compression::None,
        max_session_size: DEFAULT_MAX_SESSION_SIZE,
    };
    let question = request(question, SoapVersion::Soap12, address, &mut SystemRandom);
    let octets = encoding.encoder().write(&question, &mut SystemRandom).octets;
    let dial = Dial::new(address, encoding.content_type(), most);
    let received = exchange(&dialer, dial, octets.into()).await.map_err(of_link)?;
    let received = received.ok_or_else(|| Failed::answer("nothing came back"))?;
    let read = encoding.decoder().read(encoding.content_type(), &received);
    let answer = read.map_err(|error| Failed::answer(error.to_string()))?.to_bytes();
    check_answer(&answer).map_err(Failed::answer)?;
    Ok(answer)
}

async fn exchange(
    dialer: &TcpDialer,
    dial: Dial<'_>,
    question: Bytes,
) -> Result<Option<Bytes>, TransportFailure> {
    let Link { mut output, mut input, .. } = dialer.dial(dial).await?;
    output.send(question).await?;
    let received = input.receive().await?;
    // Who is done says so; what the server says to that is of no interest.
    let _ = output.close().await;
    Ok(received)
}

fn of_link(failure: TransportFailure) -> Failed {
    let is_there = matches!(
        failure.cause,
        TransportCause::NotFound | TransportCause::MediaType | TransportCause::Framing
    );
    Failed { reason: failure.reason, is_unreachable: !is_there }
}
