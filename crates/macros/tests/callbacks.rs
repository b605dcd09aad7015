//! Callback contracts: the service calls the client that called it, with WCF's actions and bodies, while the call is executed
//! and after it.

mod support;

use std::sync::{Arc, Mutex};

use waxwing::contract::{
    CallbackChannel, CallbackInstance, CallbackProxy as _, NoCallback, OperationContext,
    OperationFault, service_contract,
};
use waxwing::service::ConcurrencyMode;

use support::{Local, infoset_of, run};

const SAMPLES: &str = "http://Microsoft.ServiceModel.Samples";

#[service_contract(
    namespace = "http://Microsoft.ServiceModel.Samples",
    name = "ICalculatorDuplex",
    session_mode = Required,
    callback = CalculatorCallback
)]
trait CalculatorDuplex {
    #[operation(one_way)]
    async fn add_to(&self, context: &OperationContext, n: f64) -> Result<(), OperationFault>;
    async fn sum_of_asked(
        &self,
        context: &OperationContext,
        count: i32,
    ) -> Result<f64, OperationFault>;
}

#[service_contract(namespace = "http://Microsoft.ServiceModel.Samples", name = "ICalculatorDuplex")]
trait CalculatorCallback {
    #[operation(one_way)]
    async fn equals(&self, result: f64) -> Result<(), OperationFault>;
    async fn ask(&self, index: i32) -> Result<f64, OperationFault>;
}

/// A contract that nobody calls back with.
#[service_contract(namespace = "urn:other", name = "IOther")]
trait Other {
    async fn other(&self) -> Result<(), OperationFault>;
}

/// Keeps the proxy of its last caller.
#[derive(Default)]
struct Calculator(Mutex<(f64, Option<CalculatorCallbackClient<CallbackChannel>>)>);

impl CalculatorDuplex for Calculator {
    async fn add_to(&self, context: &OperationContext, n: f64) -> Result<(), OperationFault> {
        let callback = context.callback::<CalculatorCallbackClient<_>>()?;
        let sum = {
            let mut kept = self.0.lock().unwrap();
            kept.0 += n;
            kept.1 = Some(callback.clone());
            kept.0
        };
        callback.equals(sum).await.map_err(|error| OperationFault::new(error.to_string()))
    }

    async fn sum_of_asked(
        &self,
        context: &OperationContext,
        count: i32,
    ) -> Result<f64, OperationFault> {
        let callback = context.callback::<CalculatorCallbackClient<_>>()?;
        let mut sum = 0.0;
        for index in 0..count {
            let answer = callback.ask(index).await;
            sum += answer.map_err(|error| OperationFault::new(error.to_string()))?;
        }
        Ok(sum)
    }
}

#[derive(Default)]
struct Heard(Mutex<Vec<f64>>);

impl CalculatorCallback for Heard {
    async fn equals(&self, result: f64) -> Result<(), OperationFault> {
        self.0.lock().unwrap().push(result);
        Ok(())
    }

    async fn ask(&self, index: i32) -> Result<f64, OperationFault> {
        Ok(f64::from(index) + 5.5)
    }
}

type Back = Local<CalculatorCallbackService<Heard>>;

fn calculator() -> (CalculatorDuplexClient<Local<CalculatorDuplexService<Calculator>>>, Arc<Back>) {
    let back = Arc::new(Local::new(CalculatorCallbackService::new(Heard::default())));
    let channel = CallbackChannel::new(back.clone(), CALCULATOR_DUPLEX_CONTRACT.callback);
    let mut local = Local::new(CalculatorDuplexService::new(Calculator::default()));
    local.context = OperationContext::default().with_callback(channel);
    (CalculatorDuplexClient::new(local), back)
}

#[test]
fn actions_are_made_of_the_service_contract() {
    let callback = CALCULATOR_DUPLEX_CONTRACT.callback.expect("a callback contract");
    let [equals, ask] = callback.operations else { panic!("{callback:?}") };
    assert_eq!(equals.action, format!("{SAMPLES}/ICalculatorDuplex/Equals"));
    assert_eq!(equals.reply_action, None);
    assert_eq!(ask.action, format!("{SAMPLES}/ICalculatorDuplex/Ask"));
    let reply = format!("{SAMPLES}/ICalculatorDuplex/AskResponse");
    assert_eq!(ask.reply_action, Some(reply.as_str()));
    assert!(CALCULATOR_DUPLEX_CONTRACT.requirements().duplex);
    assert!(!OTHER_CONTRACT.requirements().duplex);
}

