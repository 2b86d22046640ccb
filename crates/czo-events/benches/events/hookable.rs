//! The same with hookable 6 from npm, where Node is present.

use std::path::PathBuf;
use std::process::Command;

use crate::figure;

/// One handler and eleven, as with the emitter.
const SCRIPT: &str = r#"
import { createHooks } from "hookable";

async function nanoseconds(handlers) {
  const hooks = createHooks();
  let sum = 0;
  for (let at = 0; at < handlers; at++) hooks.hook("priced", ({ cents }) => { sum += cents; });
  const rounds = [];
  for (let round = 0; round < 60; round++) {
    const start = process.hrtime.bigint();
    for (let cents = 0; cents < 2000; cents++) await hooks.callHook("priced", { cents });
    rounds.push(Number(process.hrtime.bigint() - start) / 2000);
  }
  return rounds.slice(10).sort((a, b) => a - b)[25];
}

const one = await nanoseconds(1);
const many = await nanoseconds(11);
console.log(`${one} ${(many - one) / 10}`);
"#;

/// Installs hookable beside the build and measures it.
pub(crate) fn measure() -> Result<(), String> {
    eprintln!("hookable");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("hookable");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    if !folder.join("node_modules/hookable").exists() {
        let package = "hookable@6.1.2";
        let prefix = folder.display().to_string();
        run("npm", &["install", "--silent", "--ignore-scripts", "--prefix", &prefix, package])?;
    }
    let script = folder.join("measure.mjs");
    std::fs::write(&script, SCRIPT).map_err(|error| error.to_string())?;
    let printed = run("node", &[&script.display().to_string()])?;
    let mut numbers = printed.split_whitespace().map(str::parse);
    let (Some(Ok(one)), Some(Ok(further))) = (numbers.next(), numbers.next()) else {
        return Err(format!("node printed {printed:?}"));
    };
    figure("events_hookable_one_ns", one);
    figure("events_hookable_each_further_ns", further);
    Ok(())
}

fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("`{program}` can't be run: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("`{program}` failed: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}
