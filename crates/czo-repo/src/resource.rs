//! What a repository must know of an entity.

#[cfg(doctest)]
mod refusals;

use std::fmt::Display;
use std::hash::Hash;

use chrono::{DateTime, Utc};
use czo_core::{IdGenerator, ShopId};
use sea_orm::sea_query::{Value, ValueType};
use sea_orm::{EntityTrait, TryGetable};

use crate::Expected;

/// What a repository must know of an entity. Implemented by `#[derive(Resource)]` on its model:
///
/// ```
/// use chrono::{DateTime, Utc};
/// use czo_core::ShopId;
/// use czo_repo::Resource;
/// use sea_orm::entity::prelude::*;
///
/// czo_core::typed_id! {
///     /// Identifies a note.
///     pub struct NoteId("note");
/// }
///
/// #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
/// #[sea_orm(table_name = "note")]
/// #[resource(shop_scoped, versioned, soft_delete, timestamps)]
/// pub struct Model {
///     #[sea_orm(primary_key, auto_increment = false)]
///     pub id: NoteId,
///     pub shop_id: ShopId,
///     pub title: String,
///     pub version: i32,
///     pub created_at: DateTime<Utc>,
///     pub updated_at: DateTime<Utc>,
///     pub deleted_at: Option<DateTime<Utc>>,
/// }
/// # #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
/// # pub enum Relation {}
/// # impl ActiveModelBehavior for ActiveModel {}
/// ```
///
/// | word | columns | what repositories then do |
/// |---|---|---|
/// | `shop_scoped` | `shop_id: ShopId` | have no methods until a shop is chosen, and fill it in |
/// | `versioned` | `version: i32` | start at 1, add 1 with each change, check what the caller knew |
/// | `soft_delete` | `deleted_at: Option<DateTime<Utc>>` | stamp instead of deleting, leave stamped rows out, restore |
/// | `timestamps` | `created_at` and `updated_at: DateTime<Utc>` | stamp them |
///
/// A column of another name is named: `versioned = "revision"`, `timestamps = ("made_at",
/// "changed_at")`. A column that is missing or of another type does not compile, and says so. Ids
/// are made where the primary key is a [`typed_id!`](czo_core::typed_id); `given_id` leaves them
/// to whoever creates, `auto_increment` to the database.
pub trait Resource: EntityTrait<Model: Send + Sync, ActiveModel: Send> {
    /// The type of the primary key.
    type Id: ResourceId;
    /// What a repository can do at first: [`Ready`](crate::Ready), or with `shop_scoped`
    /// [`ChooseShop`](crate::ChooseShop).
    type Start;
    /// What an update may expect: with `versioned` an [`Expected`], otherwise
    /// [`AnyVersion`](crate::AnyVersion) only.
    type Expected: Into<Expected>;

    /// The primary key.
    const ID: Self::Column;
    /// Which shop a row belongs to.
    const SHOP_ID: Option<Self::Column> = None;
    /// How often a row was changed, plus one.
    const VERSION: Option<Self::Column> = None;
    /// When a row was deleted.
    const DELETED_AT: Option<Self::Column> = None;
    /// When a row was created.
    const CREATED_AT: Option<Self::Column> = None;
    /// When a row was last changed.
    const UPDATED_AT: Option<Self::Column> = None;

    /// The id of a row.
    fn id(row: &Self::Model) -> Self::Id;

    /// A new id, unless the caller or the database gives them.
    fn new_id(ids: &dyn IdGenerator) -> Option<Self::Id>;
}

/// A resource whose rows belong to one shop each.
pub trait ShopScoped: Resource {}

/// A resource whose rows are stamped when they are deleted, and can be restored.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` are gone when they are deleted",
    note = "give the entity a column `deleted_at: Option<DateTime<Utc>>` and the word `soft_delete` in `#[resource(…)]`"
)]
pub trait SoftDelete: Resource {}

/// What can be the id of a [`Resource`]. Every type with these abilities can.
pub trait ResourceId:
    Clone + Eq + Hash + Display + Into<Value> + ValueType + TryGetable + Send + Sync + 'static
{
}

impl<T> ResourceId for T where
    T: Clone + Eq + Hash + Display + Into<Value> + ValueType + TryGetable + Send + Sync + 'static
{
}

/// The types that the columns of a resource must have. For `#[derive(Resource)]`.
#[doc(hidden)]
pub mod column {
    use super::{DateTime, ShopId, Utc};

    #[diagnostic::on_unimplemented(
        message = "a shop column is a `ShopId`, not `{Self}`",
        label = "expected `czo_core::ShopId`"
    )]
    pub trait Shop {}
    impl Shop for ShopId {}

    #[diagnostic::on_unimplemented(
        message = "a version column is an `i32`, not `{Self}`",
        label = "expected `i32`"
    )]
    pub trait Version {}
    impl Version for i32 {}

    #[diagnostic::on_unimplemented(
        message = "a soft-delete column is an `Option<DateTime<Utc>>`, not `{Self}`",
        label = "expected `Option<chrono::DateTime<chrono::Utc>>`"
    )]
    pub trait DeletedAt {}
    impl DeletedAt for Option<DateTime<Utc>> {}

    #[diagnostic::on_unimplemented(
        message = "a timestamp column is a `DateTime<Utc>`, not `{Self}`",
        label = "expected `chrono::DateTime<chrono::Utc>`"
    )]
    pub trait Timestamp {}
    impl Timestamp for DateTime<Utc> {}

    pub const fn shop<T: Shop>() {}
    pub const fn version<T: Version>() {}
    pub const fn deleted_at<T: DeletedAt>() {}
    pub const fn timestamp<T: Timestamp>() {}
}
