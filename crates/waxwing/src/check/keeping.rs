//! What there is to say of `<store>`, `<node>` and `<outbox>` of a configuration file, beyond what its text says.

use waxwing_binding::{EffectiveEndpoint, Outbox, Role, Severity, Store};

use crate::certificates::{CertificateFinding, CertificateUse};
use crate::configuration::ConfigurationFile;

/// The places in the section of a store, its file, its file of keys, its variable with keys, its connection.
struct Places {
    store: &'static str,
    path: &'static str,
    keys: &'static str,
    variable: &'static str,
    url: &'static str,
}

/// Of the store that all share.
const SHARED: Places = Places {
    store: "store",
    path: "store/@path",
    keys: "store/@keyFile",
    variable: "store/@keyVariable",
    url: "store/@url",
};

/// Of an outbox's own.
const OWN: Places = Places {
    store: "outbox/store",
    path: "outbox/store/@path",
    keys: "outbox/store/@keyFile",
    variable: "outbox/store/@keyVariable",
    url: "outbox/store/@url",
};

/// What becomes of an endpoint's sessions by `<store>`, and what a node among others needs of it; what becomes of a client's outbox.
/// `closed`: the outboxes that do not open.
pub(super) fn findings(
    endpoint: &EffectiveEndpoint,
    file: &ConfigurationFile,
    closed: &mut Vec<String>,
) -> Vec<CertificateFinding> {
    match endpoint.role {
        Role::Service => of_service(endpoint, file),
        Role::Client => of_client(endpoint, file, closed),
    }
}

fn of_service(endpoint: &EffectiveEndpoint, file: &ConfigurationFile) -> Vec<CertificateFinding> {
    let section = &file.configuration().waxwing;
    let store = match file.store() {
        Ok(store) => store,
        Err(error) => {
            let fix = "complete <store> in the section <waxwing>, or leave it out where sessions end with the process";
            return vec![about(SHARED.store, Severity::Error, "store", error.to_string(), fix)];
        }
    };
    let mut found = Vec::new();
    if section.node.name.is_some() && !store.as_ref().is_some_and(|store| store.is_shared()) {
        let (severity, message) = match store {
            // The program may give one.
            None => (Severity::Note, "a node needs the store that it shares with the others"),
            Some(_) => {
                (Severity::Error, "a store in a file is of one process: nodes cannot share it")
            }
        };
        let fix = "<store provider=\"postgres\" url=\"…\" keyFile=\"…\"/> in the section <waxwing>, or ServiceHostBuilder::store";
        found.push(about("node", severity, "node-store", message.to_owned(), fix));
    }
    if store.is_none() {
        return found;
    }
    if endpoint.reliable_session.is_none() {
        let message = "<store> does nothing for this endpoint: it has no reliable session, so a call is lost with the process that \
                       executes it";
        let fix = "<reliableSession enabled=\"true\"/> at both ends where calls must survive";
        found.push(about("store", Severity::Note, "store-unused", message.to_owned(), fix));
    } else if is_over_links(endpoint) {
        let message = "the service does not open with <store>: reliable sessions of duplex bindings (net.tcp, WebSockets, wsDualHttpBinding) are not kept \
                       in a store yet";
        let fix = match endpoint.composite_duplex {
            // It always has a reliable session.
            true => {
                "leave <store> out; or give this endpoint a file and a program of its own, without a store; or, for a contract \
                     without callbacks, use wsHttpBinding, at both ends"
            }
            false => {
                "leave <store> out, or <reliableSession> of this endpoint; or give this endpoint a file and a program of its \
                      own, without a store; or use a binding over HTTP without callbacks (wsHttpBinding), at both ends"
            }
        };
        found.push(about("store", Severity::Error, "store-links", message.to_owned(), fix));
    }
    found.extend(of_store(&section.store, file, &SHARED));
    found
}

fn of_client(
    endpoint: &EffectiveEndpoint,
    file: &ConfigurationFile,
    closed: &mut Vec<String>,
) -> Vec<CertificateFinding> {
    let section = &file.configuration().waxwing;
    let own = section.outboxes.iter().filter(|outbox| outbox.endpoint_name() == endpoint.name);
    let own: Vec<&Outbox> = own.collect();
    let mut found = Vec::new();
    if own.is_empty() && section.store.provider.is_some() {
        let message = "<store> does nothing for this endpoint: it is for services and outboxes, and no <outbox> goes to this endpoint";
        let fix = "write <outbox name=\"…\" endpoint=\"…\"/> in the section <waxwing> where its calls are to survive the program";
        found.push(about("store", Severity::Note, "store-unused", message.to_owned(), fix));
    }
    for outbox in own {
        let mut of_outbox = of_outbox(outbox, endpoint);
        of_outbox.extend(match &outbox.store {
            Some(store) => of_store(store, file, &OWN),
            None => of_store(&section.store, file, &SHARED),
        });
        for finding in &mut of_outbox {
            // The endpoint's channels run all the same.
            if finding.severity == Severity::Error {
                finding.severity = Severity::Warning;
                if !closed.contains(&outbox.name) {
                    closed.push(outbox.name.clone());
                }
            }
        }
        found.extend(of_outbox);
    }
    found
}

