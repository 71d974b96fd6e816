//! The figures that the README shows are those that the bench wrote. Their values are nobody's business here.

use crate::repository::read;

#[test]
fn the_readme_shows_the_table_that_the_bench_wrote() {
    let table = read("tests/bench/figures.md");
    let (heading, table) = table.split_once("\n\n").expect("a heading");
    assert_eq!(heading, "# How fast it is");
    let rows = table.lines().filter(|line| line.starts_with("| ")).count();
    assert!(rows > 10, "a head, a rule and every row: {rows}");
    let readme = read("README.md");
    let shown = readme
        .split_once("<!-- figures: written by `cargo xtask bench` -->\n")
        .and_then(|(_, rest)| rest.split_once("<!-- end of figures -->"))
        .map(|(shown, _)| shown);
    assert_eq!(
        shown,
        Some(table),
        "`cargo xtask bench` writes both; the table is not edited by hand"
    );
}
