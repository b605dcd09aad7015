//! The public face: whoever depends on `waxwing` alone can name every type of its signatures, and every error is said
//! once, with what it came from.

#![allow(clippy::disallowed_methods)]

use std::error::Error;
use std::io;
use std::sync::Arc;

use waxwing::contract::{
    BoxFuture, CallOptions, Caller, Claim, ClaimRight, ClaimValue, Configured, ContractDescription,
    DeclaringContract, Dispatch, FaultOptions, Identity, MessageHeader, OperationContext,
    OperationDescription, Outgoing, OwnedContract, OwnedMessage, OwnedOperation, ProtectionLevel,
    RawBody, RawMessage, ReplyHeaders, RequestChannel, SessionMode, service_contract,
};
use waxwing::error::{
    BodyError, CallError, CertificateError, ChannelError, ChannelErrorKind, ClientSecurityError,
    ConfigurationFileError, ContractError, Diagnosis, Fault, FaultCode, HostError, OperationFault,
    ReliableSessionError, ResolveError, SessionError, SessionStep, Step, TransportCause,
    TransportFailure,
};
use waxwing::reliable::{Counters, SequenceState, Status};
use waxwing::security::{CertificateTrust, ExpectedIdentity, UserNameValidator};
use waxwing::service::{ContractList, HostStatistics, Instances, ServiceObject};
use waxwing::{
    ChannelFactory, ClientChannel, ConfigurationFile, ServiceAuthorization, ServiceHost,
    ServiceHostBuilder, ServiceInstances, binding, certificates, client, crypto, datacontract,
    environment, jiff, soap, trace, xml,
};

/// Each function names the types of a signature; that it compiles is the test.
#[expect(dead_code)]
mod named {
    use super::*;

    fn of_channels(factory: &mut ChannelFactory, channel: &ClientChannel) {
        let _: &mut binding::EffectiveEndpoint = factory.endpoint_mut();
        let _: Option<Status> = channel.reliable_session();
        let _: client::ChannelStatistics = channel.statistics();
    }

    fn of_a_status(status: &Status) -> (SequenceState, Counters) {
        (status.state, status.counters)
    }

    fn of_factories(
        factory: ChannelFactory,
        identity: crypto::Identity,
        expected: ExpectedIdentity,
        stores: certificates::CertificateStores,
        clock: environment::Clock,
        trace: trace::Trace,
    ) -> ChannelFactory {
        factory
            .client_certificate(identity)
            .identity(expected)
            .certificate_stores(stores)
            .clock(clock)
            .trace(trace)
            .allow_broken_tls(crypto::tls::TlsVersion::Tls10)
    }

    fn of_hosts(
        builder: ServiceHostBuilder,
        trust: impl CertificateTrust + 'static,
        users: impl UserNameValidator + 'static,
        authorization: impl ServiceAuthorization + 'static,
        limits: waxwing::net::HttpLimits,
        level: ProtectionLevel,
    ) -> ServiceHostBuilder {
        builder
            .client_trust(trust)
            .user_names(users)
            .authorize(authorization)
            .http_limits(limits)
            .protection_level(level)
    }

    fn of_a_host(host: &ServiceHost, file: &ConfigurationFile) -> HostStatistics {
        let _: &binding::Configuration = file.configuration();
        let _: &[binding::Diagnostic] = file.diagnostics();
        host.statistics()
    }

    fn of_instances(
        instances: &ServiceInstances,
        contract: &'static ContractDescription,
    ) -> (Arc<ServiceObject>, ContractList) {
        (instances.instance(), contract.into())
    }

