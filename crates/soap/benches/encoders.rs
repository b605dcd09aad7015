//! What a message costs on its way: written and read again, by each encoding, for the same envelope.
//!
//! `cargo bench -p waxwing-soap --bench encoders` prints the time of each. Ratios are what `--bench pairs` is for.

mod common;

use common::{BINARY, Fixed, MESSAGES, SESSION, TEXT, message, there_and_back};
use divan::Bencher;
use waxwing_soap::SoapVersion;
use waxwing_soap::encoder::{Decoder, Encoder, Mtom};
use waxwing_xml::Limits;

fn main() {
    divan::main();
}

#[divan::bench(args = MESSAGES)]
fn a_text(bencher: Bencher, name: &str) {
    let envelope = message(name);
    bencher.bench_local(|| there_and_back(&envelope, &mut TEXT.clone(), &mut TEXT.clone()));
}

#[divan::bench(args = MESSAGES)]
fn b_binary(bencher: Bencher, name: &str) {
    let envelope = message(name);
    bencher.bench_local(|| there_and_back(&envelope, &mut BINARY.clone(), &mut BINARY.clone()));
}

/// Messages of a session that goes on: names are known.
#[divan::bench(args = MESSAGES)]
fn c_binary_session(bencher: Bencher, name: &str) {
    let envelope = message(name);
    let (mut encoder, mut decoder) = (SESSION.encoder(), SESSION.decoder());
    bencher.bench_local(|| there_and_back(&envelope, &mut encoder, &mut decoder));
}

#[divan::bench(args = MESSAGES)]
fn d_mtom(bencher: Bencher, name: &str) {
    let envelope = message(name);
    let mtom = Mtom { version: SoapVersion::Soap12, limits: Limits::SOAP };
    bencher.bench_local(|| there_and_back(&envelope, &mut mtom.clone(), &mut mtom.clone()));
}

#[divan::bench(args = MESSAGES)]
fn write_text(bencher: Bencher, name: &str) {
    let envelope = message(name);
    bencher.bench_local(|| drop(TEXT.clone().write(&envelope, &mut Fixed)));
}

#[divan::bench(args = MESSAGES)]
fn write_binary(bencher: Bencher, name: &str) {
    let envelope = message(name);
    bencher.bench_local(|| drop(BINARY.clone().write(&envelope, &mut Fixed)));
}

#[divan::bench(args = MESSAGES)]
fn read_text(bencher: Bencher, name: &str) {
    let encoded = TEXT.clone().write(&message(name), &mut Fixed);
    bencher.bench_local(|| drop(TEXT.clone().read(&encoded.content_type, &encoded.octets)));
}

#[divan::bench(args = MESSAGES)]
fn read_binary(bencher: Bencher, name: &str) {
    let encoded = BINARY.clone().write(&message(name), &mut Fixed);
    bencher.bench_local(|| drop(BINARY.clone().read(&encoded.content_type, &encoded.octets)));
}
