//! What a process left half done.

use std::sync::Arc;

use czo_core::describe;
use czo_repo::UnitOfWork;
use serde_json::Value;

use super::shared::Shared;
use super::standing::Standing;
use super::switch::MIGRATE;
use crate::{ModuleError, Operation, OperationOutcome};

/// The step that goes back to a version, and takes back the migrations that this one lacks. Where it
/// has come to the version, the rest is finished.
pub(crate) const TAKE_BACK: &str = "take-back";

impl Shared {
    /// Finishes or undoes operations whose process is gone. Those of a process that lives are held by
    /// it, and one that was killed counts as alive for [`OPERATION_LEASE`](crate::OPERATION_LEASE).
    ///
    /// # Errors
    ///
    /// When the database can't be read. What can't be undone is logged, and looked at again.
    pub(crate) async fn recover(self: &Arc<Self>) -> Result<(), ModuleError> {
        for left in self.store.unfinished().await? {
            if left.is_held {
                continue;
            }
            let Some(operation) = self.store.take_over(left.id).await? else { continue };
            let held = self.keep(operation);
            let (operation, module, kind) = (held.id, &held.module, held.kind);
            let undone = self.undo(&held, "the process that did it is gone").await;
            match undone {
                Ok(()) => tracing::warn!(%operation, %module, %kind, "an operation was cleared up"),
                Err(error) => {
                    let error = describe(&error);
                    tracing::error!(%operation, %module, %kind, error, "an operation is not undone");
                }
            }
        }
        Ok(())
    }

    /// Undoes the steps of an operation, the last first, and ends it; one that had come so far that it
    /// only cleared up is finished.
    ///
    /// # Errors
    ///
    /// When the database fails; it may be called again.
    pub(crate) async fn undo(&self, operation: &Operation, note: &str) -> Result<(), ModuleError> {
        let mut outcome = OperationOutcome::Undone;
        for step in self.store.steps(operation).await?.into_iter().rev() {
            let number = |field: &str| {
                let number = step.data.get(field).and_then(Value::as_u64);
                number.and_then(|number| u32::try_from(number).ok())
            };
            let target = match step.name.as_str() {
                MIGRATE => number("from"),
                TAKE_BACK if self.has_gone_back(operation, &step.data).await? => {
                    outcome = OperationOutcome::Done;
                    number("to")
                }
                _ => None,
            };
            if let Some(target) = target {
                self.migrations.down_to(operation, &operation.module, target).await?;
            }
        }
        let finish =
            async |tx: &UnitOfWork| self.store.finish(tx, operation, outcome, Some(note)).await;
        self.store.database().transaction(finish).await
    }

    async fn has_gone_back(
        &self,
        operation: &Operation,
        step: &Value,
    ) -> Result<bool, ModuleError> {
        let record = self.store.module(&operation.module).await?;
        let current = record.and_then(|record| Standing::of(&record).current(&record));
        let version = step.get("version").and_then(Value::as_str);
        Ok(current.is_some_and(|current| Some(current.to_string().as_str()) == version))
    }
}
