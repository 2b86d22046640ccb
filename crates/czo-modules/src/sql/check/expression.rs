//! Expressions.

use sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, CeilFloorKind, DateTimeField, Expr, ExtractSyntax,
    InTarget, Interval, TypedString, UnaryOperator, Value, ValueWithSpan,
};

use super::types::data_type;
use super::{Checker, SqlRefusal, none};
use crate::store::dialect::Dialect;

impl Checker<'_> {
    #[recursive::recursive]
    pub(super) fn expression(&mut self, expression: &mut Expr) -> Result<(), SqlRefusal> {
        match expression {
            Expr::Identifier(ident) => self.name(ident),
            Expr::CompoundIdentifier(parts) => self.column(parts),
            Expr::Value(value) => self.value(value),
            Expr::Nested(inner)
            | Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsNull(inner)
            | Expr::IsNotNull(inner) => self.expression(inner),
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                self.both(left, right)
            }
            Expr::UnaryOp { op, expr } => {
                let is_known =
                    matches!(op, UnaryOperator::Plus | UnaryOperator::Minus | UnaryOperator::Not);
                none(is_known, "this operator")?;
                self.expression(expr)
            }
            Expr::BinaryOp { left, op, right } => {
                self.operator(op)?;
                self.both(left, right)
            }
            Expr::Like { negated: _, any, expr, pattern, escape_char }
            | Expr::ILike { negated: _, any, expr, pattern, escape_char } => {
                none(!*any, "LIKE ANY")?;
                self.both(expr, pattern)?;
                self.maybe_boxed(escape_char)
            }
            Expr::Between { expr, negated: _, low, high } => {
                self.expression(expr)?;
                self.both(low, high)
            }
            Expr::In { expr, target, negated: _, global } => {
                none(!*global, "GLOBAL IN")?;
                self.expression(expr)?;
                match target {
                    InTarget::List(items) => self.each(items, Self::expression),
                    InTarget::Subquery(query) => self.query(query),
                    InTarget::Unnest(_) | InTarget::Table { .. } => {
                        Err(SqlRefusal::Clause("IN with anything but a list or a query"))
                    }
                }
            }
            Expr::Case { case_token: _, end_token: _, operand, conditions, else_result } => {
                self.maybe_boxed(operand)?;
                conditions
                    .iter_mut()
                    .try_for_each(|CaseWhen { condition, result }| self.both(condition, result))?;
                self.maybe_boxed(else_result)
            }
            Expr::Exists { subquery, negated: _ } | Expr::Subquery(subquery) => {
                self.query(subquery)
            }
            Expr::Tuple(items) => self.each(items, Self::expression),
            Expr::Cast { kind, expr, data_type: into, format } => {
                let is_known = matches!(kind, CastKind::Cast | CastKind::DoubleColon);
                none(is_known && format.is_none(), "this kind of cast")?;
                if *kind == CastKind::DoubleColon {
                    // SQLite knows only the long form.
                    *kind = CastKind::Cast;
                }
                data_type(into)?;
                self.expression(expr)
            }
            Expr::Function(function) => self.function(function),
            other => self.of_its_own_form(other),
        }
    }

    /// Functions that the language writes in a form of their own.
    fn of_its_own_form(&mut self, expression: &mut Expr) -> Result<(), SqlRefusal> {
        match expression {
            Expr::Ceil { expr, field } | Expr::Floor { expr, field } => {
                let whole = CeilFloorKind::DateTimeField(DateTimeField::NoDateTime);
                none(*field == whole, "TO and a scale within ceil and floor")?;
                self.expression(expr)
            }
            Expr::Substring { expr, substring_from, substring_for, special: _, shorthand: _ } => {
                self.expression(expr)?;
                self.maybe_boxed(substring_from)?;
                self.maybe_boxed(substring_for)
            }
            Expr::Trim { trim_where: _, trim_what, expr, trim_characters } => {
                self.expression(expr)?;
                self.maybe_boxed(trim_what)?;
                trim_characters.as_mut().map_or(Ok(()), |items| self.each(items, Self::expression))
            }
            Expr::Position { expr, r#in } => {
                self.only_postgres("POSITION (write instr)")?;
                self.both(expr, r#in)
            }
            Expr::Extract { field, syntax, expr } => {
                self.only_postgres("EXTRACT (write strftime)")?;
                none(matches!(syntax, ExtractSyntax::From), "EXTRACT with a comma")?;
                is_plain_field(field)?;
                self.expression(expr)
            }
            Expr::Interval(interval) => {
                self.only_postgres("INTERVAL (write a modifier of datetime)")?;
                let Interval {
                    value,
                    leading_field,
                    leading_precision,
                    last_field,
                    fractional_seconds_precision,
                } = interval;
                let is_plain = leading_field.is_none()
                    && leading_precision.is_none()
                    && last_field.is_none()
                    && fractional_seconds_precision.is_none();
                none(is_plain, "a unit behind INTERVAL (write it into the text)")?;
                self.expression(value)
            }
            Expr::AtTimeZone { timestamp, time_zone } => {
                self.only_postgres("AT TIME ZONE")?;
                self.both(timestamp, time_zone)
            }
            Expr::TypedString(TypedString { data_type: of, value, uses_odbc_syntax }) => {
                self.only_postgres("a type before a text")?;
                none(!*uses_odbc_syntax, "{ }")?;
                data_type(of)?;
                self.value(value)
            }
            _ => Err(SqlRefusal::Clause("this kind of expression")),
        }
    }

    fn only_postgres(&self, what: &'static str) -> Result<(), SqlRefusal> {
        none(self.dialect == Dialect::Postgres, what)
    }

    fn both(&mut self, left: &mut Expr, right: &mut Expr) -> Result<(), SqlRefusal> {
        self.expression(left)?;
        self.expression(right)
    }

    pub(super) fn maybe_boxed(
        &mut self,
        expression: &mut Option<Box<Expr>>,
    ) -> Result<(), SqlRefusal> {
        expression.as_mut().map_or(Ok(()), |expression| self.expression(expression))
    }

    /// A value in the text. A backslash could begin an escape, if the server is set up so.
    pub(super) fn value(&mut self, value: &mut ValueWithSpan) -> Result<(), SqlRefusal> {
        match &mut value.value {
            Value::Number(_, is_long) => none(!*is_long, "L behind a number"),
            Value::SingleQuotedString(text) => {
                none(!text.contains(['\\', '\0']), "a backslash in a text (hand it in as a value)")
            }
            Value::Boolean(_) | Value::Null => Ok(()),
            Value::Placeholder(written) => {
                if written != "?" {
                    return Err(SqlRefusal::Placeholder(written.clone()));
                }
                self.placeholders += 1;
                if self.dialect == Dialect::Postgres {
                    *written = format!("${}", self.placeholders);
                }
                Ok(())
            }
            _ => Err(SqlRefusal::Clause("this kind of text")),
        }
    }

    fn operator(&self, operator: &BinaryOperator) -> Result<(), SqlRefusal> {
        use BinaryOperator as Op;
        match operator {
            Op::Plus
            | Op::Minus
            | Op::Multiply
            | Op::Divide
            | Op::Modulo
            | Op::StringConcat
            | Op::Gt
            | Op::Lt
            | Op::GtEq
            | Op::LtEq
            | Op::Eq
            | Op::NotEq
            | Op::And
            | Op::Or
            | Op::BitwiseAnd
            | Op::BitwiseOr
            | Op::Arrow
            | Op::LongArrow => Ok(()),
            Op::HashArrow | Op::HashLongArrow | Op::AtArrow | Op::ArrowAt => {
                self.only_postgres("an operator of PostgreSQL")
            }
            _ => Err(SqlRefusal::Clause("this operator")),
        }
    }
}

fn is_plain_field(field: &DateTimeField) -> Result<(), SqlRefusal> {
    let is_plain = matches!(
        field,
        DateTimeField::Year
            | DateTimeField::Quarter
            | DateTimeField::Month
            | DateTimeField::Week(None)
            | DateTimeField::Day
            | DateTimeField::Dow
            | DateTimeField::Doy
            | DateTimeField::Isodow
            | DateTimeField::Isoyear
            | DateTimeField::Hour
            | DateTimeField::Minute
            | DateTimeField::Second
            | DateTimeField::Epoch
    );
    none(is_plain, "this field of a date")
}
