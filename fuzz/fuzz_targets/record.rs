//! Records of conversations: whatever octets there are, no panic; what is read is written, read again and the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_session::record;

macro_rules! again {
    ($data:expr, $read:ident, $write:ident) => {
        if let Ok(value) = record::$read($data) {
            let written = record::$write(&value);
            let value = record::$read(&written).expect("what is written is read");
            assert_eq!(*record::$write(&value), *written);
        }
    };
}

fuzz_target!(|data: &[u8]| {
    again!(data, read_message, write_message);
    again!(data, read_request, write_request);
    again!(data, read_session, write_session);
    again!(data, read_context, write_context);
    again!(data, read_client, write_client);
});
