//! Believable orders: the same ones in every run, so that screenshots and tests can name them.

use serde_json::{Value, json};

/// How many orders there are.
pub(crate) const ORDERS: usize = 200;

const CUSTOMERS: [&str; 8] = [
    "Marisol Quintero",
    "Noah Lindqvist",
    "Amara Okafor",
    "Yuki Tanabe",
    "Tomasz Wrona",
    "Leila Haddad",
    "Ingrid Solheim",
    "Mateo Ferreira",
];
const STATES: [&str; 4] = ["paid", "shipped", "open", "refunded"];
const CURRENCIES: [&str; 3] = ["EUR", "GBP", "SEK"];

/// The first orders, newest first.
pub(crate) fn newest(limit: usize) -> Value {
    let items: Vec<Value> = (0..limit.min(ORDERS)).map(order).collect();
    json!({ "items": items, "total": ORDERS })
}

fn order(place: usize) -> Value {
    let number = ORDERS - place;
    // Multipliers without a common divisor with the list lengths keep neighbours different.
    let cents = 900 + (number * 7_919) % 48_000;
    json!({
        "id": format!("ord_{}", 10_400 + number),
        "customer": CUSTOMERS[(number * 5) % CUSTOMERS.len()],
        "total": format!("{}.{:02}", cents / 100, cents % 100),
        "currency": CURRENCIES[(number * 2) % CURRENCIES.len()],
        "state": STATES[(number * 3) % STATES.len()],
    })
}
