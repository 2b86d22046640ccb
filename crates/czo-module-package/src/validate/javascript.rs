//! What scripts of the dashboard do that none should.
//!
//! Whoever wants to hide it from a reader can; the content security policy keeps text from being
//! evaluated. This is for those who don't know, and shows where.

use std::collections::BTreeSet;
use std::thread;

use oxc_allocator::Allocator;
use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, BindingPattern, Expression, VariableDeclarator};
use oxc_parser::Parser;
use oxc_semantic::{Semantic, SemanticBuilder};
use oxc_span::{SourceType, Span};

use super::dashboard::{MAX_FINDINGS, position};
use crate::{Finding, PackagePath, Severity};

/// Globals that make code of text, or bring code from elsewhere.
const DENIED: [(&str, &str); 5] = [
    ("eval", "it evaluates text"),
    ("Function", "it makes functions of text"),
    ("importScripts", "it loads scripts"),
    ("execScript", "it evaluates text"),
    ("WebAssembly", "it runs code that nobody has looked at"),
];

/// Globals that evaluate text when they are given some.
const TIMERS: [&str; 3] = ["setTimeout", "setInterval", "setImmediate"];

/// Names of the global object.
const GLOBALS: [&str; 7] = ["globalThis", "window", "self", "top", "parent", "frames", "document"];

/// How far `window.window.…` is followed: each part of a long one is looked at by itself.
const MAX_CHAIN: usize = 16;

/// The stack that reading takes: at least so much, and for each byte of a script so much. The parser
/// calls itself for what is nested, and a stack that overflows ends the whole process. Measured without
/// optimization, one level takes less than 3 KiB; what is not used is not taken from the memory.
const STACK: usize = 1 << 20;
const STACK_PER_BYTE: usize = 4 << 10;

/// Notes what a script does that none should.
pub(super) fn check(path: &PackagePath, text: &str, findings: &mut Vec<Finding>) {
    let stack = STACK + text.len() * STACK_PER_BYTE;
    let read = thread::scope(|scope| {
        let read = thread::Builder::new().stack_size(stack).spawn_scoped(scope, || read(text));
        read.ok().and_then(|thread| thread.join().ok())
    });
    let found = read.unwrap_or_else(|| {
        let message = "it could not be looked at".to_owned();
        vec![(0, "script-unread", message, "make it smaller, or less nested")]
    });
    for (at, code, message, fix) in found.into_iter().take(MAX_FINDINGS) {
        let (line, column) = position(text, at);
        findings.push(Finding {
            severity: Severity::Error,
            place: format!("{path}:{line}:{column}"),
            code,
            message,
            fix: fix.to_owned(),
        });
    }
}

/// Where, which code, what, and what to do.
type Found = (usize, &'static str, String, &'static str);

fn read(text: &str) -> Vec<Found> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, SourceType::mjs()).parse();
    if let Some(error) = parsed.diagnostics.first() {
        let at = error.labels.first().map_or(0, |label| label.offset() as usize);
        let message = format!("it can't be read: {error}");
        return vec![(at, "script-broken", message, "mend it, or leave it out of the assets")];
    }
    let semantic = SemanticBuilder::new().with_build_nodes(true).build(&parsed.program).semantic;
    let mut reader = Reader { semantic: &semantic, found: BTreeSet::new() };
    reader.globals();
    for node in semantic.nodes().iter() {
        reader.node(node.kind());
    }
    reader.found.into_iter().collect()
}

struct Reader<'a> {
    semantic: &'a Semantic<'a>,
    found: BTreeSet<Found>,
}

