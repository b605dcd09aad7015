//! Inputs of which nobody thinks, made of seeds.

/// `WAXWING_SEEDS=0..1000000 cargo test -p waxwing-session --test duplex any_inputs` runs others.
#[test]
fn whatever_comes_in_whatever_order() {
    crate::steps::each_seed(600, 1, crate::session_duplex::run);
}
