//! Metadata exchanges (WS-MetadataExchange).

use bytes::Bytes;
use waxwing_metadata::Location;
use waxwing_metadata::load::check_answer;
use waxwing_metadata::mex::{Question, request};
use waxwing_soap::SoapVersion;

use super::attempt::Attempt;
use super::error::MetadataError;
use super::link;
use super::remote::{Failed, Remote};
use crate::environment::SystemRandom;
use crate::net::{Answer, HttpCredentials, HttpScheme, Outcome, Request, TransportCause, Written};

/// In which order an endpoint is asked, and what it is called.
const QUESTIONS: [(&str, Question, SoapVersion); 4] = [
    ("MEX, SOAP 1.2", Question::Get, SoapVersion::Soap12),
    ("MEX, SOAP 1.1", Question::Get, SoapVersion::Soap11),
    ("GetMetadata", Question::GetMetadata, SoapVersion::Soap12),
    ("GetMetadata of 2009", Question::GetMetadata2009, SoapVersion::Soap12),
];

/// Asks an endpoint in every way until it answers with metadata. Nobody who is not there is asked twice.
pub(super) async fn exchange(
    remote: &mut Remote<'_>,
    address: &str,
    attempts: &mut Vec<Attempt>,
) -> Result<Result<Vec<u8>, Failed>, MetadataError> {
    let mut last = Failed::answer("it was not asked");
    for (number, (how, question, version)) in QUESTIONS.into_iter().enumerate() {
        // Over net.tcp there is one version of SOAP.
        if is_over_tcp(address) && version == SoapVersion::Soap11 {
            continue;
        }
        // The others are of use only to who speaks SOAP.
        if number >= 2 && !last.reason.contains("fault") {
            break;
        }
        match ask(remote, address, question, version).await? {
            Ok(octets) => {
                attempts.push(Attempt::new(how, address, Ok("mex")));
                return Ok(Ok(octets));
            }
            Err(failed) => {
                attempts.push(Attempt::new(how, address, Err(failed.reason.clone())));
                last = failed;
            }
        }
        if last.is_unreachable {
            break;
        }
    }
    Ok(Err(last))
}

async fn ask(
    remote: &mut Remote<'_>,
    address: &str,
    question: Question,
    version: SoapVersion,
) -> Result<Result<Vec<u8>, Failed>, MetadataError> {
    let Some(transport) = remote.transport(address).await? else {
        if is_over_tcp(address) {
            return Ok(over_link(remote, address, question).await);
        }
        return Err(MetadataError::Scheme { address: address.to_owned() });
    };
    let octets = request(question, version, address, &mut SystemRandom).to_bytes();
    let content_type = match version {
        SoapVersion::Soap11 => "text/xml; charset=utf-8".to_owned(),
        SoapVersion::Soap12 => {
            format!("application/soap+xml; charset=utf-8; action=\"{}\"", question.action())
        }
    };
    let octets = Bytes::from(octets);
    let login = remote.login.at(&Location::new(address));
    let is_https = Location::new(address).scheme().as_deref() == Some("https");
    let usable = login.iter().filter(|own| is_https || own.scheme() != HttpScheme::Basic);
    let mut ways: Vec<Option<&HttpCredentials>> = usable.map(Some).collect();
    if ways.is_empty() {
        ways.push(None);
    }
    let time = remote.time();
    let mut last = Failed::answer("it was not asked");
    for credentials in ways {
        let request = Request {
            action: question.action(),
            version,
            max_answer: remote.load.max_octets,
            credentials,
            ..Request::new(address, &content_type, octets.clone(), Written::by_nobody())
        };
        let answer = tokio::time::timeout(time, transport.exchange(request)).await;
        let Ok(answer) = answer else {
            let reason = format!("no answer within {} s", time.as_secs());
            return Ok(Err(Failed { reason, is_unreachable: true }));
        };
        let is_denied = matches!(&answer.outcome, Outcome::Failed(failure)
            if failure.cause == TransportCause::AccessDenied);
        match metadata_of(answer) {
            // The other way may be the one that is asked for.
            Err(failed) if is_denied => last = failed,
            answered => return Ok(answered),
        }
    }
    Ok(Err(last))
}

fn is_over_tcp(address: &str) -> bool {
    Location::new(address).scheme().as_deref() == Some("net.tcp")
}

/// The same over net.tcp, where a connection carries the two messages.
async fn over_link(
    remote: &Remote<'_>,
    address: &str,
    question: Question,
) -> Result<Vec<u8>, Failed> {
    let time = remote.time();
    let asking = link::ask(address, question, remote.load.max_octets);
    tokio::time::timeout(time, asking).await.unwrap_or_else(|_| {
        let reason = format!("no answer within {} s", time.as_secs());
        Err(Failed { reason, is_unreachable: true })
    })
}

fn metadata_of(answer: Answer) -> Result<Vec<u8>, Failed> {
    match answer.outcome {
        Outcome::Message { .. } => match check_answer(&answer.octets) {
            Ok(()) => Ok(answer.octets.to_vec()),
            Err(reason) => Err(Failed::answer(reason)),
        },
        Outcome::Empty => Err(Failed::answer("nothing came back")),
        Outcome::Failed(failure) => {
            let is_unreachable = !matches!(
                failure.cause,
                TransportCause::AccessDenied
                    | TransportCause::NotFound
                    | TransportCause::MediaType
                    | TransportCause::NotSoap
            );
            Err(Failed { reason: failure.reason, is_unreachable })
        }
    }
}
