//! What one durable document can't be had without: an append that is on the device, an RSA-2048 signature (the
//! certificate's) and an RSA-512 signature (the CAF's). Measured without a line of Timbre's own.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;

use crate::Done;

const WARM_UP: usize = 100;

pub struct Yardstick {
    file: File,
    /// As many bytes as a document adds to the journal.
    bytes: Vec<u8>,
    certificate: PKey<Private>,
    grant: PKey<Private>,
    seen: [Vec<Duration>; 3],
}

/// The medians.
#[derive(Clone, Copy)]
pub struct Cost {
    pub fsync: Duration,
    pub rsa_2048: Duration,
    pub rsa_512: Duration,
}

impl Cost {
    pub fn signatures(&self) -> Duration {
        self.rsa_2048 + self.rsa_512
    }

    pub fn sum(&self) -> Duration {
        self.fsync + self.signatures()
    }
}

impl Yardstick {
    /// Appends to a file of its own in `folder`, `bytes` at a time.
    pub fn new(folder: &Path, bytes: usize) -> Done<Yardstick> {
        let three = BigNum::from_u32(3)?;
        let mut new = Yardstick {
            file: File::create(folder.join("yardstick"))?,
            bytes: vec![b'x'; bytes],
            certificate: PKey::from_rsa(Rsa::generate(2048)?)?,
            grant: PKey::from_rsa(Rsa::generate_with_e(512, &three)?)?,
            seen: Default::default(),
        };
        new.measure(WARM_UP)?;
        new.seen = Default::default();
        Ok(new)
    }

    pub fn measure(&mut self, times: usize) -> Done<()> {
        for _ in 0..times {
            let begun = Instant::now();
            self.file.write_all(&self.bytes)?;
            self.file.sync_data()?;
            self.seen[0].push(begun.elapsed());
            self.seen[1].push(signature(&self.certificate)?);
            self.seen[2].push(signature(&self.grant)?);
        }
        Ok(())
    }

    pub fn cost(&self) -> Cost {
        let [fsync, rsa_2048, rsa_512] = self.seen.each_ref().map(|seen| median(seen));
        Cost { fsync, rsa_2048, rsa_512 }
    }
}

fn signature(key: &PKey<Private>) -> Done<Duration> {
    let message = [b'x'; 700];
    let begun = Instant::now();
    Signer::new(MessageDigest::sha1(), key)?.sign_oneshot_to_vec(&message)?;
    Ok(begun.elapsed())
}

pub fn median(seen: &[Duration]) -> Duration {
    quantile(seen, 50)
}

/// The value that `percent` of what was seen does not exceed.
pub fn quantile(seen: &[Duration], percent: usize) -> Duration {
    let mut seen = seen.to_vec();
    seen.sort_unstable();
    seen[(seen.len() - 1) * percent / 100]
}