/// Why an outbox does not open with its endpoint; an error each.
fn of_outbox(outbox: &Outbox, endpoint: &EffectiveEndpoint) -> Vec<CertificateFinding> {
    let name = &outbox.name;
    let Some(session) = &endpoint.reliable_session else {
        let message = format!(
            "the outbox \"{name}\" does not open: its endpoint has no reliable session, without which nobody can know whether a call \
             was executed"
        );
        let fix = "<reliableSession enabled=\"true\"/> in the binding, at both ends";
        return vec![about("outbox", Severity::Error, "outbox-session", message, fix)];
    };
    if is_over_links(endpoint) {
        let message = format!(
            "the outbox \"{name}\" does not open: reliable sessions of duplex bindings (net.tcp, WebSockets, wsDualHttpBinding) are not kept in a store yet"
        );
        let fix = "a binding over HTTP (wsHttpBinding) with <reliableSession enabled=\"true\"/>, at both ends";
        return vec![about("outbox", Severity::Error, "store-links", message, fix)];
    }
    if outbox.idle >= session.inactivity_timeout {
        let message = format!(
            "the outbox \"{name}\" keeps a session without calls open for {} (idle), but a service gives a silent one up after {} \
             (inactivityTimeout): each pause would end with a session that is forgotten",
            outbox.idle, session.inactivity_timeout
        );
        let fix = "a shorter idle of <outbox>: a minute, as by default";
        return vec![about("outbox/@idle", Severity::Warning, "outbox-idle", message, fix)];
    }
    Vec::new()
}

/// Whether messages go over connections both ways, whatever the contract.
fn is_over_links(endpoint: &EffectiveEndpoint) -> bool {
    endpoint.channel_shape(false).is_duplex()
}

/// What is wrong with a store's file, keys and connections, as far as this machine shows it.
fn of_store(store: &Store, file: &ConfigurationFile, places: &Places) -> Vec<CertificateFinding> {
    let mut found = Vec::new();
    let opens = file.store_of(store).ok().flatten();
    if let Some(Err(error)) = opens.as_ref().map(|opens| opens.check_key_file()) {
        let fix = "write a key into it with 'openssl rand -base64 32', and let only the program's account read it";
        found.push(about(places.keys, Severity::Error, "store-keys", error.to_string(), fix));
    }
    if let Some(Err(error)) = opens.as_ref().map(|opens| opens.check_place()) {
        let fix = "name a file in a folder that is there, of a store or not there yet";
        found.push(about(places.path, Severity::Error, "store-path", error.to_string(), fix));
    }
    let variable = store.key_variable.as_ref().filter(|_| store.provider.is_some());
    if let Some(name) = variable.filter(|name| std::env::var_os(name).is_none()) {
        let message = format!(
            "the environment variable {name}, which has the keys of <store>, is not set here: without it the store does not open"
        );
        let fix = "set it for the program's account, to a key of 'openssl rand -base64 32', or name a keyFile";
        // It may be set where the program runs.
        found.push(about(places.variable, Severity::Warning, "store-keys", message, fix));
    }
    if let Some(path) =
        store.path.as_deref().filter(|path| cfg!(not(windows)) && path.contains('\\'))
    {
        let message = format!(
            "path of <store> is one of Windows: here it names a file '{path}' in the folder of the configuration file"
        );
        let fix = "write it with '/'";
        found.push(about(places.path, Severity::Warning, "store-path", message, fix));
    }
    let mut urls = store.url.iter().chain(store.shards.iter().map(|shard| &shard.url));
    if urls.any(|url| has_password(url)) {
        let message =
            "url of <store> has a password: whoever reads the configuration file has the database";
        let fix = "leave it out, and give it in PGPASSWORD or a file of passwords (~/.pgpass, passfile=…)";
        found.push(about(places.url, Severity::Warning, "store-password", message.to_owned(), fix));
    }
    found
}

/// Whether a connection string has one.
fn has_password(url: &str) -> bool {
    let host = url.split_once("://").map(|(_, rest)| rest.split(['/', '?']).next());
    let of_user = host.flatten().and_then(|host| host.rsplit_once('@'));
    of_user.is_some_and(|(user, _)| user.contains(':')) || url.contains("password=")
}

fn about(
    place: &'static str,
    severity: Severity,
    code: &'static str,
    message: String,
    fix: &str,
) -> CertificateFinding {
    CertificateFinding {
        about: CertificateUse::Section(place),
        severity,
        code,
        message,
        fix: fix.to_owned(),
        wcf_text: None,
    }
}