#[test]
fn an_operation_calls_its_caller_back() {
    let (client, back) = calculator();
    run(client.add_to(5.0)).unwrap();
    let (action, body) = back.request();
    assert_eq!(action, format!("{SAMPLES}/ICalculatorDuplex/Equals"));
    let expected = format!("<Equals xmlns=\"{SAMPLES}\"><result>5</result></Equals>");
    assert_eq!(body, infoset_of(&expected));
    assert_eq!(run(client.sum_of_asked(2)).unwrap(), 12.0);
    let (action, body) = back.reply();
    assert_eq!(action, format!("{SAMPLES}/ICalculatorDuplex/AskResponse"));
    let expected =
        format!("<AskResponse xmlns=\"{SAMPLES}\"><AskResult>6.5</AskResult></AskResponse>");
    assert_eq!(body, infoset_of(&expected));
}

#[test]
fn the_proxy_outlives_the_call() {
    let (client, back) = calculator();
    run(client.add_to(5.0)).unwrap();
    let kept = client.channel().service.service().0.lock().unwrap().1.clone().expect("a proxy");
    run(kept.equals(7.0)).unwrap();
    assert_eq!(run(kept.ask(1)).unwrap(), 6.5);
    assert_eq!(*back.service.service().0.lock().unwrap(), [5.0, 7.0]);
}

#[test]
fn without_a_way_back_the_operation_hears_why() {
    let nowhere = OperationContext::new("urn:x");
    let error = nowhere.callback::<CalculatorCallbackClient<_>>().unwrap_err();
    assert_eq!(error, NoCallback::NotDuplex);
    let (_, back) = calculator();
    let none = CallbackChannel::new(back.clone(), None);
    let error = none.proxy::<CalculatorCallbackClient<_>>().unwrap_err();
    assert_eq!(error, NoCallback::NoContract);
    let channel = CallbackChannel::new(back, CALCULATOR_DUPLEX_CONTRACT.callback);
    let error = channel.proxy::<OtherClient<_>>().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("CalculatorCallback") && text.contains("Other"), "{text}");
    // It is an internal error of an operation that cannot do without.
    assert!(OperationFault::from(error).is_internal());
    assert_eq!(OtherClient::<CallbackChannel>::contract().name, "IOther");
}

#[test]
fn a_client_gives_what_it_is_called_back_on() {
    let service = CalculatorCallbackService::new(Heard::default());
    let instance = CallbackInstance::from(service).concurrency(ConcurrencyMode::Reentrant);
    assert_eq!(instance.contract().operations.len(), 2);
    assert_eq!(instance.mode(), ConcurrencyMode::Reentrant);
}

mod inherited {
    use super::*;

    #[service_contract(namespace = "urn:base", name = "IBase", callback = BaseListener)]
    pub(super) trait Base {
        async fn say(&self) -> Result<(), OperationFault>;
    }

    #[service_contract(namespace = "urn:base", name = "IBase")]
    pub(super) trait BaseListener {
        async fn heard(&self) -> Result<(), OperationFault>;
    }
}

use inherited::{
    BASE_CONTRACT, BASE_LISTENER_CONTRACT, BaseClient, BaseListenerClient, BaseListenerService,
    BaseService,
};
use inherited::{Base, BaseListener};

#[service_contract(namespace = "urn:derived", name = "IDerived")]
trait Silent: Base {
    async fn whisper(&self) -> Result<(), OperationFault>;
}

#[service_contract(namespace = "urn:derived", name = "IDerived", callback = DerivedListener)]
trait Derived: Base {
    async fn shout(&self) -> Result<(), OperationFault>;
}

#[service_contract(namespace = "urn:derived", name = "IDerived")]
trait DerivedListener: BaseListener {
    async fn trembled(&self) -> Result<(), OperationFault>;
}

#[test]
fn callbacks_are_inherited() {
    let of_silent = SILENT_CONTRACT.callback.expect("that of the base");
    assert_eq!(of_silent.trait_path, BASE_LISTENER_CONTRACT.trait_path);
    let of_derived = DERIVED_CONTRACT.callback.expect("its own");
    let actions: Vec<&str> = of_derived.operations.iter().map(|known| known.action).collect();
    assert_eq!(actions, ["urn:base/IBase/Heard", "urn:derived/IDerived/Trembled"]);
    let (_, back) = calculator();
    let channel = CallbackChannel::new(back, Some(of_derived));
    // Operations of the base know the base's proxy.
    assert!(channel.proxy::<BaseListenerClient<_>>().is_ok());
    assert!(channel.proxy::<DerivedListenerClient<_>>().is_ok());
    assert_eq!(BASE_CONTRACT.callback.map(|known| known.operations.len()), Some(1));
}
