//! What holds between the parts of the program: directions, wire types, permissions, words.

mod direction;
mod figures;
mod permissions;
mod repository;
mod wire;
mod words;
