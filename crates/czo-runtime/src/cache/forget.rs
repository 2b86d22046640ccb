//! What somebody wants the cache to forget.

use czo_cache::NameError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What is to be forgotten: exactly one of `key`, `pattern`, `tag` and `everything`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Forget {
    /// The entry of this key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    /// The entries of all keys like this: `*` is any text, `?` any character, `\` takes the meaning
    /// of what follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pattern: Option<String>,
    /// The entries with this tag, in whatever namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tag: Option<String>,
    /// All entries; of a namespace, where one is named, and of those within.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) everything: bool,
    /// The namespace that it is about: names with `/` between. Keys that are in none, by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
}

/// Why that is nothing to forget.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum ForgetError {
    #[error("say exactly one of `key`, `pattern`, `tag` and `everything`")]
    NotOne,
    #[error("a tag is one of all namespaces: leave `namespace` out")]
    TagInNamespace,
    #[error(transparent)]
    Name(#[from] NameError),
}

/// What was forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Forgotten {
    /// What was asked for.
    #[serde(flatten)]
    pub(crate) meant: Forget,
    /// Whether the other processes were told by Redis; false when it does not answer, and they are
    /// told as soon as it does. Null without Redis: nobody tells them.
    pub(crate) told: Option<bool>,
}

impl Forget {
    /// Refuses what means nothing, or several things.
    pub(super) fn check(&self) -> Result<(), ForgetError> {
        let texts = [&self.key, &self.pattern, &self.tag].into_iter().flatten().count();
        if texts + usize::from(self.everything) != 1 {
            return Err(ForgetError::NotOne);
        }
        if self.tag.is_some() && self.namespace.is_some() {
            return Err(ForgetError::TagInNamespace);
        }
        Ok(())
    }

    /// In the words of people, behind "forgotten:".
    pub(crate) fn in_words(&self) -> String {
        let of = self.namespace.as_ref().map(|name| format!("of namespace `{name}`"));
        let keys_of = of.as_deref().unwrap_or("of no namespace");
        match (&self.key, &self.pattern, &self.tag, &of) {
            (Some(key), ..) => format!("key `{key}` {keys_of}"),
            (_, Some(pattern), ..) => format!("keys like `{pattern}` {keys_of}"),
            (_, _, Some(tag), _) => format!("what has the tag `{tag}`"),
            (.., Some(of)) => format!("everything {of}"),
            _ => "everything".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(body: serde_json::Value) -> Result<String, String> {
        let meant: Forget = serde_json::from_value(body).map_err(|error| error.to_string())?;
        meant.check().map_err(|error| error.to_string())?;
        Ok(meant.in_words())
    }

    #[test]
    fn one_thing_is_meant_and_said_in_words() {
        for (body, words) in [
            (json!({ "key": "k" }), "key `k` of no namespace"),
            (json!({ "key": "k", "namespace": "a/b" }), "key `k` of namespace `a/b`"),
            (json!({ "pattern": "k*", "everything": false }), "keys like `k*` of no namespace"),
            (json!({ "tag": "t" }), "what has the tag `t`"),
            (json!({ "everything": true }), "everything"),
            (json!({ "everything": true, "namespace": "a" }), "everything of namespace `a`"),
        ] {
            assert_eq!(check(body).as_deref(), Ok(words));
        }
    }

    #[test]
    fn nothing_several_things_and_unknown_fields_are_refused() {
        for (body, why) in [
            (json!({}), "exactly one of"),
            (json!({ "namespace": "a" }), "exactly one of"),
            (json!({ "everything": false }), "exactly one of"),
            (json!({ "key": "k", "pattern": "k" }), "exactly one of"),
            (json!({ "key": "k", "everything": true }), "exactly one of"),
            (json!({ "tag": "t", "namespace": "a" }), "leave `namespace` out"),
            (json!({ "keys": ["k"] }), "unknown field `keys`"),
        ] {
            let refusal = check(body.clone()).unwrap_err();
            assert!(refusal.contains(why), "{body}: {refusal}");
        }
    }
}
