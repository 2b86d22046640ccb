//! Requests to the hosts that are granted.

use std::time::Duration;

use url::Url;

use super::{Answer, answer, denied, invalid, limit, url_rule};
use crate::HttpRequest;
use crate::bindings::czo::module::http;
use crate::sandbox::CallState;

impl http::Host for CallState {
    async fn send(&mut self, request: http::Request) -> Answer<http::Response> {
        let url = match Url::parse(&request.url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => url,
            Ok(_) => return invalid("the URL must begin with `https://` or `http://`"),
            Err(error) => return invalid(format!("the URL can't be read: {error}")),
        };
        let rules = &self.confines.permissions.http;
        if !rules.iter().any(|rule| url_rule::allows(rule, &url)) {
            let host = url_rule::wanted(&url);
            return denied(format!("add \"{host}\" to `permissions.http`"));
        }
        let most = self.confines.limits.http_requests;
        if self.used.http_requests >= most {
            return limit(format!("a call sends at most {most} requests (`limits.httpRequests`)"));
        }
        self.used.http_requests += 1;
        let wall = Duration::from_millis(self.confines.limits.wall_ms.into());
        let asked = request.timeout_ms.map(|millis| Duration::from_millis(millis.into()));
        let request = HttpRequest {
            method: request.method,
            // As it was looked at: another reader could find another host in the text.
            url: url.into(),
            headers: request.headers,
            body: request.body,
            timeout: asked.map_or(wall, |asked| asked.min(wall)),
        };
        let response = self.confines.host.http.send(&self.scope, request).await;
        answer(response.map(|response| http::Response {
            status: response.status,
            headers: response.headers,
            body: response.body,
        }))
    }
}
