//! The two ends as a plan wants them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use waxwing_reliable::{ReliableSessionSettings, Shape};
use waxwing_security::conversation::{ClientSecurity, Flow};
use waxwing_session::{
    AddressFilter, AddressFilterMode, ClientSession, ClientSettings, DispatchModes, DuplexService,
    DuplexSettings, LinkId, ServiceEndpoint, ServiceSessions, ServiceSettings,
};
use waxwing_soap::EndpointReference;

use super::plan::{Class, Plan};
use super::world::SERVICE;
use crate::kit::VERSION;
use crate::random::Random;

/// How long a client has to end its sequence. One that is gone is told so often that it is over.
const CLOSING: Duration = Duration::from_secs(3_000);

/// Longer than any run.
const FOR_EVER: Duration = Duration::from_secs(1_000_000);

/// The service's end.
pub struct Service {
    pub endpoint: ServiceEndpoint,
    pub sessions: ServiceSessions,
    pub duplex: DuplexService,
    /// Where what is handed out for a link is posted.
    pub links: HashMap<LinkId, Arc<EndpointReference>>,
    /// How often it began anew.
    pub life: u32,
    pub session: Option<String>,
}

impl Service {
    pub fn new(plan: &Plan, life: u32) -> Self {
        let mut quiet = Random::new(u64::from(life) + 1);
        let settings = ServiceSettings {
            address: SERVICE.to_owned(),
            version: VERSION,
            reliable: Some((plan.version, Shape::RequestReply, reliable(plan))),
            receive_timeout: patience(plan),
            understood: Vec::new(),
            trace: false,
        };
        let flow = Flow::CompositeDuplex;
        let security = match &plan.security {
            Some(secured) => secured.service_of(flow, &mut quiet),
            None => crate::secured::unsecured_of(flow, &mut quiet),
        };
        let duplex = DuplexService::composite(&settings, &mut quiet).unwrap();
        let duplex = duplex.closing_within(CLOSING);
        let duplex = if plan.security.is_some() { duplex.secured() } else { duplex };
        let modes = DispatchModes { concurrency: plan.service, ..DispatchModes::default() };
        let calls = ServiceSettings { reliable: None, ..settings.clone() };
        let filter = AddressFilter::new(SERVICE).with_mode(AddressFilterMode::Exact);
        Self {
            endpoint: ServiceEndpoint::new(settings, security)
                .with_address_filter(filter)
                .posting(),
            sessions: ServiceSessions::new(&calls, modes).unwrap(),
            duplex,
            links: HashMap::new(),
            life,
            session: None,
        }
    }
}

/// Whoever is patient waits as long as it takes: what is lost again and again comes late.
fn reliable(plan: &Plan) -> ReliableSessionSettings {
    let is_patient = plan.class == Class::Patient;
    ReliableSessionSettings {
        max_transfer_window_size: plan.window,
        max_retry_count: if is_patient { 24 } else { 8 },
        inactivity_timeout: if is_patient { FOR_EVER } else { Duration::from_secs(600) },
        ..ReliableSessionSettings::default()
    }
}

/// How long the ends wait for anything.
pub fn patience(plan: &Plan) -> Duration {
    if plan.class == Class::Patient { FOR_EVER } else { Duration::from_secs(600) }
}

pub fn client(plan: &Plan) -> ClientSession {
    let settings = ClientSettings {
        to: SERVICE.to_owned(),
        version: VERSION,
        reliable: Some((plan.version, Shape::RequestReply, reliable(plan))),
        retry: plan.class == Class::Patient,
        retry_authentication: false,
        send_timeout: Duration::from_secs(300),
    };
    let security = match &plan.security {
        Some(own) => own.client_of((Flow::CompositeDuplex, SERVICE), "alice", &mut Random::new(77)),
        None => ClientSecurity::None,
    };
    let duplex = DuplexSettings {
        callbacks: true,
        concurrency: plan.client,
        composite: true,
        ..DuplexSettings::default()
    };
    ClientSession::new(settings, security).unwrap().over_links(duplex).unwrap()
}
