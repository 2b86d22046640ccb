//! What else is written down of where a module stands.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::QuarantineInfo;
use crate::{ModuleRecord, ModuleVersionId};

/// What else is written down of where a module stands: the note of its record, as JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Standing {
    /// Why it has its status, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// The version that is enabled next, where that is another than the one that served last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<ModuleVersionId>,
    /// The version that waits for a consent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) waits: Option<ModuleVersionId>,
    /// The versions before, the last of which is the one to go back to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) before: Vec<ModuleVersionId>,
    /// Until when the version is watched: one that fails too often goes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) watched_until: Option<DateTime<Utc>>,
    /// Why it is quarantined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quarantine: Option<QuarantineInfo>,
    /// The last quarantine, while it may come back soon: how often there was one in a row, and when
    /// the last one ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) relapse: Option<Relapse>,
}

/// A quarantine that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Relapse {
    pub(crate) times: u32,
    pub(crate) ended: DateTime<Utc>,
}

impl Standing {
    /// That of a record. A note of other text is the reason.
    pub(crate) fn of(record: &ModuleRecord) -> Self {
        let Some(note) = &record.note else { return Self::default() };
        serde_json::from_str(note)
            .unwrap_or_else(|_| Self { reason: Some(note.clone()), ..Self::default() })
    }

    /// As the note of a record.
    pub(crate) fn note(&self) -> String {
        serde_json::to_string(self).expect("it has no key that is no text")
    }

    /// The version that is or was the one, for a record: the one that is enabled next.
    pub(crate) fn current(&self, record: &ModuleRecord) -> Option<ModuleVersionId> {
        self.next.or(record.version_id)
    }

    /// The same after a version took over from `old`.
    pub(crate) fn replaced(mut self, old: Option<ModuleVersionId>) -> Self {
        if let Some(old) = old {
            self.before.retain(|id| *id != old);
            self.before.push(old);
            let more = self.before.len().saturating_sub(crate::KEPT_VERSIONS);
            self.before.drain(..more);
        }
        Self { reason: None, next: None, waits: None, quarantine: None, ..self }
    }
}