impl Reader<'_> {
    fn note(&mut self, span: Span, code: &'static str, message: String, fix: &'static str) {
        self.found.insert((span.start as usize, code, message, fix));
    }

    /// Globals that are denied, wherever they are named.
    fn globals(&mut self) {
        let scoping = self.semantic.scoping();
        for (name, why) in DENIED {
            let references = scoping.root_unresolved_references().get(name);
            for reference in references.into_iter().flatten() {
                let span = self.semantic.reference_span(scoping.get_reference(*reference));
                let message = format!("`{name}` is not allowed: {why}");
                self.note(span, "script-global", message, "do it without");
            }
        }
    }

    fn node(&mut self, kind: AstKind<'_>) {
        match kind {
            AstKind::ImportExpression(import) if !is_text(&import.source) => self.note(
                import.span,
                "script-import",
                "it imports what it decides while it runs".to_owned(),
                "name the script in quotes",
            ),
            AstKind::ImportExpression(import) => {
                if let Expression::StringLiteral(source) = &import.source {
                    self.import(source.span, source.value.as_str());
                }
            }
            AstKind::ImportDeclaration(import) => {
                self.import(import.source.span, import.source.value.as_str());
            }
            AstKind::ExportAllDeclaration(export) => {
                self.import(export.source.span, export.source.value.as_str());
            }
            AstKind::ExportFromDeclaration(export) => {
                self.import(export.source.span, export.source.value.as_str());
            }
            AstKind::CallExpression(call) => {
                self.call(&call.callee, call.arguments.first(), call.span);
            }
            AstKind::VariableDeclarator(declaration) => self.taken_apart(declaration),
            AstKind::StaticMemberExpression(member) => {
                let name = member.property.name.as_str();
                self.member(&member.object, Some(name), member.span);
            }
            AstKind::ComputedMemberExpression(member) => {
                let name = member.static_property_name();
                self.member(&member.object, name.as_ref().map(|name| name.as_str()), member.span);
            }
            _ => {}
        }
    }

    /// Scripts come from the module itself.
    fn import(&mut self, span: Span, source: &str) {
        if source.starts_with("//") || source.contains(':') {
            self.note(
                span,
                "script-import",
                "it imports from elsewhere, from where nothing is loaded".to_owned(),
                "put the script among the assets",
            );
        }
    }

    fn call(&mut self, callee: &Expression<'_>, argument: Option<&Argument<'_>>, span: Span) {
        let argument = argument.and_then(Argument::as_expression);
        let name = self.global(callee);
        if let Some(timer) = name.filter(|name| TIMERS.contains(name))
            && argument.is_some_and(may_be_text)
        {
            let message = format!("`{timer}` evaluates the text that it is given");
            self.note(span, "script-timer", message, "give it a function");
        }
        let method = callee.get_member_expr().and_then(|member| member.static_property_name());
        if method == Some("constructor") && argument.is_some_and(may_be_text) {
            self.constructor(span);
        }
        let makes_element = matches!(method, Some("createElement" | "createElementNS"));
        let is_script = |text: &Expression<'_>| {
            matches!(text.get_inner_expression(), Expression::StringLiteral(text)
                if text.value.eq_ignore_ascii_case("script"))
        };
        if makes_element && argument.is_some_and(is_script) {
            self.note(
                span,
                "script-element",
                "it adds a script to the page, which does not run".to_owned(),
                "import the script",
            );
        }
        let writes = matches!(method, Some("write" | "writeln"));
        if writes
            && callee
                .get_member_expr()
                .is_some_and(|member| member.object().is_specific_id("document"))
        {
            self.note(
                span,
                "script-element",
                "it writes into the page, and scripts with it".to_owned(),
                "make elements, and append them",
            );
        }
    }

    fn member(&mut self, object: &Expression<'_>, name: Option<&str>, span: Span) {
        let is_global = self.names_global(object);
        if name == Some("constructor") {
            let inner = object.get_member_expr().and_then(|inner| inner.static_property_name());
            if inner == Some("constructor") {
                self.constructor(span);
            }
        } else if is_global {
            self.taken(name, span);
        }
    }

    /// `const { eval: e } = window`.
    fn taken_apart(&mut self, declaration: &VariableDeclarator<'_>) {
        let BindingPattern::ObjectPattern(pattern) = &declaration.id else { return };
        if !declaration.init.as_ref().is_some_and(|init| self.names_global(init)) {
            return;
        }
        for property in &pattern.properties {
            self.taken(property.key.static_name().as_deref(), property.span);
        }
    }

    /// What is taken from the global object; no name where it is decided while it runs.
    fn taken(&mut self, name: Option<&str>, span: Span) {
        let denied = DENIED.iter().find(|(denied, _)| Some(*denied) == name);
        if let Some((name, why)) = denied {
            let message = format!("`{name}` is not allowed: {why}");
            self.note(span, "script-global", message, "do it without");
        } else if name.is_none() {
            let message = "it takes from the global object what it decides while it runs";
            self.note(span, "script-computed", message.to_owned(), "name it");
        }
    }

    fn constructor(&mut self, span: Span) {
        let message = "constructors of functions make functions of text";
        self.note(span, "script-constructor", message.to_owned(), "do it without");
    }

    /// The name of a global, by itself or as a member of the global object.
    fn global<'e>(&self, expression: &'e Expression<'_>) -> Option<&'e str> {
        if let Some(member) = expression.get_member_expr() {
            let name = member.static_property_name();
            return name.filter(|_| self.names_global(member.object()));
        }
        let identifier = expression.get_identifier_reference()?;
        let is_global = self.semantic.is_reference_to_global_variable(identifier);
        is_global.then(|| identifier.name.as_str())
    }

    /// Whether an expression is the global object, or the page: `window`, `self.window`.
    fn names_global(&self, expression: &Expression<'_>) -> bool {
        let mut at = expression;
        for _ in 0..MAX_CHAIN {
            let Some(member) = at.get_member_expr() else {
                return at.get_identifier_reference().is_some_and(|identifier| {
                    GLOBALS.contains(&identifier.name.as_str())
                        && self.semantic.is_reference_to_global_variable(identifier)
                });
            };
            if !member.static_property_name().is_some_and(|name| GLOBALS.contains(&name)) {
                return false;
            }
            at = member.object();
        }
        // Nobody writes so many who has nothing to hide.
        true
    }
}

fn is_text(expression: &Expression<'_>) -> bool {
    matches!(expression, Expression::StringLiteral(_))
        || matches!(expression, Expression::TemplateLiteral(text) if text.expressions.is_empty())
}

/// Whether a timer would be given text: what is written as text, or put together of it.
fn may_be_text(expression: &Expression<'_>) -> bool {
    match expression.get_inner_expression() {
        Expression::StringLiteral(_) | Expression::TemplateLiteral(_) => true,
        Expression::BinaryExpression(sum) => may_be_text(&sum.left) || may_be_text(&sum.right),
        _ => false,
    }
}
