//! Modules need modules.

use czo_module_package::{ModuleName, Package};
use czo_modules::{AddOptions, Consent, ModuleError, RemoveOptions};
use czo_testkit::on_each_database;
use serde_json::{Value, json};

use crate::house::{House, owner};

/// A module of this name and version that needs others.
fn module(house: &House, name: &str, version: &str, needs: &Value) -> Package {
    house.package(version, |manifest, at| {
        // Nothing but pages: what it runs is of no matter here.
        let folder = at.join("pages");
        std::fs::create_dir(&folder).expect("the folder");
        std::fs::write(folder.join("index.html"), "<p>hello</p>").expect("written");
        *manifest = json!({
            "name": name, "version": version, "description": "Pages.", "author": "czo",
            "license": "MIT", "czo": "^0.1", "dependencies": needs,
            "dashboard": {
                "assets": "pages",
                "pages": [{ "name": "home", "entry": "index.html", "title": "Home" }],
            },
        });
    })
}

fn name(name: &str) -> ModuleName {
    name.parse().expect("a name")
}

on_each_database! {
    async fn a_module_is_enabled_after_what_it_needs_and_brought_up_in_that_order(database: TestDatabase) {
        let house = House::new(&database).await;
        let (options, ctx) = (AddOptions::new("."), owner());
        let a = module(&house, "a", "0.1.0", &json!({ "b": "^0.1" }));
        let b = module(&house, "b", "0.1.0", &json!({}));
        house.modules.add(&ctx, a, options.clone()).await.unwrap();
        house.modules.add(&ctx, b, options.clone()).await.unwrap();
        let refused = house.modules.enable(&ctx, &name("a")).await.unwrap_err();
        assert!(matches!(refused, ModuleError::Dependencies { .. }), "{refused}");
        house.modules.enable(&ctx, &name("b")).await.unwrap();
        house.modules.enable(&ctx, &name("a")).await.unwrap();
        let other = House::another(&database).await;
        let started = other.modules.start().await;
        let order: Vec<_> = started.iter().map(|it| it.name.to_string()).collect();
        assert_eq!(order, ["b", "a"]);
        assert!(started.iter().all(|it| it.failure.is_none()));
        let asset = async |version: &str| {
            let version = version.parse().unwrap();
            other.modules.asset(&name("a"), &version, "index.html").await.unwrap()
        };
        assert_eq!(asset("0.1.0").await.unwrap().content, b"<p>hello</p>");
        // Whoever asks for a version keeps what it was given.
        assert!(asset("0.2.0").await.is_none());
    }

    async fn what_others_need_is_neither_disabled_nor_removed_unless_it_is_forced(database: TestDatabase) {
        let house = House::new(&database).await;
        let (options, ctx) = (AddOptions::new(".").enable(), owner());
        let b = module(&house, "b", "0.1.0", &json!({}));
        let a = module(&house, "a", "0.1.0", &json!({ "b": "^0.1" }));
        house.modules.add(&ctx, b, options.clone()).await.unwrap();
        house.modules.add(&ctx, a, options).await.unwrap();
        for refused in [
            house.modules.disable(&ctx, &name("b")).await.unwrap_err(),
            house.modules.remove(&ctx, &name("b"), RemoveOptions::default()).await.unwrap_err(),
        ] {
            assert!(matches!(refused, ModuleError::Dependants { .. }), "{refused}");
        }
        let forced = RemoveOptions::default().force();
        let removed = house.modules.remove(&ctx, &name("b"), forced).await.unwrap();
        assert_eq!(removed.disabled, [name("a")]);
    }

    async fn an_update_that_others_can_not_have_or_that_needs_itself_is_refused(database: TestDatabase) {
        let house = House::new(&database).await;
        let (options, ctx) = (AddOptions::new(".").enable(), owner());
        let b = module(&house, "b", "0.1.0", &json!({}));
        let a = module(&house, "a", "0.1.0", &json!({ "b": "^0.1" }));
        house.modules.add(&ctx, b, options.clone()).await.unwrap();
        house.modules.add(&ctx, a, options).await.unwrap();
        for needs in [("0.2.0", json!({})), ("0.1.1", json!({ "a": "^0.1" }))] {
            let update = module(&house, "b", needs.0, &needs.1);
            let all = Consent::Everything;
            let refused = house.modules.update(&ctx, update, None, all).await.unwrap_err();
            assert!(matches!(refused, ModuleError::Dependencies { .. }), "{refused}");
        }
    }
}
