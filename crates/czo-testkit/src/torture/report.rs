//! What a torture prints: how far it is, and how it went.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures and progress are printed")]

use std::cell::Cell;
use std::fmt;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// How far a torture is: a bar on a terminal, a line now and then elsewhere.
pub struct Bar {
    bar: ProgressBar,
    next_line: Cell<Duration>,
}

impl Bar {
    /// For one that takes so long.
    #[must_use]
    pub fn new(duration: Duration) -> Self {
        let bar = ProgressBar::new(duration.as_secs());
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} s  {msg}");
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, next_line: Cell::default() }
    }

    /// Shows how far it is.
    pub fn show(&self, elapsed: Duration, message: impl fmt::Display) {
        if self.bar.is_hidden() && elapsed >= self.next_line.get() {
            eprintln!("{:>4} s  {message}", elapsed.as_secs());
            self.next_line.set(elapsed + LINE_EVERY);
        }
        self.bar.set_position(elapsed.as_secs());
        self.bar.set_message(message.to_string());
    }

    /// Leaves no bar behind.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl fmt::Debug for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bar").field("next_line", &self.next_line).finish_non_exhaustive()
    }
}

/// Prints figures for people on standard error, and for machines on standard output.
pub fn print_figures<'f>(figures: impl Iterator<Item = (&'f str, u64)> + Clone) {
    for (name, value) in figures.clone() {
        eprintln!("{:<24} {value:>9}", name.replace('_', " "));
    }
    for (name, value) in figures {
        println!("figure {name} {value}");
    }
}
