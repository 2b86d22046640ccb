//! Functions, and windows over which they run.

use sqlparser::ast::{
    Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList,
    FunctionArguments, NamedWindowDefinition, NamedWindowExpr, WindowFrame, WindowFrameBound,
    WindowSpec, WindowType,
};

use super::{Checker, SqlRefusal, none};
use crate::sql::functions::{is_allowed, is_constant};

impl Checker<'_> {
    pub(super) fn function(&mut self, function: &mut Function) -> Result<(), SqlRefusal> {
        let Function {
            name,
            uses_odbc_syntax,
            parameters,
            args,
            within_group,
            filter,
            null_treatment,
            over,
        } = function;
        none(!*uses_odbc_syntax, "{ }")?;
        none(matches!(parameters, FunctionArguments::None), "parameters of a function")?;
        none(within_group.is_empty(), "WITHIN GROUP")?;
        none(null_treatment.is_none(), "IGNORE NULLS")?;
        let is_quoted = name
            .0
            .iter()
            .any(|part| part.as_ident().is_none_or(|ident| ident.quote_style.is_some()));
        let called = self.single(name)?;
        match args {
            FunctionArguments::None if is_constant(&called) && !is_quoted => {}
            FunctionArguments::List(list) if is_allowed(self.dialect, &called) && !is_quoted => {
                self.arguments(list)?;
            }
            FunctionArguments::Subquery(_) => {
                return Err(SqlRefusal::Clause("a query as the arguments of a function"));
            }
            _ => return Err(SqlRefusal::Function(called)),
        }
        self.maybe_boxed(filter)?;
        match over {
            None => Ok(()),
            Some(WindowType::WindowSpec(spec)) => self.window(spec),
            Some(WindowType::NamedWindow(name)) => self.name(name),
        }
    }

    fn arguments(&mut self, list: &mut FunctionArgumentList) -> Result<(), SqlRefusal> {
        let FunctionArgumentList { duplicate_treatment: _, args, clauses } = list;
        self.each(args, Self::argument)?;
        clauses.iter_mut().try_for_each(|clause| match clause {
            FunctionArgumentClause::OrderBy(columns) => {
                self.each(columns, Self::order_by_expression)
            }
            _ => Err(SqlRefusal::Clause("this clause within a function")),
        })
    }

    fn argument(&mut self, argument: &mut FunctionArg) -> Result<(), SqlRefusal> {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => self.expression(expression),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => Ok(()),
            _ => Err(SqlRefusal::Clause("this kind of argument")),
        }
    }

    pub(super) fn named_window(
        &mut self,
        window: &mut NamedWindowDefinition,
    ) -> Result<(), SqlRefusal> {
        let NamedWindowDefinition(name, definition) = window;
        self.name(name)?;
        match definition {
            NamedWindowExpr::WindowSpec(spec) => self.window(spec),
            NamedWindowExpr::NamedWindow(_) => Err(SqlRefusal::Clause("a window of a window")),
        }
    }

    fn window(&mut self, window: &mut WindowSpec) -> Result<(), SqlRefusal> {
        let WindowSpec { window_name, partition_by, order_by, window_frame } = window;
        if let Some(name) = window_name {
            self.name(name)?;
        }
        self.each(partition_by, Self::expression)?;
        self.each(order_by, Self::order_by_expression)?;
        let Some(WindowFrame { units: _, start_bound, end_bound }) = window_frame else {
            return Ok(());
        };
        self.bound(start_bound)?;
        end_bound.as_mut().map_or(Ok(()), |bound| self.bound(bound))
    }

    fn bound(&mut self, bound: &mut WindowFrameBound) -> Result<(), SqlRefusal> {
        match bound {
            WindowFrameBound::CurrentRow => Ok(()),
            WindowFrameBound::Preceding(distance) | WindowFrameBound::Following(distance) => {
                self.maybe_boxed(distance)
            }
        }
    }
}
