//! Packages that are uploaded.

use czo_core::RequestContext;
use czo_http::aide::openapi::{MediaType, ReferenceOr, RequestBody};
use czo_http::aide::transform::TransformOperation;
use czo_http::axum::body::{Body, to_bytes};
use czo_http::axum::http::StatusCode;
use czo_http::{Problem, body_too_large};
use czo_module_package::{ModuleManifest, ModuleName, Package};
use czo_modules::ModuleError;

use super::{Desk, blocking, invalid};
use crate::modules::{PackageRules, tarball};

/// Says in the document that the body is a packed package.
pub(super) fn takes_package(mut operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation.inner_mut().request_body = Some(ReferenceOr::Item(RequestBody {
        description: Some("The package as a `.tgz`, as `npm pack` makes it.".to_owned()),
        content: [(tarball::MEDIA_TYPE.to_owned(), MediaType::default())].into_iter().collect(),
        required: true,
        ..RequestBody::default()
    }));
    operation
}

impl Desk {
    /// The package in a body. Whoever sends it may; see [`Desk::may_write`].
    pub(super) async fn unpack(&self, body: Body) -> Result<Package, Problem> {
        let limit = PackageRules::upload_limit();
        let tarball = to_bytes(body, limit).await.map_err(|error| {
            body_too_large(&error).unwrap_or_else(|| {
                let detail =
                    format!("expected a package of at most {limit} bytes that arrives whole");
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", detail)
            })
        })?;
        let rules = self.rules.clone();
        blocking(move || rules.unpack(&tarball)).await?.map_err(Problem::of)
    }

    /// The manifest of the version that is here, if one is.
    pub(super) async fn previous(
        &self,
        ctx: &RequestContext,
        name: &ModuleName,
    ) -> Result<Option<ModuleManifest>, Problem> {
        let everywhere = RequestContext { shop_id: None, ..ctx.clone() };
        match self.modules.show(&everywhere, name).await {
            Ok(details) => Ok(Some(details.manifest)),
            Err(ModuleError::NotFound { .. }) => Ok(None),
            Err(error) => Err(Problem::of(error)),
        }
    }
}

/// Refuses a package of another module than the path names.
pub(super) fn is_of(package: &Package, name: &ModuleName) -> Result<(), Problem> {
    let found = &package.manifest().name;
    match found == name {
        true => Ok(()),
        false => {
            Err(invalid(format!("expected a package of module `{name}`, found one of `{found}`")))
        }
    }
}
