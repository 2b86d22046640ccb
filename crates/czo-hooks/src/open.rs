//! Points for hooks that know no types of Rust.

mod json_hook;
mod point;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use czo_core::Classified;
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::point::{JsonPoint, TypedPoint};
use crate::{HookHandle, HookPoint, HookRegistry, RegisterError};

pub use self::json_hook::{HookVerdict, JsonHook, JsonHookOptions};

/// A point that is open to hooks that know JSON instead of types. Cheap to clone.
///
/// Such a hook sees the input and the result in the form that they serialise to, and what it changes
/// them into must be of that form. So what is opened is a part of the API: a field that comes later
/// needs `#[serde(default)]`.
#[derive(Clone)]
pub struct OpenPoint {
    name: &'static str,
    typed: Arc<dyn TypedPoint>,
}

impl OpenPoint {
    /// The point `P`, open.
    #[must_use]
    pub fn of<P>() -> Self
    where
        P: HookPoint,
        P::Input: Serialize + DeserializeOwned + Clone + Sync,
        P::Output: Serialize + DeserializeOwned + Clone + Sync,
        P::Error: Classified,
    {
        Self { name: P::NAME, typed: Arc::new(JsonPoint::<P>::new()) }
    }

    /// The name of the point.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Debug for OpenPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OpenPoint").field(&self.name).finish()
    }
}

/// The points of a registry that are open to hooks that know JSON instead of types. Cheap to clone.
///
/// ```
/// use czo_hooks::{HookError, HookPoint, HookRegistry, OpenHooks};
///
/// struct OrderPlace;
///
/// impl HookPoint for OrderPlace {
///     const NAME: &'static str = "order.place";
///     type Input = Vec<String>;
///     type Output = u64;
///     type Error = HookError;
/// }
///
/// let open = OpenHooks::new(HookRegistry::new()).open::<OrderPlace>();
/// assert_eq!(open.names().collect::<Vec<_>>(), ["order.place"]);
/// ```
#[derive(Clone)]
pub struct OpenHooks {
    registry: HookRegistry,
    points: Arc<BTreeMap<&'static str, OpenPoint>>,
}

impl OpenHooks {
    /// No point of this registry yet.
    #[must_use]
    pub fn new(registry: HookRegistry) -> Self {
        Self { registry, points: Arc::default() }
    }

    /// Opens a point.
    #[must_use]
    pub fn open<P>(self) -> Self
    where
        P: HookPoint,
        P::Input: Serialize + DeserializeOwned + Clone + Sync,
        P::Output: Serialize + DeserializeOwned + Clone + Sync,
        P::Error: Classified,
    {
        self.with(OpenPoint::of::<P>())
    }

    /// Opens a point that somebody else knows the types of.
    #[must_use]
    pub fn with(self, point: OpenPoint) -> Self {
        let mut points = Arc::unwrap_or_clone(self.points);
        points.insert(point.name, point);
        Self { registry: self.registry, points: Arc::new(points) }
    }

    /// The names of the points that are open.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.points.keys().copied()
    }

    /// Whether a point of this name is open.
    #[must_use]
    pub fn contains(&self, point: &str) -> bool {
        self.points.contains_key(point)
    }

    /// Registers `hook` as `name` at a point. `None` when the point is not open.
    ///
    /// # Errors
    ///
    /// As [`HookBuilder::register_async_with`](crate::HookBuilder::register_async_with).
    pub fn register(
        &self,
        point: &str,
        name: &str,
        options: &JsonHookOptions,
        hook: Arc<dyn JsonHook>,
    ) -> Option<Result<HookHandle, RegisterError>> {
        let point = self.points.get(point)?;
        Some(point.typed.register(&self.registry, name, options, hook))
    }
}

impl fmt::Debug for OpenHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.points.keys()).finish()
    }
}
