//! What a process used, as Linux tells it (`proc(5)`).

use std::fs::read_to_string;
use std::time::Duration;

use crate::Failure;

/// Ticks of `/proc/PID/stat` in a second; the same on every Linux of today (`sysconf(_SC_CLK_TCK)`).
const TICKS: u32 = 100;

/// A process whose use of the machine is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Process(u32);

impl Process {
    /// The one that asks.
    pub(crate) fn own() -> Self {
        Self(std::process::id())
    }

    /// The one with this number.
    pub(crate) fn other(id: u32) -> Self {
        Self(id)
    }

    /// User and system time since it began.
    pub(crate) fn cpu(self) -> Result<Duration, Failure> {
        let stat = read_to_string(format!("/proc/{}/stat", self.0))?;
        // The name, which stands in parentheses, may hold anything; behind it are numbers, from the third field on.
        let (_, fields) = stat.rsplit_once(')').ok_or("stat has a name in parentheses")?;
        let times: Vec<u32> =
            fields.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        Ok(Duration::from_secs(times.iter().copied().map(u64::from).sum()) / TICKS)
    }

    /// Octets of memory that it has in use (`VmRSS`), or had at most (`VmHWM`).
    pub(crate) fn memory(self, field: &str) -> Result<u64, Failure> {
        let status = read_to_string(format!("/proc/{}/status", self.0))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        let text = line.ok_or("status has this field")?.trim().trim_end_matches(" kB");
        Ok(text.parse::<u64>()? * 1024)
    }
}
