//! The client's programs: what the owner of an initiator does that delivers what is in an outbox.

use std::collections::BTreeSet;

use waxwing_reliable::{
    CallId, ExchangeId, Failure, FailureKind, Identifier, Initiator, InitiatorInput,
    InitiatorOutput, Message, OpenRequest, Ticket, TokenReference,
};

use super::Payload;
use super::plan::Plan;
use super::store::{Author, Outcome};
use super::world::{Happening, Origin, World};
use crate::names::moment;
use crate::plan::{Micros, SECOND};
use crate::timeline::time;

const TO: &str = "http://Service/calc";

/// Longer than any run takes.
const LONG: Micros = 100_000_000 * SECOND;

/// A process that delivers.
pub struct Program {
    pub process: u64,
    pub initiator: Initiator<Payload>,
    epoch: u64,
    version: u64,
    waiting: BTreeSet<u64>,
}

type Checked = Result<(), String>;

impl Plan {
    pub fn is_one_way(&self, payload: Payload) -> bool {
        let is_request_reply = self.shape == waxwing_reliable::Shape::RequestReply;
        !is_request_reply || self.calls[payload as usize].1
    }
}

impl World {
    /// A new process takes the outbox over; an earlier one may not know.
    pub fn start_program(&mut self) -> Checked {
        if self.outbox.is_closed {
            return Ok(());
        }
        self.outbox.epoch += 1;
        let plan = &self.plan;
        let initiator = Initiator::new(plan.version, plan.shape, plan.client.clone());
        let process = self.process();
        self.programs.push(Program {
            process,
            initiator: initiator.map_err(|e| e.to_string())?,
            epoch: self.outbox.epoch,
            version: self.outbox.version,
            waiting: BTreeSet::new(),
        });
        let mut numbered = BTreeSet::new();
        let input = match self.outbox.saved.clone() {
            Some(saved) => {
                numbered.extend(saved.unanswered.iter().filter_map(|call| call.call));
                self.summary.restored += 1;
                InitiatorInput::Restore {
                    saved: Box::new(saved),
                    to: TO.to_owned(),
                    messages: numbered.iter().map(|call| (*call, call.0)).collect(),
                }
            }
            None => InitiatorInput::Open(OpenRequest {
                to: TO.to_owned(),
                token: self.tag.clone().map(|identifier| TokenReference {
                    identifier,
                    value_type: "http://schemas.xmlsoap.org/ws/2005/02/sc/sct".to_owned(),
                }),
                started: time(self.timeline.now()),
                deadline: time(self.timeline.now() + LONG),
            }),
        };
        self.client(process, input)?;
        for index in 0..self.enqueued {
            let call = CallId(index as u64);
            let is_done =
                self.outbox.results.contains_key(&call) || self.outbox.in_doubt.contains(&call);
            if !is_done && !numbered.contains(&call) {
                self.send(process, call)?;
            }
        }
        if self.is_closing {
            self.client(
                process,
                InitiatorInput::Close { deadline: time(self.timeline.now() + LONG) },
            )?;
        }
        Ok(())
    }

    pub fn crash_program(&mut self, process: u64) {
        self.timeline.tell(format_args!("program {process} ends"));
        self.programs.retain(|program| program.process != process);
        self.program_ended();
    }

    /// If it was the last one, another begins.
    fn program_ended(&mut self) {
        if self.programs.is_empty() && !self.outbox.is_closed {
            let downtime = self.downtime();
            self.timeline.later(downtime, Happening::ProgramStarts);
        }
    }

    pub fn call(&mut self) -> Checked {
        let call = CallId(self.enqueued as u64);
        self.enqueued += 1;
        for process in self.processes() {
            self.send(process, call)?;
        }
        Ok(())
    }

    pub fn close(&mut self) -> Checked {
        self.is_closing = true;
        for process in self.processes() {
            let deadline = time(self.timeline.now() + LONG);
            self.client(process, InitiatorInput::Close { deadline })?;
        }
        Ok(())
    }

    fn processes(&self) -> Vec<u64> {
        self.programs.iter().map(|program| program.process).collect()
    }

    fn send(&mut self, process: u64, call: CallId) -> Checked {
        let one_way = self.plan.is_one_way(call.0);
        let id = || Identifier::new(format!("urn:call:{}:{process}", call.0));
        let message_id = (!one_way).then(id);
        let send = InitiatorInput::Send { call, message: call.0, message_id, deadline: None };
        self.client(process, send)
    }

