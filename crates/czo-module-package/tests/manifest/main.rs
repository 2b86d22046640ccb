//! Reading manifests.

mod examples;
mod form;
mod rules;
mod schema;
