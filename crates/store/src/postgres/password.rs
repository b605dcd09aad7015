//! A password that is not in the connection string: from the environment, or a file of passwords (libpq 33.15, 33.16).

use std::path::{Path, PathBuf};

use tokio_postgres::Config;
use tokio_postgres::config::Host;
use zeroize::Zeroizing;

use super::failure::wrong;
use crate::error::StoreError;

/// `PGPASSWORD`, else the file that is named, else `PGPASSFILE`, else `~/.pgpass`.
pub(super) fn find(
    config: &Config,
    named: Option<&Path>,
) -> Result<Option<Zeroizing<String>>, StoreError> {
    if named.is_none()
        && let Some(password) = std::env::var("PGPASSWORD").ok().filter(|p| !p.is_empty())
    {
        return Ok(Some(Zeroizing::new(password)));
    }
    let elsewhere = || {
        std::env::var_os("PGPASSFILE").map(PathBuf::from).or_else(|| {
            let home = std::env::var_os("HOME")?;
            Some(Path::new(&home).join(".pgpass")).filter(|path| path.exists())
        })
    };
    let Some(path) = named.map(Path::to_owned).or_else(elsewhere) else { return Ok(None) };
    let shown = path.display();
    let text = std::fs::read_to_string(&path)
        .map_err(|e| wrong(&format!("the file of passwords {shown} cannot be read: {e}")))?;
    let text = Zeroizing::new(text);
    refuse_open(&path)?;
    Ok(of_file(&text, config))
}

/// A file of passwords that others can read is none (libpq ignores it in silence).
#[cfg(unix)]
fn refuse_open(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map(|found| found.permissions().mode()).unwrap_or(0);
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let shown = path.display();
    Err(wrong(&format!("others can read the file of passwords {shown}: chmod 600 {shown}")))
}

#[cfg(not(unix))]
fn refuse_open(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// The first line `host:port:database:user:password` that fits. `*` fits everything, `\` takes the next letter as it is.
fn of_file(text: &str, config: &Config) -> Option<Zeroizing<String>> {
    let host = match config.get_hosts().first()? {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(_) => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    let user = config.get_user().unwrap_or_default();
    let database = config.get_dbname().unwrap_or(user);
    let wanted = [host.as_str(), &port, database, user];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let [of @ .., password] = &fields[..] else { return None };
        let fits = of.len() == wanted.len()
            && of
                .iter()
                .zip(wanted)
                .all(|(of, wanted)| of.as_str() == "*" || of.as_str() == wanted);
        fits.then(|| password.clone())
    })
}

fn fields(line: &str) -> Vec<Zeroizing<String>> {
    let mut fields = vec![Zeroizing::new(String::new())];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        let last = fields.len() - 1;
        match letter {
            // A password may have colons of its own.
            ':' if fields.len() < 5 => fields.push(Zeroizing::new(String::new())),
            '\\' => fields[last].extend(letters.next()),
            letter => fields[last].push(letter),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, config: &str) -> Option<String> {
        let config: Config = config.parse().expect("a connection string");
        of_file(text, &config).map(|password| password.to_string())
    }

    #[test]
    fn the_first_line_that_fits() {
        let file = "# comment\nother:*:*:*:no\ndb:5432:w:u:it\\:s:a\\\\b\n*:*:*:*:any\nlocalhost:1:w:u:late\n";
        assert_eq!(found(file, "host=db user=u dbname=w").as_deref(), Some("it:s:a\\b"));
        assert_eq!(found(file, "host=db user=u").as_deref(), Some("any"));
        assert_eq!(
            found("localhost:5432:w:u:here", "host=/run user=u dbname=w").as_deref(),
            Some("here")
        );
        assert_eq!(found("db:5432:w:u", "host=db user=u dbname=w"), None);
    }

    #[test]
    #[cfg(unix)]
    fn what_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgpass");
        std::fs::write(&path, "*:*:*:*:hunter2\n").unwrap();
        let config: Config = "host=db user=u".parse().unwrap();
        let with = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            find(&config, Some(&path))
        };
        assert_eq!(with(0o600).unwrap().as_deref().map(String::as_str), Some("hunter2"));
        let said = with(0o644).unwrap_err().to_string();
        assert!(said.contains("chmod 600") && !said.contains("hunter2"), "{said}");
    }
}