    pub fn client_tick(&mut self, process: u64) -> Checked {
        self.client(process, InitiatorInput::Tick)
    }

    pub fn written(&mut self, (process, exchange): Origin) -> Checked {
        self.client(process, InitiatorInput::Written { exchange: ExchangeId(exchange) })
    }

    pub fn response(
        &mut self,
        (process, exchange): Origin,
        message: Option<Message<Payload>>,
    ) -> Checked {
        let exchange = ExchangeId(exchange);
        if !self.ends(process, exchange) {
            return Ok(());
        }
        self.client(process, InitiatorInput::Response { exchange, message })
    }

    pub fn failed(&mut self, (process, exchange): Origin) -> Checked {
        let exchange = ExchangeId(exchange);
        if !self.ends(process, exchange) {
            return Ok(());
        }
        let failure = Failure { kind: FailureKind::Retryable, reason: "the link".to_owned() };
        self.client(process, InitiatorInput::Failed { exchange, failure })
    }

    fn ends(&mut self, process: u64, exchange: ExchangeId) -> bool {
        let program = self.programs.iter_mut().find(|program| program.process == process);
        program.is_some_and(|program| program.waiting.remove(&exchange.0))
    }

    fn client(&mut self, process: u64, input: InitiatorInput<Payload>) -> Checked {
        let Some(place) = self.programs.iter().position(|program| program.process == process)
        else {
            return Ok(());
        };
        let mut program = self.programs.swap_remove(place);
        program.initiator.handle(input, &mut moment(time(self.timeline.now()), &mut self.names));
        let mut doubtful = Vec::new();
        while let Some(output) = program.initiator.poll() {
            self.timeline.tell(format_args!("program {process}: {output:?}"));
            if self.crashes(self.plan.crash) {
                self.program_ended();
                return Ok(());
            }
            match output {
                InitiatorOutput::Transmit { route, message, .. } => {
                    self.checks.request(&self.plan, &self.outbox, &message)?;
                    program.waiting.insert(route.exchange().0);
                    self.transmit((process, route.exchange().0), message);
                }
                InitiatorOutput::Persist { ticket, change } => {
                    let (epoch, version) = (program.epoch, program.version);
                    program.version += 1;
                    let author = Author { process, epoch, version };
                    self.enqueue_client(Happening::ClientCommit(author, ticket, change));
                }
                InitiatorOutput::Completed { call, reply } => {
                    let kept = self.outbox.results.get(&call);
                    if self.checks.direct && kept != Some(&reply) {
                        return Err(format!("{call:?} ends with {reply:?}, kept is {kept:?}"));
                    }
                }
                InitiatorOutput::CallFailed { call, number, .. } => {
                    doubtful.extend(number.map(|_| call));
                }
                InitiatorOutput::Closed => return self.closed(&program),
                InitiatorOutput::Faulted(error) => {
                    self.checks.client_faulted(&self.plan, &error)?;
                    return self.faulted(&program, doubtful);
                }
                InitiatorOutput::Opened | InitiatorOutput::Event(_) => {}
            }
        }
        self.programs.push(program);
        Ok(())
    }

    fn closed(&mut self, program: &Program) -> Checked {
        if program.epoch == self.outbox.epoch {
            self.outbox.is_closed = true;
            self.outbox.saved = None;
        }
        self.program_ended();
        Ok(())
    }

    /// The session is lost: what was sent is in doubt, the rest goes to another session.
    fn faulted(&mut self, program: &Program, doubtful: Vec<CallId>) -> Checked {
        if program.epoch == self.outbox.epoch {
            self.outbox.epoch += 1;
            self.outbox.version += 1;
            self.outbox.saved = None;
            self.outbox.in_doubt.extend(doubtful);
        }
        self.program_ended();
        Ok(())
    }

    pub fn client_outcome(&mut self, process: u64, ticket: Ticket, outcome: Outcome) -> Checked {
        if outcome == Outcome::Done {
            return self.client(process, InitiatorInput::Persisted(ticket));
        }
        if self.processes().contains(&process) {
            self.summary.discarded += 1;
            self.programs.retain(|program| program.process != process);
            self.program_ended();
        }
        Ok(())
    }
}
