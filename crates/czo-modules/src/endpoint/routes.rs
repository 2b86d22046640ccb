//! Which endpoint of a module is meant.

use std::collections::HashMap;

use czo_module_package::Endpoint;

/// The endpoints of a module by path, as a tree of segments: looking one up takes as many steps as the
/// path has segments, however many endpoints there are. A segment in words goes before a place
/// (`{name}`), and there is no way back: `/a/{b}/x` is not found at `/a/c/x` where there is `/a/c`.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    words: HashMap<Box<str>, Node>,
    place: Option<Box<Node>>,
    /// The endpoints that end here, by method, with the names of the places on the way.
    endpoints: Vec<Route>,
}

#[derive(Debug)]
struct Route {
    method: String,
    /// Its place in the manifest.
    index: usize,
    places: Vec<String>,
}

/// What is at a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// An endpoint, by its place in the manifest, and what stands in its places.
    Endpoint { index: usize, params: Vec<(String, String)> },
    /// Endpoints for other methods.
    OtherMethods(Vec<String>),
    /// Nothing.
    Nothing,
}

impl Routes {
    /// Those of a manifest, which was validated.
    pub(crate) fn of(endpoints: &[Endpoint]) -> Self {
        let mut routes = Self::default();
        for (index, endpoint) in endpoints.iter().enumerate() {
            let (mut node, mut places) = (&mut routes.root, Vec::new());
            for segment in segments(&endpoint.path) {
                let place = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
                node = match place {
                    Some(name) => {
                        places.push(name.to_owned());
                        node.place.get_or_insert_default()
                    }
                    None => node.words.entry(segment.into()).or_default(),
                };
            }
            let method = endpoint.method.to_ascii_uppercase();
            node.endpoints.push(Route { method, index, places });
        }
        routes
    }

    /// What is at `path`, whose segments are decoded.
    pub(crate) fn find(&self, method: &str, path: &str) -> Found {
        let (mut node, mut values) = (&self.root, Vec::new());
        for segment in segments(path) {
            let decoded = decoded(segment);
            node = match (node.words.get(decoded.as_str()), &node.place) {
                (Some(next), _) => next,
                (None, Some(next)) => {
                    values.push(decoded);
                    next
                }
                (None, None) => return Found::Nothing,
            };
        }
        if node.endpoints.is_empty() {
            return Found::Nothing;
        }
        let route = node.endpoints.iter().find(|route| route.method == method);
        let Some(route) = route else {
            let methods = node.endpoints.iter().map(|route| route.method.clone());
            return Found::OtherMethods(methods.collect());
        };
        let params = route.places.iter().cloned().zip(values).collect();
        Found::Endpoint { index: route.index, params }
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    path.split('/').filter(move |_| !path.is_empty())
}

/// A segment without `%..`; as it is where that makes no text.
fn decoded(segment: &str) -> String {
    if !segment.contains('%') {
        return segment.to_owned();
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after
            .get(..2)
            .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match hex.filter(|_| first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| segment.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(list: &[(&str, &str)]) -> Routes {
        let endpoints: Vec<Endpoint> = list
            .iter()
            .enumerate()
            .map(|(at, (method, path))| {
                let name = format!("e{at}");
                serde_json::from_value(
                    serde_json::json!({ "name": name, "method": method, "path": path }),
                )
                .unwrap()
            })
            .collect();
        Routes::of(&endpoints)
    }

    #[test]
    fn places_of_the_path_are_named_and_decoded() {
        let routes = routes(&[("GET", "/points/{customer}/log/{at}"), ("GET", "/points/all")]);
        let params = vec![("customer".into(), "a b".into()), ("at".into(), "7".into())];
        let found = routes.find("GET", "/points/a%20b/log/7");
        assert_eq!(found, Found::Endpoint { index: 0, params });
        let found = routes.find("GET", "/points/all/");
        assert_eq!(found, Found::Endpoint { index: 1, params: Vec::new() });
        assert_eq!(routes.find("GET", "/points/x"), Found::Nothing);
    }

    #[test]
    fn another_method_is_told_which_there_are() {
        let routes = routes(&[("GET", "/a"), ("POST", "/a")]);
        let methods = vec!["GET".to_owned(), "POST".to_owned()];
        assert_eq!(routes.find("PUT", "/a"), Found::OtherMethods(methods));
        assert_eq!(routes.find("PUT", "/"), Found::Nothing);
    }
}
