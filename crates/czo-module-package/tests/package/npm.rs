//! Fetching packages of npm, from a registry of the test's own.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use czo_module_package::{FetchError, FetchOptions, ModuleSource, PackageError, Resolved, fetch};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use sha2::{Digest as _, Sha512};
use tar::{Builder, Header};

use crate::examples::{Folder, component, manifest};

const NAME: &str = "@example/loyalty";

/// A registry with one package, until the test ends.
struct Registry {
    url: String,
    home: Folder,
}

fn tarball(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, bytes) in files {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o755);
        tar.append_data(&mut header, format!("package/{name}"), bytes.as_slice()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

impl Registry {
    /// Serves a tarball, which it says to be what `announced` is.
    fn new(tarball: Vec<u8>, announced: &[u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let integrity = format!("sha512-{}", STANDARD.encode(Sha512::digest(announced)));
        let version = json!({
            "name": NAME,
            "version": "1.2.0",
            "dist": { "tarball": format!("{url}/loyalty-1.2.0.tgz"), "integrity": integrity },
        });
        let about = json!({
            "name": NAME,
            "dist-tags": { "latest": "1.2.0" },
            "versions": { "1.2.0": version },
        })
        .to_string();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Who has gone away needs no answer.
                let _ = answer(stream, about.as_bytes(), &tarball);
            }
        });
        Self { url, home: Folder::new() }
    }

    fn options(&self) -> FetchOptions {
        let home = self.home.path();
        let text = |path: &Path| path.display().to_string();
        let environment = [
            ("npm_config_registry", self.url.clone()),
            ("npm_config_cache", text(&home.join("cache"))),
            ("npm_config_userconfig", text(&home.join("npmrc"))),
            ("npm_config_fetch_retries", "0".to_owned()),
        ];
        FetchOptions {
            environment: environment.map(|(name, value)| (name.to_owned(), value)).into(),
            ..FetchOptions::default()
        }
    }
}

fn answer(stream: TcpStream, about: &[u8], tarball: &[u8]) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            break;
        }
    }
    let path = request.split(' ').nth(1).unwrap_or_default().to_ascii_lowercase();
    let (status, body) = match path.as_str() {
        "/@example%2floyalty" => ("200 OK", about),
        path if path.ends_with(".tgz") => ("200 OK", tarball),
        _ => ("404 Not Found", &b"{}"[..]),
    };
    let mut stream = reader.into_inner();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)
}

fn source(text: &str) -> ModuleSource {
    text.parse().unwrap()
}

#[test]
fn a_package_is_fetched_and_none_of_its_scripts_is_run() {
    let ran = Folder::new();
    let evil = format!("touch {}", ran.path().join("ran").display());
    let names = ["preinstall", "install", "postinstall", "prepack", "prepare", "postpack"];
    let scripts: serde_json::Map<_, _> =
        names.iter().map(|name| ((*name).to_owned(), json!(evil))).collect();
    let package = json!({ "name": NAME, "version": "1.2.0", "scripts": scripts });
    let tarball = tarball(&[
        ("package.json", package.to_string().into_bytes()),
        ("czo-module.json", manifest(&json!({})).to_string().into_bytes()),
        ("dist/tiny.wasm", component(&[], &[])),
    ]);
    let registry = Registry::new(tarball.clone(), &tarball);
    for text in ["@example/loyalty", "@example/loyalty@1.2.0", "@example/loyalty@^1.1"] {
        let fetched = fetch(&source(text), Path::new("/"), &registry.options()).unwrap();
        let integrity = format!("sha512-{}", STANDARD.encode(Sha512::digest(&tarball)));
        let version = "1.2.0".to_owned();
        assert_eq!(fetched.resolved, Resolved::Npm { version, integrity });
        assert!(fetched.root.join("dist/tiny.wasm").exists());
        assert_eq!(fs::read_dir(ran.path()).unwrap().count(), 0, "a script was run");
    }
}

#[test]
fn a_tarball_that_is_not_what_was_announced_is_refused() {
    let tarball = tarball(&[("package.json", b"{}".to_vec())]);
    let registry = Registry::new(tarball, b"another");
    let error = fetch(&source(NAME), Path::new("/"), &registry.options()).unwrap_err();
    assert!(
        matches!(
            error,
            PackageError::Fetch(FetchError::Failed { .. } | FetchError::Mismatch { .. })
        ),
        "{error}"
    );
    assert!(error.to_string().to_lowercase().contains("integrity"), "{error}");
}

#[test]
fn what_no_registry_has_is_told() {
    let registry = Registry::new(Vec::new(), b"");
    let error =
        fetch(&source("@example/nowhere"), Path::new("/"), &registry.options()).unwrap_err();
    assert!(error.to_string().contains("@example/nowhere"), "{error}");
    assert!(matches!(error, PackageError::Fetch(FetchError::Failed { .. })), "{error}");
}
