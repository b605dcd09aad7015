//! The clients: they come, call, crash, begin again from what was kept, and close.

use std::rc::Rc;
use std::time::Duration;

use waxwing_session::{
    CallId, ClientInput, ClientOutput, ClientSession, ClientSettings, Moment, SessionError,
    Transmit, record,
};

use super::clock::{micros, time, wall};
use super::event::Event;
use super::{Checked, World, key};
use crate::client::Change;
use crate::credentials;
use crate::link::{Octets, Outcome, Sent};
use crate::plan::{HOUR, MS, Micros, SECOND};
use crate::store::Outcome as Fate;
use crate::trouble::When;
use crate::words::{self, ADDRESS, CallName, VERSION};

impl World {
    pub(super) fn comes(&mut self, client: usize) -> Checked {
        let calls = self.trouble.plan.calls[client].clone();
        self.clients[client].to_come = calls.len();
        for (index, (at, one_way)) in calls.into_iter().enumerate() {
            self.later(self.now + at, Event::Call(CallName { client, index }, one_way));
        }
        self.begin(client)
    }

    /// A client begins, or goes on with what was kept.
    pub(super) fn begin(&mut self, client: usize) -> Checked {
        if self.clients[client].is_done || self.clients[client].session.is_some() {
            return Ok(());
        }
        let plan = &self.trouble.plan;
        let reliable = plan.version.map(|version| (version, plan.shape, plan.reliable.clone()));
        let settings = ClientSettings {
            to: ADDRESS.to_owned(),
            version: VERSION,
            reliable,
            retry: true,
            retry_authentication: false,
            send_timeout: Duration::from_secs(60),
        };
        let security = credentials::client(plan, client, &mut self.random);
        let session = ClientSession::new(settings, security).map_err(|error| error.to_string())?;
        let own = &mut self.clients[client];
        own.life += 1;
        (own.session, own.is_down, own.closes, own.opened) = (Some(session), false, false, false);
        let saved = own.saved();
        let unsent = own.unsent(saved.as_ref());
        match saved {
            Some(saved) => {
                let messages = self.clients[client].messages(&saved);
                self.count("restored clients");
                self.note(|| format!("client {client} is restored: {:?}", saved.reliable));
                let saved = Box::new(saved);
                self.client(client, ClientInput::Restore { saved, messages })?;
            }
            None => {
                let deadline = time(self.now + self.trouble.plan.open_deadline);
                self.client(client, ClientInput::Open { deadline })?;
            }
        }
        for index in unsent {
            self.send(client, index)?;
        }
        self.close_when_finished(client);
        Ok(())
    }

    pub(super) fn call(&mut self, name: CallName, one_way: bool) -> Checked {
        let message = words::request(name, one_way, &mut self.random);
        let own = &mut self.clients[name.client];
        own.to_come -= 1;
        let octets = record::write_message(&message).to_vec();
        own.shelf.calls.insert(name.index as u64, octets);
        self.send(name.client, name.index as u64)
    }

    fn send(&mut self, client: usize, index: u64) -> Checked {
        let message = self.clients[client].message(index).expect("it is kept");
        let deadline = time(self.now + 1000 * HOUR);
        self.client(client, ClientInput::Call { call: CallId(index), message, deadline })
    }

    fn close_when_finished(&mut self, client: usize) {
        let own = &mut self.clients[client];
        if own.is_finished() && own.session.is_some() && !own.closes {
            own.closes = true;
            let life = own.life;
            self.later(self.now + self.trouble.plan.close_after, Event::Closes(client, life));
        }
    }

