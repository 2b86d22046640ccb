//! What does not change of a job: a line of JSON, then the payload as it is.

use czo_core::{NewJob, RequestContext, RetryPolicy};
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
struct Head<'j> {
    retry: &'j RetryPolicy,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'j RequestContext>,
}

#[derive(Deserialize)]
struct Read {
    retry: RetryPolicy,
    #[serde(default)]
    context: Option<RequestContext>,
}

#[derive(Deserialize)]
struct ReadRetry {
    retry: RetryPolicy,
}

/// The body of a job, in its parts.
pub(super) struct Body<'t> {
    pub(super) retry: RetryPolicy,
    pub(super) context: Option<RequestContext>,
    pub(super) payload: &'t str,
}

/// The body of a new job.
pub(super) fn write(job: &NewJob) -> Result<String, serde_json::Error> {
    // JSON as it is written here has no line break.
    let head = Head { retry: &job.retry, context: job.context.as_ref() };
    let mut body = serde_json::to_string(&head)?;
    body.reserve(job.payload.len() + 1);
    body.push('\n');
    body.push_str(&job.payload);
    Ok(body)
}

/// The parts of a body, or what is wrong with it. A context that is not understood is none: it must
/// keep the job neither from its worker nor from people.
pub(super) fn read(body: &str) -> Result<Body<'_>, String> {
    let (head, payload) = split(body)?;
    let whole = serde_json::from_str(head).map(|Read { retry, context }| (retry, context));
    let (retry, context) = whole
        .or_else(|_| serde_json::from_str(head).map(|ReadRetry { retry }| (retry, None)))
        .map_err(|error| in_head(&error))?;
    Ok(Body { retry, context, payload })
}

fn split(body: &str) -> Result<(&str, &str), String> {
    body.split_once('\n').ok_or_else(|| "its body has no first line".to_owned())
}

fn in_head(error: &serde_json::Error) -> String {
    format!("the first line of its body: {error}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use czo_core::JobName;

    use super::*;

    const NAME: JobName = JobName::from_static("test.job");

    #[test]
    fn any_payload_reads_back_as_it_was() {
        for payload in ["", "\n", "{\"a\":\n1}", "\0\u{1f980}\r\n", "null"] {
            let policy = RetryPolicy::after([Duration::from_millis(1_500)]);
            let job = NewJob::raw(NAME, payload.to_owned(), policy.clone());
            let text = write(&job).unwrap();
            let body = read(&text).unwrap();
            assert_eq!((body.payload, body.retry, body.context), (payload, policy, None));
        }
    }

    #[test]
    fn a_context_of_another_version_is_none() {
        let text = "{\"retry\":[1],\"context\":{\"is\":\"new\"}}\n7";
        let body = read(text).unwrap();
        assert_eq!((body.payload, body.context), ("7", None));
        assert!(read("7").is_err());
    }
}
