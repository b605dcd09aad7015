//! What it costs to read a large service, to judge it, and to find its operations and types: what `waxwing inspect` does.
//!
//! `cargo bench -p waxwing-metadata` prints the time of each; `whole` is all of it.

use divan::Bencher;
use divan::counter::BytesCount;
use waxwing_metadata::MetadataSet;
use waxwing_metadata::contract::ContractSet;
use waxwing_metadata::judge::{JudgeOptions, PortVerdict, judge};
use waxwing_metadata::load::{LoadOptions, folder};
use waxwing_testkit::metadata::{self, Folder};

fn main() {
    divan::main();
}

/// Reporting Services (086: 345 KB, 119 operations) is to take less than 60 ms, PayPal (083: 735 KB) less than 150, of one core.
const SERVICES: [&str; 4] = ["086", "083", "084", "042"];

fn read(of: &Folder) -> MetadataSet {
    folder(&of.name, &of.files, LoadOptions::default())
}

fn judged(set: &MetadataSet) -> (Vec<PortVerdict>, ContractSet) {
    let ports = judge(set, &JudgeOptions::default());
    let contracts = ContractSet::of_bindings(set, ports.iter().map(|port| &port.binding));
    (ports, contracts)
}

fn of(name: &str) -> (Folder, BytesCount) {
    let of = metadata::folder(name);
    let octets: usize = of.files.values().map(Vec::len).sum();
    (of, BytesCount::new(octets))
}

#[divan::bench(args = SERVICES)]
fn load(bencher: Bencher<'_, '_>, name: &str) {
    let (of, octets) = of(name);
    bencher.counter(octets).bench(|| read(&of));
}

#[divan::bench(args = SERVICES)]
fn judge_and_contract(bencher: Bencher<'_, '_>, name: &str) {
    let (of, octets) = of(name);
    let set = read(&of);
    bencher.counter(octets).bench(|| judged(&set));
}

#[divan::bench(args = SERVICES)]
fn whole(bencher: Bencher<'_, '_>, name: &str) {
    let (of, octets) = of(name);
    bencher.counter(octets).bench(|| judged(&read(&of)));
}
