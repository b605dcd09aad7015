//! Any bytes are a WSDL or refused: findings lie in the document and are bounded, every port is judged, every contract is
//! made. What is written of it is read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_fuzz::{check_findings, load};
use waxwing_metadata::contract::ContractSet;
use waxwing_metadata::judge::{JudgeOptions, judge};
use waxwing_metadata::policy::PolicyVersion;
use waxwing_metadata::wsdl::Definitions;
use waxwing_metadata::{schema, wsdl};

fuzz_target!(|data: &[u8]| {
    let set = load(data);
    check_findings(&set, data);
    for port in judge(&set, &JudgeOptions::default()) {
        assert!(!port.because().is_empty() || port.blocking().next().is_none());
    }
    for service in set.services() {
        for port in &service.ports {
            let contract = ContractSet::of(&set, port);
            assert!(format!("{contract:?}").len() < usize::MAX);
        }
    }
    for definitions in set.definitions() {
        let written =
            wsdl::write(definitions, PolicyVersion::Policy12, &mut schema::write_into).to_xml();
        let again = load(written.as_bytes());
        let Some(again) = again.definitions().first() else { panic!("{written}") };
        let count = |d: &Definitions| {
            (
                d.messages.len(),
                d.port_types.len(),
                d.bindings.len(),
                d.services.len(),
                d.schemas.len(),
            )
        };
        assert_eq!(count(again), count(definitions), "{written}");
    }
});
