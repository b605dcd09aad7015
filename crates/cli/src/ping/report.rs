//! What the steps have shown.

use std::process::ExitCode;
use std::time::Duration;

use waxwing_metadata::json::Json;

use crate::print::{Colors, Paint, Plain, WIDTH, wrap, written};

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Good,
    Failed,
    /// Not tried, or not there, which is no failure.
    LeftOut,
}

/// A step.
#[derive(Debug)]
pub(super) struct Step {
    name: &'static str,
    how: How,
    time: Duration,
    text: String,
    help: Option<String>,
}

impl Step {
    /// One that went well.
    pub(super) fn good(name: &'static str, time: Duration, text: impl Into<String>) -> Self {
        Self { name, how: How::Good, time, text: text.into(), help: None }
    }

    /// One that failed.
    pub(super) fn failed(name: &'static str, time: Duration, text: impl Into<String>) -> Self {
        Self { name, how: How::Failed, time, text: text.into(), help: None }
    }

    /// One that says nothing about the service.
    pub(super) fn left_out(name: &'static str, time: Duration, text: impl Into<String>) -> Self {
        Self { name, how: How::LeftOut, time, text: text.into(), help: None }
    }

    /// The same with what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// All steps.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// The address of the service.
    pub(super) address: String,
    /// Whether a binding was found and a channel of it could be made: without, something listens, and nothing more is known.
    pub(super) is_service: bool,
    steps: Vec<Step>,
}

impl Report {
    pub(super) fn add(&mut self, step: Step) {
        self.steps.push(step);
    }

    fn failed(&self) -> bool {
        !self.is_service || self.steps.iter().any(|step| step.how == How::Failed)
    }

    /// What the steps say, where they do not say it themselves.
    fn summary(&self) -> Option<String> {
        if self.is_service || self.steps.iter().any(|step| step.how == How::Failed) {
            return None;
        }
        let good = self.steps.iter().filter(|step| step.how == How::Good).map(|step| step.name);
        let good = good.collect::<Vec<_>>().join(", ");
        Some(format!("tested: {good}; not tested: whether a service is there"))
    }

    /// Prints them.
    pub(super) fn print(&self, json: bool) -> ExitCode {
        let mut out = std::io::stdout().lock();
        let result = match json {
            true => self.json(&mut out),
            false => self.text(&mut Plain(&mut out)),
        };
        written("ping", result);
        ExitCode::from(u8::from(self.failed()))
    }

    fn json(&self, out: &mut dyn std::io::Write) -> std::io::Result<()> {
        let step = |step: &Step| {
            let how = match step.how {
                How::Good => "ok",
                How::Failed => "failed",
                How::LeftOut => "skipped",
            };
            let micros = i64::try_from(step.time.as_micros()).unwrap_or(i64::MAX);
            let mut members = vec![
                ("step", Json::from(step.name)),
                ("outcome", Json::from(how)),
                ("microseconds", Json::from(micros)),
                ("text", Json::from(step.text.as_str())),
            ];
            members.extend(step.help.as_deref().map(|help| ("help", Json::from(help))));
            Json::object(members)
        };
        let mut members = vec![
            ("address", Json::from(self.address.as_str())),
            ("ok", Json::Bool(!self.failed())),
            ("steps", Json::Array(self.steps.iter().map(step).collect())),
        ];
        members.extend(self.summary().map(|text| ("summary", Json::from(text))));
        writeln!(out, "{}", Json::object(members))
    }

    fn text(&self, out: &mut dyn std::io::Write) -> std::io::Result<()> {
        let Paint { good, bad, dim, plain, .. } = Paint::new(Colors::Auto.on_stdout());
        writeln!(out, "{}", self.address)?;
        let widest = self.steps.iter().map(|step| step.name.len()).max().unwrap_or_default();
        let indent = 2 + widest + 2 + 6 + 2 + 10 + 2;
        let room = WIDTH.saturating_sub(indent).max(30);
        for step in &self.steps {
            let (color, word) = match step.how {
                How::Good => (good, "ok"),
                How::Failed => (bad, "failed"),
                How::LeftOut => (dim, "-"),
            };
            let time = format!("{:.1} ms", step.time.as_secs_f64() * 1000.0);
            write!(out, "  {:widest$}  {color}{word:6}{plain}  {time:>10}  ", step.name)?;
            let lines = step.text.lines().flat_map(|line| wrap(line.trim(), room));
            let help = step.help.iter().flat_map(|help| wrap(help, room - 3));
            let help = help.enumerate().map(|(i, line)| match i {
                0 => format!("-> {line}"),
                _ => format!("   {line}"),
            });
            for (i, line) in lines.chain(help).enumerate() {
                match i {
                    0 => writeln!(out, "{line}")?,
                    _ => writeln!(out, "{:indent$}{line}", "")?,
                }
            }
        }
        match self.summary() {
            Some(text) => writeln!(out, "{bad}{text}{plain}"),
            None => Ok(()),
        }
    }
}
