//! Statements that change tables, which only migrations may have.

use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, CheckConstraint, ColumnDef,
    ColumnOption, ColumnOptionDef, CreateIndex, CreateTable, ForeignKeyConstraint, GeneratedAs,
    Ident, IndexColumn, ObjectType, PrimaryKeyConstraint, RenameTableNameKind, Statement,
    TableConstraint, UniqueConstraint,
};

use super::types::data_type;
use super::{Checker, SqlRefusal, none};
use crate::sql::dialect::parse;
use crate::store::dialect::Dialect;

impl Checker<'_> {
    pub(super) fn migration_statement(
        &mut self,
        statement: &mut Statement,
    ) -> Result<(), SqlRefusal> {
        self.is_read = false;
        match statement {
            Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) => {
                self.write(statement)
            }
            Statement::CreateTable(table) => self.create_table(table),
            Statement::CreateIndex(index) => self.create_index(index),
            Statement::AlterTable(table) => self.alter_table(table),
            Statement::Drop {
                object_type,
                if_exists: _,
                names,
                cascade,
                restrict: _,
                purge,
                temporary,
                table,
            } => {
                let is_known = matches!(object_type, ObjectType::Table | ObjectType::Index);
                none(is_known, "DROP of anything but a table or an index")?;
                none(!*cascade, "CASCADE")?;
                none(!*purge && !*temporary && table.is_none(), "this form of DROP")?;
                names.iter_mut().try_for_each(|name| self.table(name))
            }
            _ => Err(SqlRefusal::MigrationStatement),
        }
    }

    fn create_table(&mut self, table: &mut CreateTable) -> Result<(), SqlRefusal> {
        self.table(&mut table.name)?;
        self.each(&mut table.columns, Self::column_definition)?;
        self.each(&mut table.constraints, Self::constraint)?;
        // Whatever else a table may be is refused: this one is compared with the plainest.
        let mut plain = plain_table()?;
        plain.name.clone_from(&table.name);
        plain.columns.clone_from(&table.columns);
        plain.constraints.clone_from(&table.constraints);
        plain.if_not_exists = table.if_not_exists;
        none(plain == *table, "anything but columns and constraints in CREATE TABLE")
    }

    fn column_definition(&mut self, column: &mut ColumnDef) -> Result<(), SqlRefusal> {
        let ColumnDef { name, data_type: of, options } = column;
        self.name(name)?;
        data_type(of)?;
        self.each(options, Self::column_option)
    }

    fn column_option(&mut self, option: &mut ColumnOptionDef) -> Result<(), SqlRefusal> {
        let ColumnOptionDef { name, option } = option;
        self.constraint_name(name)?;
        match option {
            ColumnOption::Null | ColumnOption::NotNull => Ok(()),
            ColumnOption::Default(value) => self.expression(value),
            ColumnOption::PrimaryKey(key) => self.primary_key(key),
            ColumnOption::Unique(unique) => self.unique(unique),
            ColumnOption::ForeignKey(key) => self.foreign_key(key),
            ColumnOption::Check(check) => self.check(check),
            ColumnOption::Generated {
                generated_as: GeneratedAs::Always | GeneratedAs::ByDefault,
                sequence_options,
                generation_expr: None,
                generation_expr_mode: None,
                generated_keyword: _,
            } => {
                let is_plain = sequence_options.as_ref().is_none_or(Vec::is_empty);
                none(is_plain, "options of a sequence")?;
                none(self.dialect == Dialect::Postgres, "GENERATED … AS IDENTITY on SQLite")
            }
            _ => Err(SqlRefusal::Clause("this property of a column")),
        }
    }

    fn constraint(&mut self, constraint: &mut TableConstraint) -> Result<(), SqlRefusal> {
        match constraint {
            TableConstraint::PrimaryKey(key) => self.primary_key(key),
            TableConstraint::Unique(unique) => self.unique(unique),
            TableConstraint::ForeignKey(key) => self.foreign_key(key),
            TableConstraint::Check(check) => self.check(check),
            _ => Err(SqlRefusal::Clause("this kind of constraint")),
        }
    }

    fn primary_key(&mut self, key: &mut PrimaryKeyConstraint) -> Result<(), SqlRefusal> {
        let PrimaryKeyConstraint {
            name,
            index_name,
            index_type,
            columns,
            include,
            index_options,
            characteristics,
        } = key;
        let is_plain = index_name.is_none()
            && index_type.is_none()
            && include.is_empty()
            && index_options.is_empty()
            && characteristics.is_none();
        none(is_plain, "anything but columns in PRIMARY KEY")?;
        self.constraint_name(name)?;
        self.each(columns, Self::index_column)
    }

    fn unique(&mut self, unique: &mut UniqueConstraint) -> Result<(), SqlRefusal> {
        let UniqueConstraint {
            name,
            index_name,
            index_type_display: _,
            index_type,
            columns,
            include,
            index_options,
            characteristics,
            nulls_distinct: _,
        } = unique;
        let is_plain = index_name.is_none()
            && index_type.is_none()
            && include.is_empty()
            && index_options.is_empty()
            && characteristics.is_none();
        none(is_plain, "anything but columns in UNIQUE")?;
        self.constraint_name(name)?;
        self.each(columns, Self::index_column)
    }

    fn foreign_key(&mut self, key: &mut ForeignKeyConstraint) -> Result<(), SqlRefusal> {
        let ForeignKeyConstraint {
            name,
            index_name,
            columns,
            foreign_table,
            referred_columns,
            on_delete: _,
            on_update: _,
            match_kind,
            characteristics,
        } = key;
        let is_plain = index_name.is_none() && match_kind.is_none() && characteristics.is_none();
        none(is_plain, "anything but columns and actions in a foreign key")?;
        self.constraint_name(name)?;
        self.table(foreign_table)?;
        columns.iter_mut().chain(referred_columns).try_for_each(|column| self.name(column))
    }

    fn check(&mut self, check: &mut CheckConstraint) -> Result<(), SqlRefusal> {
        let CheckConstraint { name, expr, no_inherit, enforced } = check;
        none(!*no_inherit && enforced.is_none(), "anything but a condition in CHECK")?;
        self.constraint_name(name)?;
        self.expression(expr)
    }

    fn constraint_name(&mut self, name: &mut Option<Ident>) -> Result<(), SqlRefusal> {
        name.as_mut().map_or(Ok(()), |name| self.name(name))
    }

    fn index_column(&mut self, column: &mut IndexColumn) -> Result<(), SqlRefusal> {
        let IndexColumn { column, operator_class } = column;
        none(operator_class.is_none(), "an operator class")?;
        self.order_by_expression(column)
    }

    fn create_index(&mut self, index: &mut CreateIndex) -> Result<(), SqlRefusal> {
        let CreateIndex {
            name,
            table_name,
            using,
            columns,
            unique: _,
            concurrently,
            r#async,
            if_not_exists: _,
            include,
            nulls_distinct: _,
            with,
            predicate,
            index_options,
            alter_options,
        } = index;
        let is_plain = using.is_none()
            && !*concurrently
            && !*r#async
            && include.is_empty()
            && with.is_empty()
            && index_options.is_empty()
            && alter_options.is_empty();
        none(is_plain, "anything but columns and a condition in CREATE INDEX")?;
        let Some(name) = name else { return Err(SqlRefusal::Clause("an index without a name")) };
        // Indexes and tables are in one name space: an index has a name of the module's too.
        self.table(name)?;
        self.table(table_name)?;
        self.each(columns, Self::index_column)?;
        self.maybe(predicate)
    }

    fn alter_table(&mut self, table: &mut AlterTable) -> Result<(), SqlRefusal> {
        let AlterTable {
            name,
            if_exists: _,
            only,
            operations,
            location,
            on_cluster,
            table_type,
            end_token: _,
        } = table;
        let is_plain = !*only && location.is_none() && on_cluster.is_none() && table_type.is_none();
        none(is_plain, "this form of ALTER TABLE")?;
        self.table(name)?;
        self.each(operations, Self::alteration)
    }

    fn alteration(&mut self, operation: &mut AlterTableOperation) -> Result<(), SqlRefusal> {
        match operation {
            AlterTableOperation::AddColumn {
                column_keyword: _,
                if_not_exists: _,
                column_def,
                column_position: None,
            } => self.column_definition(column_def),
            AlterTableOperation::DropColumn {
                has_column_keyword: _,
                column_names,
                if_exists: _,
                drop_behavior: None,
            } => column_names.iter_mut().try_for_each(|column| self.name(column)),
            AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                self.name(old_column_name)?;
                self.name(new_column_name)
            }
            AlterTableOperation::RenameTable {
                table_name: RenameTableNameKind::To(name) | RenameTableNameKind::As(name),
            } => self.table(name),
            AlterTableOperation::AddConstraint { constraint, not_valid: false } => {
                self.constraint(constraint)
            }
            AlterTableOperation::DropConstraint { if_exists: _, name, drop_behavior: None } => {
                self.name(name)
            }
            AlterTableOperation::AlterColumn { column_name, op } => {
                self.name(column_name)?;
                match op {
                    AlterColumnOperation::SetNotNull
                    | AlterColumnOperation::DropNotNull
                    | AlterColumnOperation::DropDefault => Ok(()),
                    AlterColumnOperation::SetDefault { value } => self.expression(value),
                    AlterColumnOperation::SetDataType { data_type: of, using, had_set: _ } => {
                        data_type(of)?;
                        self.maybe(using)
                    }
                    _ => Err(SqlRefusal::Clause("this change of a column")),
                }
            }
            _ => Err(SqlRefusal::Clause("this form of ALTER TABLE")),
        }
    }
}

/// A table with nothing special about it.
fn plain_table() -> Result<CreateTable, SqlRefusal> {
    match parse("CREATE TABLE t (a integer)")?.pop() {
        Some(Statement::CreateTable(table)) => Ok(table),
        _ => Err(SqlRefusal::MigrationStatement),
    }
}
