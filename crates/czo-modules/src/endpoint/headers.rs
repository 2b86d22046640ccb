//! Which headers pass between a caller and a module.

/// Those that belong to the connection (RFC 9110, section 7.6.1), and those that this server writes
/// itself.
const OF_THE_CONNECTION: [&str; 11] = [
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "server",
];

/// Those that say who the caller is: a module is told by the context.
const OF_THE_CALLER: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// Those with which a module would act in the name of the whole server.
const OF_THE_SERVER: [&str; 5] = [
    "clear-site-data",
    "set-cookie",
    "set-cookie2",
    "strict-transport-security",
    "www-authenticate",
];

/// What a module may see of a request.
pub(super) fn of_request(headers: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut headers = lowered(headers);
    headers.retain(|(name, _)| {
        let name = name.as_str();
        !OF_THE_CONNECTION.contains(&name) && !OF_THE_CALLER.contains(&name)
    });
    headers
}

/// What a caller is given of an answer. What is no header at all is left out.
pub(super) fn of_answer(headers: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut headers = lowered(headers);
    headers.retain(|(name, value)| {
        let name = name.as_str();
        is_header(name, value)
            && !OF_THE_CONNECTION.contains(&name)
            && !OF_THE_SERVER.contains(&name)
            && !name.starts_with("access-control-")
    });
    headers
}

fn lowered(headers: Vec<(String, String)>) -> Vec<(String, String)> {
    headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}

/// Whether it can be sent: a token, and a value without line breaks.
fn is_header(name: &str, value: &str) -> bool {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let is_text = |b: u8| b == b'\t' || (b >= b' ' && b != 0x7f);
    !name.is_empty() && name.bytes().all(is_token) && value.bytes().all(is_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(headers: Vec<(String, String)>) -> Vec<String> {
        headers.into_iter().map(|(name, _)| name).collect()
    }

    fn headers(names: &[&str]) -> Vec<(String, String)> {
        names.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect()
    }

    #[test]
    fn a_module_sees_neither_tokens_nor_cookies() {
        let seen = of_request(headers(&["Authorization", "Cookie", "Accept", "Connection"]));
        assert_eq!(names(seen), ["accept"]);
    }

    #[test]
    fn a_module_sets_no_cookies_and_breaks_no_lines() {
        let mut answer = headers(&["Set-Cookie", "Content-Type", "Transfer-Encoding", "bad name"]);
        answer.push(("x-evil".to_owned(), "a\r\nset-cookie: b".to_owned()));
        assert_eq!(names(of_answer(answer)), ["content-type"]);
    }
}
