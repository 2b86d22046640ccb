//! `cargo xtask coverage`: which lines the tests run.
//!
//! Both tools read the compiler's own instrumentation, so programs that tests start count too.
//! cargo-llvm-cov needs the rustup component `llvm-tools`; cargo-tarpaulin brings its own reader
//! and serves where the component is missing. Only cargo-llvm-cov counts the lines of tests too:
//! compare figures of one tool.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;

use crate::infra::{self, Environment};
use crate::modules;
use crate::process;
use crate::terminal;
use crate::tools;
use crate::workspace::Workspace;

/// Measure the line coverage of the workspace.
///
/// Every test runs with all features and the services it needs. The total is printed, and the
/// lines are shown by the report in target/coverage. Documentation tests do not count.
#[derive(Args, Debug)]
pub(crate) struct CoverageArgs {}

/// What a run of the tests covered.
#[derive(Debug, PartialEq)]
struct Total {
    percent: f64,
    covered: u64,
    lines: u64,
}

/// Measures the coverage, writes the report and prints the total.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let environment = infra::up(workspace)?;
    modules::build(workspace)?;
    let folder = workspace.target().join("coverage");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let (total, report) = if has_llvm_tools(workspace)? {
        by_llvm_cov(workspace, &environment, &folder)?
    } else {
        by_tarpaulin(workspace, &environment, &folder)?
    };
    terminal::progress(format_args!("report: {}", report.display()));
    let Total { percent, covered, lines } = total;
    terminal::result(format_args!("line coverage: {percent:.2}% ({covered} of {lines} lines)"))?;
    Ok(())
}

fn by_tarpaulin(
    workspace: &Workspace,
    environment: &Environment,
    folder: &Path,
) -> Result<(Total, PathBuf)> {
    let mut tarpaulin = tools::TARPAULIN.command(workspace)?;
    tarpaulin
        .args(["--engine", "llvm", "--follow-exec", "--workspace", "--all-features"])
        // Seconds without an end after which a test program is given up.
        .args(["--timeout", "600"])
        .args(["--skip-clean", "--out", "html", "--out", "lcov", "--out", "json", "--output-dir"])
        .arg(folder)
        // Instrumented code is kept apart, so that other builds need not start anew.
        .arg("--target-dir")
        .arg(workspace.target().join("tarpaulin"));
    run_tests(workspace, &mut tarpaulin, environment)?;
    let report = folder.join("tarpaulin-report.json");
    let text = fs::read(&report).with_context(|| format!("cannot read {}", report.display()))?;
    let total = tarpaulin_total(&serde_json::from_slice(&text)?)
        .context("cargo-tarpaulin wrote a report without a total")?;
    Ok((total, folder.join("tarpaulin-report.html")))
}

fn by_llvm_cov(
    workspace: &Workspace,
    environment: &Environment,
    folder: &Path,
) -> Result<(Total, PathBuf)> {
    let mut tests = tools::LLVM_COV.command(workspace)?;
    tests.args(["--workspace", "--all-features", "--html", "--output-dir"]).arg(folder);
    run_tests(workspace, &mut tests, environment)?;
    let mut summary = tools::LLVM_COV.command(workspace)?;
    let summary = process::read(summary.args(["report", "--json", "--summary-only"]))?;
    let total = llvm_cov_total(&serde_json::from_str(&summary)?)
        .context("cargo-llvm-cov wrote a report without a total")?;
    Ok((total, folder.join("html").join("index.html")))
}

fn run_tests(
    workspace: &Workspace,
    command: &mut Command,
    environment: &Environment,
) -> Result<()> {
    command.env(modules::VARIABLE, modules::folder(workspace));
    process::run(command.envs(environment.variables()).stdin(Stdio::null()))
}

/// Whether the toolchain has the component: its programs are in the folder for those of rustc.
fn has_llvm_tools(workspace: &Workspace) -> Result<bool> {
    let mut rustc = workspace.command("rustc");
    let libdir = process::read(rustc.args(["--print", "target-libdir"]))?;
    let programs = Path::new(libdir.trim()).with_file_name("bin");
    Ok(programs.join("llvm-profdata").is_file())
}

fn tarpaulin_total(report: &Value) -> Option<Total> {
    Some(Total {
        percent: report["coverage"].as_f64()?,
        covered: report["covered"].as_u64()?,
        lines: report["coverable"].as_u64()?,
    })
}

fn llvm_cov_total(report: &Value) -> Option<Total> {
    let lines = &report["data"][0]["totals"]["lines"];
    Some(Total {
        percent: lines["percent"].as_f64()?,
        covered: lines["covered"].as_u64()?,
        lines: lines["count"].as_u64()?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_total_is_read_from_the_report_of_each_tool() {
        let total = Some(Total { percent: 75.0, covered: 3, lines: 4 });
        let tarpaulin = json!({ "files": [], "coverage": 75.0, "covered": 3, "coverable": 4 });
        assert_eq!(tarpaulin_total(&tarpaulin), total);
        let lines = json!({ "count": 4, "covered": 3, "percent": 75.0 });
        let llvm_cov = json!({ "data": [{ "totals": { "lines": lines } }] });
        assert_eq!(llvm_cov_total(&llvm_cov), total);
    }

    #[test]
    fn a_report_without_a_total_has_none() {
        assert_eq!(tarpaulin_total(&json!({})), None);
        assert_eq!(llvm_cov_total(&json!({ "data": [] })), None);
    }
}
