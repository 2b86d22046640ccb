//! `jobs_job` and `jobs_slot`.
//!
//! Times are milliseconds since 1970, by the clock of the database: workers compare and add them
//! in SQL, which both databases do alike with numbers only.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[derive(DeriveIden)]
enum JobsJob {
    Table,
    Id,
    Name,
    Payload,
    State,
    Priority,
    Attempts,
    MaxAttempts,
    Retry,
    UniqueKey,
    Context,
    EnqueuedAt,
    RunAt,
    StartedAt,
    FinishedAt,
    Progress,
    Reason,
    Cancelling,
    Fence,
    Worker,
    LeaseUntil,
}

#[derive(DeriveIden)]
enum JobsSlot {
    Table,
    Schedule,
    Slot,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(jobs()).await?;
        manager.create_table(slots()).await?;

        // 0 waiting, 1 running, 2 succeeded, 3 cancelled, 4 dead. No index holds the jobs that
        // succeeded, so that a million of them change nothing.
        let connection = manager.get_connection();
        for index in [
            "CREATE INDEX jobs_job_due_idx ON jobs_job (name, priority, run_at, id) WHERE state = 0",
            "CREATE INDEX jobs_job_lease_idx ON jobs_job (lease_until) WHERE state = 1",
            "CREATE INDEX jobs_job_dead_idx ON jobs_job (id) WHERE state = 4",
            "CREATE UNIQUE INDEX jobs_job_unique_key ON jobs_job (name, unique_key) WHERE state < 2 AND unique_key IS NOT NULL",
        ] {
            connection.execute_unprepared(index).await?;
        }
        if manager.get_database_backend() == sea_orm::DbBackend::Postgres {
            // Each job is written three times in its life; what that leaves is cleared soon.
            let vacuum = "ALTER TABLE jobs_job SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000)";
            connection.execute_unprepared(vacuum).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(JobsSlot::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(JobsJob::Table).to_owned()).await
    }
}

fn jobs() -> TableCreateStatement {
    use JobsJob as J;
    Table::create()
        .table(J::Table)
        .col(ColumnDef::new(J::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(J::Name).text().not_null())
        // JSON text, which nothing in the database looks into.
        .col(ColumnDef::new(J::Payload).text().not_null())
        .col(ColumnDef::new(J::State).integer().not_null())
        .col(ColumnDef::new(J::Priority).integer().not_null())
        .col(ColumnDef::new(J::Attempts).integer().not_null())
        .col(ColumnDef::new(J::MaxAttempts).integer().not_null())
        // Its delays in milliseconds, as JSON text.
        .col(ColumnDef::new(J::Retry).text().not_null())
        .col(ColumnDef::new(J::UniqueKey).text())
        .col(ColumnDef::new(J::Context).text())
        .col(ColumnDef::new(J::EnqueuedAt).big_integer().not_null())
        .col(ColumnDef::new(J::RunAt).big_integer().not_null())
        .col(ColumnDef::new(J::StartedAt).big_integer())
        .col(ColumnDef::new(J::FinishedAt).big_integer())
        .col(ColumnDef::new(J::Progress).text())
        .col(ColumnDef::new(J::Reason).text())
        .col(ColumnDef::new(J::Cancelling).boolean().not_null())
        // Grows with each claim.
        .col(ColumnDef::new(J::Fence).big_integer().not_null())
        .col(ColumnDef::new(J::Worker).text())
        .col(ColumnDef::new(J::LeaseUntil).big_integer())
        .to_owned()
}

fn slots() -> TableCreateStatement {
    Table::create()
        .table(JobsSlot::Table)
        .col(ColumnDef::new(JobsSlot::Schedule).text().not_null().primary_key())
        .col(ColumnDef::new(JobsSlot::Slot).big_integer().not_null())
        .to_owned()
}
