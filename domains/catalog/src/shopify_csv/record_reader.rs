//! From bytes to records, in bounded memory.

use std::io::{BufRead, BufReader, ErrorKind, Read, Result};

use csv_core::ReadRecordResult;

use super::record::{Fault, Record};

/// Reads records one after the other, and knows on which line each starts.
///
/// What does not fit into a [`Record`] is read past, not kept; the next record is right again.
/// Lines end with `\n`, `\r\n` or `\r`; empty ones are no records. Quotes follow RFC 4180, and
/// are forgiven where they stand inside an unquoted cell.
#[derive(Debug)]
pub(super) struct RecordReader<R> {
    input: BufReader<R>,
    parser: csv_core::Reader,
    lines: LineCounter,
    /// Where the cells of a record go that does not fit.
    scratch: Box<[u8]>,
    scratch_ends: Box<[usize]>,
}

/// Counts the lines of a file as an editor does.
#[derive(Debug)]
struct LineCounter {
    line: u64,
    after_cr: bool,
}

impl<R: Read> RecordReader<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input: BufReader::with_capacity(64 * 1024, input),
            parser: csv_core::Reader::new(),
            lines: LineCounter { line: 1, after_cr: false },
            scratch: vec![0; 4096].into(),
            scratch_ends: vec![0; 1024].into(),
        }
    }

    /// Reads the next record into `record`. False: there is none.
    pub(super) fn read(&mut self, record: &mut Record) -> Result<bool> {
        self.skip_empty_lines()?;
        record.line = self.lines.line;
        record.fault = None;
        record.len = 0;
        record.cells = 0;
        let mut is_empty = true;
        loop {
            // The buffer stays borrowed while the parser reads it, hence the disjoint fields.
            let input = fill(&mut self.input)?;
            if input.is_empty() {
                if !is_empty {
                    self.end(record);
                }
                return Ok(!is_empty);
            }
            is_empty = false;
            let (is_complete, read) =
                step(&mut self.parser, record, input, (&mut self.scratch, &mut self.scratch_ends));
            self.lines.count(&input[..read]);
            self.input.consume(read);
            if is_complete {
                return Ok(true);
            }
        }
    }

    fn skip_empty_lines(&mut self) -> Result<()> {
        loop {
            let input = fill(&mut self.input)?;
            let read = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if read == 0 {
                return Ok(());
            }
            self.lines.count(&input[..read]);
            self.input.consume(read);
        }
    }

    /// Ends the last record of the file, which has no end of line.
    ///
    /// One is given to it, because that tells an open quote apart: inside of it, it is text.
    fn end(&mut self, record: &mut Record) {
        loop {
            let scratch = (&mut *self.scratch, &mut *self.scratch_ends);
            let (is_complete, read) = step(&mut self.parser, record, b"\n", scratch);
            if is_complete {
                return;
            }
            if read > 0 {
                record.fault = Some(Fault::UnclosedQuote);
                return;
            }
        }
    }
}

/// Lets the parser read on. Gives whether the record is complete, and how many bytes were read;
/// none only when the record just turned out not to fit.
fn step(
    parser: &mut csv_core::Reader,
    record: &mut Record,
    input: &[u8],
    (scratch, scratch_ends): (&mut [u8], &mut [usize]),
) -> (bool, usize) {
    if record.fault.is_some() {
        let (result, read, _, _) = parser.read_record(input, scratch, scratch_ends);
        return (is_complete(&result), read);
    }
    let (result, read, written, ended) = parser.read_record(
        input,
        &mut record.bytes[record.len..],
        &mut record.ends[record.cells..],
    );
    record.len += written;
    record.cells += ended;
    match result {
        ReadRecordResult::OutputFull => record.fault = Some(Fault::TooLong),
        ReadRecordResult::OutputEndsFull => record.fault = Some(Fault::TooManyCells),
        _ => {}
    }
    (is_complete(&result), read)
}

