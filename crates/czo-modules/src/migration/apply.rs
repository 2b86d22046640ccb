//! Migrations are applied and taken back.

use std::time::Duration;

use czo_module_package::ModuleName;
use czo_repo::{DatabaseError, UnitOfWork};
use sea_orm::ConnectionTrait;

use super::file::Step;
use super::{
    AppliedMigration, Direction, MigrationPlan, ModuleMigrationError, ModuleMigrations, applied,
    refused,
};
use crate::sql::check::{Checked, check_migration};
use crate::store::dialect::Dialect;
use crate::store::row;
use crate::{ModuleError, Operation};

/// How long a statement may take on PostgreSQL.
const TIMEOUT: Duration = Duration::from_secs(60);

impl ModuleMigrations {
    /// Applies what of the plan is not applied yet, and returns it. What was applied before an error
    /// stays; see [`down_to`](Self::down_to).
    ///
    /// # Errors
    ///
    /// [`ModuleMigrationError`], and [`LeaseLost`](crate::StoreError::LeaseLost) when the operation is
    /// another node's.
    pub async fn up(
        &self,
        operation: &Operation,
        plan: &MigrationPlan,
    ) -> Result<Vec<AppliedMigration>, ModuleError> {
        let there = self.applied(plan.module()).await?;
        let pending = pending(plan.steps(self.dialect), &there)?;
        let mut done = Vec::with_capacity(pending.len());
        for step in pending {
            let work = async |tx: &UnitOfWork| self.apply(tx, operation, plan, step).await;
            done.push(self.database.transaction(work).await?);
        }
        Ok(done)
    }

    async fn apply(
        &self,
        tx: &UnitOfWork,
        operation: &Operation,
        plan: &MigrationPlan,
        step: &Step,
    ) -> Result<AppliedMigration, ModuleError> {
        self.store.hold(tx, operation).await?;
        self.run(tx, &step.name, Direction::Up, &step.up).await?;
        let insert = "INSERT INTO modules_migration \
                      (module, number, name, checksum, down, applied_at) \
                      VALUES ($1, $2, $3, $4, $5, {now}) \
                      RETURNING number, name, checksum, applied_at";
        let number = i32::try_from(step.number).map_err(|error| row::corrupt("a number", error))?;
        let values = [
            plan.module().as_str().into(),
            number.into(),
            step.name.as_str().into(),
            step.checksum.to_string().into(),
            step.down_text.as_str().into(),
        ];
        let written = tx.query_one_raw(self.dialect.statement(insert, values)).await?;
        applied(&written.ok_or_else(|| row::corrupt("the migration", "nothing was answered"))?)
    }

    /// Takes back what is applied beyond `number`, the newest first, and says how many that were; 0
    /// takes all of it back. No package is needed.
    ///
    /// # Errors
    ///
    /// As [`up`](Self::up); what was taken back before an error stays so.
    pub async fn down_to(
        &self,
        operation: &Operation,
        module: &ModuleName,
        number: u32,
    ) -> Result<usize, ModuleError> {
        let mut beyond = self.applied(module).await?;
        beyond.retain(|migration| migration.number > number);
        for migration in beyond.iter().rev() {
            let work = async |tx: &UnitOfWork| self.revert(tx, operation, module, migration).await;
            self.database.transaction(work).await?;
        }
        Ok(beyond.len())
    }

    async fn revert(
        &self,
        tx: &UnitOfWork,
        operation: &Operation,
        module: &ModuleName,
        migration: &AppliedMigration,
    ) -> Result<(), ModuleError> {
        self.store.hold(tx, operation).await?;
        let delete =
            "DELETE FROM modules_migration WHERE module = $1 AND number = $2 RETURNING down";
        let number =
            i32::try_from(migration.number).map_err(|error| row::corrupt("a number", error))?;
        let values = [module.as_str().into(), number.into()];
        let Some(deleted) = tx.query_one_raw(self.dialect.statement(delete, values)).await? else {
            return Ok(());
        };
        let text: String = row::get(&deleted, "down")?;
        // It was looked at when it was applied, by the rules of that version.
        let down = check_migration(self.dialect, &module.table_prefix(), &text)
            .map_err(|source| refused(&migration.name, source))?;
        self.run(tx, &migration.name, Direction::Down, &down).await
    }

    async fn run(
        &self,
        tx: &UnitOfWork,
        name: &str,
        direction: Direction,
        statements: &[Checked],
    ) -> Result<(), ModuleError> {
        if self.dialect == Dialect::Postgres {
            let limit = format!("SET LOCAL statement_timeout = {}", TIMEOUT.as_millis());
            tx.execute_unprepared(&limit).await?;
        }
        for statement in statements {
            tx.execute_unprepared(&statement.text).await.map_err(|error| {
                let (name, source) = (name.to_owned(), DatabaseError::from(error));
                ModuleMigrationError::Failed { name, direction, source }
            })?;
        }
        Ok(())
    }
}

/// What is not applied yet, if all that is applied is as it was.
fn pending<'s>(
    steps: &'s [Step],
    there: &[AppliedMigration],
) -> Result<Vec<&'s Step>, ModuleMigrationError> {
    for migration in there {
        let name = || migration.name.clone();
        match steps.iter().find(|step| step.number == migration.number) {
            None => return Err(ModuleMigrationError::Unknown { name: name() }),
            Some(step) if step.checksum != migration.checksum => {
                return Err(ModuleMigrationError::Changed { name: name() });
            }
            Some(_) => {}
        }
    }
    let last = there.last().map_or(0, |migration| migration.number);
    let is_there = |step: &&Step| there.iter().any(|migration| migration.number == step.number);
    let pending: Vec<_> = steps.iter().filter(|step| !is_there(step)).collect();
    match pending.iter().find(|step| step.number < last) {
        Some(step) => Err(ModuleMigrationError::OutOfOrder { name: step.name.clone() }),
        None => Ok(pending),
    }
}