    fn of_dispatch<'a>(
        dispatch: &'a dyn Dispatch,
        context: &'a OperationContext,
        message: &'a soap::Envelope,
    ) -> BoxFuture<'a, Result<Option<Outgoing>, OperationFault>> {
        let _: Option<&Caller> = context.caller();
        dispatch.dispatch(context, "urn:x", message)
    }

    fn of_callers(caller: &Caller) -> (Option<&crypto::Certificate>, Vec<Claim>) {
        let _: &Identity = &caller.identity;
        let right =
            |claim: &Claim| -> (ClaimValue, ClaimRight) { (claim.value.clone(), claim.right) };
        let _: Vec<_> = caller.claims().iter().map(right).collect();
        (caller.certificate(), caller.claims())
    }

    fn of_calls<C: RequestChannel>(channel: C, reply: &ReplyHeaders) -> Configured<C> {
        let number: Result<MessageHeader, datacontract::WriteError> =
            MessageHeader::new("N", "urn:n", &1);
        let options = CallOptions::new().reply_headers(reply);
        Configured::new(channel, number.map_or(options.clone(), |header| options.header(header)))
    }

    fn of_contracts(contract: &'static ContractDescription) -> Vec<SessionMode> {
        let operations: &[OperationDescription] = contract.operations;
        let _: Vec<DeclaringContract> =
            operations.iter().filter_map(|o| o.inherited_from).collect();
        vec![contract.session_mode]
    }

    fn of_contracts_at_run_time(level: Option<ProtectionLevel>) -> OwnedContract {
        let request = OwnedMessage::new().part(level).header("H", "urn:h", level);
        let operation = OwnedOperation::new("A", "urn:a", Some("urn:b"));
        OwnedContract::new("I", "urn:i")
            .operation(operation.with_messages(request, OwnedMessage::new()).fault("urn:f", level))
    }

    fn of_proxies(channel: &dyn RequestChannel) -> soap::MessageVersion {
        channel.message_version()
    }

    fn of_faults(fault: &OperationFault, version: soap::MessageVersion) -> (String, soap::Fault) {
        fault.to_fault(version, FaultOptions::default())
    }

    fn of_bodies(body: RawBody, message: RawMessage) -> xml::Document {
        let _: Result<RawBody, xml::ParseError> = RawBody::parse(b"<a/>");
        drop(message);
        drop(body);
        xml::Document::parse(b"<a/>", &xml::Limits::SOAP).unwrap()
    }

    fn of_a_security_error(error: &waxwing::error::SecurityError) {
        use waxwing::error::{SecurityFault, SecurityReason, Staleness};
        let _: (&SecurityReason, SecurityFault) = (error.reason(), error.fault());
        let _: Option<Staleness> = None;
    }

    fn of_a_sequence(acknowledged: &waxwing::reliable::SequenceAcknowledgement) {
        let _: &waxwing::reliable::Ranges = &acknowledged.ranges;
        let _: &waxwing::reliable::Identifier = &acknowledged.identifier;
    }

    fn of_watching(host: &ServiceHost, channel: &ClientChannel) {
        let _: waxwing::events::Events<waxwing::service::HostEvent> = host.events();
        let _: waxwing::events::Events<client::ChannelEvent> = channel.events();
        let _: waxwing::events::CommunicationState = channel.state();
    }

    fn of_clocks(clock: &environment::Clock) -> jiff::Timestamp {
        clock.wall()
    }
}

/// What a person reads who prints an error and what it came from: no text stands there twice.
fn readable(error: &(dyn Error + 'static)) -> String {
    let mut parent = error.to_string();
    let whole = parent.clone();
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        assert!(!parent.contains(&text), "'{text}' is said twice: {parent}");
        parent = text;
        source = error.source();
    }
    assert!(!whole.trim().is_empty());
    whole
}

/// The errors of this crate, whose `Debug` is the text as well.
fn own(error: impl Error + 'static) -> String {
    let text = readable(&error);
    assert_eq!(format!("{error:?}"), text, "Debug is the text");
    text
}

fn denied() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "permission denied")
}

fn resolve() -> ResolveError {
    ResolveError::NoAddress { endpoint: "calc".into(), scheme: "http".into() }
}

fn certificate() -> CertificateError {
    let error = certificates::CertificateStores::new("nowhere")
        .identity(&binding::CertificateReference::default().find_value("CN=nobody"));
    error.expect_err("there is no such folder")
}

fn fault() -> Fault {
    Fault::new(FaultCode::Sender, "no such account")
}

