//! Whether a configuration is as the manifest says.

use czo_core::{FieldError, FieldErrorCode};
use serde_json::Value;

/// The largest configuration, in bytes of JSON.
const MAX_BYTES: usize = 64 << 10;

/// How many faults are told.
const MOST: usize = 50;

/// Everything that is wrong with a configuration; nothing if it may be set. Values are not repeated:
/// they may be secrets.
pub(crate) fn check(schema: Option<&Value>, config: &Value) -> Vec<FieldError> {
    let whole = |message: String| vec![FieldError::new("", FieldErrorCode::Invalid, message)];
    if !config.is_object() {
        return whole("expected an object".to_owned());
    }
    if config.to_string().len() > MAX_BYTES {
        return vec![FieldError::new(
            "",
            FieldErrorCode::TooLong,
            format!("expected at most {MAX_BYTES} bytes of JSON"),
        )];
    }
    let Some(schema) = schema else {
        let is_empty = config.as_object().is_some_and(serde_json::Map::is_empty);
        let message = "the module has nothing that can be set up: its manifest has no `config`";
        return if is_empty { Vec::new() } else { whole(message.to_owned()) };
    };
    // A schema refers neither to files nor to the network: the library is built without either.
    let validator = match jsonschema::draft202012::new(schema) {
        Ok(validator) => validator,
        Err(_) => return whole("the schema of the manifest is none".to_owned()),
    };
    let fault = |error: jsonschema::ValidationError<'_>| {
        let path = error.instance_path().to_string();
        let field = path.split('/').filter(|it| !it.is_empty()).map(str::to_owned).collect();
        let code = FieldErrorCode::Invalid;
        FieldError { field, code, message: error.masked().to_string() }
    };
    validator.iter_errors(config).take(MOST).map(fault).collect()
}
