//! RSA verification, PKCS#1 v1.5, by hand: the CAF's keys have 512 bits and exponent 3, which libraries refuse.

use num_bigint::BigUint;
use sha1::{Digest, Sha1};
use sha2::Sha256;

/// `DigestInfo` before the digest (RFC 8017, 9.2).
const SHA1_INFO: &[u8] =
    &[0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];
const SHA256_INFO: &[u8] = &[
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    modulus: BigUint,
    exponent: BigUint,
}

impl PublicKey {
    /// From big-endian numbers. `None` when they are no key.
    pub(crate) fn new(modulus: &[u8], exponent: &[u8]) -> Option<PublicKey> {
        let key = PublicKey {
            modulus: BigUint::from_bytes_be(modulus),
            exponent: BigUint::from_bytes_be(exponent),
        };
        let sound =
            key.modulus.bits() >= 512 && key.modulus.bit(0) && key.exponent.bits() > 1 && key.exponent.bit(0);
        sound.then_some(key)
    }

    pub(crate) fn verify_sha1(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verify(SHA1_INFO, &Sha1::digest(message), signature)
    }

    pub(crate) fn verify_sha256(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verify(SHA256_INFO, &Sha256::digest(message), signature)
    }

    /// The whole padded block is rebuilt and compared: nothing in it is parsed, so nothing can be smuggled in.
    fn verify(&self, info: &[u8], digest: &[u8], signature: &[u8]) -> bool {
        let size = usize::try_from(self.modulus.bits().div_ceil(8)).unwrap_or(usize::MAX);
        let number = BigUint::from_bytes_be(signature);
        if signature.len() != size || number >= self.modulus || size < info.len() + digest.len() + 11 {
            return false;
        }
        let mut expected = vec![0x00, 0x01];
        expected.resize(size - info.len() - digest.len() - 1, 0xff);
        expected.push(0x00);
        expected.extend_from_slice(info);
        expected.extend_from_slice(digest);
        self.power(&number) == BigUint::from_bytes_be(&expected)
    }

    /// Square and multiply: public exponents are short, for which this beats the windows of `modpow`.
    fn power(&self, base: &BigUint) -> BigUint {
        let mut power = base.clone();
        for bit in (0..self.exponent.bits() - 1).rev() {
            power = &power * &power % &self.modulus;
            if self.exponent.bit(bit) {
                power = power * base % &self.modulus;
            }
        }
        power
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openssl::{bn::BigNum, hash::MessageDigest, pkey::PKey, rsa::Rsa, sign::Signer};

    #[test]
    fn signatures_of_openssl_verify_and_altered_ones_do_not() {
        for (bits, exponent) in [(512, 3), (1024, 65_537), (2048, 65_537)] {
            let exponent = BigNum::from_u32(exponent).expect("small");
            let pair = Rsa::generate_with_e(bits, &exponent).expect("a key");
            let key = PublicKey::new(&pair.n().to_vec(), &pair.e().to_vec()).expect("a key");
            let private = PKey::from_rsa(pair).expect("a key");
            let mut signer = Signer::new(MessageDigest::sha1(), &private).expect("a signer");
            let mut signature = signer.sign_oneshot_to_vec(b"timbre").expect("a signature");
            assert!(key.verify_sha1(b"timbre", &signature));
            assert!(!key.verify_sha1(b"Timbre", &signature));
            assert!(!key.verify_sha256(b"timbre", &signature));
            assert!(!key.verify_sha1(b"timbre", &signature[1..]));
            signature[20] ^= 1;
            assert!(!key.verify_sha1(b"timbre", &signature));
        }
    }
}