    /// The client is gone, or begins anew from what is kept.
    pub(super) fn crash(&mut self, client: usize, down: Micros) {
        let own = &mut self.clients[client];
        if own.is_done || own.is_down {
            return;
        }
        self.note(|| format!("client {client} crashes"));
        let left = self.clients[client].committed_until.saturating_sub(self.now);
        let cut = self.now + self.random.between(0, left);
        let own = &mut self.clients[client];
        let life = own.life;
        (own.session, own.is_down, own.cut) = (None, true, cut);
        self.link.forget(key(client, life));
        self.count("crashes of clients");
        if own_has_come(&self.trouble.plan.clients, client, self.now) {
            self.later(cut.max(self.now + down) + 1, Event::Begins(client, life));
        } else {
            self.clients[client].is_down = false;
        }
    }

    pub(super) fn of_life(&mut self, client: usize, life: usize, input: ClientInput) -> Checked {
        match self.clients[client].life == life {
            true => self.client(client, input),
            false => Ok(()),
        }
    }

    pub(super) fn client(&mut self, client: usize, input: ClientInput) -> Checked {
        let Some(mut session) = self.clients[client].session.take() else { return Ok(()) };
        let (now, life) = (self.now, self.clients[client].life);
        let wall = wall(now, self.trouble.plan.clock_ahead);
        session.handle(input, &mut Moment::new(wall, time(now), &mut self.random));
        let mut outputs = Vec::new();
        while let Some(output) = session.poll() {
            outputs.push(output);
        }
        self.clients[client].session = Some(session);
        for output in outputs {
            let own = &self.clients[client];
            if own.session.is_none() || own.life != life {
                break;
            }
            self.of_client(client, life, output)?;
        }
        Ok(())
    }

    fn of_client(&mut self, client: usize, life: usize, output: ClientOutput) -> Checked {
        if !matches!(output, ClientOutput::Transmit(_) | ClientOutput::Event(_)) {
            self.note(|| format!("client {client}: {output:?}"));
        }
        match output {
            ClientOutput::Transmit(transmit) => {
                self.is_key_kept(client, &transmit)?;
                self.transmit(client, life, *transmit);
            }
            ClientOutput::Authenticate { id, evidence } => {
                let verdict = credentials::judge(&evidence, wall(self.now, 0));
                let takes = self.random.between(0, 50 * MS);
                self.later(self.now + takes, Event::Judged(client, life, id, verdict));
            }
            ClientOutput::Persist { ticket, change } => {
                let (at, fate) =
                    self.fate(self.trouble.client, self.clients[client].committed_until);
                self.clients[client].committed_until = at;
                let session = record::write_client(&change.saved).to_vec();
                let change = Change { ticket, session, completed: change.completed };
                self.later(at, Event::ClientKeeps(client, life, change, fate));
            }
            ClientOutput::Opened => self.clients[client].opened = true,
            ClientOutput::Completed { call, .. }
                if !self.clients[client].shelf.results.contains_key(&call.0) =>
            {
                return Err(format!("{client}.{} is told, and is not kept", call.0));
            }
            ClientOutput::Closed => {
                let own = &mut self.clients[client];
                (own.is_done, own.session, own.shelf.session) = (true, None, None);
                self.count("closed");
            }
            ClientOutput::Faulted(error) => return self.faulted(client, life, &error),
            ClientOutput::Renewed => self.count("renewals"),
            _ => {}
        }
        Ok(())
    }

    fn faulted(&mut self, client: usize, life: usize, error: &SessionError) -> Checked {
        self.count("faulted");
        let own = &mut self.clients[client];
        own.session = None;
        if own.is_finished() && own.shelf.session.is_some() {
            // Whether the service has heard of the end is its own affair.
            own.is_done = true;
            self.count("ended without a word");
            return Ok(());
        }
        if own.shelf.session.is_some() && is_patience(error) {
            self.later(self.now + SECOND, Event::Begins(client, life));
            return Ok(());
        }
        if own.shelf.session.is_some() {
            return Err(format!("the session of client {client} is lost: {error}"));
        }
        own.reopened += 1;
        if own.reopened > 50 {
            return Err(format!("client {client} cannot open: {error}"));
        }
        self.later(self.now + SECOND, Event::Begins(client, life));
        Ok(())
    }

