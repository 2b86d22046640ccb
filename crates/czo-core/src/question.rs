//! Questions to third-party apps, as whoever asks sees them.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::{ActorId, Classified, ErrorKind, EventType, NoShop, RequestContext};

/// A question that a domain asks third-party apps, within a request that goes on with what they
/// answer: what shipping costs, what the tax is. Its JSON form is what they are sent.
///
/// ```
/// use czo_core::{EventType, Question};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize)]
/// struct RatesAsked {
///     country: String,
///     grams: u32,
/// }
///
/// #[derive(Deserialize)]
/// struct Rate {
///     cents: u32,
/// }
///
/// impl Question for RatesAsked {
///     const TYPE: EventType = EventType::from_static("shipping.rates.asked");
///     type Answer = Vec<Rate>;
/// }
/// ```
pub trait Question: Serialize + Sync {
    /// What manifests of apps name in `events` of webhooks with `"mode": "sync"`. Asked are those
    /// that may read its resource: `shipping:read` for `shipping.rates.asked`.
    const TYPE: EventType;

    /// What an answer says.
    type Answer: DeserializeOwned;
}

/// A question without its type, for [`AskApps`].
#[derive(Clone, Debug)]
pub struct JsonQuestion {
    /// Which question.
    pub event_type: EventType,
    /// What is said with it.
    pub payload: Value,
    /// Whether an answer can be used. One that cannot counts as none.
    pub fits: fn(&Value) -> bool,
}

/// What an app answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// Which app, as its manifest names it: `com.example.rates`.
    pub app: String,
    /// As whom it acts in the shop.
    pub actor: ActorId,
    /// Which of its webhooks, as its manifest names it.
    pub webhook: String,
    /// What it says. Whoever asked looks at that: it is of a third party.
    pub value: T,
    /// How old it is, if it is the last good answer to the same question, which stands for one that
    /// did not come.
    pub last_good: Option<Duration>,
}

impl<T> fmt::Debug for Answer<T> {
    /// Without what was answered, which may be about people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("app", &self.app)
            .field("webhook", &self.webhook)
            .field("last_good", &self.last_good)
            .finish_non_exhaustive()
    }
}

/// Asks the third-party apps of a shop.
///
/// Held as `Arc<dyn AskApps>`; [`AskAppsExt::ask`] is for those who have a [`Question`]. It may be
/// called at the same time from any task.
///
/// **Promise.** All apps of the shop that want the question are asked at once, each once, and the
/// call ends: within the longest deadline that their manifests declare, 10 s at most. An app
/// without an answer goes by its own manifest: the call fails with [`AskError::NoAnswer`], or goes
/// on without it, or with its last good answer. Nobody to ask is no error.
///
/// **Order.** The answers come in the order in which the apps were installed.
///
/// **Limits.** Whoever calls holds no transaction meanwhile: apps answer in seconds.
///
/// **Cancellation.** An app may have been asked by a call that is dropped.
#[async_trait]
pub trait AskApps: Send + Sync + fmt::Debug {
    /// Asks the apps of the shop of `ctx`.
    ///
    /// # Errors
    ///
    /// [`AskError`].
    async fn ask_json(
        &self,
        ctx: &RequestContext,
        question: JsonQuestion,
    ) -> Result<Vec<Answer<Value>>, AskError>;
}

/// Conveniences over every [`AskApps`].
#[async_trait]
pub trait AskAppsExt: AskApps {
    /// Asks the apps of the shop of `ctx`. An answer that is not of the question's type counts as
    /// none.
    ///
    /// # Errors
    ///
    /// [`AskError`].
    async fn ask<Q: Question>(
        &self,
        ctx: &RequestContext,
        question: &Q,
    ) -> Result<Vec<Answer<Q::Answer>>, AskError>
    where
        Q::Answer: Send,
    {
        let payload = serde_json::to_value(question)
            .map_err(|source| AskError::Encode { question: Q::TYPE, source })?;
        let fits = |value: &Value| Q::Answer::deserialize(value).is_ok();
        let asked = JsonQuestion { event_type: Q::TYPE, payload, fits };
        let answers = self.ask_json(ctx, asked).await?.into_iter().map(|answer| {
            let Answer { app, actor, webhook, value, last_good } = answer;
            match serde_json::from_value(value) {
                Ok(value) => Ok(Answer { app, actor, webhook, value, last_good }),
                // Its text would repeat the answer.
                Err(_) => Err(AskError::NoAnswer {
                    app,
                    question: Q::TYPE,
                    source: "the answer is not what is asked for".into(),
                }),
            }
        });
        answers.collect()
    }
}

