//! The functions that modules may call.
//!
//! None of them reads anything but its arguments and the time, changes anything, waits, or makes much
//! out of little. That leaves out `generate_series`, `repeat`, `lpad`, `rpad`, `format`, `printf`,
//! `randomblob` and `zeroblob`, regular expressions, which can be made to run for very long, and all
//! that look up names.

use crate::store::dialect::Dialect;

/// Functions that both databases have. Sorted.
const BOTH: &[&str] = &[
    "abs",
    "avg",
    "ceil",
    "ceiling",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "dense_rank",
    "exp",
    "first_value",
    "floor",
    "json_array_length",
    "json_object",
    "lag",
    "last_value",
    "lead",
    "length",
    "ln",
    "log",
    "lower",
    "ltrim",
    "max",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "sqrt",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "trim",
    "trunc",
    "upper",
];

/// Functions of PostgreSQL. Sorted.
const POSTGRES: &[&str] = &[
    "age",
    "array_length",
    "bool_and",
    "bool_or",
    "btrim",
    "cardinality",
    "char_length",
    "character_length",
    "date_part",
    "date_trunc",
    "decode",
    "div",
    "encode",
    "every",
    "gen_random_uuid",
    "greatest",
    "initcap",
    "isfinite",
    "json_agg",
    "json_build_array",
    "json_build_object",
    "json_extract_path",
    "json_extract_path_text",
    "json_object_agg",
    "json_strip_nulls",
    "json_typeof",
    "jsonb_agg",
    "jsonb_array_length",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_extract_path",
    "jsonb_extract_path_text",
    "jsonb_insert",
    "jsonb_object_agg",
    "jsonb_set",
    "jsonb_strip_nulls",
    "jsonb_typeof",
    "least",
    "left",
    "make_date",
    "md5",
    "now",
    "position",
    "power",
    "reverse",
    "right",
    "row_to_json",
    "split_part",
    "starts_with",
    "strpos",
    "to_char",
    "to_json",
    "to_jsonb",
    "to_timestamp",
];

/// Functions of SQLite. Sorted.
const SQLITE: &[&str] = &[
    "char",
    "date",
    "datetime",
    "group_concat",
    "hex",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_patch",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_type",
    "json_valid",
    "julianday",
    "pow",
    "power",
    "quote",
    "strftime",
    "time",
    "total",
    "typeof",
    "unicode",
    "unixepoch",
    "unhex",
];

/// Words that are the time, without parentheses.
const CONSTANTS: [&str; 3] = ["current_date", "current_time", "current_timestamp"];

/// Whether modules may call it, by its name in small letters.
pub(super) fn is_allowed(dialect: Dialect, name: &str) -> bool {
    let of_one = match dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::Sqlite => SQLITE,
    };
    BOTH.contains(&name) || of_one.contains(&name)
}

/// Whether it is a word that is the time.
pub(super) fn is_constant(name: &str) -> bool {
    CONSTANTS.contains(&name)
}
