//! The way of a call: from the queue of its session to an instance, to a place, to its end.

use std::sync::Arc;

use waxwing_reliable::{ExchangeId, ListenerInput, SessionId};
use waxwing_soap::Moment;

use super::ServiceSessions;
use super::api::{Execution, ServiceOutput};
use super::state::{Call, Instance, InstanceStage, Source, Stage};
use crate::message::AppMessage;
use crate::mutation::{Mutation, broken};
use crate::service::demarcation::{OutOfPlace, Standing};
use crate::service::modes::{ConcurrencyMode, InstanceContextMode};
use crate::service::names::{DispatchId, InstanceId, Place};
use crate::service::response::Said;
use crate::service::verified::{Carried, VerifiedRequest};

impl ServiceSessions {
    /// A call that came in. It waits in the queue of its session, if it has one.
    pub(super) fn new_call(
        &mut self,
        session: Option<&SessionId>,
        source: Source,
        request: Arc<VerifiedRequest>,
    ) -> DispatchId {
        let id = DispatchId(self.number());
        let course = session.and_then(|session| self.sessions.get_mut(session));
        let standing = match (request.is_understood(), course) {
            (false, _) => Standing::Out(OutOfPlace::NotUnderstood),
            (true, Some(session)) => self.demarcation.admit(&mut session.course, request.action()),
            (true, None) => Standing::InPlace,
        };
        let call = Call {
            session: session.cloned(),
            source,
            request: Some(request),
            instance: None,
            makes: false,
            standing,
            stage: Stage::Queued,
            is_out: false,
        };
        self.calls.insert(id, call);
        if let Source::Exchange(exchange) = source {
            self.exchanges.insert(exchange, id);
        }
        if let Some(session) = session.and_then(|session| self.sessions.get_mut(session)) {
            session.queue.push_back(id);
        }
        id
    }

    /// Begins what may begin of a session, or ends it when nothing is left.
    pub(super) fn advance(&mut self, id: &SessionId, at: &mut Moment<'_>) {
        loop {
            let Some(session) = self.sessions.get_mut(id) else { return };
            if session.is_closed && !session.is_busy() {
                return self.gone(id, at);
            }
            let is_serial = self.modes.is_serial() && !broken(Mutation::ExecuteAtOnce);
            let runs = |id: &DispatchId| self.calls.get(id).is_none_or(|call| !call.is_out);
            let is_taken = session.under_way.iter().any(runs);
            if !is_taken && let Some(call) = session.returning.pop_front() {
                self.resume(call);
                continue;
            }
            let must_wait =
                is_serial && is_taken || self.is_suspended || self.orphans.contains_key(id);
            let is_accepted = session.is_accepted || broken(Mutation::ExecuteUnaccepted);
            if !is_accepted || must_wait {
                return;
            }
            let Some(call) = session.queue.pop_front() else { return };
            session.under_way.push(call);
            self.give_instance(call);
        }
    }

