//! Many signatures: at once, and by the clock.

use std::time::{Duration, Instant};

use super::super::*;
use super::{bench, caf, check, load};

#[test]
fn many_threads_sign_at_once() {
    let bench = bench();
    let key = load(&bench, "11111111-1");
    let keys = &bench.keys;
    std::thread::scope(|scope| {
        for thread in 0..8_u8 {
            let key = &key;
            scope.spawn(move || {
                for round in 0..20_u8 {
                    if round % 7 == 0 {
                        keys.forget();
                    }
                    let message = [thread, round];
                    let signature = keys.sign(KeyName::Certificate, Scheme::RsaSha1, &message).unwrap();
                    check(key, Scheme::RsaSha1, &message, &signature);
                }
            });
        }
    });
}

/// A measurement: `cargo test --release -p timbre-app signing_adds -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement, for a quiet machine"]
fn signing_adds_little_to_openssl() {
    let bench = bench();
    let certificate = load(&bench, "11111111-1");
    let (caf_key, file) = caf("a1");
    let id = file.grant.id.clone();
    bench.shelf.grants.lock().unwrap().insert(id.clone(), seal_grant(&file, &bench.vault).unwrap());
    let mean = |work: &dyn Fn()| {
        work();
        let start = Instant::now();
        (0..2000).for_each(|_| work());
        start.elapsed() / 2000
    };
    let raw = |key: &PKey<Private>| {
        mean(&|| {
            let mut signer = Signer::new(MessageDigest::sha1(), key).unwrap();
            signer.sign_oneshot_to_vec(&[7; 600]).unwrap();
        })
    };
    let ours = |name: KeyName<'_>| {
        mean(&|| {
            bench.keys.sign(name, Scheme::RsaSha1, &[7; 600]).unwrap();
        })
    };
    for (what, raw, ours) in [
        ("certificado", raw(&certificate), ours(KeyName::Certificate)),
        ("CAF", raw(&caf_key), ours(KeyName::Grant(&id))),
    ] {
        println!("{what}: OpenSSL {raw:?}, con la caja {ours:?}");
        assert!(ours < raw + Duration::from_micros(50));
    }
}
