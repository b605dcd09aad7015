//! Any bytes are a schema or refused: findings lie in the document and are bounded; what is written of it is read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_fuzz::{check_findings, load};
use waxwing_metadata::schema;

fuzz_target!(|data: &[u8]| {
    let set = load(data);
    check_findings(&set, data);
    for own in set.schemas() {
        let written = schema::write(own).to_xml();
        let again = load(written.as_bytes());
        let Some(again) = again.schemas().next() else { panic!("{written}") };
        assert_eq!(again.types.len(), own.types.len(), "{written}");
        assert_eq!(again.elements.len(), own.elements.len(), "{written}");
    }
});
