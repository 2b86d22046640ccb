//! How much a parsed query is with its fragments written out, counted without writing them out.

use std::collections::HashMap;
use std::convert::Infallible;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Value, Variables};

use super::{
    LimitError, MAX_ARGUMENT_BYTES, MAX_ARGUMENTS, MAX_INTROSPECTION_FIELDS, MAX_NAME_BYTES,
    MAX_NESTING, MAX_VARIABLES,
};

/// What one of `__schema`, `__type` and `_service` counts for.
const INTROSPECTION_ROOT: usize = 50;
/// What a value counts for besides its text.
const VALUE_BYTES: usize = 16;

/// How large each variable is.
pub(super) type VariableSizes = HashMap<Name, usize>;

/// How large each variable of a request is, if none is nested too deep.
pub(super) fn variable_sizes(variables: &Variables) -> Result<VariableSizes, LimitError> {
    let sizes = variables.iter().map(|(name, value)| {
        let bytes = bytes(value, MAX_NESTING);
        let bytes = bytes.ok_or_else(|| LimitError::VariableNesting { name: shown(name) })?;
        Ok((name.clone(), bytes))
    });
    sizes.collect()
}

/// Refuses a query that would keep validation busy, in a time that grows with its text only.
pub(super) fn check(
    document: &ExecutableDocument,
    mut variables: VariableSizes,
    max_fields: usize,
) -> Result<(), LimitError> {
    for (_, operation) in document.operations.iter() {
        add_defaults(&operation.node, &mut variables)?;
    }
    let mut count = Count { document, variables, fragments: HashMap::new() };
    let mut total = Size::default();
    for (_, operation) in document.operations.iter() {
        total.add(count.directives(&operation.node.directives)?);
        total.add(count.selections(&operation.node.selection_set.node, MAX_NESTING)?);
    }
    // Validation refuses them too, after a walk through each.
    let unused = document.fragments.keys().find(|name| !count.fragments.contains_key(*name));
    if let Some(name) = unused {
        return Err(LimitError::Unused { name: shown(name) });
    }
    if total.fields > max_fields {
        return Err(LimitError::Fields { found: total.fields, allowed: max_fields });
    }
    if total.introspection > MAX_INTROSPECTION_FIELDS {
        return Err(LimitError::Introspection { found: total.introspection });
    }
    if total.argument_bytes > MAX_ARGUMENT_BYTES {
        return Err(LimitError::ArgumentBytes { found: total.argument_bytes });
    }
    Ok(())
}

/// How much a part of a query is, fragments written out; what is too much to count is
/// `usize::MAX`.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    /// Its fields, and one for each fragment and each directive.
    fields: usize,
    /// Its fields about the schema itself.
    introspection: usize,
    /// The values of its arguments.
    argument_bytes: usize,
}

impl Size {
    const ONE: Self = Self { fields: 1, introspection: 0, argument_bytes: 0 };

    fn of_argument(value: Result<Value, Infallible>, variables: usize) -> Self {
        // The parser reads nothing that is nested deeper.
        let content = value.ok().and_then(|value| bytes(&value, MAX_NESTING));
        let argument_bytes = content.unwrap_or(usize::MAX).saturating_add(variables);
        Self { argument_bytes, ..Self::default() }
    }

    fn add(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.introspection = self.introspection.saturating_add(other.introspection);
        self.argument_bytes = self.argument_bytes.saturating_add(other.argument_bytes);
    }
}

struct Count<'a> {
    document: &'a ExecutableDocument,
    variables: VariableSizes,
    /// The size of each fragment met so far; none while it is being counted.
    fragments: HashMap<&'a Name, Option<Size>>,
}

impl<'a> Count<'a> {
    /// `levels` is how much deeper it may go, through fragments too.
    fn selections(&mut self, set: &'a SelectionSet, levels: usize) -> Result<Size, LimitError> {
        let mut size = Size::default();
        if set.items.is_empty() {
            return Ok(size);
        }
        let levels = levels.checked_sub(1).ok_or(LimitError::Nesting)?;
        for selection in &set.items {
            size.add(Size::ONE);
            match &selection.node {
                Selection::Field(field) => size.add(self.field(&field.node, levels)?),
                Selection::InlineFragment(inline) => {
                    size.add(self.directives(&inline.node.directives)?);
                    size.add(self.selections(&inline.node.selection_set.node, levels)?);
                }
                Selection::FragmentSpread(spread) => {
                    size.add(self.directives(&spread.node.directives)?);
                    size.add(self.fragment(&spread.node.fragment_name.node, levels)?);
                }
            }
        }
        Ok(size)
    }

