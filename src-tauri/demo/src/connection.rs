//! One connection: HTTP/1.1 until the client leaves, the server stops, or a fault resets it.

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};

/// Resets the connection a request came on.
#[derive(Clone, Default)]
pub(crate) struct Cut(Arc<Notify>);

impl Cut {
    /// Asks for the reset and never answers: the task of this request ends with its connection.
    pub(crate) async fn reset(&self) -> Response {
        self.0.notify_one();
        std::future::pending().await
    }
}

/// Answers what comes on one connection. Idle connections end when `stopping` changes, busy ones after their answer.
pub(crate) async fn serve(stream: TcpStream, app: Router, mut stopping: watch::Receiver<bool>) {
    let cut = Cut::default();
    let app = TowerToHyperService::new(app);
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(cut.clone());
        app.call(request)
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // How a connection ended interests only its client.
        _ = &mut connection => return,
        () = cut.0.notified() => {}
        () = stopped(&mut stopping) => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            let _ = connection.await;
            return;
        }
    }
    let stream = connection.into_parts().io.into_inner();
    // Without lingering, closing sends RST instead of FIN: the client sees a reset and not an orderly end.
    let _ = stream.set_zero_linger();
}

/// Ends when the server stops, or is gone.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that nobody is left to say it.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