#[test]
fn errors_of_sessions_are_said_once() {
    let reliable = [
        ReliableSessionError::PeerSoapFault(Box::new(fault())),
        ReliableSessionError::Inactivity(std::time::Duration::from_secs(600)),
        ReliableSessionError::RetriesExceeded {
            number: 3,
            attempts: 8,
            last_failure: "the connection was reset".into(),
        },
        ReliableSessionError::TimedOut {
            step: Step::CreateSequence,
            attempts: 2,
            last_failure: String::new(),
        },
        ReliableSessionError::Transport { step: Step::Call, reason: "HTTP status 404".into() },
        ReliableSessionError::SecurityLost("it was cancelled".into()),
        ReliableSessionError::Aborted("enough".into()),
        ReliableSessionError::Incomplete("3 are missing".into()),
        ReliableSessionError::Rollover,
    ];
    let security = [
        ClientSecurityError::RenewNeeded,
        ClientSecurityError::UntrustedService {
            subject: "CN=service".into(),
            reason: "it has expired".into(),
        },
        ClientSecurityError::Configuration("no certificate is given"),
        ClientSecurityError::State("the session is closed"),
    ];
    let failure =
        TransportFailure { cause: TransportCause::Busy, reason: "HTTP status 503".into() };
    let mut all: Vec<SessionError> = vec![
        SessionError::Refused(Box::new(fault())),
        SessionError::Transport { step: SessionStep::Opening, failure },
        SessionError::TimedOut {
            step: SessionStep::Opening,
            attempts: 3,
            last: "HTTP status 503".into(),
        },
        SessionError::NoReply,
        SessionError::BadReply("it has no Action".into()),
        SessionError::State("the channel is closed"),
        SessionError::Aborted("enough".into()),
    ];
    all.extend(reliable.into_iter().inspect(|error| drop(readable(error))).map(Into::into));
    all.extend(security.into_iter().inspect(|error| drop(readable(error))).map(Into::into));
    for error in all {
        let text = readable(&error);
        let kind = own(ChannelErrorKind::Session(error));
        assert_eq!(kind, text);
    }
}

#[tokio::test]
async fn errors_of_setting_up_are_said_once() {
    assert!(own(HostError::Configuration(resolve())).contains("base address"));
    let of = || "http://localhost:8000/calc".to_owned();
    let text = own(HostError::Certificate { address: of(), error: certificate() });
    assert!(text.starts_with("http://localhost:8000/calc: ") && text.contains("nowhere"), "{text}");
    own(HostError::Unsupported { address: of(), text: "net.tcp does not run".into() });
    let text = own(HostError::Incomplete { address: String::new(), text: "no endpoints".into() });
    assert_eq!(text, "no endpoints");
    let text = own(HostError::Listen { address: "localhost:80".into(), error: denied() });
    assert_eq!(text.matches("permission denied").count(), 1, "{text}");
    own(ChannelErrorKind::Configuration(resolve()));
    own(ChannelErrorKind::Certificate(certificate()));
    own(ChannelErrorKind::Unsupported("this".into()));
    own(ChannelErrorKind::Incomplete("that".into()));
    own(certificate());
    own(ConfigurationFileError::Read { file: "app.config".into(), error: denied() });
    // A channel's error has address, notes and advice around the kind; a call's has nothing around the channel's.
    let factory = ChannelFactory::new(
        binding::WsHttpBinding::new(binding::SecurityMode::None, true),
        "http://127.0.0.1:9/calc",
        &NOTHING_CONTRACT,
    );
    let error: ChannelError = factory.unwrap().open_channel().await.expect_err("nobody listens");
    assert_eq!(error.diagnosis(), Some(Diagnosis::ConnectionRefused));
    let text = own(error.clone());
    assert_eq!(own(CallError::from(error)), text);
}

#[test]
fn errors_of_calls_are_said_once() {
    let text = own(CallError::Fault(fault()));
    assert!(text.contains("no such account"), "{text}");
    own(CallError::channel("the cable is cut"));
    own(CallError::channel(denied()));
    let name = || datacontract::ContractName::owned("n1", "urn:nothing");
    let body = [
        BodyError::Wrapper { expected: name(), found: "node type 'EndElement'".into() },
        BodyError::Part {
            name: name(),
            error: Box::new(datacontract::ReadError::custom("it is no number")),
        },
        BodyError::SeveralElements,
    ];
    let mut all = vec![
        ContractError::Argument {
            operation: "Add",
            error: datacontract::WriteError::custom("it is no XML"),
        },
        ContractError::ReplyAction {
            operation: "Add",
            found: "urn:other".into(),
            expected: "urn:nothing/AddResponse",
        },
    ];
    for error in body {
        own(error.clone());
        all.push(ContractError::Reply { operation: "Add", error });
    }
    for error in all {
        let text = own(error.clone());
        assert_eq!(own(CallError::Contract(error)), text);
    }
}

#[service_contract(namespace = "urn:nothing", name = "INothing")]
trait Nothing {
    async fn nothing(&self) -> Result<(), OperationFault>;
}
