//! `cargo xtask infra status`.

use anyhow::Result;
use serde_json::{Value, json};

use crate::terminal;
use crate::workspace::Workspace;

use super::address::Address;
use super::service::Service;
use super::settings::Settings;
use super::state::{self, Record};

/// Prints each service, where it is, who provides it and whether it answers. Nothing is changed.
pub(crate) fn show(workspace: &Workspace, as_json: bool) -> Result<()> {
    let settings = Settings::load(workspace.root())?;
    let records = state::peek(workspace.root())?;
    let rows: Vec<Row> = settings
        .addresses()?
        .into_iter()
        .map(|(service, configured)| Row::of(service, configured, records.get(&service)))
        .collect();
    if as_json {
        let rows: Vec<Value> = rows.iter().map(Row::json).collect();
        terminal::result(serde_json::to_string_pretty(&rows)?)?;
    } else {
        for row in &rows {
            terminal::result(row.line())?;
        }
    }
    Ok(())
}

struct Row {
    service: Service,
    address: Address,
    provided: String,
    silence: Option<String>,
}

impl Row {
    fn of(service: Service, configured: Address, record: Option<&Record>) -> Self {
        let (address, provided) = match record {
            Some(record) => (record.address.clone(), record.how.to_string()),
            None => (configured, "not by xtask".to_owned()),
        };
        let silence = service.probe(&address).err().map(|reason| format!("{reason:#}"));
        Self { service, address, provided, silence }
    }

    fn line(&self) -> String {
        let answers = match &self.silence {
            None => "answers".to_owned(),
            Some(reason) => format!("does not answer: {reason}"),
        };
        format!("{:<9} {} ({}), {answers}", self.service.name(), self.address, self.provided)
    }

    fn json(&self) -> Value {
        json!({
            "service": self.service.name(),
            "variable": self.service.variable(),
            "url": self.address.redacted(),
            "provided": self.provided,
            "answers": self.silence.is_none(),
            "reason": self.silence,
        })
    }
}
