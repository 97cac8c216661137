// The workloads of benchmarks/peers/run on governor, used as its guide says: a keyed limiter with the default store,
// the default hasher and the default clock.
//
//   decide WORKLOAD KEYS THREADS SECONDS

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::Barrier;
use std::time::{Duration, Instant};

const BLOCK: usize = 4096; // decisions between two looks at the time

type Limiter = DefaultKeyedRateLimiter<String>;

#[derive(Default)]
struct Tally {
    permitted: u64,
    refused: u64,
}

impl Tally {
    fn count(&mut self, permitted: bool) {
        if permitted {
            self.permitted += 1;
        } else {
            self.refused += 1;
        }
    }
}

fn key_of(number: usize) -> String {
    format!("user:{number:015}")
}

// Goes over the keys in an order that no prefetcher guesses; all peers go the same way.
struct Walk {
    state: u64,
    keys: u64,
}

impl Walk {
    fn next(&mut self) -> usize {
        self.state = self
            .state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        ((self.state >> 32) * self.keys >> 32) as usize
    }
}

fn decide_until(limiter: &Limiter, keys: &[String], mut walk: Walk, length: Duration) -> Tally {
    let end = Instant::now() + length;
    let mut tally = Tally::default();
    loop {
        for _ in 0..BLOCK {
            tally.count(limiter.check_key(&keys[walk.next()]).is_ok());
        }
        if Instant::now() >= end {
            return tally;
        }
    }
}

fn time_decisions(limiter: &Limiter, key_count: usize, thread_count: usize, length: Duration) {
    let keys: Vec<String> = (0..key_count).map(key_of).collect();
    for key in &keys {
        let _ = limiter.check_key(key);
    }

    let ready = Barrier::new(thread_count + 1);
    let mut sum = Tally::default();
    let mut start = Instant::now();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..thread_count)
            .map(|t| {
                let (keys, ready) = (&keys, &ready);
                scope.spawn(move || {
                    ready.wait();
                    let walk = Walk {
                        state: t as u64,
                        keys: keys.len() as u64,
                    };
                    decide_until(limiter, keys, walk, length)
                })
            })
            .collect();
        start = Instant::now();
        ready.wait();
        for thread in threads {
            let tally = thread.join().unwrap();
            sum.permitted += tally.permitted;
            sum.refused += tally.refused;
        }
    });
    let wall = start.elapsed().as_nanos() as f64;
    let decisions = (sum.permitted + sum.refused) as f64;
    println!(
        "{:.2} {} {}",
        wall * thread_count as f64 / decisions,
        sum.permitted,
        sum.refused
    );
}

fn resident_bytes() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("no VmRSS in /proc/self/status");
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<i64>()
        .unwrap()
        * 1024
}

// No array of keys here: what is resident is the limiter's. A second round shows that it remembers every key.
fn weigh_keys(limiter: &Limiter, empty: i64, key_count: usize) {
    let mut tally = Tally::default();
    for i in 0..key_count {
        tally.count(limiter.check_key(&key_of(i)).is_ok());
    }
    let full = resident_bytes();
    for i in 0..key_count {
        tally.count(limiter.check_key(&key_of(i)).is_ok());
    }
    println!(
        "{:.2} {} {}",
        (full - empty) as f64 / key_count as f64,
        tally.permitted,
        tally.refused
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [workload, keys, threads, seconds] = arguments.as_slice() else {
        eprintln!("usage: decide WORKLOAD KEYS THREADS SECONDS");
        std::process::exit(2);
    };
    let keys: usize = keys.parse().unwrap();

    let quota = match workload.as_str() {
        // The burst is as many as the permits of one second.
        "hot_admitted" | "many_keys" => Quota::per_second(NonZeroU32::new(1_000_000).unwrap()),
        // The burst is one.
        "hot_refused" | "memory" => Quota::with_period(Duration::from_secs(24 * 60 * 60)).unwrap(),
        _ => {
            eprintln!("decide: no workload is called '{workload}'");
            std::process::exit(2);
        }
    };

    let empty = resident_bytes();
    let limiter: Limiter = RateLimiter::keyed(quota);
    if workload == "memory" {
        weigh_keys(&limiter, empty, keys);
    } else {
        let length = Duration::from_secs_f64(seconds.parse().unwrap());
        time_decisions(&limiter, keys, threads.parse().unwrap(), length);
    }
}
