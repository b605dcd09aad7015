//! What happened, as a small table.

use std::path::Path;
use std::time::Duration;

use comfy_table::{Cell, Table, presets};
use waxwing::binding::{EffectiveEndpoint, MessageEncoding};
use waxwing::client::ChannelStatistics;
use waxwing::reliable::Counters;
use waxwing::service::HostStatistics;
use waxwing_testkit::lossy_link::LinkCounts;

use super::calculator::Ledger;

/// Everything that the table shows.
pub(super) struct Report<'a> {
    pub(super) calls: u64,
    pub(super) wrong: u64,
    pub(super) ledger: &'a Ledger,
    pub(super) client: ChannelStatistics,
    /// What the reliable session counted at the client.
    pub(super) counted: Counters,
    pub(super) service: HostStatistics,
    pub(super) link: LinkCounts,
    pub(super) endpoint: &'a EffectiveEndpoint,
    pub(super) time: Duration,
    pub(super) trace: Option<&'a Path>,
}

impl Report<'_> {
    /// Prints the table. Gives whether every call was answered rightly and executed exactly once.
    pub(super) fn print(&self) -> bool {
        let (once, executions) = self.ledger.counts();
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY);
        let mut row = |name: &str, value: String| {
            table.add_row([Cell::new(name), Cell::new(value)]);
        };
        row("calls", format!("{}, {} wrong answers", self.calls, self.wrong));
        row(
            "executed exactly once",
            format!("{once} of {} (the service executed {executions})", self.calls),
        );
        row("messages sent", format!("{} by the client", self.client.messages_sent));
        let LinkCounts { lost_requests, lost_responses, .. } = self.link;
        row("lost on the way", format!("{lost_requests} requests, {lost_responses} responses"));
        row("retransmissions", self.counted.retransmissions.to_string());
        let (service, client) = (self.service.duplicates, self.counted.duplicates);
        row("duplicates dropped", format!("{service} by the service, {client} by the client"));
        row("authenticated", self.ledger.caller().unwrap_or_else(|| "nobody".to_owned()));
        row("messages", self.messages());
        row("algorithms", self.algorithms());
        row("reliability", self.reliability());
        row("time", format!("{:.1} s", self.time.as_secs_f64()));
        if let Some(path) = self.trace {
            row("trace", format!("{} (holds decrypted messages)", path.display()));
        }
        println!("{table}");
        let good = self.wrong == 0 && once == self.calls && executions == self.calls;
        match good {
            true => println!("every call was executed exactly once"),
            false => {
                eprintln!("error: not every call was executed exactly once and answered rightly")
            }
        }
        good
    }

    fn messages(&self) -> String {
        let encoding = match self.endpoint.encoding {
            MessageEncoding::Text(_) => "XML text",
            MessageEncoding::Mtom(_) => "MTOM",
            MessageEncoding::Binary(_) => ".NET binary XML",
        };
        format!("{encoding}, {}", self.endpoint.binding_section)
    }

    fn algorithms(&self) -> String {
        match &self.endpoint.security {
            None if self.endpoint.transport.is_protected() => "TLS".to_owned(),
            None => "none".to_owned(),
            Some(security) if security.secure_conversation.is_none() => "TLS".to_owned(),
            Some(security) => {
                let suite = security
                    .secure_conversation
                    .as_ref()
                    .map_or(security.algorithm_suite, |c| c.algorithm_suite);
                if security.over_transport {
                    return format!(
                        "TLS, {suite}: HMAC-SHA-1 over the timestamp, P_SHA-1 (WS-SecureConversation)"
                    );
                }
                let first = if security.negotiated { "TLS 1.2 inside SOAP, " } else { "" };
                format!("{first}{suite}: AES-256-CBC, HMAC-SHA-1, P_SHA-1 (WS-SecureConversation)")
            }
        }
    }

    fn reliability(&self) -> String {
        match &self.endpoint.reliable_session {
            None => "none".to_owned(),
            Some(session) => {
                let order = if session.ordered { "ordered" } else { "unordered" };
                format!(
                    "{}, {order}, window of {}",
                    session.reliable_messaging_version, session.max_transfer_window_size
                )
            }
        }
    }
}
