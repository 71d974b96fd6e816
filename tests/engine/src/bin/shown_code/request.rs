// Cargo.toml: reqwest = "0.13", tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
// TOKEN: the token of the session main, read from the environment
// X_API_KEY: the value of X-Api-Key, read from the environment

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let response = reqwest::Client::new()
        .request("POST".parse()?, "http://orders.test/orders?a=1")
        .header("Content-Type", "application/json")
        .header("X-Odd", "it's \"$HOME\" \\ {x}")
        .header("Authorization", format!("Bearer {}", std::env::var("TOKEN")?))
        .header("X-Api-Key", std::env::var("X_API_KEY")?)
        .body("{\"a\": \"ü {b}\"}")
        .send()
        .await?;
    println!("{}", response.status().as_u16());
    println!("{}", response.text().await?);
    Ok(())
}
