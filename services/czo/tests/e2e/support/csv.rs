//! Product files, made up line by line.

/// A product file under way.
#[derive(Clone, Debug)]
pub(crate) struct Csv(String);

/// A product file with only these columns beside handle, title and price.
pub(crate) fn csv(more_columns: &str) -> Csv {
    Csv(format!("Handle,Title,Variant Price,{more_columns}\n"))
}

impl Csv {
    /// Adds a line as it is.
    pub(crate) fn line(mut self, line: &str) -> Self {
        self.0.push_str(line);
        self.0.push('\n');
        self
    }
}

impl AsRef<[u8]> for Csv {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
