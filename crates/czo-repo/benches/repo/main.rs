//! What repositories cost over bare SeaORM: `cargo xtask bench repo`, or without its services
//! `cargo bench --package czo-repo --bench repo -- [--quick]`.
//!
//! Ours and theirs do the same work on the same rows in one process, and take turns in short
//! rounds, so that whatever else the machine does hits both alike. A ratio is the median of the
//! rounds' ratios and says how much of the other's throughput is left: 1 means that a repository
//! costs nothing. Calls come one after the other on one thread, so nothing hides what a call
//! costs. Every answer is looked at: a fast error is no figure.
//!
//! Standard output holds lines `figure <name> <value>` and nothing else.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures and progress are printed")]

mod create_many;
mod find_by_id;
mod keyset;
mod note;
mod options;
mod place;
mod rounds;
mod sqlx_note;
mod statements;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use self::options::Options;
use self::place::Place;

fn main() -> ExitCode {
    let options = Options::parse();
    if !options.bench {
        eprintln!("nothing measured: `cargo bench --package czo-repo --bench repo` does");
        return ExitCode::SUCCESS;
    }
    match all(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Measures everything, PostgreSQL first: nobody waits for figures to read that it is missing.
fn all(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let postgres =
            Box::pin(place::on_postgres(async |place| measure(&place, options, true).await))
                .await?;
        let sqlite =
            Box::pin(place::on_sqlite(async |place| measure(&place, options, false).await)).await?;
        // Of the two databases the one that does worse.
        let (batch, update) = (
            postgres.batch_statements.max(sqlite.batch_statements),
            postgres.update_statements.max(sqlite.update_statements),
        );
        figure("repo_batch_1000_statements", f64::from(batch));
        figure("repo_update_statements", f64::from(update));
        figure("repo_create_many_ratio", postgres.create_many.min(sqlite.create_many));
        let plain = postgres.create_many_plain.min(sqlite.create_many_plain);
        figure("repo_create_many_plain_ratio", plain);
        Ok(())
    })
}

/// The figures that say something about both databases together.
struct Shared {
    batch_statements: u32,
    update_statements: u32,
    create_many: f64,
    create_many_plain: f64,
}

async fn measure(place: &Place, options: &Options, keyset: bool) -> Result<Shared> {
    let name = place.name;
    progress(&format!("{name}: one row by its id"));
    let found = find_by_id::measure(place, options.find_rounds()).await?;
    figure(&format!("repo_{name}_find_by_id_ratio"), found.ratio);
    figure(&format!("repo_{name}_find_by_id_us"), found.repository_us);
    figure(&format!("repo_{name}_find_by_id_seaorm_us"), found.seaorm_us);
    figure(&format!("repo_{name}_find_by_id_sqlx_us"), found.sqlx_us);

    progress(&format!("{name}: statements"));
    let batch_statements = statements::of_a_batch(place).await?;
    let update_statements = statements::of_an_update(place).await?;

    progress(&format!("{name}: {} new rows", create_many::ROWS));
    let created = create_many::measure(place, options.create_rounds()).await?;
    figure(&format!("repo_{name}_create_many_ratio"), created.ratio);
    figure(&format!("repo_{name}_create_many_plain_ratio"), created.plain_ratio);
    figure(&format!("repo_{name}_create_many_rows_per_s"), created.rows_per_second);

    if keyset {
        let rows = options.keyset_rows();
        progress(&format!("{name}: pages of {rows} rows"));
        let pages = keyset::measure(place, rows, options.keyset_rounds()).await?;
        figure("repo_keyset_deep_ratio", pages.ratio);
        figure("repo_keyset_first_us", pages.first_us);
        figure("repo_keyset_deep_us", pages.deep_us);
    }
    Ok(Shared {
        batch_statements,
        update_statements,
        create_many: created.ratio,
        create_many_plain: created.plain_ratio,
    })
}

/// Prints a figure, for machines.
fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}

/// Tells people what is under way.
fn progress(what: &str) {
    eprintln!("{what}");
}
