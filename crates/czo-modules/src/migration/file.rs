//! The files of migrations.

use std::collections::BTreeMap;

use super::{Direction, ModuleMigrationError, refused};
use crate::sql::check::{Checked, check_migration};
use crate::store::ArtifactDigest;
use crate::store::dialect::Dialect;

/// One migration, for one database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) number: u32,
    /// Number and name, as in the name of its files.
    pub(super) name: String,
    /// Of the file to apply it.
    pub(super) checksum: ArtifactDigest,
    pub(super) up: Vec<Checked>,
    pub(super) down: Vec<Checked>,
    /// The text of the file to take it back.
    pub(super) down_text: String,
}

/// What the name of a file says.
struct FileName<'f> {
    number: u32,
    /// Number and name.
    name: &'f str,
    dialect: Option<Dialect>,
    direction: Direction,
}

impl<'f> FileName<'f> {
    fn read(path: &'f str) -> Option<Self> {
        let (rest, direction) = match path.strip_suffix(".up.sql") {
            Some(rest) => (rest, Direction::Up),
            None => (path.strip_suffix(".down.sql")?, Direction::Down),
        };
        let (name, dialect) = match rest.split_once('.') {
            None => (rest, None),
            Some((name, "sqlite")) => (name, Some(Dialect::Sqlite)),
            Some((name, "postgres")) => (name, Some(Dialect::Postgres)),
            Some(_) => return None,
        };
        let (number, words) = name.split_once('_')?;
        let is_number = number.len() >= 4 && number.bytes().all(|digit| digit.is_ascii_digit());
        let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let is_name = !words.is_empty() && words.bytes().all(is_word) && name.len() <= 100;
        let number = number.parse().ok().filter(|number| (1..=999_999_999).contains(number))?;
        (is_number && is_name).then_some(Self { number, name, dialect, direction })
    }
}

/// The files of one migration.
#[derive(Default)]
struct Pair<'f> {
    up: Option<Chosen<'f>>,
    down: Option<Chosen<'f>>,
}

struct Chosen<'f> {
    path: &'f str,
    text: &'f str,
    is_special: bool,
}

/// The migrations that these files are for one database, the oldest first.
pub(super) fn read(
    dialect: Dialect,
    prefix: &str,
    files: &[(String, String)],
) -> Result<Vec<Step>, ModuleMigrationError> {
    let mut pairs = BTreeMap::<u32, (&str, Pair<'_>)>::new();
    for (path, text) in files {
        let bad = || ModuleMigrationError::FileName { path: path.clone() };
        let file = FileName::read(path).ok_or_else(bad)?;
        let twice = || ModuleMigrationError::Twice { path: path.clone() };
        let (name, pair) = pairs.entry(file.number).or_insert((file.name, Pair::default()));
        if *name != file.name {
            return Err(twice());
        }
        if file.dialect.is_some_and(|wanted| wanted != dialect) {
            continue;
        }
        let place = match file.direction {
            Direction::Up => &mut pair.up,
            Direction::Down => &mut pair.down,
        };
        let chosen = Chosen { path, text, is_special: file.dialect.is_some() };
        match place {
            // That of one database goes before that of both.
            Some(there) if there.is_special == chosen.is_special => return Err(twice()),
            Some(there) if there.is_special => {}
            _ => *place = Some(chosen),
        }
    }
    pairs
        .into_iter()
        .map(|(number, (name, pair))| step(dialect, prefix, number, name, pair))
        .collect()
}

fn step(
    dialect: Dialect,
    prefix: &str,
    number: u32,
    name: &str,
    pair: Pair<'_>,
) -> Result<Step, ModuleMigrationError> {
    let database = match dialect {
        Dialect::Sqlite => "SQLite",
        Dialect::Postgres => "PostgreSQL",
    };
    let missing =
        |direction| ModuleMigrationError::Missing { name: name.to_owned(), direction, database };
    let up = pair.up.ok_or_else(|| missing(Direction::Up))?;
    let down = pair.down.ok_or_else(|| missing(Direction::Down))?;
    let statements = |file: &Chosen<'_>| {
        check_migration(dialect, prefix, file.text).map_err(|source| refused(file.path, source))
    };
    Ok(Step {
        number,
        name: name.to_owned(),
        checksum: ArtifactDigest::of(up.text.as_bytes()),
        up: statements(&up)?,
        down: statements(&down)?,
        down_text: down.text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_number_database_and_direction() {
        let file = FileName::read("0012_add_balance.sqlite.down.sql").expect("a name");
        assert_eq!((file.number, file.name), (12, "0012_add_balance"));
        assert_eq!((file.dialect, file.direction), (Some(Dialect::Sqlite), Direction::Down));
        for path in [
            "12_short.up.sql",
            "0000_zero.up.sql",
            "0001_.up.sql",
            "0001_Name.up.sql",
            "0001_name.sql",
            "0001_name.mysql.up.sql",
            "../0001_name.up.sql",
            "0001_name.up.sql.bak",
            "99999999999_name.up.sql",
        ] {
            assert!(FileName::read(path).is_none(), "{path}");
        }
    }
}
