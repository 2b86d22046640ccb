//! `app`

mod fetcher;
mod listen;
mod schema;
mod secrets;
mod validate;

use clap::Subcommand;

use crate::Czo;

/// Help those who write an app.
#[derive(Debug, Subcommand)]
pub enum AppCommand {
    /// Print the JSON Schema of a manifest
    ///
    /// For editors, which take it by the field `$schema` of a manifest, and for generators. What fits it
    /// may still be refused: which events and permissions there are only `validate` knows.
    Schema,
    /// Say everything that is wrong with a manifest
    ///
    /// Each problem stands in a line of its own, with its place as a JSON Pointer and, where something
    /// is near, with what was probably meant. The manifest is held to the version, the events and the
    /// permissions of this program, as at an installation; nothing at the URLs in it is asked. The exit
    /// status is 1 when there is a problem. Needs neither a configuration nor a server.
    Validate(validate::ValidateArgs),
    /// Receive deliveries on this machine, and say of each whether it is czo's
    ///
    /// Listens on 127.0.0.1, takes a POST to any path, and prints one line for each: its id, the
    /// type of the event, and whether the signature fits; secrets are never printed. What fits is
    /// answered with 204, or with what the app says by `--forward`; everything else with 401. It keeps
    /// nothing, and takes no part in a handshake. Ends with Ctrl-C.
    Listen(listen::ListenArgs),
}

impl AppCommand {
    /// None of them needs a configuration.
    pub(super) async fn execute(&self, czo: &Czo) -> anyhow::Result<()> {
        match self {
            Self::Schema => schema::print_schema(),
            Self::Validate(args) => args.execute(czo).await,
            Self::Listen(args) => args.execute().await,
        }
    }
}
