//! The bare thing: hyper's client, which posts one signed body again and again.

use std::time::Instant;

use anyhow::{Result, ensure};
use chrono::Utc;
use czo_apps::{MessageId, Signer};
use futures_util::future::try_join_all;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::place::Place;
use crate::receiver::Receiver;
use crate::sustained::AT_ONCE;

/// So many requests with the body of a delivery in the log; how many a second.
pub(crate) async fn measure(place: &Place, receiver: &mut Receiver, count: usize) -> Result<f64> {
    let body = Bytes::from(place.ask::<String>("SELECT body FROM webhook_log LIMIT 1").await?);
    let id: MessageId = "msg_01jd3w2kh8f0rb9nq4z7v5m6xt".parse()?;
    let headers = Signer::new(place.secret.clone()).sign(&id, Utc::now(), &body);
    let mut request = Request::post(receiver.url("/bare"))
        .header("content-type", "application/json")
        .header("x-czo-event", "bench.order.placed");
    for (name, value) in headers.iter() {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(body))?;
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(AT_ONCE).build_http();
    let poster = |count: usize| {
        let (client, request) = (client.clone(), request.clone());
        tokio::spawn(async move {
            for _ in 0..count {
                let answer = client.request(request.clone()).await?;
                ensure!(answer.status().is_success(), "the answer was {}", answer.status());
                answer.into_body().collect().await?;
            }
            Ok(())
        })
    };
    let began = Instant::now();
    let each = count / AT_ONCE;
    for done in try_join_all((0..AT_ONCE).map(|_| poster(each))).await? {
        done?;
    }
    let took = began.elapsed();
    let arrived = receiver.take().await?.len();
    ensure!(arrived == each * AT_ONCE, "{arrived} of {} have arrived", each * AT_ONCE);
    Ok(f64::from(u32::try_from(each * AT_ONCE)?) / took.as_secs_f64())
}
