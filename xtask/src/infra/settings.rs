//! The settings of the services: the environment over `.env` over the defaults.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};

use super::address::Address;
use super::dotenv;
use super::service::Service;

/// Looks variables up in the environment first and in `.env` second; an empty one counts as not
/// set.
pub(crate) struct Settings {
    file: BTreeMap<String, String>,
    environment: fn(&str) -> Option<String>,
}

impl Settings {
    /// Reads `.env` at the root, if there is one.
    pub(crate) fn load(root: &Path) -> Result<Self> {
        let path = root.join(".env");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).context("cannot read .env"),
        };
        let file = dotenv::parse(&text).context("cannot read .env")?;
        Ok(Self { file, environment: |name| env::var(name).ok() })
    }

    /// The value of a variable, or its default.
    pub(crate) fn get_or(&self, name: &str, default: &str) -> String {
        self.get(name).unwrap_or_else(|| default.to_owned())
    }

    /// Where each service is configured to be.
    pub(crate) fn addresses(&self) -> Result<Vec<(Service, Address)>> {
        Service::ALL
            .into_iter()
            .map(|service| {
                let url = self.get_or(service.variable(), service.default_url());
                Ok((service, Address::parse(service, &url)?))
            })
            .collect()
    }

    fn get(&self, name: &str) -> Option<String> {
        (self.environment)(name)
            .or_else(|| self.file.get(name).cloned())
            .filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(file: &str, environment: fn(&str) -> Option<String>) -> Result<Settings> {
        Ok(Settings { file: dotenv::parse(file)?, environment })
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_default() -> Result<()> {
        let settings =
            settings("A=file\nB=file\nC=\n", |name| (name == "A").then(|| "env".into()))?;
        assert_eq!(settings.get_or("A", "default"), "env");
        assert_eq!(settings.get_or("B", "default"), "file");
        assert_eq!(settings.get_or("C", "default"), "default");
        Ok(())
    }

    #[test]
    fn without_settings_every_service_is_at_its_usual_place() -> Result<()> {
        let urls: Vec<_> = settings("", |_| None)?.addresses()?;
        assert!(urls.iter().all(|(service, address)| address.url() == service.default_url()));
        assert_eq!(urls.len(), Service::ALL.len());
        Ok(())
    }

    #[test]
    fn the_example_file_is_read_and_its_urls_agree_with_its_credentials() -> Result<()> {
        let example = include_str!("../../../.env.example");
        let settings = settings(example, |_| None)?;
        for (service, address) in settings.addresses()? {
            let started = super::super::docker::address(&settings, service)?;
            assert_eq!(address.url(), started.url());
        }
        Ok(())
    }
}
