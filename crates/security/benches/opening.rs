//! What a session costs at both ends together: to open it, by credential and with and without a negotiation, and a call in it,
//! from one client to one service in memory, through their octets. Beside them what of an opening cannot be left out: the
//! operations with RSA keys.
//!
//! `cargo bench -p waxwing-security --bench opening`

#[path = "../tests/common/nego.rs"]
mod nego;

use divan::{Bencher, black_box};
use nego::{Credential, Setup, certificate, key};
use waxwing_crypto::{DigestAlgorithm, KeyTransport};
use waxwing_security::wsse::Dialect;

/// Counts what is allocated, too.
#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

const DIALECT: Dialect = Dialect::February2005;

#[divan::bench(args = Credential::ALL)]
fn open(bencher: Bencher<'_, '_>, credential: Credential) {
    let setup = Setup::by_certificate(DIALECT, credential);
    bencher
        .with_inputs(|| setup.clone().build())
        .bench_local_values(|mut pair| pair.open().expect("a session").len());
}

#[divan::bench(args = [Credential::Certificate("alice"), Credential::None])]
fn open_negotiated(bencher: Bencher<'_, '_>, credential: Credential) {
    let setup = Setup::negotiated(DIALECT, credential);
    bencher
        .with_inputs(|| setup.clone().build())
        .bench_local_values(|mut pair| pair.open().expect("a session").len());
}

#[divan::bench]
fn call(bencher: Bencher<'_, '_>) {
    let mut pair = Setup::by_certificate(DIALECT, Credential::Certificate("alice")).build();
    pair.open().expect("a session");
    bencher.bench_local(|| drop(black_box(pair.call("a word").expect("an answer"))));
}

#[divan::bench]
fn rsa_sign(bencher: Bencher<'_, '_>) {
    let key = key("alice");
    bencher.bench_local(|| key.sign(DigestAlgorithm::Sha1, black_box(b"text")));
}

#[divan::bench]
fn rsa_verify(bencher: Bencher<'_, '_>) {
    let (key, certificate) = (key("alice"), certificate("alice"));
    let signature = key.sign(DigestAlgorithm::Sha1, b"text").expect("a signature");
    let verify = || certificate.verify(DigestAlgorithm::Sha1, black_box(b"text"), &signature);
    assert!(verify());
    bencher.bench_local(verify);
}

#[divan::bench]
fn rsa_encrypt_key(bencher: Bencher<'_, '_>) {
    let certificate = certificate("service");
    bencher.bench_local(|| certificate.encrypt_key(KeyTransport::RsaOaep, black_box(&[7; 32])));
}

#[divan::bench]
fn rsa_decrypt_key(bencher: Bencher<'_, '_>) {
    let (key, certificate) = (key("service"), certificate("service"));
    let encrypted = certificate.encrypt_key(KeyTransport::RsaOaep, &[7; 32]).expect("a key");
    bencher.bench_local(|| key.decrypt_key(KeyTransport::RsaOaep, black_box(&encrypted), 32));
}
