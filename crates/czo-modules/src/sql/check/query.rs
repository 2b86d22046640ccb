//! Queries, and what they read from.

use sqlparser::ast::{
    Cte, Distinct, Expr, GroupByExpr, Join, JoinConstraint, JoinOperator, LimitClause, LockClause,
    LockType, NonBlock, Offset, OffsetRows, OrderBy, OrderByExpr, OrderByKind, OrderByOptions,
    OrderBySort, Parens, Query, Select, SelectFlavor, SelectItem, SelectItemQualifiedWildcardKind,
    SetExpr, SetOperator, SetQuantifier, TableAlias, TableFactor, TableWithJoins, Value, Values,
    WildcardAdditionalOptions, With,
};

use super::{Checker, SqlRefusal, none};
use crate::sql::MAX_ROWS;
use crate::store::dialect::Dialect;

impl Checker<'_> {
    /// Lets a query that says nothing itself return no more rows than its answer may have, and one, by
    /// which it is known that there are more.
    pub(super) fn limit_rows(&self, query: &mut Query) {
        if query.limit_clause.is_none() && query.fetch.is_none() {
            let limit = Value::Number((MAX_ROWS + 1).to_string(), false);
            query.limit_clause = Some(LimitClause::LimitOffset {
                limit: Some(Expr::value(limit)),
                offset: None,
                limit_by: Vec::new(),
            });
        }
    }

    #[recursive::recursive]
    pub(super) fn query(&mut self, query: &mut Query) -> Result<(), SqlRefusal> {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        none(fetch.is_none(), "FETCH (write LIMIT)")?;
        none(for_clause.is_none(), "FOR XML and FOR JSON")?;
        none(settings.is_none(), "SETTINGS")?;
        none(format_clause.is_none(), "FORMAT")?;
        none(pipe_operators.is_empty(), "|>")?;
        let outside = self.scope.enter();
        if let Some(with) = with {
            self.with(with)?;
        }
        self.body(body)?;
        if let Some(order_by) = order_by {
            self.order_by(order_by)?;
        }
        if let Some(limit) = limit_clause {
            self.limit(limit)?;
        }
        self.each(locks, Self::lock)?;
        self.scope.leave(outside);
        Ok(())
    }

    /// A common table expression sees those before it, and itself where it is recursive.
    pub(super) fn with(&mut self, with: &mut With) -> Result<(), SqlRefusal> {
        let With { with_token: _, recursive, cte_tables } = with;
        for cte in cte_tables {
            let Cte { alias, query, from, materialized: _, closing_paren_token: _ } = cte;
            none(from.is_none(), "FROM behind a common table expression")?;
            let written = super::names::fold(&alias.name)?;
            let executed_as = self.scope.name(self.prefix);
            let mut own = Some(alias.clone());
            self.alias(&mut own)?;
            if let Some(own) = own {
                *alias = own;
            }
            alias.name.value.clone_from(&executed_as);
            if *recursive {
                self.scope.add(written, executed_as);
                self.query(query)?;
            } else {
                self.query(query)?;
                self.scope.add(written, executed_as);
            }
        }
        Ok(())
    }

    #[recursive::recursive]
    fn body(&mut self, body: &mut SetExpr) -> Result<(), SqlRefusal> {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                none(!matches!(op, SetOperator::Minus), "MINUS (write EXCEPT)")?;
                let is_known = matches!(
                    set_quantifier,
                    SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None
                );
                none(is_known, "BY NAME")?;
                self.body(left)?;
                self.body(right)
            }
            SetExpr::Values(values) => self.values(values),
            // PostgreSQL runs these within a query, in an order of its own.
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                Err(SqlRefusal::Clause("a statement that changes something within a query"))
            }
            SetExpr::Table(_) => Err(SqlRefusal::Clause("TABLE (write SELECT * FROM)")),
        }
    }

    fn values(&mut self, values: &mut Values) -> Result<(), SqlRefusal> {
        let Values { explicit_row, value_keyword, rows } = values;
        none(!*explicit_row && !*value_keyword, "ROW and VALUE")?;
        rows.iter_mut().try_for_each(|Parens { opening_token: _, content, closing_token: _ }| {
            self.each(content, Self::expression)
        })
    }

    fn select(&mut self, select: &mut Select) -> Result<(), SqlRefusal> {
        let Select {
            select_token: _,
            optimizer_hints,
            distinct,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        none(optimizer_hints.is_empty(), "a hint to the optimizer")?;
        none(select_modifiers.is_none(), "a modifier of SELECT")?;
        none(top.is_none(), "TOP (write LIMIT)")?;
        none(exclude.is_none(), "EXCLUDE")?;
        none(into.is_none(), "SELECT INTO")?;
        none(lateral_views.is_empty(), "LATERAL VIEW")?;
        none(prewhere.is_none(), "PREWHERE")?;
        none(connect_by.is_empty(), "CONNECT BY")?;
        none(
            cluster_by.is_empty() && distribute_by.is_empty() && sort_by.is_empty(),
            "CLUSTER BY, DISTRIBUTE BY and SORT BY",
        )?;
        none(qualify.is_none(), "QUALIFY")?;
        none(value_table_mode.is_none(), "SELECT AS")?;
        none(matches!(flavor, SelectFlavor::Standard), "FROM before SELECT")?;
        match distinct {
            None | Some(Distinct::All | Distinct::Distinct) => {}
            Some(Distinct::On(columns)) => {
                none(self.dialect == Dialect::Postgres, "DISTINCT ON on SQLite")?;
                self.each(columns, Self::expression)?;
            }
        }
        self.each(from, Self::table_with_joins)?;
        self.select_items(projection)?;
        self.maybe(selection)?;
        match group_by {
            GroupByExpr::Expressions(columns, modifiers) => {
                none(modifiers.is_empty(), "ROLLUP, CUBE and GROUPING SETS")?;
                self.each(columns, Self::expression)?;
            }
            GroupByExpr::All(_) => return Err(SqlRefusal::Clause("GROUP BY ALL")),
        }
        self.maybe(having)?;
        self.each(named_window, Self::named_window)
    }

    pub(super) fn maybe(&mut self, expression: &mut Option<Expr>) -> Result<(), SqlRefusal> {
        expression.as_mut().map_or(Ok(()), |expression| self.expression(expression))
    }

    pub(super) fn select_items(&mut self, items: &mut [SelectItem]) -> Result<(), SqlRefusal> {
        self.each(items, Self::select_item)
    }

    fn select_item(&mut self, item: &mut SelectItem) -> Result<(), SqlRefusal> {
        match item {
            SelectItem::UnnamedExpr(expression) => self.expression(expression),
            SelectItem::ExprWithAlias { expr, alias } => {
                self.expression(expr)?;
                self.name(alias)
            }
            SelectItem::QualifiedWildcard(kind, options) => {
                plain(options)?;
                match kind {
                    SelectItemQualifiedWildcardKind::ObjectName(name) => {
                        self.single(name)?;
                        self.column_object(name)
                    }
                    SelectItemQualifiedWildcardKind::Expr(_) => {
                        Err(SqlRefusal::Clause("the fields of an expression"))
                    }
                }
            }
            SelectItem::Wildcard(options) => plain(options),
            SelectItem::ExprWithAliases { .. } => Err(SqlRefusal::Clause("more than one alias")),
        }
    }

    pub(super) fn table_with_joins(
        &mut self,
        table: &mut TableWithJoins,
    ) -> Result<(), SqlRefusal> {
        let TableWithJoins { relation, joins } = table;
        self.table_factor(relation)?;
        self.each(joins, Self::join)
    }

    fn join(&mut self, join: &mut Join) -> Result<(), SqlRefusal> {
        let Join { relation, global, join_operator } = join;
        none(!*global, "GLOBAL JOIN")?;
        self.table_factor(relation)?;
        match join_operator {
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::Left(constraint)
            | JoinOperator::LeftOuter(constraint)
            | JoinOperator::Right(constraint)
            | JoinOperator::RightOuter(constraint)
            | JoinOperator::FullOuter(constraint)
            | JoinOperator::CrossJoin(constraint) => match constraint {
                JoinConstraint::On(condition) => self.expression(condition),
                JoinConstraint::Using(columns) => {
                    columns.iter_mut().try_for_each(|column| self.column_object(column))
                }
                JoinConstraint::Natural | JoinConstraint::None => Ok(()),
                JoinConstraint::UsingAlias(..) => Err(SqlRefusal::Clause("an alias behind USING")),
            },
            _ => Err(SqlRefusal::Clause("this kind of join")),
        }
    }

    fn table_factor(&mut self, factor: &mut TableFactor) -> Result<(), SqlRefusal> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_directives,
                inheritance,
            } => {
                none(args.is_none() && !*with_ordinality, "a function as a table")?;
                none(with_hints.is_empty() && index_directives.is_empty(), "a hint")?;
                none(version.is_none(), "a version of a table")?;
                none(partitions.is_empty(), "PARTITION")?;
                none(json_path.is_none(), "a path behind a table")?;
                none(sample.is_none(), "TABLESAMPLE")?;
                none(inheritance.is_none(), "ONLY")?;
                let own_name = self.relation(name)?;
                self.alias(alias)?;
                // Elsewhere in the statement it is called as it was written.
                if let (None, Some(name)) = (&alias, own_name) {
                    let (columns, at) = (Vec::new(), None);
                    *alias = Some(TableAlias { explicit: true, name, columns, at });
                }
                Ok(())
            }
            TableFactor::Derived { lateral, subquery, alias, sample } => {
                none(!*lateral || self.dialect == Dialect::Postgres, "LATERAL on SQLite")?;
                none(sample.is_none(), "TABLESAMPLE")?;
                self.query(subquery)?;
                self.alias(alias)
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                self.table_with_joins(table_with_joins)?;
                self.alias(alias)
            }
            _ => Err(SqlRefusal::Clause("anything but tables and queries behind FROM")),
        }
    }

    fn order_by(&mut self, order_by: &mut OrderBy) -> Result<(), SqlRefusal> {
        let OrderBy { kind, interpolate } = order_by;
        none(interpolate.is_none(), "INTERPOLATE")?;
        match kind {
            OrderByKind::Expressions(columns) => self.each(columns, Self::order_by_expression),
            OrderByKind::All(_) => Err(SqlRefusal::Clause("ORDER BY ALL")),
        }
    }

    pub(super) fn order_by_expression(
        &mut self,
        column: &mut OrderByExpr,
    ) -> Result<(), SqlRefusal> {
        let OrderByExpr { expr, options: OrderByOptions { sort, nulls_first: _ }, with_fill } =
            column;
        none(with_fill.is_none(), "WITH FILL")?;
        none(!matches!(sort, Some(OrderBySort::Using(_))), "ORDER BY USING")?;
        self.expression(expr)
    }

    fn limit(&mut self, limit: &mut LimitClause) -> Result<(), SqlRefusal> {
        let LimitClause::LimitOffset { limit, offset, limit_by } = limit else {
            return Err(SqlRefusal::Clause("LIMIT with a comma (write OFFSET)"));
        };
        none(limit_by.is_empty(), "LIMIT BY")?;
        self.maybe(limit)?;
        let Some(Offset { value, rows }) = offset else { return Ok(()) };
        none(matches!(rows, OffsetRows::None), "ROWS behind OFFSET")?;
        self.expression(value)
    }

    /// Rows are locked only to be changed, and SQLite, which has one writer, has no need of it.
    fn lock(&mut self, lock: &mut LockClause) -> Result<(), SqlRefusal> {
        let LockClause { lock_type, of, nonblock } = lock;
        none(self.dialect == Dialect::Postgres, "FOR UPDATE on SQLite")?;
        none(matches!(lock_type, LockType::Update), "FOR SHARE")?;
        none(of.is_none(), "OF behind FOR UPDATE")?;
        none(matches!(nonblock, None | Some(NonBlock::SkipLocked)), "NOWAIT")?;
        self.is_read = false;
        Ok(())
    }
}

fn plain(options: &WildcardAdditionalOptions) -> Result<(), SqlRefusal> {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude,
        opt_except,
        opt_replace,
        opt_rename,
        opt_alias,
    } = options;
    let is_plain = opt_ilike.is_none()
        && opt_exclude.is_none()
        && opt_except.is_none()
        && opt_replace.is_none()
        && opt_rename.is_none()
        && opt_alias.is_none();
    none(is_plain, "anything behind *")
}
