//! What servers publish about themselves: one GET without any secret, no redirect followed, bounded in size and time.

use reqwest::header::ACCEPT;
use url::Url;

use crate::client;
use crate::session::config::connection::Connection;
use crate::token_endpoint::TokenTransport;

/// The body of a good answer, of at most so many bytes; else why there is none.
pub(super) async fn get(
    url: &Url,
    transport: &TokenTransport,
    connection: &Connection,
    bytes_max: usize,
) -> Result<Vec<u8>, String> {
    let clients = transport.network().ok_or("there is no network")?;
    let http = clients
        .for_token_endpoints(connection, None)
        .map_err(|failure| failure.to_string())?;
    let request = http.get(url.clone()).header(ACCEPT, "application/json");
    let mut response = request.send().await.map_err(client::chain)?;
    let status = response.status().as_u16();
    if status != 200 {
        return Err(format!("{url} answered with status {status}"));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(client::chain)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(format!("the answer is larger than {bytes_max} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