impl<A: AskApps + ?Sized> AskAppsExt for A {}

/// Where there are no apps: nobody is asked, and nobody answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoApps;

#[async_trait]
impl AskApps for NoApps {
    async fn ask_json(
        &self,
        _: &RequestContext,
        _: JsonQuestion,
    ) -> Result<Vec<Answer<Value>>, AskError> {
        Ok(Vec::new())
    }
}

/// Why a question has no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AskError {
    /// No shop is named, whose apps could be asked.
    #[error(transparent)]
    NoShop(#[from] NoShop),
    /// The program does not say that it asks this, so no app can want it.
    #[error("`{question}` is none of the questions that `Domain::questions` of a domain names")]
    Unlisted {
        /// What was to be asked.
        question: EventType,
    },
    /// The question has no JSON form.
    #[error("`{question}` cannot be written as JSON")]
    Encode {
        /// What was to be asked.
        question: EventType,
        /// Why.
        source: serde_json::Error,
    },
    /// An app without whose answer it does not go on gave none.
    #[error("the app {app} has not answered `{question}`")]
    NoAnswer {
        /// Which app, as its manifest names it.
        app: String,
        /// What was asked.
        question: EventType,
        /// Why not. It does not repeat what was answered.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Which apps are to be asked can't be told.
    #[error("which apps are to be asked cannot be told now")]
    Unavailable {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Classified for AskError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoShop(_) => ErrorKind::Invalid,
            Self::NoAnswer { .. } | Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Unlisted { .. } | Self::Encode { .. } => ErrorKind::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SequentialIds;

    #[derive(Serialize)]
    struct Asked {
        grams: u32,
    }

    impl Question for Asked {
        const TYPE: EventType = EventType::from_static("shipping.rates.asked");
        type Answer = u32;
    }

    /// Answers whatever the payload says, whether it fits or not.
    #[derive(Debug)]
    struct Echo;

    #[async_trait]
    impl AskApps for Echo {
        async fn ask_json(
            &self,
            _: &RequestContext,
            question: JsonQuestion,
        ) -> Result<Vec<Answer<Value>>, AskError> {
            let value = question.payload["grams"].clone();
            assert!((question.fits)(&value) && !(question.fits)(&"a secret".into()));
            let actor = ActorId::generate(&SequentialIds::default());
            let value = if value == 0 { "a secret".into() } else { value };
            let (app, webhook) = ("com.example.rates".to_owned(), "rates".to_owned());
            Ok(vec![Answer { app, actor, webhook, value, last_good: None }])
        }
    }

    #[tokio::test]
    async fn an_answer_is_of_the_type_of_its_question_or_none() {
        let ctx = RequestContext::system(&SequentialIds::default());
        let answers = Echo.ask(&ctx, &Asked { grams: 7 }).await.unwrap();
        assert_eq!(answers[0].value, 7);
        assert!(!format!("{answers:?}").contains('7'));
        let error = Echo.ask(&ctx, &Asked { grams: 0 }).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
        assert!(!crate::describe(&error).contains("secret"), "{error:?}");
    }

    #[tokio::test]
    async fn without_apps_nobody_answers() {
        let ctx = RequestContext::system(&SequentialIds::default());
        assert!(NoApps.ask(&ctx, &Asked { grams: 7 }).await.unwrap().is_empty());
    }
}