fn is_complete(result: &ReadRecordResult) -> bool {
    matches!(result, ReadRecordResult::Record | ReadRecordResult::End)
}

/// [`BufRead::fill_buf`] that a signal does not interrupt.
fn fill<R: Read>(input: &mut BufReader<R>) -> Result<&[u8]> {
    while let Err(error) = input.fill_buf() {
        if error.kind() != ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok(input.buffer())
}

impl LineCounter {
    fn count(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let ends_line = *byte == b'\r' || (*byte == b'\n' && !self.after_cr);
            self.line += u64::from(ends_line);
            self.after_cr = *byte == b'\r';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shopify_csv::limits::{MAX_COLUMNS, MAX_RECORD_BYTES};

    /// The records as (line, cells, fault).
    fn records(input: impl Read) -> Vec<(u64, Vec<String>, Option<Fault>)> {
        let (mut reader, mut record) = (RecordReader::new(input), Record::new());
        let mut records = Vec::new();
        while reader.read(&mut record).unwrap() {
            let cells = (0..record.cells).map(|at| String::from_utf8_lossy(record.cell(at)).into());
            records.push((record.line, cells.collect(), record.fault));
        }
        records
    }

    fn lines(input: &str) -> Vec<u64> {
        records(input.as_bytes()).into_iter().map(|(line, ..)| line).collect()
    }

    #[test]
    fn a_record_starts_on_the_line_that_an_editor_shows() {
        assert_eq!(lines("a\nb\nc"), [1, 2, 3]);
        assert_eq!(lines("a\r\nb\r\nc\r\n"), [1, 2, 3]);
        assert_eq!(lines("a\rb\rc\r"), [1, 2, 3]);
        assert_eq!(lines("\n\na\n\r\n\nb"), [3, 6]);
        assert_eq!(lines("a,\"1\n2\r\n3\"\nb\n"), [1, 4]);
    }

    #[test]
    fn cells_follow_rfc_4180() {
        let cells = |input: &str| records(input.as_bytes()).remove(0).1;
        assert_eq!(cells("a,,\"b \"\"c\"\",\n\""), ["a", "", "b \"c\",\n"]);
        assert_eq!(cells("a \"b\" c,"), ["a \"b\" c", ""]);
    }

    #[test]
    fn a_quote_is_open_only_when_nothing_closes_it() {
        let fault = |input: &str| records(input.as_bytes()).pop().unwrap().2;
        for closed in ["a", "\"a\"", "a,\"b\"\n", "a\"", "\"a\"\"\"", "\"\""] {
            assert_eq!(fault(closed), None, "{closed:?}");
        }
        for open in ["\"", "\"a", "a,\"b\nc,d\n", "\"a\"\""] {
            assert_eq!(fault(open), Some(Fault::UnclosedQuote), "{open:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_read_past() {
        let long = "x".repeat(MAX_RECORD_BYTES);
        let wide = ",".repeat(MAX_COLUMNS);
        let input = format!("a,{long},\"c\nd\"\nb\n{wide},\nc\n{wide}");
        let records = records(input.as_bytes());
        let faults: Vec<_> = records.iter().map(|(line, _, fault)| (*line, *fault)).collect();
        assert_eq!(
            faults,
            [
                (1, Some(Fault::TooLong)),
                (3, None),
                (4, Some(Fault::TooManyCells)),
                (5, None),
                (6, Some(Fault::TooManyCells)),
            ],
        );
        assert_eq!(records[0].1, ["a"]);
    }

    #[test]
    fn as_many_cells_as_allowed_fit() {
        let wide = ",".repeat(MAX_COLUMNS - 1);
        for input in [wide.clone(), format!("{wide}\n")] {
            let (_, cells, fault) = records(input.as_bytes()).remove(0);
            assert_eq!((cells.len(), fault), (MAX_COLUMNS, None));
        }
    }
}
