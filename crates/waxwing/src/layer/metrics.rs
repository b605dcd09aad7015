//! Counters and times of calls, by the facade of the `metrics` crate.

use std::future::Future;
use std::task::{Context, Poll};
use std::time::Instant;

use metrics::{counter, histogram};
use tower_layer::Layer;
use tower_service::Service;
use waxwing_soap::Envelope;

use super::client::ClientRequest;
use super::operation::OperationRequest;
use crate::contract::Outgoing;
use crate::future::BoxFuture;

/// Counts calls (`waxwing_calls_total`) and takes their times (`waxwing_call_seconds`), with the labels `side` (`client`,
/// `service`), `operation` and `outcome` (`reply`, `fault`, `one-way`; of a client
/// also `error`).
///
/// On a client the operation is the action. On a service it is the operation's name, or `other` for what no operation
/// takes: a peer does not choose labels.
#[derive(Clone, Copy, Debug, Default)]
pub struct MetricsLayer;

/// The service of [`MetricsLayer`].
#[derive(Clone, Debug)]
pub struct Measured<S>(S);

impl<S> Layer<S> for MetricsLayer {
    type Service = Measured<S>;

    fn layer(&self, inner: S) -> Measured<S> {
        Measured(inner)
    }
}

impl<S> Service<ClientRequest> for Measured<S>
where
    S: Service<ClientRequest, Response = Option<Envelope>, Error: 'static, Future: Send + 'static>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: ClientRequest) -> Self::Future {
        let operation = request.action.clone();
        Box::pin(measured(self.0.call(request), ("client", "error"), operation, Envelope::is_fault))
    }
}

impl<S> Service<OperationRequest> for Measured<S>
where
    S: Service<
            OperationRequest,
            Response = Option<Outgoing>,
            Error: 'static,
            Future: Send + 'static,
        >,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: OperationRequest) -> Self::Future {
        let operation = request.operation().map_or("other", |operation| operation.name).to_owned();
        let is_fault = |reply: &Outgoing| reply.envelope.is_fault();
        Box::pin(measured(self.0.call(request), ("service", "fault"), operation, is_fault))
    }
}

async fn measured<T, E>(
    call: impl Future<Output = Result<Option<T>, E>>,
    (side, failed): (&'static str, &'static str),
    operation: String,
    is_fault: impl FnOnce(&T) -> bool,
) -> Result<Option<T>, E> {
    let began = Instant::now();
    let result = call.await;
    let outcome = match &result {
        Err(_) => failed,
        Ok(None) => "one-way",
        Ok(Some(reply)) if is_fault(reply) => "fault",
        Ok(Some(_)) => "reply",
    };
    let labels =
        [("side", side.to_owned()), ("operation", operation), ("outcome", outcome.to_owned())];
    counter!("waxwing_calls_total", &labels).increment(1);
    histogram!("waxwing_call_seconds", &labels).record(began.elapsed().as_secs_f64());
    result
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use metrics::{
        Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    };

    use super::*;

    /// Notes what is counted.
    #[derive(Default)]
    struct Noting(Arc<Mutex<Vec<String>>>);

    struct Noted(Arc<Mutex<Vec<String>>>, String);

    impl CounterFn for Noted {
        fn increment(&self, by: u64) {
            self.0.lock().unwrap().push(format!("{} +{by}", self.1));
        }
        fn absolute(&self, _: u64) {}
    }

    impl Recorder for Noting {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            let labels: Vec<_> =
                key.labels().map(|l| format!("{}={}", l.key(), l.value())).collect();
            let name = format!("{}{{{}}}", key.name(), labels.join(","));
            Counter::from_arc(Arc::new(Noted(Arc::clone(&self.0), name)))
        }
        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }
        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[test]
    fn each_outcome_is_counted() {
        let recorder = Noting::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        metrics::with_local_recorder(&recorder, || {
            for (result, side) in [
                (Ok(Some(false)), ("client", "error")),
                (Ok(Some(true)), ("client", "error")),
                (Ok(None), ("client", "error")),
                (Err(()), ("service", "fault")),
            ] {
                let call = std::future::ready(result);
                let _ = runtime.block_on(measured(call, side, "Add".to_owned(), |fault| *fault));
            }
        });
        let seen = recorder.0.lock().unwrap().join(" ");
        let line = |side, outcome| {
            format!("waxwing_calls_total{{side={side},operation=Add,outcome={outcome}}} +1")
        };
        let all =
            [("client", "reply"), ("client", "fault"), ("client", "one-way"), ("service", "fault")];
        assert_eq!(seen, all.map(|(side, outcome)| line(side, outcome)).join(" "));
    }
}
