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
    seen: [Vec<Duration>; 4],
}

/// The medians.
#[derive(Clone, Copy)]
pub struct Cost {
    pub fsync: Duration,
    pub rsa_2048: Duration,
    pub rsa_512: Duration,
    /// Of one after the other: what is seldom slow is no part of three medians, but of this one.
    pub all: Duration,
}

impl Cost {
    pub fn signatures(&self) -> Duration {
        self.rsa_2048 + self.rsa_512
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
        (0..WARM_UP).try_for_each(|_| new.measure())?;
        new.seen = Default::default();
        Ok(new)
    }

    /// In the order in which a document is made.
    pub fn measure(&mut self) -> Done<()> {
        let begun = Instant::now();
        signature(&self.grant)?;
        let stamped = Instant::now();
        signature(&self.certificate)?;
        let signed = Instant::now();
        self.file.write_all(&self.bytes)?;
        self.file.sync_data()?;
        let ended = Instant::now();
        let took = [ended - signed, signed - stamped, stamped - begun, ended - begun];
        self.seen.iter_mut().zip(took).for_each(|(seen, took)| seen.push(took));
        Ok(())
    }

    pub fn cost(&self) -> Cost {
        let [fsync, rsa_2048, rsa_512, all] = self.seen.each_ref().map(|seen| median(seen));
        Cost { fsync, rsa_2048, rsa_512, all }
    }
}

fn signature(key: &PKey<Private>) -> Done<()> {
    Signer::new(MessageDigest::sha1(), key)?.sign_oneshot_to_vec(&[b'x'; 700])?;
    Ok(())
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
