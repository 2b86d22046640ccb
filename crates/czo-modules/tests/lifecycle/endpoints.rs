//! Requests to modules.

use czo_core::{Actor, RequestContext, SystemIds};
use czo_testkit::TestDatabase;
use serde_json::json;

use crate::house::{House, call, owner};

#[tokio::test]
async fn a_request_meets_methods_paths_bodies_and_rates() {
    let database = TestDatabase::sqlite().await;
    let house = House::new(&database).await;
    let package = house.package("0.1.0", |manifest, _| {
        manifest["endpoints"][0]["rateLimitPerMinute"] = 3.into();
    });
    house.adds(package).await;
    let status = async |change: &dyn Fn(&mut czo_modules::EndpointCall)| {
        let mut call = call("none");
        change(&mut call);
        match house.modules.handle(call).await {
            Ok(answer) => answer.status,
            Err(error) => error.status(),
        }
    };
    assert_eq!(status(&|call| call.method = "GET".to_owned()).await, 405);
    assert_eq!(status(&|call| call.path = "/other".to_owned()).await, 404);
    assert_eq!(status(&|call| call.body = vec![0; (1 << 20) + 1]).await, 413);
    assert_eq!(status(&|call| call.body = b"no json".to_vec()).await, 422);
    assert_eq!(status(&|_| {}).await, 200);
    assert_eq!(status(&|_| {}).await, 429);
}

#[tokio::test]
async fn an_endpoint_wants_a_token_or_a_permission_unless_it_is_public() {
    let database = TestDatabase::sqlite().await;
    let house = House::new(&database).await;
    let package = house.package("0.1.0", |manifest, _| {
        let harm = |name: &str, path: &str| json!({ "name": name, "method": "POST", "path": path });
        let (mut free, mut paid) = (harm("harm", "/free"), harm("paid", "/paid"));
        free["rateLimitPerMinute"] = 100.into();
        paid["permission"] = "hostile:harm".into();
        manifest["endpoints"] = json!([free, paid]);
    });
    house.adds(package).await;
    let status = async |path: &str, actor: Actor| {
        let mut call = call("none");
        call.path = path.to_owned();
        call.context = RequestContext { actor, ..RequestContext::system(&SystemIds) };
        match house.modules.handle(call).await {
            Ok(answer) => answer.status,
            Err(error) => error.status(),
        }
    };
    let nobody = || {
        let Actor::Known { id, kind, .. } = owner().actor else {
            unreachable!("an owner is known")
        };
        Actor::Known { id, kind, roles: Vec::new() }
    };
    assert_eq!(status("/free", Actor::Anonymous).await, 401);
    assert_eq!(status("/free", nobody()).await, 200);
    assert_eq!(status("/paid", Actor::Anonymous).await, 401);
    assert_eq!(status("/paid", nobody()).await, 403);
    assert_eq!(status("/paid", owner().actor).await, 200);
}
