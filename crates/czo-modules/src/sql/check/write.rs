//! Statements that change rows.

use sqlparser::ast::{
    Assignment, AssignmentTarget, ConflictTarget, Delete, DoUpdate, FromTable, Insert, ObjectName,
    OnConflict, OnConflictAction, OnInsert, Query, SelectItem, SetExpr, Statement, TableFactor,
    TableObject, TableWithJoins, Update, UpdateTableFromKind,
};

use super::{Checker, SqlRefusal, none};
use crate::store::dialect::Dialect;

impl Checker<'_> {
    /// A query that is in no other. Only this one may change something, behind its common table
    /// expressions.
    pub(super) fn outermost_query(&mut self, query: &mut Query) -> Result<(), SqlRefusal> {
        let (SetExpr::Insert(statement) | SetExpr::Update(statement) | SetExpr::Delete(statement)) =
            &mut *query.body
        else {
            self.limit_rows(query);
            return self.query(query);
        };
        let behind = query.order_by.is_none()
            && query.limit_clause.is_none()
            && query.fetch.is_none()
            && query.locks.is_empty()
            && query.for_clause.is_none()
            && query.settings.is_none()
            && query.format_clause.is_none()
            && query.pipe_operators.is_empty();
        none(behind, "anything behind a statement that changes something")?;
        let outside = self.scope.enter();
        if let Some(with) = &mut query.with {
            self.with(with)?;
        }
        self.write(statement)?;
        self.scope.leave(outside);
        Ok(())
    }

    pub(super) fn write(&mut self, statement: &mut Statement) -> Result<(), SqlRefusal> {
        self.is_read = false;
        match statement {
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            _ => Err(SqlRefusal::Statement),
        }
    }

    fn insert(&mut self, insert: &mut Insert) -> Result<(), SqlRefusal> {
        let Insert {
            insert_token: _,
            optimizer_hints,
            or,
            ignore,
            into,
            table,
            table_alias,
            columns,
            by_name,
            overwrite,
            source,
            assignments,
            partitioned,
            after_columns,
            overriding,
            has_table_keyword,
            on,
            returning,
            output,
            replace_into,
            priority,
            insert_alias,
            settings,
            format_clause,
            multi_table_insert_type,
            multi_table_into_clauses,
            multi_table_when_clauses,
            multi_table_else_clause,
        } = insert;
        none(optimizer_hints.is_empty(), "a hint to the optimizer")?;
        none(or.is_none() && !*ignore && !*replace_into, "INSERT OR (write ON CONFLICT)")?;
        none(*into && !*has_table_keyword && !*overwrite, "INSERT without INTO")?;
        none(!*by_name, "BY NAME")?;
        none(assignments.is_empty(), "INSERT with SET")?;
        none(partitioned.is_none() && after_columns.is_empty(), "PARTITION")?;
        none(overriding.is_none(), "OVERRIDING")?;
        none(output.is_none(), "OUTPUT (write RETURNING)")?;
        none(priority.is_none(), "a priority")?;
        none(insert_alias.is_none(), "an alias behind the rows")?;
        none(settings.is_none() && format_clause.is_none(), "SETTINGS and FORMAT")?;
        let is_one_table = multi_table_insert_type.is_none()
            && multi_table_into_clauses.is_empty()
            && multi_table_when_clauses.is_empty()
            && multi_table_else_clause.is_none();
        none(is_one_table, "INSERT into more than one table")?;
        let TableObject::TableName(name) = table else {
            return Err(SqlRefusal::Clause("INSERT into anything but a table"));
        };
        self.table(name)?;
        if let Some(alias) = table_alias {
            self.name(&mut alias.alias)?;
        }
        columns.iter_mut().try_for_each(|column| self.unqualified(column))?;
        if let Some(source) = source {
            self.query(source)?;
        }
        match on {
            None => {}
            Some(OnInsert::OnConflict(conflict)) => self.conflict(conflict)?,
            Some(_) => return Err(SqlRefusal::Clause("ON DUPLICATE KEY (write ON CONFLICT)")),
        }
        self.returning(returning.as_mut())
    }

    fn conflict(&mut self, conflict: &mut OnConflict) -> Result<(), SqlRefusal> {
        let OnConflict { conflict_target, action } = conflict;
        match conflict_target {
            None => {}
            Some(ConflictTarget::Columns { columns, predicate }) => {
                columns.iter_mut().try_for_each(|column| self.name(column))?;
                self.maybe(predicate)?;
            }
            Some(ConflictTarget::OnConstraint(_)) => {
                return Err(SqlRefusal::Clause("ON CONSTRAINT (name the columns)"));
            }
        }
        match action {
            OnConflictAction::DoNothing => Ok(()),
            OnConflictAction::DoUpdate(DoUpdate { assignments, selection }) => {
                self.each(assignments, Self::assignment)?;
                self.maybe(selection)
            }
        }
    }

    fn update(&mut self, update: &mut Update) -> Result<(), SqlRefusal> {
        let Update {
            update_token: _,
            optimizer_hints,
            table,
            on_cluster,
            assignments,
            from,
            selection,
            returning,
            output,
            or,
            order_by,
            limit,
            settings,
        } = update;
        none(optimizer_hints.is_empty(), "a hint to the optimizer")?;
        none(on_cluster.is_none() && settings.is_none(), "ON CLUSTER and SETTINGS")?;
        none(output.is_none(), "OUTPUT (write RETURNING)")?;
        none(or.is_none(), "UPDATE OR")?;
        none(order_by.is_empty() && limit.is_none(), "ORDER BY and LIMIT behind UPDATE")?;
        self.changed_table(table)?;
        self.each(assignments, Self::assignment)?;
        match from {
            None => {}
            Some(UpdateTableFromKind::AfterSet(tables)) => {
                self.each(tables, Self::table_with_joins)?;
            }
            Some(UpdateTableFromKind::BeforeSet(_)) => {
                return Err(SqlRefusal::Clause("FROM before SET"));
            }
        }
        self.maybe(selection)?;
        self.returning(returning.as_mut())
    }

    fn delete(&mut self, delete: &mut Delete) -> Result<(), SqlRefusal> {
        let Delete {
            delete_token: _,
            optimizer_hints,
            tables,
            from,
            on_cluster,
            using,
            selection,
            returning,
            output,
            order_by,
            limit,
            settings,
        } = delete;
        none(optimizer_hints.is_empty(), "a hint to the optimizer")?;
        none(tables.is_empty(), "DELETE from more than one table")?;
        none(on_cluster.is_none() && settings.is_none(), "ON CLUSTER and SETTINGS")?;
        none(output.is_none(), "OUTPUT (write RETURNING)")?;
        none(order_by.is_empty() && limit.is_none(), "ORDER BY and LIMIT behind DELETE")?;
        let FromTable::WithFromKeyword(from) = from else {
            return Err(SqlRefusal::Clause("DELETE without FROM"));
        };
        let [table] = from.as_mut_slice() else {
            return Err(SqlRefusal::Clause("DELETE from more than one table"));
        };
        self.changed_table(table)?;
        if let Some(using) = using {
            none(self.dialect == Dialect::Postgres, "USING behind DELETE on SQLite")?;
            self.each(using, Self::table_with_joins)?;
        }
        self.maybe(selection)?;
        self.returning(returning.as_mut())
    }

    /// A table whose rows are changed: never a common table expression.
    fn changed_table(&mut self, table: &mut TableWithJoins) -> Result<(), SqlRefusal> {
        none(table.joins.is_empty(), "a join as what is changed")?;
        if let TableFactor::Table { name, .. } = &mut table.relation {
            self.table(name)?;
        }
        // What else it has is looked at as in a query; its name is one of the module's already.
        self.table_with_joins(table)
    }

    fn assignment(&mut self, assignment: &mut Assignment) -> Result<(), SqlRefusal> {
        let Assignment { target, value } = assignment;
        match target {
            AssignmentTarget::ColumnName(column) => self.unqualified(column)?,
            AssignmentTarget::Tuple(columns) => {
                columns.iter_mut().try_for_each(|column| self.unqualified(column))?;
            }
        }
        self.expression(value)
    }

    fn unqualified(&mut self, column: &mut ObjectName) -> Result<(), SqlRefusal> {
        self.single(column)?;
        self.column_object(column)
    }

    fn returning(&mut self, items: Option<&mut Vec<SelectItem>>) -> Result<(), SqlRefusal> {
        items.map_or(Ok(()), |items| self.select_items(items))
    }
}
