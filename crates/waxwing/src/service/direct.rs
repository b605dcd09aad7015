//! Executing calls, with or without a reliable session around them.

use std::sync::Arc;

use waxwing_session::{AppMessage, ApplicationMessage, ArrivedMessage, Encoded};

use super::endpoint::{Counters, Endpoint, caller_of};
use crate::contract::{Caller, Dispatch, OperationContext, Outgoing};
use crate::environment::SystemRandom;

impl Endpoint {
    /// Executes a call that stands outside of any reliable session.
    pub(super) async fn execute_direct(&self, arrived: ArrivedMessage) -> Encoded {
        let ArrivedMessage { message, session, caller, reply, .. } = arrived;
        let waxwing_reliable::Body::Application(message) = message.body else {
            // Without reliable session the endpoint makes no other messages.
            return Encoded::refused("a message of a reliable session that does not exist");
        };
        let instance = self.parts.instances.instance();
        let session = session.as_ref().map(|session| session.identifier());
        let answer = self.execute(&instance, &message, caller_of(&caller), session).await;
        self.parts.endpoint.encode_direct(
            &reply,
            answer.as_deref(),
            &mut self.parts.clock.moment(&mut SystemRandom),
        )
    }

    /// Executes one call: its reply, or its fault as a reply; none of a one-way operation.
    pub(super) async fn execute(
        &self,
        instance: &Arc<dyn Dispatch>,
        message: &AppMessage,
        caller: Option<Caller>,
        session: Option<&str>,
    ) -> Option<AppMessage> {
        let _place = self.calls.acquire().await.ok();
        let mut context = OperationContext::new(message.action.as_str());
        if let Some(caller) = caller {
            context = context.with_caller(caller);
        }
        if let Some(session) = session {
            context = context.with_session_id(session);
        }
        if let Some(id) = &message.message_id {
            context = context.with_message_id(id.as_str());
        }
        Counters::add(&self.counters.executed);
        let result = instance.dispatch(&context, &message.action, &message.envelope).await;
        let outgoing = match result {
            Ok(reply) => reply?,
            Err(fault) => {
                if let Some(error) = fault.internal_error() {
                    tracing::error!(
                        address = self.address(),
                        action = message.action,
                        "the operation failed: {error}"
                    );
                }
                if self.is_one_way(&message.action) {
                    return None;
                }
                fault.to_outgoing(message.envelope.version(), self.parts.faults)
            }
        };
        let Outgoing { action, envelope } = outgoing;
        Some(AppMessage::new(ApplicationMessage::reply(action, envelope, message)))
    }

    fn is_one_way(&self, action: &str) -> bool {
        self.parts.instances.contract().operation(action).is_some_and(|operation| operation.one_way)
    }
}
