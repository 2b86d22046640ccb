//! Which points there are.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::builder::HookBuilder;
use crate::chain::Point;
use crate::listing::{HookInfo, PointInfo};
use crate::name::is_well_formed;
use crate::{After, Before, HookPoint, Hooks, OnError, RegisterError};

/// The hooks of a program. Clones are the same registry; any thread may register, unregister and
/// run at any time, from inside a hook too.
///
/// **Order.** Of the hooks of one point and phase that need not wait for another, the one of the
/// highest priority runs first; of several, the one whose name is first in the alphabet. The
/// order in which they were registered is of no importance.
///
/// **Change.** A hook takes part in the runs that begin after its registration has returned, and
/// in none that begins after its handle was dropped. A run under way keeps the hooks it began
/// with.
#[derive(Clone, Default)]
pub struct HookRegistry {
    points: Arc<RwLock<HashMap<TypeId, Known>>>,
}

/// A point of some type.
struct Known {
    name: &'static str,
    type_name: &'static str,
    point: Arc<dyn AnyPoint>,
}

/// A point, whatever its type.
trait AnyPoint: Any + Send + Sync {
    fn hooks(&self) -> Vec<HookInfo>;
}

impl<P: HookPoint> AnyPoint for Point<P> {
    fn hooks(&self) -> Vec<HookInfo> {
        self.chain.current().list().collect()
    }
}

impl HookRegistry {
    /// A registry without hooks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A hook before the operation, which may change its input or refuse.
    pub fn before<P: HookPoint>(&self, name: &str) -> HookBuilder<'_, P, Before> {
        HookBuilder::new(self, name)
    }

    /// A hook after the operation went well, which may change its result.
    pub fn after<P: HookPoint>(&self, name: &str) -> HookBuilder<'_, P, After> {
        HookBuilder::new(self, name)
    }

    /// A hook that sees the error when something failed, and may recover with a result.
    pub fn on_error<P: HookPoint>(&self, name: &str) -> HookBuilder<'_, P, OnError> {
        HookBuilder::new(self, name)
    }

    /// The hooks of a point, to run an operation with. Kept by the owner of the operation, so that
    /// a run looks nothing up.
    #[must_use]
    pub fn point<P: HookPoint>(&self) -> Hooks<P> {
        let mut points = self.points.write().unwrap_or_else(PoisonError::into_inner);
        Hooks::new(entry(&mut points))
    }

    /// Every point that somebody has asked for, by name.
    #[must_use]
    pub fn list(&self) -> Vec<PointInfo> {
        let points = self.points.read().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<_> = points
            .values()
            .map(|known| PointInfo { name: known.name, hooks: known.point.hooks() })
            .collect();
        list.sort_by_key(|point| point.name);
        list
    }

    /// The point to register a hook at.
    ///
    /// # Errors
    ///
    /// [`RegisterError::PointTwice`].
    pub(crate) fn point_to_register<P: HookPoint>(&self) -> Result<Arc<Point<P>>, RegisterError> {
        let mut points = self.points.write().unwrap_or_else(PoisonError::into_inner);
        let other =
            points.iter().find(|(id, known)| known.name == P::NAME && **id != TypeId::of::<P>());
        match other {
            None => Ok(entry(&mut points)),
            Some((_, Known { type_name: other, .. })) => {
                Err(RegisterError::PointTwice { point: P::NAME, other })
            }
        }
    }
}

/// The point of a type; a new one, where nobody has asked for it yet.
fn entry<P: HookPoint>(points: &mut HashMap<TypeId, Known>) -> Arc<Point<P>> {
    const {
        assert!(
            is_well_formed(P::NAME),
            "the name of a hook point is segments of [a-z][a-z0-9_-]*, separated by dots"
        );
    }
    let known = points.entry(TypeId::of::<P>()).or_insert_with(|| Known {
        name: P::NAME,
        type_name: type_name::<P>(),
        point: Arc::new(Point::<P>::new()),
    });
    let point: Arc<dyn Any + Send + Sync> = known.point.clone();
    point.downcast().expect("a point is kept under its own type")
}

impl fmt::Debug for HookRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = self.list().into_iter().map(|point| {
            let names: Vec<_> = point.hooks.into_iter().map(|hook| hook.name).collect();
            (point.name, names)
        });
        f.debug_map().entries(list).finish()
    }
}
