//! The line and the authority under every weather that a seed can make: the real engine on one thread, over
//! simulated time, in countries that exist nowhere and in Chile against the strict simulator.
//!
//! `TIMBRE_FIRST=500` begins with another seed than 1; `TIMBRE_SEEDS=10000` runs so many seeds (Chile a twentieth of them; wholesale, with five
//! hundred documents each, a few), `TIMBRE_SEED=7` one of them. `TIMBRE_COUNTRY=Numbering`
//! leaves out the other countries elsewhere.

mod asked;
mod chile;
mod copies;
mod dice;
mod elsewhere;
mod life;
mod night;
mod pictures;
mod rules;
mod run;
mod sky;
mod wire;
mod world;

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use chile::Chile;
use copies::facts;
use elsewhere::Elsewhere;
use run::Shop;
use timbre_elsewhere::Country;
use world::{Theme, World};

/// Seeds of a plain test.
const SEEDS: u64 = 500;

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")))
}

/// The countries elsewhere that a run is of.
fn chosen() -> Vec<Country> {
    let Ok(name) = std::env::var("TIMBRE_COUNTRY") else { return Country::ALL.to_vec() };
    let one = Country::ALL.into_iter().filter(|country| format!("{country:?}") == name).collect::<Vec<_>>();
    assert!(!one.is_empty(), "TIMBRE_COUNTRY={name} is none of {:?}", Country::ALL);
    one
}

/// Runs seeds on as many threads as there are, each run on one.
fn run_all<W: World + 'static>(shop: &Shop<W>, seeds: std::ops::Range<u64>) {
    let before = from_environment("TIMBRE_FIRST").map_or(0, |first| first.saturating_sub(1));
    let seeds = seeds.start + before..seeds.end + before;
    let only = from_environment("TIMBRE_SEED");
    let seeds = only.map_or(seeds, |one| one..one + 1);
    let began = Instant::now();
    let (next, documents, calls) = (AtomicU64::new(seeds.start), AtomicU64::new(0), AtomicU64::new(0));
    let (locks, failed) = (AtomicU64::new(0), AtomicU64::new(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let past = match shop.judge(seed) {
                        Ok(past) => past,
                        // The others are run all the same: of many seeds one that fails hides none.
                        Err(why) => {
                            say(&why);
                            failed.fetch_add(1, Ordering::Relaxed);
                            continue;
                        }
                    };
                    documents.fetch_add(past.rows.len() as u64, Ordering::Relaxed);
                    calls.fetch_add(past.calls.len() as u64, Ordering::Relaxed);
                    locks.fetch_add(past.course.lifted.len() as u64, Ordering::Relaxed);
                }
            });
        }
    });
    say(&format!(
        "{}: seeds {seeds:?}, {documents:?} documents, {calls:?} requests, {locks:?} locks in {:.1} s",
        shop.world.name(),
        began.elapsed().as_secs_f64()
    ));
    let failed = failed.into_inner();
    assert_eq!(failed, 0, "so many seeds in {} broke a rule, as told above", shop.world.name());
}

/// Says what a harness did, also where its test passes: what `println!` says is held back then.
fn say(words: &str) {
    std::io::stderr().write_all(format!("{words}\n").as_bytes()).expect("somebody listens");
}

#[test]
fn every_country_elsewhere_comes_through_every_weather() {
    let seeds = from_environment("TIMBRE_SEEDS").unwrap_or(SEEDS);
    let each = seeds.div_ceil(Country::ALL.len() as u64);
    for country in chosen() {
        run_all(&Shop::open(Elsewhere(country, Theme::Weather)), 1..each + 1);
    }
}

#[test]
fn chile_comes_through_every_weather() {
    let seeds = from_environment("TIMBRE_SEEDS").unwrap_or(SEEDS).div_ceil(20);
    run_all(&Shop::open(Chile(Theme::Weather)), 1..seeds + 1);
}

#[test]
fn of_a_parcel_of_five_hundred_elsewhere_the_bad_ones_end_alone() {
    let seeds = from_environment("TIMBRE_SEEDS").unwrap_or(SEEDS).div_ceil(250);
    run_all(&Shop::open(Elsewhere(Country::Falling, Theme::Wholesale)), 1..seeds + 1);
}

#[test]
fn of_a_parcel_of_five_hundred_in_chile_the_bad_ones_end_alone() {
    let seeds = from_environment("TIMBRE_SEEDS").unwrap_or(SEEDS).div_ceil(500);
    run_all(&Shop::open(Chile(Theme::Wholesale)), 1..seeds + 1);
}

#[test]
fn a_till_that_says_what_it_saw_has_no_sale_twice_however_often_its_machine_is_put_back() {
    fn often<W: World + 'static>(world: W, seeds: u64) {
        let (shop, mut locks) = (Shop::open(world), 0);
        for seed in 1..=seeds {
            let name = shop.world.name();
            locks += shop.put_back_often(seed).unwrap_or_else(|why| panic!("seed {seed} in {name}: {why}"));
        }
        say(&format!("{}, put back often: seeds 1 to {seeds}, {locks} locks", shop.world.name()));
        assert!(locks > seeds / 4, "{locks} locks in {}", shop.world.name());
    }
    let seeds = from_environment("TIMBRE_SEEDS").unwrap_or(SEEDS);
    for country in chosen() {
        often(Elsewhere(country, Theme::Weather), seeds.div_ceil(25));
    }
    often(Chile(Theme::Weather), seeds.div_ceil(50));
}

#[test]
fn the_same_seed_is_the_same_run() {
    fn twice<W: World + 'static>(world: W, seeds: &[u64]) {
        let shop = Shop::open(world);
        for seed in seeds {
            let (one, two) = (shop.run(*seed), shop.run(*seed));
            let name = shop.world.name();
            assert_eq!(one.trace(), two.trace(), "seed {seed} in {name}");
            let (one, two) = (facts(&one.journal), facts(&two.journal));
            assert_eq!(one.len(), two.len(), "seed {seed} in {name}");
            let differ = one.into_iter().zip(two).find(|(one, two)| one != two);
            assert_eq!(differ, None, "seed {seed} in {name}: the journals differ");
        }
    }
    Country::ALL.into_iter().for_each(|country| twice(Elsewhere(country, Theme::Weather), &[1, 3, 13]));
    twice(Chile(Theme::Weather), &[1, 3]);
}
