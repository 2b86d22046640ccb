//! What is too much.

use czo_modules::{HostError, KeyValue};
use czo_testkit::on_each_database;
use sea_orm::ConnectionTrait;

use crate::fixture::{loyalty, scope, values};

on_each_database! {
    async fn keys_have_1_to_512_bytes(database: TestDatabase) {
        let (kv, scope) = (values(&database).await, loyalty());
        kv.set(&scope, &"x".repeat(512), Vec::new(), None).await.expect("it fits");
        for key in [String::new(), "x".repeat(513)] {
            let error = kv.get(&scope, &key).await;
            assert!(matches!(error, Err(HostError::Invalid(_))), "{error:?}");
        }
        for limit in [0, 1_001] {
            let error = kv.keys(&scope, "", None, limit).await;
            assert!(matches!(error, Err(HostError::Invalid(_))), "{error:?}");
        }
    }

    async fn values_have_at_most_a_mib(database: TestDatabase) {
        let (kv, scope) = (values(&database).await, loyalty());
        kv.set(&scope, "k", vec![b'x'; 1 << 20], None).await.expect("it fits");
        let error = kv.set(&scope, "k", vec![b'x'; (1 << 20) + 1], None).await;
        assert!(matches!(error, Err(HostError::Limit(_))), "{error:?}");
    }

    async fn a_module_has_at_most_a_hundred_thousand_keys(database: TestDatabase) {
        let (kv, full, other) = (values(&database).await, loyalty(), scope("other", None));
        kv.set(&full, "there", b"x".to_vec(), None).await.expect("set");
        let fill = "UPDATE modules_kv_usage SET keys = 100000 WHERE module = 'loyalty'";
        database.execute_unprepared(fill).await.expect("filled");
        let error = kv.set(&full, "new", b"x".to_vec(), None).await;
        assert!(matches!(error, Err(HostError::Limit(_))), "{error:?}");
        let error = kv.increment(&full, "new", 1).await;
        assert!(matches!(error, Err(HostError::Limit(_))), "{error:?}");
        let error = kv.compare_and_set(&full, "new", None, b"x".to_vec()).await;
        assert!(matches!(error, Err(HostError::Limit(_))), "{error:?}");
        kv.set(&full, "there", b"larger".to_vec(), None).await.expect("it is no new key");
        kv.set(&other, "new", b"x".to_vec(), None).await.expect("it is another module");
        kv.delete(&full, "there").await.expect("deleted");
        kv.set(&full, "new", b"x".to_vec(), None).await.expect("there is room again");
    }

    async fn a_module_has_at_most_256_mib(database: TestDatabase) {
        let (kv, scope) = (values(&database).await, loyalty());
        kv.set(&scope, "there", b"some text".to_vec(), None).await.expect("set");
        let fill = format!("UPDATE modules_kv_usage SET bytes = {}", 256 << 20);
        database.execute_unprepared(&fill).await.expect("filled");
        for (key, value) in [("new", "x"), ("there", "some longer text")] {
            let error = kv.set(&scope, key, value.into(), None).await;
            assert!(matches!(error, Err(HostError::Limit(_))), "{key}: {error:?}");
        }
        let longer = b"some longer text".to_vec();
        let error = kv.compare_and_set(&scope, "there", Some(b"some text"), longer).await;
        assert!(matches!(error, Err(HostError::Limit(_))), "{error:?}");
        kv.set(&scope, "there", b"less".to_vec(), None).await.expect("it is less");
    }
}
