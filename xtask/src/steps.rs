//! A list of named steps, each timed, with a summary at the end.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::terminal::{self, Tone};

/// Runs every step even if an earlier one failed, and fails at the end if any did.
#[derive(Debug)]
pub(crate) struct Steps {
    planned: usize,
    done: Vec<Done>,
}

#[derive(Debug)]
struct Done {
    name: String,
    took: Duration,
    passed: bool,
}

impl Steps {
    /// A list of `planned` steps.
    pub(crate) fn new(planned: usize) -> Self {
        Self { planned, done: Vec::with_capacity(planned) }
    }

    /// Runs one step; what went wrong is printed at once and remembered for the summary.
    pub(crate) fn run(&mut self, name: &str, work: impl FnOnce() -> Result<()>) {
        terminal::heading(format_args!("[{}/{}] {name}", self.done.len() + 1, self.planned));
        let start = Instant::now();
        let outcome = work();
        let took = start.elapsed();
        if let Err(error) = &outcome {
            terminal::error(error);
        }
        self.done.push(Done { name: name.to_owned(), took, passed: outcome.is_ok() });
    }

    /// Prints the summary; an error if a step failed.
    pub(crate) fn finish(self) -> Result<()> {
        terminal::heading("summary");
        for done in &self.done {
            let (word, tone) = if done.passed { ("ok", Tone::Good) } else { ("failed", Tone::Bad) };
            let seconds = done.took.as_secs_f64();
            let word = terminal::toned(format_args!("{word:<6}"), tone);
            terminal::progress(format_args!("  {word} {seconds:>7.1} s  {}", done.name));
        }
        let failed: Vec<&str> =
            self.done.iter().filter(|done| !done.passed).map(|done| done.name.as_str()).collect();
        if !failed.is_empty() {
            bail!("{} of {} steps failed: {}", failed.len(), self.done.len(), failed.join(", "));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn later_steps_run_after_a_failed_one_and_the_failure_is_named_at_the_end() {
        let mut steps = Steps::new(3);
        let mut ran = Vec::new();
        steps.run("first", || {
            ran.push(1);
            Ok(())
        });
        steps.run("second", || Err(anyhow!("it broke")));
        steps.run("third", || {
            ran.push(3);
            Ok(())
        });
        assert_eq!(ran, [1, 3]);
        let error = steps.finish().unwrap_err();
        assert_eq!(error.to_string(), "1 of 3 steps failed: second");
    }

    #[test]
    fn a_list_without_failures_passes() {
        let mut steps = Steps::new(1);
        steps.run("only", || Ok(()));
        assert!(steps.finish().is_ok());
    }
}
