//! What the tests share: a place to run in, the program as a process, and those who talk to it.

mod app;
mod asking;
mod client;
mod log;
mod module;
mod postgres;
mod process;
mod rabbitmq;
mod server;
mod site;
mod wait;

pub(crate) use app::App;
pub(crate) use asking::Asking;
pub(crate) use client::{Client, code_of, user_error};
pub(crate) use log::{Event, events};
pub(crate) use module::ModuleFolder;
pub(crate) use postgres::PostgresDatabase;
pub(crate) use process::{Finished, Process};
pub(crate) use rabbitmq::Broker;
pub(crate) use server::Server;
pub(crate) use site::Site;
pub(crate) use wait::eventually;

/// Turns each `async fn name(site: Site) { … }` into two tests, `name::sqlite` and
/// `name::postgres`, each on a site of its own with the demo shop.
macro_rules! on_each_database {
    ($($(#[$meta:meta])* async fn $name:ident($site:ident: Site) $body:block)+) => {
        $(
            $(#[$meta])*
            mod $name {
                use super::*;

                async fn test($site: Site) $body

                #[tokio::test]
                async fn sqlite() {
                    test(Site::sqlite()).await;
                }

                #[tokio::test]
                async fn postgres() {
                    test(Site::postgres().await).await;
                }
            }
        )+
    };
}

pub(crate) use on_each_database;