    /// A commit of a client has ended.
    pub(super) fn keeps(
        &mut self,
        client: usize,
        life: usize,
        change: Change,
        fate: Fate,
    ) -> Checked {
        let own = &mut self.clients[client];
        let is_now = own.life == life && own.session.is_some();
        if !is_now && self.now > own.cut {
            return Ok(());
        }
        let ticket = change.ticket;
        let is_written = match fate {
            Fate::Done => true,
            Fate::Unknown => self.random.permille(500),
            _ => false,
        };
        if is_written {
            self.clients[client].keep(client, change)?;
        }
        if fate != Fate::Done {
            // Nothing that came after it is written, and the session is dropped without a word.
            self.count("commits of clients failed");
            self.clients[client].committed_until = self.now;
            if is_now {
                self.crash(client, 10 * MS);
            }
            self.clients[client].cut = 0;
            return Ok(());
        }
        if is_now {
            self.client(client, ClientInput::Persisted(ticket))?;
            if self.clients[client].life == life {
                self.close_when_finished(client);
            }
        }
        Ok(())
    }

    /// A key that a message is under is one that the client would have after a crash.
    fn is_key_kept(&self, client: usize, transmit: &Transmit) -> Checked {
        let Some(saved) = self.clients[client].saved() else { return Ok(()) };
        let text = String::from_utf8(transmit.envelope.to_bytes()).unwrap_or_default();
        let action = transmit.action();
        let is_trust = action.contains("/trust") || action.contains("/ws-trust");
        let Some(instance) = instance_of(&text).filter(|_| !is_trust) else { return Ok(()) };
        let mut keys = saved.security.iter().flat_map(|security| &security.keys);
        match keys.any(|key| key.instance.as_deref() == Some(instance)) {
            true => Ok(()),
            false => Err(format!("client {client} sends under a key that is not kept")),
        }
    }

    fn transmit(&mut self, client: usize, life: usize, transmit: Transmit) {
        let action = transmit.action().into_owned();
        let Transmit { id, envelope, deadline, .. } = transmit;
        self.count("messages");
        self.note(|| format!("client {client} sends {id:?} {action}"));
        self.sent[client] += 1;
        let octets: Octets = Rc::from(envelope.to_bytes());
        let plan = self.trouble.plan.clone();
        let Sent { written, arrivals, fails } =
            self.link.send(&plan, (key(client, life), id), octets, self.now, micros(deadline));
        if let Some(written) = written {
            self.later(written, Event::Written(client, life, id));
        }
        for (at, octets, answered) in arrivals {
            let waits = answered.then_some((life, id));
            self.later(at, Event::Arrives { peer: client, waits, octets });
        }
        self.later(fails.0, Event::Ends(client, life, id, Outcome::Failed(fails.1)));
        let crash = self.trouble.crashes.iter().find(|(who, when, _)| {
            *who == client && matches!(when, When::After(count) if *count == self.sent[client])
        });
        if let Some((_, _, down)) = crash.copied() {
            let after = self.random.between(0, 1) * self.random.between(0, 50 * MS);
            self.later(self.now + after, Event::Crashes(client, down));
        }
    }
}

/// The generation of the key that a message is under.
fn instance_of(text: &str) -> Option<&str> {
    let (token, _) =
        text.split_once(":SecurityContextToken")?.1.split_once("SecurityContextToken>")?;
    Some(token.split_once("Instance>")?.1.split_once('<')?.0)
}

/// Whether a session was only given up here, so that it can go on.
fn is_patience(error: &SessionError) -> bool {
    use waxwing_reliable::SessionError as Reliable;
    let is_up =
        |error: &Reliable| matches!(error, Reliable::Inactivity(_) | Reliable::TimedOut { .. });
    matches!(error, SessionError::Reliable(error) if is_up(error))
}

fn own_has_come(clients: &[Micros], client: usize, now: Micros) -> bool {
    clients[client] <= now
}
