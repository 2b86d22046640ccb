//! The scripts, and the keys they work on.
//!
//! Redis runs one script at a time, so each is all or nothing and no two see the other's half. Every
//! key begins with `{prefix}:`, so all are on one node of a cluster.
//!
//! | key | is |
//! |---|---|
//! | `run` | the run of the server that the epoch is of |
//! | `epoch` | what the names of entries begin with; another one when the server restarted |
//! | `generation` | how many invalidations there have been |
//! | `n:<node>` | the session of a node |
//! | `s:<epoch>:…` | the generation at which a scope was last invalidated |
//! | `v:<epoch>:…` | an entry |
//! | `l:<epoch>:…` | the lease of a key: its token |
//! | `notices` | channel: generation, and what was invalidated |
//! | `beats:<session>` | channel: number of the beat and generation |
//!
//! A script that finds another epoch than the one its session is of does nothing and says `CHANGED`.

use czo_redis::Script;

macro_rules! scripts {
    ($($name:ident $file:literal,)*) => {
        $(
            pub(super) const $name: Script =
                Script::new($file, concat!(include_str!("common.lua"), include_str!($file)));
        )*

        pub(super) const ALL: &[Script] = &[$($name),*];
    };
}

scripts! {
    JOIN "join.lua",
    GENERATIONS "generations.lua",
    LEASE "lease.lua",
    EXTEND "extend.lua",
    COMMIT "commit.lua",
    RELEASE "release.lua",
    WRITE "write.lua",
    FORGET "forget.lua",
    BELOW "below.lua",
    SCOPE "scope.lua",
    SCAN "scan.lua",
    REMOVE "remove.lua",
    BEAT "beat.lua",
}
