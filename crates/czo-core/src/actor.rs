//! Who acts.

use serde::{Deserialize, Serialize};

use crate::ActorId;

/// The kind of an [`Actor`]; `metadata.actorType` of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActorType {
    /// A person.
    User,
    /// A third-party app.
    App,
    /// czo itself: a job, a subscriber, the command line on the database.
    System,
}

/// Whoever an operation is done for.
///
/// Its roles decide what it may do, see [`PermissionService`](crate::PermissionService).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum Actor {
    /// Nobody who said who they are: a visitor of the shop.
    Anonymous,
    /// czo itself, which may do everything.
    System,
    /// Somebody whose token was checked.
    Known {
        /// Who.
        id: ActorId,
        /// What kind.
        kind: ActorType,
        /// The names of the roles that the token carries.
        roles: Vec<String>,
    },
}

impl Actor {
    /// The id, for an actor that has one.
    #[must_use]
    pub fn id(&self) -> Option<ActorId> {
        match self {
            Self::Known { id, .. } => Some(*id),
            Self::Anonymous | Self::System => None,
        }
    }

    /// The kind, for anybody but a visitor.
    #[must_use]
    pub fn kind(&self) -> Option<ActorType> {
        match self {
            Self::Anonymous => None,
            Self::System => Some(ActorType::System),
            Self::Known { kind, .. } => Some(*kind),
        }
    }
}
