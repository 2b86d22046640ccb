//! The questions of domains to apps.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use czo_apps::{SyncAnswer, SyncCallError, SyncWebhooks};
use czo_core::{ActorId, Answer, AskApps, AskError, EventType, JsonQuestion, RequestContext};
use serde_json::Value;

/// Asks the apps of a database what the domains of the program have said that they ask.
#[derive(Clone, Debug)]
pub(crate) struct DomainQuestions {
    pub(super) webhooks: SyncWebhooks,
    /// What manifests can name.
    pub(super) listed: Arc<BTreeSet<EventType>>,
}

#[async_trait]
impl AskApps for DomainQuestions {
    async fn ask_json(
        &self,
        ctx: &RequestContext,
        question: JsonQuestion,
    ) -> Result<Vec<Answer<Value>>, AskError> {
        let JsonQuestion { event_type, payload, fits } = question;
        if !self.listed.contains(&event_type) {
            return Err(AskError::Unlisted { question: event_type });
        }
        let answers = self.webhooks.call_for(ctx, &event_type, &payload, fits).await;
        Ok(answers.map_err(told)?.into_iter().map(answer).collect())
    }
}

fn answer(answer: SyncAnswer) -> Answer<Value> {
    Answer {
        app: answer.app.to_string(),
        actor: ActorId::from(answer.installation.uuid()),
        webhook: answer.identifier,
        value: answer.value,
        last_good: answer.last_good,
    }
}

fn told(error: SyncCallError) -> AskError {
    match error {
        SyncCallError::NoShop(error) => error.into(),
        SyncCallError::NoAnswer { app, question, failure, .. } => {
            AskError::NoAnswer { app: app.to_string(), question, source: failure }
        }
        error => AskError::Unavailable { source: error.into() },
    }
}
