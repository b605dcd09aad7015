//! What happened, as a small table.

use std::path::Path;
use std::time::Duration;

use comfy_table::{Cell, Table, presets};
use waxwing::binding::EffectiveEndpoint;
use waxwing::client::ChannelStatistics;
use waxwing::service::HostStatistics;
use waxwing_testkit::lossy_link::LinkCounts;

use super::calculator::Ledger;

/// Everything that the table shows.
pub(super) struct Report<'a> {
    pub(super) calls: u64,
    pub(super) wrong: u64,
    pub(super) ledger: &'a Ledger,
    pub(super) client: ChannelStatistics,
    pub(super) retransmissions: u64,
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
        row("retransmissions", self.retransmissions.to_string());
        row("duplicates dropped", format!("{} by the service", self.service.duplicates));
        row("authenticated", self.ledger.caller().unwrap_or_else(|| "nobody".to_owned()));
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

    fn algorithms(&self) -> String {
        match &self.endpoint.security {
            None => "none".to_owned(),
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
