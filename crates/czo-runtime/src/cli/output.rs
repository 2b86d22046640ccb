//! What commands print.

use std::io::{ErrorKind, IsTerminal, Write};

use serde::Serialize;

/// Prints a value as JSON, indented for people where standard output is a terminal.
///
/// # Errors
///
/// When the value has no JSON form.
pub fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let text = if std::io::stdout().is_terminal() {
        serde_json::to_string_pretty(value)?
    } else {
        serde_json::to_string(value)?
    };
    print(&text);
    Ok(())
}

/// Prints a line. A reader that has gone, as `head` does, ends the program quietly.
pub fn print(line: &str) {
    write_line(&mut std::io::stdout().lock(), line);
}

/// Prints a line on standard error.
pub fn print_note(line: &str) {
    write_line(&mut std::io::stderr().lock(), line);
}

fn write_line(output: &mut impl Write, line: &str) {
    match writeln!(output, "{line}").and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        // There is nowhere left to say it.
        _ => {}
    }
}

/// `1 event`, `2 events`.
pub(super) fn how_many(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// Text of several lines, or with characters that a terminal takes for orders, in one line.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Prints the rows of a table under its headings, each column as wide as it must be.
pub(super) fn print_table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([headings[column].len()]).max().unwrap_or(0)
    };
    let line = |cells: [&str; N]| {
        let padded =
            cells.iter().enumerate().map(|(column, cell)| format!("{cell:<w$}", w = width(column)));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    print(&line(headings));
    for row in rows {
        print(&line(row.each_ref().map(String::as_str)));
    }
}

pub(super) fn print_error(message: &str) {
    let (red, plain) =
        if std::io::stderr().is_terminal() { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
    print_note(&format!("{red}error:{plain} {message}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_several_lines_or_orders_for_the_terminal_becomes_one_line() {
        assert_eq!(one_line("no answer\n\tof the\u{1b}[2J shop \0"), "no answer of the [2J shop");
        assert_eq!(one_line(""), "");
    }
}
