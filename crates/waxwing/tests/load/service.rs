//! The service, in a process of its own: this same program, asked by an environment variable.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use waxwing::binding::{
    MessageCredentialType, SecurityMode, ServiceBehavior, ServiceThrottling, TimeSpan,
    WsHttpBinding,
};
use waxwing::contract::{OperationFault, service_contract};
use waxwing::crypto::{
    Certificate, CertificateValidator, Identity, RevocationMode, Usage, ValidationMode,
};
use waxwing::net::HttpLimits;
use waxwing::{ChannelFactory, ServiceHostBuilder, ServiceInstances};

use crate::{MAX_BUFFERED, MAX_CONNECTIONS, MAX_MESSAGE, MAX_SESSIONS};

const ASKED: &str = "WAXWING_LOAD_SERVICE";

#[service_contract(namespace = "urn:load", name = "ILoad")]
pub trait Load {
    async fn add(&self, by: i32) -> Result<i32, OperationFault>;
    async fn large(&self, octets: i32) -> Result<String, OperationFault>;
}

struct Working;

impl Load for Working {
    async fn add(&self, by: i32) -> Result<i32, OperationFault> {
        Ok(by + 1)
    }
    async fn large(&self, octets: i32) -> Result<String, OperationFault> {
        Ok("x".repeat(usize::try_from(octets)?))
    }
}

pub fn binding(reliable: bool, secure: bool) -> WsHttpBinding {
    let binding = match secure {
        true => WsHttpBinding::new(SecurityMode::Message, reliable)
            .message_credential(MessageCredentialType::None),
        false => WsHttpBinding::new(SecurityMode::None, reliable),
    };
    binding.max_received_message_size(MAX_MESSAGE as u64).send_timeout(TimeSpan::seconds(60))
}

fn limits() -> HttpLimits {
    let mut limits = HttpLimits::default();
    limits.max_connections = MAX_CONNECTIONS;
    limits.max_buffered = MAX_BUFFERED;
    limits.grace = Duration::from_secs(3);
    limits.min_rate = 20;
    limits.head_timeout = Duration::from_secs(3);
    limits
}

fn pem(name: &str) -> Vec<u8> {
    let pki = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pki");
    std::fs::read(pki.join(name)).unwrap()
}

/// The service's own `main`.
pub fn run_if_asked() {
    if std::env::var_os(ASKED).is_none() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _host = runtime.block_on(async {
        let throttling = ServiceThrottling::default()
            .max_concurrent_sessions(MAX_SESSIONS as u32)
            .max_concurrent_calls(2);
        let behavior = || ServiceBehavior::default().service_throttling(throttling.clone());
        let identity =
            Identity::from_pem(&[pem("service.cert.pem"), pem("service.key.pem")].concat());
        let mut builder =
            ServiceHostBuilder::new().certificate(identity.unwrap()).http_limits(limits());
        for (path, reliable, secure) in
            [("plain", false, false), ("reliable", true, false), ("secure", true, true)]
        {
            let address = format!("http://127.0.0.1:0/{path}");
            builder = builder
                .endpoint(binding(reliable, secure), &address, &LOAD_CONTRACT, behavior())
                .unwrap();
        }
        let host = builder.open(ServiceInstances::single(LoadService::new(Working))).await.unwrap();
        println!("\nlistening {}", host.local_addresses()[0]);
        host
    });
    // Until whoever started it is gone.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    std::process::exit(0);
}

/// The running service.
pub struct Service {
    child: Child,
    address: SocketAddr,
    _output: BufReader<std::process::ChildStdout>,
}

impl Service {
    pub fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "service_process", "--nocapture"])
            .env(ASKED, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert!(output.read_line(&mut line).unwrap() > 0, "the service did not start");
            if let Some(address) = line.strip_prefix("listening ") {
                break address.trim().parse().unwrap();
            }
        };
        Self { child, address, _output: output }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn factory(&self, path: &str, reliable: bool, secure: bool) -> ChannelFactory {
        let address = format!("http://localhost:{}/{path}", self.address.port());
        let roots = Certificate::from_pem(&pem("ca.cert.pem")).unwrap();
        let validator = CertificateValidator::new(
            ValidationMode::ChainTrust,
            RevocationMode::NoCheck,
            Usage::Service,
        );
        let factory = ChannelFactory::new(binding(reliable, secure), &address, &LOAD_CONTRACT);
        factory.unwrap().service_trust(validator.with_roots(roots))
    }

    /// Memory in use, and the most that was ever, in octets.
    pub fn memory(&self) -> (usize, usize) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let read = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
        };
        (read("VmRSS:"), read("VmHWM:"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
