//! The domain: products that wait for their first review.

use czo_catalog::ProductId;
use czo_catalog::events::ProductPublished;
use czo_core::{HandlerError, SubscribeOptions};
use czo_domain::{Domain, DomainContext, DomainError, DomainName, MigrationSet, Registration};
use czo_http::Problem;
use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::get_with;
use czo_http::axum::Json;
use czo_http::axum::extract::State;
use czo_repo::{Database, DatabaseError};
use schemars::JsonSchema;
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, Set};
use serde::Serialize;

use crate::migration;

/// A board of products that wait for their first review.
#[derive(Clone, Copy, Debug)]
pub struct ReviewBoard;

mod waiting {
    use czo_catalog::ProductId;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "reviews_waiting")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) product_id: ProductId,
        pub(crate) title: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl Domain for ReviewBoard {
    fn name(&self) -> DomainName {
        DomainName::new("reviews")
    }

    fn migrations(&self) -> Option<MigrationSet> {
        Some(migration::reviews())
    }

    fn register(
        &self,
        context: &DomainContext,
        domain: &mut Registration,
    ) -> Result<(), DomainError> {
        let database = context.database.clone();
        let options = SubscribeOptions::default();
        domain.on("reviews.board", options, move |product: ProductPublished, _event| {
            let database = database.clone();
            async move { remember(&database, product).await }
        })?;
        let list = get_with(list, |op| op.tag("reviews").summary("Products without a review"));
        let routes = ApiRouter::new().api_route("/api/reviews/waiting", list);
        domain.routes(routes.with_state(context.database.clone()));
        Ok(())
    }
}

/// Idempotent, as handlers must be: the same event twice is one row.
async fn remember(database: &Database, product: ProductPublished) -> Result<(), HandlerError> {
    let row =
        waiting::ActiveModel { product_id: Set(product.product_id), title: Set(product.title) };
    waiting::Entity::insert(row)
        .on_conflict(OnConflict::column(waiting::Column::ProductId).do_nothing().to_owned())
        .exec_without_returning(&**database)
        .await
        .map_err(DatabaseError::from)?;
    Ok(())
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Waiting {
    product_id: ProductId,
    title: String,
}

async fn list(State(database): State<Database>) -> Result<Json<Vec<Waiting>>, Problem> {
    let rows = waiting::Entity::find()
        .all(&*database)
        .await
        .map_err(|error| Problem::of(DatabaseError::from(error)))?;
    let waiting = |row: waiting::Model| Waiting { product_id: row.product_id, title: row.title };
    Ok(Json(rows.into_iter().map(waiting).collect()))
}
