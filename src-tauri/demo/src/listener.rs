//! The listener: takes every connection there is, and ends them all with the server.

use crate::connection::{serve, stopped};
use axum::Router;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How many connections may wait to be accepted: more than a burst of 1,000 requests needs.
const BACKLOG: u32 = 4096;
/// How long answers on their way may take after [`crate::Demo::stop`].
const STOP_WAIT_MAX: Duration = Duration::from_secs(1);
/// The pause after a failed accept: out of file descriptors, mostly, and trying at once would only spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Listens on an address, at once and with room for a burst.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // A restart on the same port must not wait for connections that are long closed. Elsewhere the option means sharing the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves connections until `stopping` changes; then lets answers on their way out, and closes the rest.
pub(crate) async fn accept(
    listener: TcpListener,
    app: Router,
    mut stopping: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let told = stopping.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Small answers must not wait for more of them (Nagle); where it cannot be set they are only slower.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(serve(stream, app.clone(), told.clone()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
            () = stopped(&mut stopping) => break,
        }
    }
    drop(listener);
    // Whatever is still open after this is closed with the set.
    let _ = tokio::time::timeout(STOP_WAIT_MAX, async {
        while connections.join_next().await.is_some() {}
    })
    .await;
}
