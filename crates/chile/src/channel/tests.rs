//! Both conversations, walked step by step against replies of the SII, stopped and taken up again
//! from the written state at every step.

mod deliveries;
mod desk;
mod ends;
mod failures;
mod logins;
mod polls;
mod probes;
mod rules;

use super::*;
use desk::*;
