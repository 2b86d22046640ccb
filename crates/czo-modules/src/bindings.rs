//! What `wasmtime` makes of the WIT package. Nothing of it is public: the WIT may grow without the
//! crate's API.

wasmtime::component::bindgen!({
    path: "../czo-module-sdk/wit",
    world: "module",
    imports: {
        // These answer from memory; making them wait would cost more than what they do.
        "czo:module/log@0.1.0": trappable,
        "czo:module/config@0.1.0": trappable,
        "czo:module/secrets@0.1.0": trappable,
        "czo:module/metrics@0.1.0": trappable,
        "czo:module/clock@0.1.0": trappable,
        "czo:module/random@0.1.0": trappable,
        default: async | trappable,
    },
    exports: { default: async },
});
