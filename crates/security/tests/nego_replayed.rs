//! Our client and our service in the places of WCF's in every captured negotiation that succeeded, and
//! in the sessions that follow: what they send differs from what WCF sent in nothing that matters, what
//! they get is verified and decrypted.

#[path = "common/contracts.rs"]
mod contracts;
#[path = "common/nego.rs"]
mod nego;
#[path = "common/nego_recorded.rs"]
mod nego_recorded;
#[path = "common/nego_replay.rs"]
mod nego_replay;
#[path = "common/nego_tls.rs"]
mod nego_tls;

use contracts::requirements;
use jiff::SignedDuration;
use nego_recorded::{Scenario, names};
use nego_replay::{
    run_client, run_client_killed, run_client_request, run_service, run_service_killed,
};
use waxwing_security::conversation::ServiceOptions;

fn succeeded(name: &str) -> bool {
    let negotiated = name.starts_with("tlsnego-") || name.ends_with("-nego");
    negotiated && !name.contains("fault") && !name.contains("valuetype")
}

#[test]
fn our_client_in_the_place_of_wcf_s() {
    let names = names(succeeded);
    assert!(names.len() >= 25, "{}", names.len());
    for name in names {
        let scenario = Scenario::load(&name);
        let run = run_client(&scenario, |_| {});
        if let Some((exchange, error)) = &run.ended {
            panic!("{name}/{exchange}: {error}");
        }
        let exchanges = scenario.exchanges.len();
        assert_eq!(run.compared.len() + run.verified, exchanges, "{name}: nothing is left out");
    }
}

#[test]
fn our_service_in_the_place_of_wcf_s() {
    for name in names(succeeded) {
        let scenario = Scenario::load(&name);
        let run = run_service(&scenario, |_| {});
        assert!(run.refused.is_empty(), "{name}: {:?}", run.refused);
        let exchanges = scenario.exchanges.len();
        assert_eq!(run.compared.len() + run.handed_up, exchanges, "{name}: nothing is left out");
    }
}

/// Whoever goes on with what was kept makes and takes the same messages.
#[test]
fn our_client_in_the_place_of_wcf_s_killed_before_every_message() {
    let mut all = 0;
    for name in names(succeeded) {
        let scenario = Scenario::load(&name);
        let run = run_client_killed(&scenario, |_| {}, !name.contains("oneshot"));
        if let Some((exchange, error)) = &run.ended {
            panic!("{name}/{exchange}: {error}");
        }
        let exchanges = scenario.exchanges.len();
        assert_eq!(run.compared.len() + run.verified, exchanges, "{name}: nothing is left out");
        all += run.restored;
    }
    assert!(all > 100, "{all} restored");
}

#[test]
fn our_service_in_the_place_of_wcf_s_killed_before_every_message() {
    let mut all = 0;
    for name in names(|name| succeeded(name) || by_certificate(name)) {
        let scenario = Scenario::load(&name);
        let (run, kills) = run_service_killed(&scenario, |options| contract(&scenario, options));
        assert!(run.refused.is_empty(), "{name}: {:?}", run.refused);
        let exchanges = scenario.exchanges.len();
        assert_eq!(run.compared.len() + run.handed_up, exchanges, "{name}: nothing is left out");
        all += kills;
    }
    assert!(all > 100, "{all} kills");
}

/// Sessions over the service's certificate: every credential, both dialects, every suite, renewals.
fn by_certificate(name: &str) -> bool {
    let bootstrap = name.contains("sc-cert") || name.contains("sc13-cert");
    let others = ["rm10-sc-none", "rm10-sc-username", "rm11-sc13-username", "renew-client-sc"];
    let odd =
        ["nego", "https", "noderived", "order", "layout", "prot-none", "-sign", "mtom", "mismatch"];
    (bootstrap || others.contains(&name)) && !odd.iter().any(|odd| name.contains(odd))
}

fn contract(scenario: &Scenario, options: &mut ServiceOptions) {
    let settings = scenario.readme.split("contract=").nth(1);
    if let Some(contract) = settings.and_then(|rest| rest.split([' ', '}']).next()) {
        options.requirements = requirements(Some(contract), None);
    }
}

#[test]
fn our_service_in_the_place_of_wcf_s_over_certificates() {
    let names = names(by_certificate);
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        let scenario = Scenario::load(&name);
        let run = run_service(&scenario, |options| contract(&scenario, options));
        assert!(run.refused.is_empty(), "{name}: {:?}", run.refused);
        let exchanges = scenario.exchanges.len();
        assert_eq!(run.compared.len() + run.handed_up, exchanges, "{name}: nothing is left out");
    }
}

#[test]
fn our_client_asks_as_wcf_s_does_over_certificates() {
    for name in names(by_certificate) {
        let scenario = Scenario::load(&name);
        let run = run_client_request(&scenario);
        assert_eq!(run, ["001-request"], "{name}");
    }
}

#[test]
fn our_service_in_the_place_of_one_whose_keys_live_three_seconds() {
    let scenario = Scenario::load("renew-service-expires-sc");
    let run = run_service(&scenario, |options| {
        options.limits.session_key_lifetime = SignedDuration::from_secs(3);
        options.limits.key_rollover = SignedDuration::from_secs(1);
    });
    assert!(run.refused.is_empty(), "{:?}", run.refused);
    assert_eq!(run.compared, ["001-response", "004-response", "008-response"]);
}