    fn field(&mut self, field: &'a Field, levels: usize) -> Result<Size, LimitError> {
        let name = &field.name.node;
        check_name(name)?;
        check_name(&field.response_key().node)?;
        check_arguments(name, field.arguments.len())?;
        let mut size = self.directives(&field.directives)?;
        for (_, value) in &field.arguments {
            let mut variables = 0;
            let value = value.node.clone().into_const_with(|name| self.put(&name, &mut variables));
            size.add(Size::of_argument(value, variables));
        }
        size.add(self.selections(&field.selection_set.node, levels)?);
        if matches!(name.as_str(), "__schema" | "__type" | "_service") {
            size.introspection = size.fields.saturating_add(INTROSPECTION_ROOT);
        }
        Ok(size)
    }

    fn fragment(&mut self, name: &'a Name, levels: usize) -> Result<Size, LimitError> {
        check_name(name)?;
        if let Some(known) = self.fragments.get(name) {
            return known.ok_or_else(|| LimitError::Cycle { name: shown(name) });
        }
        // One that does not exist is left to validation.
        let Some(fragment) = self.document.fragments.get(name) else {
            return Ok(Size::default());
        };
        self.fragments.insert(name, None);
        let mut size = self.directives(&fragment.node.directives)?;
        size.add(self.selections(&fragment.node.selection_set.node, levels)?);
        self.fragments.insert(name, Some(size));
        Ok(size)
    }

    fn directives(&self, directives: &[Positioned<Directive>]) -> Result<Size, LimitError> {
        let mut size = Size::default();
        for directive in directives {
            let Directive { name, arguments } = &directive.node;
            check_arguments(&name.node, arguments.len())?;
            size.add(Size::ONE);
            for (_, value) in arguments {
                let mut variables = 0;
                let value =
                    value.node.clone().into_const_with(|name| self.put(&name, &mut variables));
                size.add(Size::of_argument(value, variables));
            }
        }
        Ok(size)
    }

    /// Puts nothing in the place of a variable, and adds its size to `bytes`.
    ///
    /// The type of a value that may contain variables has no public name, so that it can only be
    /// read by replacing them.
    fn put(&self, name: &Name, bytes: &mut usize) -> Result<Value, Infallible> {
        let size = self.variables.get(name).copied().unwrap_or(0);
        *bytes = bytes.saturating_add(size);
        Ok(Value::Null)
    }
}

/// Counts the default of a variable as part of it.
fn add_defaults(
    operation: &OperationDefinition,
    variables: &mut VariableSizes,
) -> Result<(), LimitError> {
    let found = operation.variable_definitions.len();
    if found > MAX_VARIABLES {
        return Err(LimitError::Variables { found });
    }
    for definition in &operation.variable_definitions {
        if let Some(default) = &definition.node.default_value {
            let bytes = bytes(&default.node, MAX_NESTING).unwrap_or(usize::MAX);
            let size = variables.entry(definition.node.name.node.clone()).or_default();
            *size = size.saturating_add(bytes);
        }
    }
    Ok(())
}

/// None where the value is nested deeper than `levels`.
fn bytes(value: &Value, levels: usize) -> Option<usize> {
    let content = match value {
        Value::String(text) => text.len(),
        Value::Binary(bytes) => bytes.len(),
        Value::List(values) => {
            let levels = levels.checked_sub(1)?;
            values
                .iter()
                .try_fold(0_usize, |sum, value| Some(sum.saturating_add(bytes(value, levels)?)))?
        }
        Value::Object(fields) => {
            let levels = levels.checked_sub(1)?;
            fields.iter().try_fold(0_usize, |sum, (name, value)| {
                let value = bytes(value, levels)?;
                Some(sum.saturating_add(name.len()).saturating_add(value))
            })?
        }
        _ => 0,
    };
    Some(content.saturating_add(VALUE_BYTES))
}

fn check_arguments(on: &Name, found: usize) -> Result<(), LimitError> {
    if found > MAX_ARGUMENTS {
        return Err(LimitError::Arguments { on: shown(on), found });
    }
    Ok(())
}

fn check_name(name: &Name) -> Result<(), LimitError> {
    let bytes = name.len();
    if bytes > MAX_NAME_BYTES { Err(LimitError::Name { bytes }) } else { Ok(()) }
}

/// A name as it is shown in a message: not longer than names are.
fn shown(name: &Name) -> String {
    name.chars().take(MAX_NAME_BYTES).collect()
}