    /// A call waits for its client. In a reentrant service others may run meanwhile.
    pub(super) fn calls_out(&mut self, id: DispatchId, at: &mut Moment<'_>) {
        if self.modes.concurrency != ConcurrencyMode::Reentrant {
            return;
        }
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.stage == Stage::Running) else {
            return;
        };
        call.is_out = true;
        let session = call.session.clone();
        if self.modes.needs_turn() {
            self.outputs.push_back(ServiceOutput::Free(Place::Turn(id)));
        }
        if let Some(session) = session {
            self.advance(&session, at);
        }
    }

    /// Its client has answered. It goes on when nobody else runs on its instance.
    pub(super) fn returns(&mut self, id: DispatchId, at: &mut Moment<'_>) {
        let Some(call) = self.calls.get(&id).filter(|call| call.is_out) else {
            return self.outputs.push_back(ServiceOutput::Resume(id));
        };
        if self.modes.needs_turn() {
            return self.outputs.push_back(ServiceOutput::Want(self.place(id)));
        }
        let name = call.session.clone().filter(|_| self.modes.is_serial());
        let session = name.as_ref().and_then(|name| self.sessions.get_mut(name));
        match (name.as_ref(), session) {
            (Some(name), Some(session)) => {
                session.returning.push_back(id);
                let name = name.clone();
                self.advance(&name, at);
            }
            _ => self.resume(id),
        }
    }

    fn resume(&mut self, id: DispatchId) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.is_out = false;
        }
        self.outputs.push_back(ServiceOutput::Resume(id));
    }

    /// Finds the instance of a call, which begins.
    pub(super) fn give_instance(&mut self, id: DispatchId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let is_answered = matches!(call.standing, Standing::Out(_));
        if is_answered || self.modes.instances == InstanceContextMode::Single {
            // What is not executed needs no instance.
            call.instance = Some(InstanceId::SHARED);
            return self.want_place(id);
        }
        call.stage = Stage::WaitsForInstance;
        let is_kept = self.modes.instances == InstanceContextMode::PerSession;
        let keeper = call.session.clone().filter(|_| is_kept);
        let session = keeper.as_ref().and_then(|keeper| self.sessions.get(keeper));
        let number = match session.and_then(|session| session.instance) {
            Some(number) => number,
            None => self.new_instance(keeper),
        };
        if let Some(call) = self.calls.get_mut(&id) {
            call.instance = Some(number);
        }
        if let Some(instance) = self.instances.get_mut(&number) {
            instance.waiting.push_back(id);
        }
        self.serve_instance(number);
    }

    /// An instance that wants its place.
    fn new_instance(&mut self, keeper: Option<SessionId>) -> InstanceId {
        let number = InstanceId(self.number());
        if let Some(session) = keeper.as_ref().and_then(|keeper| self.sessions.get_mut(keeper)) {
            session.instance = Some(number);
        }
        self.instances.insert(number, Instance::wanted(keeper));
        self.outputs.push_back(ServiceOutput::Want(Place::Instance(number)));
        number
    }

    /// Lets those go on that wait for an instance which has its place: the first makes it, the others when it is made.
    pub(super) fn serve_instance(&mut self, number: InstanceId) {
        while let Some(instance) = self.instances.get_mut(&number) {
            let makes = instance.stage == InstanceStage::Unmade;
            if !makes && instance.stage != InstanceStage::Made {
                return;
            }
            let Some(next) = instance.waiting.pop_front() else { return };
            instance.users += 1;
            if makes {
                instance.stage = InstanceStage::Making;
            }
            if let Some(call) = self.calls.get_mut(&next) {
                call.makes = makes;
            }
            self.want_place(next);
        }
    }

    fn want_place(&mut self, id: DispatchId) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.stage = Stage::WaitsForPlace;
            self.outputs.push_back(ServiceOutput::Want(self.place(id)));
        }
    }

    fn place(&self, call: DispatchId) -> Place {
        Place::Call { call, turn: self.modes.needs_turn() }
    }

    /// A call has its place.
    pub(super) fn execute(&mut self, id: DispatchId, at: &mut Moment<'_>) {
        if self.calls.get(&id).is_some_and(|call| call.is_out) {
            // It comes back, and it is its turn.
            return self.resume(id);
        }
        let call = self.calls.get_mut(&id).filter(|call| call.stage == Stage::WaitsForPlace);
        // One that was withdrawn has given its place back.
        let Some(call) = call else { return };
        let (Some(request), Some(instance)) = (call.request.take(), call.instance) else { return };
        call.stage = Stage::Running;
        let keep = self.instances.get(&instance).is_some_and(|instance| instance.session.is_some());
        let (make, session) = (call.makes, call.session.clone());
        let out_of_place = match call.standing {
            Standing::Out(why) => Some(why),
            Standing::InPlace | Standing::First | Standing::Last => None,
        };
        let number = match call.source {
            Source::Sequence(number) => Some(number),
            Source::Exchange(_) | Source::Nobody => None,
        };
        match (call.source, &session, &mut self.listener) {
            (Source::Sequence(number), Some(session), Some(listener)) => {
                let session = session.clone();
                listener.handle(ListenerInput::Taken { session, number }, at);
            }
            _ => self.alone += 1,
        }
        let execution =
            Execution { call: id, instance, make, keep, request, session, number, out_of_place };
        self.outputs.push_back(ServiceOutput::Execute(execution));
    }

    /// A call was executed; without a result it was given up.
    pub(super) fn finished(
        &mut self,
        id: DispatchId,
        result: Option<Option<AppMessage>>,
        at: &mut Moment<'_>,
    ) {
        if self.calls.get(&id).is_none_or(|call| call.stage != Stage::Running) {
            return;
        }
        let Some(call) = self.calls.remove(&id) else { return };
        match (call.source, call.session.clone(), &mut self.listener) {
            (Source::Sequence(number), Some(session), Some(listener)) => {
                if let Some(reply) = result {
                    Self::has_moved(&mut self.kept, &session, call.standing);
                    let reply = reply.map(Carried::Reply);
                    listener.handle(ListenerInput::Done { session, number, reply }, at);
                }
            }
            (Source::Exchange(exchange), ..) => {
                self.alone -= 1;
                self.exchanges.remove(&exchange);
                self.answer(exchange, result.map_or(Said::NoAnswer, Said::Alone));
            }
            (Source::Nobody, Some(session), _) => {
                self.outputs.push_back(ServiceOutput::Free(self.place(id)));
                self.leave_instance(&call);
                return self.orphan_ended(&session, at);
            }
            _ => {}
        }
        self.outputs.push_back(ServiceOutput::Free(self.place(id)));
        self.leave_instance(&call);
        if let Some(name) = call.session {
            if let Some(session) = self.sessions.get_mut(&name) {
                session.heard_at = at.time;
                session.under_way.retain(|other| *other != id);
                session.returning.retain(|other| *other != id);
            }
            if call.standing == Standing::Last {
                self.end_soon(&name, at.time);
            }
            self.advance(&name, at);
        }
    }

    /// Nobody waits for the answer of a call outside of reliable sessions. One that runs is carried through, and so is the
    /// one that begins its session or ends it: by hanging up a client would get past the first, and lose the last.
    pub(super) fn abandoned(&mut self, exchange: ExchangeId, at: &mut Moment<'_>) {
        let Some(id) = self.exchanges.get(&exchange).copied() else { return };
        let session = match self.calls.get(&id) {
            Some(call) if call.stage != Stage::Running && !call.standing.moves_session() => {
                call.session.clone()
            }
            _ => return,
        };
        self.withdraw(id);
        if let Some(name) = session {
            if let Some(session) = self.sessions.get_mut(&name) {
                session.queue.retain(|other| *other != id);
                session.under_way.retain(|other| *other != id);
            }
            self.advance(&name, at);
        }
    }

    /// Forgets a call that does not run. Gives the exchange that waits for its answer.
    pub(super) fn withdraw(&mut self, id: DispatchId) -> Option<ExchangeId> {
        let call = self.calls.remove(&id)?;
        match (call.stage, call.instance) {
            (Stage::WaitsForInstance, Some(number)) => {
                let instance = self.instances.get_mut(&number)?;
                instance.waiting.retain(|other| *other != id);
                if instance.session.is_none() {
                    self.free_instance(number);
                }
            }
            (Stage::WaitsForPlace, _) => {
                self.outputs.push_back(ServiceOutput::Free(self.place(id)));
                self.leave_instance(&call);
            }
            _ => {}
        }
        match call.source {
            Source::Exchange(exchange) => self.exchanges.remove(&exchange).map(|_| exchange),
            Source::Sequence(_) | Source::Nobody => None,
        }
    }

    /// A call needs its instance no more.
    fn leave_instance(&mut self, call: &Call) {
        let Some(number) = call.instance else { return };
        let Some(instance) = self.instances.get_mut(&number) else { return };
        instance.users -= 1;
        if call.makes && instance.stage == InstanceStage::Making {
            // It did not come to that: the next one does.
            instance.stage = InstanceStage::Unmade;
        }
        if instance.session.is_none() {
            self.free_instance(number);
        } else if instance.is_left && instance.users == 0 {
            self.release(number);
        } else {
            self.serve_instance(number);
        }
    }

    /// The session of an instance is gone.
    pub(super) fn leave_for_good(&mut self, number: InstanceId) {
        let Some(instance) = self.instances.get_mut(&number) else { return };
        instance.is_left = true;
        if instance.users == 0 {
            self.release(number);
        }
    }

    fn release(&mut self, number: InstanceId) {
        let Some(instance) = self.instances.get_mut(&number) else { return };
        match instance.stage {
            InstanceStage::Made => {
                instance.stage = InstanceStage::Releasing;
                self.outputs.push_back(ServiceOutput::Release(number));
            }
            InstanceStage::Releasing => {}
            _ => self.free_instance(number),
        }
    }

    pub(super) fn free_instance(&mut self, number: InstanceId) {
        if self.instances.remove(&number).is_some() {
            self.outputs.push_back(ServiceOutput::Free(Place::Instance(number)));
        }
    }

    /// The instance of a session has its place, or is made.
    pub(super) fn instance_is(&mut self, number: InstanceId, stage: InstanceStage) {
        let expected = match stage {
            InstanceStage::Made => InstanceStage::Making,
            _ => InstanceStage::Wanted,
        };
        if let Some(instance) = self.instances.get_mut(&number)
            && instance.stage == expected
        {
            instance.stage = stage;
            self.serve_instance(number);
        }
    }

    /// The instance of a session could not be made: whoever waits for it gets another.
    pub(super) fn unmade(&mut self, number: InstanceId) {
        let Some(instance) = self.instances.get_mut(&number) else { return };
        if instance.session.is_none() || instance.stage != InstanceStage::Making {
            return;
        }
        let (session, waiting) = (instance.session.take(), std::mem::take(&mut instance.waiting));
        self.free_instance(number);
        if let Some(session) = session.and_then(|session| self.sessions.get_mut(&session))
            && session.instance == Some(number)
        {
            session.instance = None;
        }
        for call in waiting {
            self.give_instance(call);
        }
    }
}
