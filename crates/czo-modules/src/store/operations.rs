//! Operations on modules, one at a time for each.

use czo_module_package::ModuleName;
use czo_repo::UnitOfWork;
use sea_orm::QueryResult;
use serde_json::Value;

use super::{
    ModuleOperationId, ModuleStore, OPERATION_LEASE, Operation, OperationKind, OperationOutcome,
    OperationRecord, StoreError, row,
};
use crate::ModuleError;

/// How many ended operations of a module are remembered.
const REMEMBERED: usize = 50;

impl ModuleStore {
    /// Begins an operation on a module, which need not be installed. `data` is what it takes to
    /// finish it on another node.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] while another one is not ended.
    pub async fn begin_operation(
        &self,
        module: &ModuleName,
        kind: OperationKind,
        data: &Value,
    ) -> Result<Operation, ModuleError> {
        let id = ModuleOperationId::generate(&*self.ids);
        let text = row::to_json("the operation", data)?;
        let insert = "INSERT INTO modules_operation \
                      (id, module, kind, data, fence, lease_until, started_at) \
                      VALUES ($1, $2, $3, $4, 1, {now} + $5, {now}) \
                      ON CONFLICT (module) WHERE finished_at IS NULL DO NOTHING \
                      RETURNING id, module, kind, data, fence, started_at";
        let running = "SELECT id, kind FROM modules_operation \
                       WHERE module = $1 AND finished_at IS NULL";
        self.database
            .transaction(async |tx: &UnitOfWork| {
                let values = [
                    id.into(),
                    module.as_str().into(),
                    kind.as_str().into(),
                    text.clone().into(),
                    lease_millis().into(),
                ];
                if let Some(begun) = self.write(tx, insert, values).await?.first() {
                    return operation(begun);
                }
                let rows = self.write(tx, running, [module.as_str().into()]).await?;
                // It may have ended this moment; whoever asks again finds out.
                let (operation, kind) = match rows.first() {
                    Some(row) => {
                        (row::get(row, "id")?, row::word(row, "kind", OperationKind::from_word)?)
                    }
                    None => (id, kind),
                };
                Err(StoreError::Busy { module: module.clone(), kind, operation }.into())
            })
            .await
    }

    /// Keeps an operation for another [`OPERATION_LEASE`].
    ///
    /// # Errors
    ///
    /// [`StoreError::LeaseLost`]: then nothing more may be done for it.
    pub async fn renew(&self, operation: &Operation) -> Result<(), ModuleError> {
        self.database.transaction(async |tx: &UnitOfWork| self.hold(tx, operation).await).await
    }

    /// Makes sure that an operation is this node's until `tx` ends, and renews it. Call it first in a
    /// unit of work that changes what the operation is about.
    ///
    /// # Errors
    ///
    /// [`StoreError::LeaseLost`]: then nothing more may be done for it.
    pub async fn hold(&self, tx: &UnitOfWork, operation: &Operation) -> Result<(), ModuleError> {
        let update = "UPDATE modules_operation SET lease_until = {now} + $3 \
                      WHERE id = $1 AND fence = $2 AND finished_at IS NULL RETURNING id";
        let values = [operation.id.into(), operation.fence.into(), lease_millis().into()];
        if self.write(tx, update, values).await?.is_empty() {
            return Err(lost(operation));
        }
        Ok(())
    }

    /// Ends an operation as a part of `tx`, with what became of it.
    ///
    /// # Errors
    ///
    /// [`StoreError::LeaseLost`].
    pub async fn finish(
        &self,
        tx: &UnitOfWork,
        operation: &Operation,
        outcome: OperationOutcome,
        note: Option<&str>,
    ) -> Result<(), ModuleError> {
        let update = "UPDATE modules_operation SET finished_at = {now}, outcome = $3, note = $4 \
                      WHERE id = $1 AND fence = $2 AND finished_at IS NULL RETURNING id";
        let values = [
            operation.id.into(),
            operation.fence.into(),
            outcome.as_str().into(),
            note.map(str::to_owned).into(),
        ];
        if self.write(tx, update, values).await?.is_empty() {
            return Err(lost(operation));
        }
        let forget = format!(
            "DELETE FROM modules_operation WHERE module = $1 AND finished_at IS NOT NULL \
             AND id NOT IN (SELECT id FROM modules_operation WHERE module = $1 \
                            ORDER BY started_at DESC, id DESC LIMIT {REMEMBERED})"
        );
        self.write(tx, &forget, [operation.module.as_str().into()]).await.map(drop)
    }

    /// The operations that were not ended, the oldest first: of those that are not
    /// [held](OperationRecord::is_held) a node was killed.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn unfinished(&self) -> Result<Vec<OperationRecord>, ModuleError> {
        let query = "SELECT id, module, kind, started_at, finished_at, outcome, note, \
                     CASE WHEN lease_until > {now} THEN 1 ELSE 0 END AS held \
                     FROM modules_operation WHERE finished_at IS NULL ORDER BY started_at, id";
        self.read(query, []).await?.iter().map(record).collect()
    }

    /// The last operations on a module, the newest first; 50 are remembered.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn operations(
        &self,
        module: &ModuleName,
    ) -> Result<Vec<OperationRecord>, ModuleError> {
        let query = "SELECT id, module, kind, started_at, finished_at, outcome, note, \
                     CASE WHEN finished_at IS NULL AND lease_until > {now} THEN 1 ELSE 0 END AS held \
                     FROM modules_operation WHERE module = $1 ORDER BY started_at DESC, id DESC";
        self.read(query, [module.as_str().into()]).await?.iter().map(record).collect()
    }

    /// Takes over an operation that nobody holds any more, to finish or to undo it; none where
    /// somebody does, or where it has ended. Whoever held it before can do nothing more for it.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn take_over(&self, id: ModuleOperationId) -> Result<Option<Operation>, ModuleError> {
        let update = "UPDATE modules_operation SET fence = fence + 1, lease_until = {now} + $2 \
                      WHERE id = $1 AND finished_at IS NULL AND lease_until <= {now} \
                      RETURNING id, module, kind, data, fence, started_at";
        self.database
            .transaction(async |tx: &UnitOfWork| {
                let rows = self.write(tx, update, [id.into(), lease_millis().into()]).await?;
                rows.first().map(operation).transpose()
            })
            .await
    }
}

pub(super) fn lost(operation: &Operation) -> ModuleError {
    StoreError::LeaseLost { operation: operation.id, lease: OPERATION_LEASE }.into()
}

fn lease_millis() -> i64 {
    i64::try_from(OPERATION_LEASE.as_millis()).unwrap_or(i64::MAX)
}

fn operation(row: &QueryResult) -> Result<Operation, ModuleError> {
    Ok(Operation {
        id: row::get(row, "id")?,
        module: row::parse(row, "module")?,
        kind: row::word(row, "kind", OperationKind::from_word)?,
        data: row::json(row, "data")?,
        started_at: row::time(row, "started_at")?,
        fence: row::get(row, "fence")?,
    })
}

fn record(row: &QueryResult) -> Result<OperationRecord, ModuleError> {
    let ended = match row::time_or_none(row, "finished_at")? {
        Some(at) => Some((at, row::word(row, "outcome", OperationOutcome::from_word)?)),
        None => None,
    };
    Ok(OperationRecord {
        id: row::get(row, "id")?,
        module: row::parse(row, "module")?,
        kind: row::word(row, "kind", OperationKind::from_word)?,
        started_at: row::time(row, "started_at")?,
        ended,
        note: row::get(row, "note")?,
        is_held: row::get::<i32>(row, "held")? == 1,
    })
}
