//! One domain's schema.

use std::fmt;
use std::sync::Arc;

use async_graphql::{EmptySubscription, ObjectType, Request, Response, SDLExportOptions, Schema};
use czo_core::RequestContext;

/// What a query may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GraphqlOptions {
    /// How deep selections may be nested. Default 20: what GraphiQL needs to read the schema.
    pub max_depth: usize,
    /// How many fields may be asked for, where a field inside a page counts once for each entry
    /// that the page may have. Default 10,000.
    pub max_complexity: usize,
    /// Whether the schema may be read. Default yes.
    pub introspection: bool,
}

impl Default for GraphqlOptions {
    fn default() -> Self {
        Self { max_depth: 20, max_complexity: 10_000, introspection: true }
    }
}

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
    pub async fn execute(&self, request: Request, ctx: RequestContext) -> Response {
        let request = (self.prepare)(request, &ctx);
        self.schema.execute(request.data(ctx)).await
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
