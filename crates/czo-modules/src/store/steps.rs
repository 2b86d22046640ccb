//! The steps of an operation: what to undo or to finish after a crash.

use czo_repo::UnitOfWork;
use sea_orm::QueryResult;
use serde_json::Value;

use super::modules::first;
use super::{ModuleStore, Operation, StepNumber, StepRecord, row};
use crate::ModuleError;

impl ModuleStore {
    /// Writes down that a step begins, with what it takes to undo it. Committed before it returns:
    /// do the step then.
    ///
    /// # Errors
    ///
    /// [`LeaseLost`](super::StoreError::LeaseLost): then it must not be done.
    pub async fn step(
        &self,
        operation: &Operation,
        name: &str,
        data: &Value,
    ) -> Result<StepNumber, ModuleError> {
        let text = row::to_json("a step", data)?;
        let insert = "INSERT INTO modules_step (operation_id, number, name, data, started_at) \
                      SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, {now} FROM modules_step \
                      WHERE operation_id = $1 RETURNING number";
        self.database
            .transaction(async |tx: &UnitOfWork| {
                self.hold(tx, operation).await?;
                let values = [operation.id.into(), name.into(), text.clone().into()];
                let rows = self.write(tx, insert, values).await?;
                Ok(StepNumber(row::get(first(&rows, "the step")?, "number")?))
            })
            .await
    }

    /// Writes down, as a part of `tx`, that a step is done. What it did in the database belongs into
    /// the same unit of work.
    ///
    /// # Errors
    ///
    /// [`LeaseLost`](super::StoreError::LeaseLost).
    pub async fn step_done(
        &self,
        tx: &UnitOfWork,
        operation: &Operation,
        step: StepNumber,
    ) -> Result<(), ModuleError> {
        self.hold(tx, operation).await?;
        let update = "UPDATE modules_step SET finished_at = {now} \
                      WHERE operation_id = $1 AND number = $2";
        self.write(tx, update, [operation.id.into(), step.0.into()]).await.map(drop)
    }

    /// Forgets, as a part of `tx`, a step that was undone.
    ///
    /// # Errors
    ///
    /// [`LeaseLost`](super::StoreError::LeaseLost).
    pub async fn step_undone(
        &self,
        tx: &UnitOfWork,
        operation: &Operation,
        step: StepNumber,
    ) -> Result<(), ModuleError> {
        self.hold(tx, operation).await?;
        let delete = "DELETE FROM modules_step WHERE operation_id = $1 AND number = $2";
        self.write(tx, delete, [operation.id.into(), step.0.into()]).await.map(drop)
    }

    /// The steps of an operation, in the order in which they began. Undo them from the last.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn steps(&self, operation: &Operation) -> Result<Vec<StepRecord>, ModuleError> {
        let query = "SELECT number, name, data, finished_at FROM modules_step \
                     WHERE operation_id = $1 ORDER BY number";
        self.read(query, [operation.id.into()]).await?.iter().map(record).collect()
    }
}

fn record(row: &QueryResult) -> Result<StepRecord, ModuleError> {
    Ok(StepRecord {
        number: StepNumber(row::get(row, "number")?),
        name: row::get(row, "name")?,
        data: row::json(row, "data")?,
        finished_at: row::time_or_none(row, "finished_at")?,
    })
}
