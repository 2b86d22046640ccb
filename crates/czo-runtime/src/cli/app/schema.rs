//! `app schema`

use czo_apps::AppManifest;

use crate::cli::output::print_json;

pub(super) fn print_schema() -> anyhow::Result<()> {
    print_json(&AppManifest::schema())
}
