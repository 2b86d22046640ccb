//! What xtask says to the person who runs it.
//!
//! Progress and errors go to standard error, results to standard output. Colours appear only
//! where the stream is a terminal and `NO_COLOR` is unset or empty.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// The colours in use, by what they mean.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tone {
    Good,
    Bad,
    Heading,
}

impl Tone {
    fn code(self) -> &'static str {
        match self {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Heading => "1;36",
        }
    }
}

/// Prints one line of a result to standard output.
pub(crate) fn result(line: impl Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

/// Prints one line of progress to standard error.
pub(crate) fn progress(line: impl Display) {
    to_stderr(line);
}

/// Prints the line that a longer piece of work starts with.
pub(crate) fn heading(line: impl Display) {
    to_stderr(paint(line, Tone::Heading, colours(&io::stderr())));
}

/// Prints an error with its whole chain of causes.
pub(crate) fn error(error: &anyhow::Error) {
    let label = paint("error", Tone::Bad, colours(&io::stderr()));
    to_stderr(format_args!("{label}: {error:#}"));
}

/// `text` in the colour of `tone` if standard error shows colours, as it is otherwise.
pub(crate) fn toned(text: impl Display, tone: Tone) -> String {
    paint(text, tone, colours(&io::stderr()))
}

// A standard error that is gone leaves nobody to tell about it, so its failures are dropped.
fn to_stderr(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

fn colours(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn paint(text: impl Display, tone: Tone, colours: bool) -> String {
    if colours { format!("\x1b[{}m{text}\x1b[0m", tone.code()) } else { text.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_no_escape_codes_away_from_a_terminal() {
        assert_eq!(paint("ok", Tone::Good, false), "ok");
        assert_eq!(paint("ok", Tone::Good, true), "\x1b[32mok\x1b[0m");
    }
}
