//! All routes.

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig, delete, get, head, patch, post};
use actix_web::{HttpRequest, Responder};

use super::error::ApiError;
use super::{auth, data, health, metrics, ofrep};

/// What the server answers to.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::scope("/ofrep/v1")
                .wrap(from_fn(auth::evaluate))
                .service(resource("/evaluate/flags/{key}").route(post().to(ofrep::evaluate_one)))
                .service(resource("/evaluate/flags").route(post().to(ofrep::evaluate_all)))
                .service(resource("/events").route(get().to(ofrep::events))),
        )
        .service(
            web::scope("/data").wrap(from_fn(auth::data)).service(
                resource("/{table}")
                    .route(get().to(data::handlers::read))
                    .route(head().to(data::handlers::read))
                    .route(post().to(data::handlers::insert))
                    .route(patch().to(data::handlers::update))
                    .route(delete().to(data::handlers::delete)),
            ),
        )
        .service(
            resource("/metrics")
                .wrap(from_fn(auth::admin))
                .route(get().to(metrics::metrics)),
        )
        .service(resource("/health/live").route(get().to(health::live)))
        .service(resource("/health/ready").route(get().to(health::ready)))
        .default_service(web::to(no_route));
}

/// A path that has methods, and answers others with what it has to say of that.
fn resource(path: &str) -> actix_web::Resource {
    web::resource(path).default_service(web::to(no_method))
}

async fn no_route(request: HttpRequest) -> impl Responder {
    Err::<&str, _>(ApiError::NoRoute(request.path().to_owned()))
}

async fn no_method(request: HttpRequest) -> impl Responder {
    Err::<&str, _>(ApiError::NoMethod(request.method().to_string()))
}
