//! What a merchant sets up for an app.

use std::collections::BTreeSet;

use czo_core::{Actor, FieldError, FieldErrorCode, RequestContext};
use czo_repo::UnitOfWork;
use sea_orm::Set;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::rows::installation::{ActiveModel, Model};
use super::{AppRegistry, READ, WRITE};
use crate::permissions::installation_of;
use crate::{AppError, ConfigSchema, InstallationId, VaultPlace};

/// What stands for a secret in what is shown, and what says to keep it in what is handed in.
const REDACTED: &str = "[redacted]";

/// The largest configuration, in bytes of JSON.
const MAX_BYTES: usize = 64 * 1024;

/// A configuration as it is kept, sealed.
#[derive(Default, Serialize, Deserialize)]
struct Config {
    values: Map<String, Value>,
    /// The names of what was a secret when it was entered. It stays one when a later version of the
    /// app says that it is none.
    secrets: BTreeSet<String>,
}

impl Config {
    /// What may be shown.
    fn shown(mut self, schema: Option<&ConfigSchema>) -> Value {
        self.secrets.extend(schema.into_iter().flat_map(ConfigSchema::secrets).map(str::to_owned));
        for name in &self.secrets {
            if let Some(value) = self.values.get_mut(name) {
                *value = REDACTED.into();
            }
        }
        Value::Object(self.values)
    }

    /// What is handed in, where secrets that are not entered again stay what they are.
    fn merge(&self, config: &Map<String, Value>, schema: &ConfigSchema) -> Result<Self, AppError> {
        let mut merged = Self { values: config.clone(), secrets: BTreeSet::new() };
        let secrets: BTreeSet<_> = schema.secrets().map(str::to_owned).collect();
        let mut fields = Vec::new();
        for name in secrets.union(&self.secrets) {
            let Some(value) = merged.values.get_mut(name) else { continue };
            let is_kept = value.as_str() == Some(REDACTED);
            match self.values.get(name) {
                Some(kept) if is_kept => *value = kept.clone(),
                None if is_kept => fields.push(FieldError {
                    field: vec![name.clone()],
                    code: FieldErrorCode::Required,
                    message: format!(
                        "expected a value: there is none that `{REDACTED}` could keep"
                    ),
                }),
                _ => {}
            }
            if secrets.contains(name) || is_kept {
                merged.secrets.insert(name.clone());
            }
        }
        if fields.is_empty() { Ok(merged) } else { Err(AppError::Config { fields }) }
    }
}

impl AppRegistry {
    /// What is set up for an app. Secrets are shown to nobody: `"[redacted]"` stands for them.
    /// An empty object where nothing is set up.
    ///
    /// # Errors
    ///
    /// [`AppError::NotFound`]; without `app:read`, and when the database or the vault fails.
    pub async fn config(
        &self,
        ctx: &RequestContext,
        id: InstallationId,
    ) -> Result<Value, AppError> {
        let shop = self.allow(ctx, &READ).await?;
        let row = self.row(shop, id).await?;
        Ok(self.open_config(&row)?.shown(row.manifest.0.config_schema.as_ref()))
    }

    /// Sets an app up: all that is there is replaced, and what is there then is given back as
    /// [`config`](Self::config) does. A secret that is handed in as `"[redacted]"` stays what it is;
    /// one that is left out is removed.
    ///
    /// # Errors
    ///
    /// [`AppError::Config`] with everything that breaks the app's schema, which repeats no value;
    /// [`AppError::NoConfigSchema`], [`AppError::NotFound`], [`AppError::Installing`]; without
    /// `app:write`, and when the database or the vault fails.
    pub async fn configure(
        &self,
        ctx: &RequestContext,
        id: InstallationId,
        config: &Value,
    ) -> Result<Value, AppError> {
        let shop = self.allow(ctx, &WRITE).await?;
        let config = checked(config)?;
        let work = async |tx: &UnitOfWork| {
            let row = self.locked(tx, shop, id).await?;
            let schema = row.manifest.0.config_schema.as_ref().ok_or(AppError::NoConfigSchema)?;
            let merged = self.open_config(&row)?.merge(config, schema)?;
            let values = Value::Object(merged.values);
            let fields = schema.violations(&values);
            let Value::Object(values) = values else { return Err(AppError::NoConfigSchema) };
            if !fields.is_empty() {
                return Err(AppError::Config { fields });
            }
            let merged = Config { values, secrets: merged.secrets };
            let config = Set(Some(self.seal_config(id, &merged)?));
            let changes = ActiveModel { config, ..Default::default() };
            let row = self.change(tx, &row, changes).await?;
            self.tell_updated(tx, ctx, &row, &["config"])?;
            Ok(merged.shown(row.manifest.0.config_schema.as_ref()))
        };
        self.transaction(work).await
    }

    /// What is set up for an app, secrets and all, as JSON: for the app itself, which has shown its
    /// token, in its own shop whatever shop the context names. `None` where nothing is set up.
    ///
    /// # Errors
    ///
    /// [`AppError::NoToken`] for nobody, [`AppError::NotApp`] for everybody but an app,
    /// [`AppError::NotFound`] for one that was removed meanwhile; and when the database or the vault
    /// fails.
    pub async fn own_config(&self, ctx: &RequestContext) -> Result<Option<SecretString>, AppError> {
        if ctx.actor == Actor::Anonymous {
            return Err(AppError::NoToken);
        }
        let (app, shop) = installation_of(&ctx.actor).ok_or(AppError::NotApp)?;
        let row = self.row(shop, app).await?;
        if row.config.is_none() {
            return Ok(None);
        }
        let config = self.open_config(&row)?;
        let text = serde_json::to_string(&config.values).map_err(AppError::Encode)?;
        Ok(Some(text.into()))
    }

    fn open_config(&self, row: &Model) -> Result<Config, AppError> {
        let Some(sealed) = &row.config else { return Ok(Config::default()) };
        let opened = self.shared.vault.open(place(row.id), sealed)?;
        serde_json::from_slice(&opened).map_err(AppError::Encode)
    }

    fn seal_config(&self, id: InstallationId, config: &Config) -> Result<Vec<u8>, AppError> {
        let text = Zeroizing::new(serde_json::to_vec(config).map_err(AppError::Encode)?);
        Ok(self.shared.vault.seal(place(id), &text)?)
    }
}

/// A configuration is an object, and not too large.
fn checked(config: &Value) -> Result<&Map<String, Value>, AppError> {
    let refuse = |code, message: String| {
        let fields = vec![FieldError { field: Vec::new(), code, message }];
        Err(AppError::Config { fields })
    };
    let Value::Object(map) = config else {
        return refuse(FieldErrorCode::Invalid, "expected an object".to_owned());
    };
    if Zeroizing::new(config.to_string()).len() > MAX_BYTES {
        let message = format!("expected at most {} KiB", MAX_BYTES / 1024);
        return refuse(FieldErrorCode::TooLong, message);
    }
    Ok(map)
}

pub(super) fn place(id: InstallationId) -> VaultPlace {
    VaultPlace { table: "app_installation", column: "config", row: id.uuid() }
}
