//! A PostgreSQL of one's own, in a folder, on a free port of the loopback: where it is installed.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::ports::free_port;

/// How long it may take to begin, or to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// Who runs it where this process may not: PostgreSQL refuses to run as root.
const USER: &str = "postgres";

/// What to do where it is missing.
pub const MISSING: &str = "PostgreSQL is not installed here (initdb and postgres are neither in PATH nor in \
                           /usr/lib/postgresql/*/bin). Debian: apt install postgresql; Fedora: dnf install postgresql-server";

/// A running server. Dropping it stops it at once, as a crash would.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    settings: Vec<String>,
    server: Option<Child>,
}

/// The folder of the programs; none: it is not installed.
pub fn programs() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&paths).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        let mut versions: Vec<_> =
            versions.flatten().map(|version| version.path().join("bin")).collect();
        versions.sort();
        folders.extend(versions.into_iter().rev());
    }
    // What stands in PATH may be a link to one program of the folder in which all of them are.
    folders.into_iter().find_map(|folder| {
        let initdb = folder.join("initdb").canonicalize().ok()?;
        let folder = initdb.parent()?;
        let all =
            ["postgres", "pg_ctl", "pg_isready", "createdb"].map(|name| folder.join(name).exists());
        all.iter().all(|there| *there).then(|| folder.to_owned())
    })
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

impl Postgres {
    /// Makes a database cluster in a new folder and starts it. Everybody on this machine is let in as `postgres` without a
    /// password, so it is for trying out.
    ///
    /// # Errors
    /// It is not installed ([`MISSING`]), or does not start: with its last words.
    pub fn start(folder: &Path) -> io::Result<Self> {
        Self::start_with(folder, &[])
    }

    /// The same with settings of the server (`name=value`).
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn start_with(folder: &Path, settings: &[&str]) -> io::Result<Self> {
        let mut own = Self::empty(folder, settings)?;
        let mut initdb = command(&own.programs.join("initdb"));
        initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", "-D"]);
        run(initdb.arg(own.data()))?;
        own.begin()?;
        Ok(own)
    }

    /// A standby of this one in a new folder, which follows it from now on.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn standby(&self, folder: &Path, settings: &[&str]) -> io::Result<Self> {
        let mut own = Self::empty(folder, settings)?;
        let mut copy = command(&own.programs.join("pg_basebackup"));
        copy.args(["-h", "127.0.0.1", "-U", "postgres", "-X", "stream", "-c", "fast", "-R"]);
        run(copy.arg("--no-sync").arg("-p").arg(self.port.to_string()).arg("-D").arg(own.data()))?;
        own.begin()?;
        Ok(own)
    }

    /// Makes a standby the primary.
    ///
    /// # Errors
    /// It is none.
    pub fn promote(&self) -> io::Result<()> {
        let mut promote = command(&self.programs.join("pg_ctl"));
        run(promote.args(["promote", "-s", "-w", "-D"]).arg(self.data()))
    }

    fn empty(folder: &Path, settings: &[&str]) -> io::Result<Self> {
        let programs = programs().ok_or_else(|| io::Error::other(MISSING))?;
        std::fs::create_dir_all(folder)?;
        if is_root() {
            run(Command::new("chown").arg(USER).arg(folder))?;
        }
        let folder = folder.canonicalize()?;
        let port = free_port()?;
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        Ok(Self { programs, folder, port, settings, server: None })
    }

    /// The folder of its data.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The port that it listens at.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts the server, and waits for it.
    ///
    /// # Errors
    /// It does not start.
    pub fn begin(&mut self) -> io::Result<()> {
        let log = self.folder.join("log");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let mut server = command(&self.programs.join("postgres"));
        server.arg("-D").arg(self.folder.join("data"));
        let port = format!("port={}", self.port);
        for setting in [port.as_str(), "listen_addresses=127.0.0.1", "unix_socket_directories="] {
            server.args(["-c", setting]);
        }
        self.settings.iter().for_each(|setting| {
            server.args(["-c", setting]);
        });
        let server = server.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        self.server = Some(server);
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let ready = Command::new(self.programs.join("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status();
            if ready.is_ok_and(|status| status.success()) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        Err(io::Error::other(format!("PostgreSQL does not start: {log}")))
    }

    /// How clients find it: `postgresql://postgres@127.0.0.1:PORT/postgres`.
    pub fn address(&self) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Makes a database beside that one, and gives its address.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub fn create_database(&self, name: &str) -> io::Result<String> {
        run(Command::new(self.programs.join("createdb")).args([
            "-h",
            "127.0.0.1",
            "-U",
            "postgres",
            "-p",
            &self.port.to_string(),
            name,
        ]))?;
        Ok(format!("postgresql://postgres@127.0.0.1:{}/{name}", self.port))
    }

    /// Ends it as a crash would: without a checkpoint. [`begin`](Self::begin) recovers.
    pub fn crash(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let stopped = command(&self.programs.join("pg_ctl"))
            .args(["stop", "-s", "-m", "immediate", "-D"])
            .arg(self.folder.join("data"))
            .status();
        if !stopped.is_ok_and(|status| status.success()) {
            let _ = server.kill();
        }
        let _ = server.wait();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.crash();
    }
}

/// A program of PostgreSQL, as somebody whom it lets run it.
fn command(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={USER}")).arg(format!("--regid={USER}")).arg("--init-groups");
    command.arg(program).current_dir("/");
    command
}

/// Runs a command to its end; what it said is the error.
fn run(command: &mut Command) -> io::Result<()> {
    let output = command.output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_where_it_is_installed_and_survives_a_crash() {
        let folder = std::env::temp_dir().join(format!("waxwing-postgres-{}", std::process::id()));
        match Postgres::start(&folder) {
            Err(error) => assert_eq!((error.to_string().as_str(), programs()), (MISSING, None)),
            Ok(mut postgres) => {
                postgres.crash();
                postgres.begin().expect("it recovers");
                let other = postgres.create_database("other").expect("another one");
                assert!(other.ends_with("/other"));
                assert!(postgres.address().starts_with("postgresql://postgres@127.0.0.1:"));
            }
        }
        let _ = std::fs::remove_dir_all(&folder);
    }
}
