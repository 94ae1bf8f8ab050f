//! The public keys that sign CAFs. Constants of the program: no setting adds one.

use openssl::bn::BigNum;
use openssl::pkey::{PKey, Public};
use openssl::rsa::Rsa;
use timbre_core::Environment;

/// Whose signature a CAF bears, named by its IDK.
///
/// The SII does not publish its two keys; they are those of its certificates 100 and 300 of 2003,
/// and every CAF seen since verifies with one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// 100: the SII's certification environment (maullin).
    Certification,
    /// 300: the SII's production environment (palena).
    Production,
    /// 999: the built-in simulator's desk. Its private half is public on purpose.
    Training,
}

impl Authority {
    pub fn of(idk: u64) -> Option<Authority> {
        match idk {
            100 => Some(Authority::Certification),
            300 => Some(Authority::Production),
            999 => Some(Authority::Training),
            _ => None,
        }
    }

    pub fn environment(self) -> Environment {
        match self {
            Authority::Certification => Environment::Certification,
            Authority::Production => Environment::Production,
            Authority::Training => Environment::Training,
        }
    }

    /// RSA-512, e = 65537: the size is the SII's.
    pub(crate) fn key(self) -> PKey<Public> {
        let modulus = match self {
            Authority::Certification => {
                "c8fbf00dcb21a55000a585522c5de528a73e0ce16cc03ab1e5ea7de4b2a28111\
                 e352faef8dcb7d51e349abd4b105dcd4f67cf9e13115058c9f0154291b8c7153"
            }
            Authority::Production => {
                "9deebfc5eebd96df4c7cf53f1bfa15d85d73ef04c6718f8c07b3f785efee75e7\
                 b4ef5a3ae079c3265a900e45f602890af6fb4fafa2b8d6938f7f011c3585b335"
            }
            Authority::Training => {
                "a4abb103d4a13505c8aa3358b8e3a4749a15e2a8e3da213bfda722b28dee952d\
                 77b88a0f843ce0553add7f1a6eb1412e018d8af3410ec88aadeb12406f116687"
            }
        };
        let constant = "a constant of the program is a key";
        let n = BigNum::from_hex_str(modulus).expect(constant);
        let e = BigNum::from_u32(65_537).expect(constant);
        PKey::from_rsa(Rsa::from_public_components(n, e).expect(constant)).expect(constant)
    }
}
