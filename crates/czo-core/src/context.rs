//! What travels with a request through every layer.

use std::fmt;
use std::future::Future;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

use crate::{Actor, IdGenerator, ShopId};

/// Ties together everything that one request caused: its log lines, events and answers.
///
/// 1 to 128 visible ASCII characters without the space, so that it is safe in a header, a log
/// line and a broker's property.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct CorrelationId(String);

/// Text that is not a correlation id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected a correlation id of 1 to 128 visible ASCII characters")]
pub struct CorrelationIdError;

impl CorrelationId {
    /// A new id, for a request that came with none.
    #[must_use]
    pub fn generate(ids: &dyn IdGenerator) -> Self {
        Self(ids.uuid_v7().to_string())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CorrelationId {
    type Err = CorrelationIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Self(text.to_owned())).ok_or(CorrelationIdError)
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for CorrelationId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::deserialize(deserializer)
    }
}

/// An operation that belongs to a shop was called without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "no shop is named: send the header `X-Czo-Shop` with a shop id; the command `shops` lists and creates them"
)]
pub struct NoShop;

tokio::task_local! {
    static CURRENT: RequestContext;
}

/// Who asks, for which shop, under which correlation id.
///
/// Services take it as an argument. It is also task-local inside [`RequestContext::scope`], for
/// the places where no argument can be passed (a log layer, a callback of a library). Its JSON form
/// is for queues that give it back to a handler later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestContext {
    /// Ties together everything this request causes.
    pub correlation_id: CorrelationId,
    /// The shop that the request is about, if it is about one.
    pub shop_id: Option<ShopId>,
    /// Whoever asks.
    pub actor: Actor,
}

impl RequestContext {
    /// The context of czo's own work, such as a job: the actor is the system, no shop yet.
    #[must_use]
    pub fn system(ids: &dyn IdGenerator) -> Self {
        Self { correlation_id: CorrelationId::generate(ids), shop_id: None, actor: Actor::System }
    }

    /// The same context, about `shop`.
    #[must_use]
    pub fn for_shop(mut self, shop: ShopId) -> Self {
        self.shop_id = Some(shop);
        self
    }

    /// The shop, or an error that says how to name one.
    ///
    /// # Errors
    ///
    /// [`NoShop`] when the request is about none.
    pub fn shop(&self) -> Result<ShopId, NoShop> {
        self.shop_id.ok_or(NoShop)
    }

    /// Runs `work` with this context as [`RequestContext::current`]. Tasks spawned inside do not
    /// inherit it.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// The context of the innermost [`scope`](Self::scope) around the caller.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SequentialIds;

    #[test]
    fn correlation_id_with_a_line_break_is_refused() {
        assert_eq!("a\nb".parse::<CorrelationId>(), Err(CorrelationIdError));
        assert_eq!("".parse::<CorrelationId>(), Err(CorrelationIdError));
        assert_eq!("x".repeat(129).parse::<CorrelationId>(), Err(CorrelationIdError));
    }

    #[tokio::test]
    async fn inner_scope_hides_the_outer_one_and_ends_with_its_work() {
        let ids = SequentialIds::default();
        let (outer, inner) = (RequestContext::system(&ids), RequestContext::system(&ids));
        let seen = outer
            .clone()
            .scope(async {
                let within = inner.clone().scope(async { RequestContext::current() }).await;
                (within, RequestContext::current())
            })
            .await;
        assert_eq!(seen, (Some(inner), Some(outer)));
        assert_eq!(RequestContext::current(), None);
    }
}
