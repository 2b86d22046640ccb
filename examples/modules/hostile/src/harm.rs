//! The harms.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use czo_module_sdk::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

/// What is to be done. `target` and `count` mean what the harm says.
#[derive(Deserialize)]
pub struct Harm {
    harm: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    count: u32,
}

impl Harm {
    /// A harm that needs no target.
    pub fn of(harm: String) -> Self {
        Self { harm, target: String::new(), count: 0 }
    }

    /// Does it. What it got hold of is returned, so that a test can see what leaked.
    pub fn doing(self) -> Result<Vec<u8>, Failure> {
        let Self { harm, target, count } = self;
        match harm.as_str() {
            // Nothing: to see that the module still serves.
            "none" => Ok(Vec::new()),
            // How often it was asked in this instance, this time included.
            "remember" => {
                static ASKED: AtomicU32 = AtomicU32::new(0);
                Ok((ASKED.fetch_add(1, Ordering::Relaxed) + 1).to_le_bytes().to_vec())
            }
            // Computing without end.
            "loop" => computes_without_end(),
            // Memory without end; every page is touched.
            "allocate" => allocates_without_end(),
            // `count` MiB at once.
            "allocate-once" => Ok(vec![black_box(1); count as usize * 1024 * 1024]),
            "recurse" => Ok(recurses(u64::from(count)).to_le_bytes().to_vec()),
            "panic" => panic!("the module panics, as it was told to"),
            "trap" => traps(),
            "fail" => Err(Failure::broken("the module fails, as it was told to")),
            "retry" => Err(Failure::retry("the module fails for now, as it was told to")),
            // Calls of the server without end, each of them cheap.
            "call-without-end" => loop {
                black_box(clock::now_ms());
            },
            // `count` lines.
            "log-flood" => log_flood(count),
            // One line of `count` KiB.
            "log-long" => {
                log::info(&"x".repeat(count as usize * 1024), &[]);
                Ok(Vec::new())
            }
            // A line that looks like two, and like another module's.
            "log-forge" => {
                log::error("done\n2026-01-01 ERROR czo: forged\u{1b}[31m", &[("module", &"other")]);
                Ok(Vec::new())
            }
            // `count` values of a label.
            "label-flood" => {
                for number in 0..count {
                    metrics::counter("harms").add(1.0, &[("kind", &number.to_string())]);
                }
                Ok(Vec::new())
            }
            // A metric and a label that the manifest has not got, and values that are no numbers.
            "metric-forge" => {
                metrics::counter("others").add(1.0, &[]);
                metrics::counter("harms").add(f64::NAN, &[("shop", "x")]);
                metrics::counter("harms").add(-1.0, &[("kind", "x")]);
                Ok(Vec::new())
            }
            // Asks the address `target`.
            "ask" => Ok(http::get(target).send()?.body),
            // Asks the address `target` `count` times.
            "ask-flood" => {
                for _ in 0..count {
                    http::get(&target).send()?;
                }
                Ok(Vec::new())
            }
            // Asks `target` and is ready to wait for `count` seconds.
            "ask-slow" => {
                let patience = Duration::from_secs(count.into());
                Ok(http::get(target).timeout(patience).send()?.body)
            }
            // The query `target`, e.g. of another module's table.
            "query" => {
                let rows: Vec<BTreeMap<String, Value>> = sql::query(&target, ())?;
                Ok(format!("{rows:?}").into_bytes())
            }
            // The statement `target`.
            "execute" => Ok(sql::execute(&target, ())?.to_le_bytes().to_vec()),
            // An event of the type `target`.
            "publish" => Ok(publisher::publish(&target, None, &())?.into_bytes()),
            // `count` events that it may publish.
            "publish-flood" => {
                for _ in 0..count {
                    publisher::publish("hostile.thing.happened", None, &())?;
                }
                Ok(Vec::new())
            }
            // The environment variable `target`.
            "secret" => Ok(secrets::get(&target)?.unwrap_or_default().into_bytes()),
            // A method of the service `target`.
            "service" => {
                let answer: Option<String> = services::call(&target, "steal", &())?;
                Ok(answer.unwrap_or_default().into_bytes())
            }
            // `count` jobs, each of which does nothing.
            "job-flood" => {
                for _ in 0..count {
                    jobs::enqueue("harm", &json!({ "harm": "none" }))?;
                }
                Ok(Vec::new())
            }
            // `count` keys.
            "key-flood" => {
                for number in 0..count {
                    kv::set_bytes(&format!("key-{number}"), b"x")?;
                }
                Ok(Vec::new())
            }
            // A value of `count` KiB under the key `target`.
            "key-large" => {
                kv::set_bytes(&target, &vec![0; count as usize * 1024])?;
                Ok(Vec::new())
            }
            // `count` random bytes.
            "random" => Ok(random::bytes(count)),
            _ => Err(Failure::Invalid(format!("there is no harm `{harm}`"))),
        }
    }
}

fn computes_without_end() -> ! {
    let mut number = 0_u64;
    loop {
        number = black_box(number.wrapping_add(1));
    }
}

fn allocates_without_end() -> ! {
    let mut kept = Vec::new();
    loop {
        kept.push(vec![1_u8; 1024 * 1024]);
        black_box(&kept);
    }
}

#[expect(unconditional_recursion, reason = "it is what the harm is")]
fn recurses(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    recurses(depth + 1) + frame[0]
}

#[cfg(target_arch = "wasm32")]
fn traps() -> ! {
    core::arch::wasm32::unreachable()
}

#[cfg(not(target_arch = "wasm32"))]
fn traps() -> ! {
    std::process::abort()
}

fn log_flood(lines: u32) -> Result<Vec<u8>, Failure> {
    for number in 0..lines {
        log::info("a line of a flood", &[("number", &number)]);
    }
    Ok(Vec::new())
}
