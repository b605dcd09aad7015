//! Any bytes are a policy or refused: its normal form is bounded or too complex; what is written of it is read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_fuzz::{check_findings, load};
use waxwing_metadata::policy::{self, Attached};
use waxwing_xml::{Document, Name};

fuzz_target!(|data: &[u8]| {
    let set = load(data);
    check_findings(&set, data);
    for own in set.policies() {
        let attached = Attached { embedded: vec![own.clone()], ..Attached::default() };
        for expands in [true, false] {
            let _ = policy::alternatives(&[(true, &attached)], &set, &|_| expands);
        }
        let mut document = Document::new(Name::local("holder"));
        let root = document.root().id();
        policy::write(&mut document, root, own);
        let element = document.root().first_element().expect("the policy");
        let mut written = Vec::new();
        document.write_element_to(element.id(), &mut written);
        assert_eq!(load(&written).policies().len(), 1);
    }
});
