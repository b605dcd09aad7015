//! Processes of their own: this program, started again in another role.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::failure::Failure;
use super::plan::Who;

/// What a process says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It works.
    Ready,
    /// The call of this number was executed.
    Executed(u64),
    /// It has nothing more to do.
    Done,
    /// It is gone.
    Gone,
}

/// Who said it, in which of his lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) who: Who,
    pub(super) life: u64,
    pub(super) said: Said,
}

/// A running process. It ends when this ends, since its input does.
pub(super) struct Part {
    child: Child,
    pub(super) life: u64,
    pub(super) begun: Instant,
    /// It has said that it works.
    pub(super) ready: bool,
}

impl Part {
    /// Starts this program with these arguments. What it says goes to `words`, its troubles into the file `log`.
    pub(super) fn start(
        arguments: &[String],
        log: &Path,
        who: Who,
        life: u64,
        words: Sender<Word>,
    ) -> Result<Self, Failure> {
        let log = OpenOptions::new().create(true).append(true).open(log)?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg("demo-part")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let output = child.stdout.take().ok_or("the process has no output")?;
        std::thread::spawn(move || {
            let say = |said| words.send(Word { who, life, said }).is_ok();
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if !read(&line).is_none_or(say) {
                    return;
                }
            }
            say(Said::Gone);
        });
        Ok(Self { child, life, begun: Instant::now(), ready: false })
    }

    /// Kills it with SIGKILL, which no process sees coming. Gives whether it was still alive.
    pub(super) fn kill(mut self) -> std::io::Result<bool> {
        let alive = self.child.try_wait()?.is_none();
        self.child.kill()?;
        self.child.wait()?;
        Ok(alive)
    }

    /// Lets it end by itself, and kills it when it does not.
    pub(super) fn stop(mut self, patience: Duration) -> std::io::Result<bool> {
        drop(self.child.stdin.take());
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.success());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(false)
    }
}

/// What a line of a process says.
fn read(line: &str) -> Option<Said> {
    match line.split_once(' ') {
        Some(("EXECUTED", number)) => number.parse().ok().map(Said::Executed),
        None if line == "READY" => Some(Said::Ready),
        None if line == "DONE" => Some(Said::Done),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        assert_eq!(read("READY"), Some(Said::Ready));
        assert_eq!(read("EXECUTED 17"), Some(Said::Executed(17)));
        assert_eq!(read("DONE"), Some(Said::Done));
        assert_eq!(read("EXECUTED"), None);
        assert_eq!(read("anything else"), None);
    }
}
