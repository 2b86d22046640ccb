//! One domain's schema.

use std::fmt;
use std::sync::Arc;

use async_graphql::{
    EmptySubscription, ObjectType, Request, Response, SDLExportOptions, Schema, ServerError,
};
use czo_core::RequestContext;

use crate::GraphqlOptions;
use crate::budget::AnswerBudget;
use crate::limits::{self, ParsedQueries};

/// How many errors an answer lists; how many more there were is said in one.
const MAX_ERRORS: usize = 100;

/// One domain's schema, type-erased. Cheap to clone.
///
/// It is complete in itself and a subgraph of Apollo Federation 2, so that the same schema can
/// be served alone or behind a gateway.
#[derive(Clone)]
pub struct Subgraph {
    name: &'static str,
    sdl: Arc<str>,
    schema: Arc<dyn Execute>,
    prepare: Arc<Prepare>,
    options: GraphqlOptions,
    parsed: ParsedQueries,
}

/// Gives a request what its resolvers will ask for.
type Prepare = dyn Fn(Request, &RequestContext) -> Request + Send + Sync;

impl Subgraph {
    /// The schema of the domain `name`, within limits.
    pub fn new<Q, M>(name: &'static str, query: Q, mutation: M, options: &GraphqlOptions) -> Self
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
    {
        let mut schema = Schema::build(query, mutation, EmptySubscription)
            .enable_federation()
            .limit_depth(options.max_depth)
            .limit_complexity(options.max_complexity)
            // A directive repeated a thousand times costs nothing to send and much to check.
            .limit_directives(16);
        if !options.introspection {
            schema = schema.disable_introspection().disable_suggestions();
        }
        let schema = schema.finish();
        let sdl = schema.sdl_with_options(SDLExportOptions::new().federation().compose_directive());
        Self {
            name,
            sdl: sdl.into(),
            schema: Arc::new(schema),
            prepare: Arc::new(|request, _| request),
            options: *options,
            parsed: ParsedQueries::new(),
        }
    }

    /// The domain.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The schema in the schema definition language, with federation's directives.
    #[must_use]
    pub fn sdl(&self) -> &str {
        &self.sdl
    }

    /// Lets `prepare` give every request what its resolvers will ask for, such as the
    /// `DataLoader`s of that request.
    #[must_use]
    pub fn on_request(
        mut self,
        prepare: impl Fn(Request, &RequestContext) -> Request + Send + Sync + 'static,
    ) -> Self {
        self.prepare = Arc::new(prepare);
        self
    }

    /// Executes a request for `ctx`, which its resolvers find as data. Errors are in the
    /// response.
    ///
    /// What is beyond the limits is refused before it is validated, and an answer that grows too
    /// large while it is made is not given; that of a mutation, which may have done its work, is
    /// given as far as it goes.
    pub async fn execute(&self, request: Request, ctx: RequestContext) -> Response {
        let mut request = (self.prepare)(request, &ctx);
        let checked = match limits::check(&mut request, &self.options, &self.parsed) {
            Ok(checked) => checked,
            Err(error) => return Response::from_errors(vec![error.into()]),
        };
        let budget = AnswerBudget::new(self.options.max_answer_fields);
        let request = request.data(ctx).data(budget.clone());
        let mut response = self.schema.execute(request).await;
        if budget.is_exceeded() && !checked.writes {
            return Response::from_errors(vec![without_place(budget.error())]);
        }
        shorten(&mut response.errors);
        response
    }
}

/// An error of the whole request.
fn without_place(error: async_graphql::Error) -> ServerError {
    let mut whole = ServerError::new(error.message, None);
    whole.extensions = error.extensions;
    whole
}

/// Keeps a query with thousands of mistakes from an answer of megabytes.
fn shorten(errors: &mut Vec<ServerError>) {
    if errors.len() > MAX_ERRORS {
        let more = errors.len() - MAX_ERRORS;
        errors.truncate(MAX_ERRORS);
        errors.push(ServerError::new(format!("and {more} more errors"), None));
    }
}

impl fmt::Debug for Subgraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subgraph").field("name", &self.name).finish_non_exhaustive()
    }
}

/// `async_graphql::Executor` without the type parameters: that trait is not dyn-compatible.
trait Execute: Send + Sync {
    fn execute(
        &self,
        request: Request,
    ) -> std::pin::Pin<Box<dyn Future<Output = Response> + Send + '_>>;
}

impl<Q, M> Execute for Schema<Q, M, EmptySubscription>
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
{
    fn execute(
        &self,
        request: Request,
    ) -> std::pin::Pin<Box<dyn Future<Output = Response> + Send + '_>> {
        Box::pin(Schema::execute(self, request))
    }
}
