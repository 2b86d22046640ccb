//! An operation that this process holds.

use std::ops::Deref;
use std::sync::Arc;

use czo_core::describe;
use czo_module_package::ModuleName;
use serde_json::Value;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::shared::Shared;
use crate::{ModuleError, OPERATION_LEASE, Operation, OperationKind};

/// An operation that this process holds: it is renewed until this is dropped.
pub(crate) struct Held {
    operation: Operation,
    _end: DropGuard,
}

impl Shared {
    /// Begins an operation on a module: nobody else does another one, on the whole cluster.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`](crate::StoreError::Busy).
    pub(crate) async fn hold(
        self: &Arc<Self>,
        name: &ModuleName,
        kind: OperationKind,
        data: &Value,
    ) -> Result<Held, ModuleError> {
        Ok(self.keep(self.store.begin_operation(name, kind, data).await?))
    }

    /// Renews an operation of this process until what is returned is dropped.
    pub(crate) fn keep(self: &Arc<Self>, operation: Operation) -> Held {
        let end = CancellationToken::new();
        let (shared, renewed, told) = (self.clone(), operation.clone(), end.clone());
        self.tasks.spawn(async move {
            let renew = async {
                loop {
                    tokio::time::sleep(OPERATION_LEASE / 3).await;
                    if let Err(error) = shared.store.renew(&renewed).await {
                        let (operation, error) = (renewed.id, describe(&error));
                        tracing::warn!(%operation, error, "an operation on a module is not renewed");
                    }
                }
            };
            tokio::select! {
                () = told.cancelled() => {}
                () = renew => {}
            }
        });
        Held { operation, _end: end.drop_guard() }
    }

    /// Undoes an operation that did not come to what it was for, ends it, and gives back why. Where it
    /// can't be undone now, its lease ends, and then whoever looks undoes it.
    pub(crate) async fn give_up(&self, operation: &Operation, error: ModuleError) -> ModuleError {
        let note = describe(&error);
        if let Err(error) = self.undo(operation, &note).await {
            let (operation, error) = (operation.id, describe(&error));
            tracing::error!(%operation, error, "an operation on a module is not undone yet");
        }
        error
    }
}

impl Deref for Held {
    type Target = Operation;

    fn deref(&self) -> &Operation {
        &self.operation
    }
}
