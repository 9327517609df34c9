//! The page: built into the binary, or read from a directory at each request.

use std::borrow::Cow;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;

/// Scripts, styles, images and connections from here and nowhere else; nothing inline; no frame around it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

macro_rules! built_in {
    ($($name:literal),* $(,)?) => { &[$(($name, include_bytes!(concat!("../../../web/", $name)))),*] };
}

/// Every file of the page.
const BUILT_IN: &[(&str, &[u8])] = built_in![
    "app.js",
    "camera.js",
    "composer.js",
    "conversation.js",
    "dom.js",
    "favicon.svg",
    "i18n.js",
    "index.html",
    "kiosk.js",
    "rapport.js",
    "speech.js",
    "status.css",
    "status.html",
    "status.js",
    "style.css",
    "waterfall.js",
];

/// Where the page comes from.
#[derive(Debug)]
pub(super) enum Page {
    BuiltIn,
    Directory(PathBuf),
}

/// Why a directory can't be the page.
#[derive(Debug)]
pub struct PageError {
    directory: PathBuf,
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let directory = self.directory.display();
        write!(f, "{directory} has no index.html\nhint: name the directory that holds the page")
    }
}

impl Page {
    pub(super) fn built_in() -> Self {
        Self::BuiltIn
    }

    pub(super) fn of_directory(directory: PathBuf) -> Result<Self, PageError> {
        if directory.join("index.html").is_file() {
            Ok(Self::Directory(directory))
        } else {
            Err(PageError { directory })
        }
    }

    /// A file of the page by its path below `/`.
    pub(super) async fn get(&self, path: &str) -> Response<Body> {
        let Some(bytes) = self.read(path).await else {
            return (StatusCode::NOT_FOUND, "there is no such page\n").into_response();
        };
        let headers = [
            (header::CONTENT_TYPE, content_type(path)),
            (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-cache"), // a new version of the server brings a new page
        ];
        (headers, Body::from(bytes.into_owned())).into_response()
    }

    async fn read(&self, path: &str) -> Option<Cow<'static, [u8]>> {
        match self {
            Self::BuiltIn => built_in(path),
            Self::Directory(directory) => {
                let is_below = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
                let file = is_below.then(|| directory.join(path))?;
                let bytes = tokio::task::spawn_blocking(|| std::fs::read(file)).await.ok()?.ok();
                // The operators' view goes with the server; a house's own page need not bring one.
                bytes.map(Cow::Owned).or_else(|| path.starts_with("status").then(|| built_in(path))?)
            }
        }
    }
}

/// A file of the binary. Below `status/` is what the operators' view shares with the page, whatever the house's own
/// page is.
fn built_in(path: &str) -> Option<Cow<'static, [u8]>> {
    let path = path.strip_prefix("status/").unwrap_or(path);
    BUILT_IN.iter().find(|(name, _)| *name == path).map(|(_, bytes)| Cow::Borrowed(*bytes))
}

fn content_type(path: &str) -> &'static str {
    match Path::new(path).extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_page_is_built_in() {
        let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
        let mut files: Vec<_> = std::fs::read_dir(web)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_type().unwrap().is_file())
            .map(|entry| entry.file_name().into_string().unwrap())
            .filter(|name| {
                !name.starts_with('.') && Path::new(name).extension().is_none_or(|end| end != "md")
            })
            .collect();
        files.sort();
        let mut built_in: Vec<_> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
        built_in.sort();
        assert_eq!(built_in, files);
        for (name, _) in BUILT_IN {
            assert_ne!(content_type(name), "application/octet-stream", "{name}");
        }
    }

    #[test]
    fn the_page_stays_small() {
        let page = BUILT_IN.iter().filter(|(name, _)| !name.starts_with("status"));
        let bytes: usize = page.map(|(_, bytes)| bytes.len()).sum();
        assert!(bytes < 60_000, "{bytes} bytes, the kiosk included");
    }

    #[tokio::test]
    async fn nothing_outside_the_directory_is_served() {
        let root = tempfile::tempdir().unwrap();
        let web = root.path().join("web");
        std::fs::create_dir(&web).unwrap();
        std::fs::write(root.path().join("secret"), "s").unwrap();
        assert!(Page::of_directory(web.clone()).is_err());
        std::fs::write(web.join("index.html"), "<p>").unwrap();
        let page = Page::of_directory(web).unwrap();
        assert_eq!(page.get("index.html").await.status(), StatusCode::OK);
        for path in ["../secret", "/etc/passwd", "a/../../secret", "none.html", "."] {
            assert_eq!(page.get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn a_directory_may_bring_its_own_view_for_operators() {
        let web = tempfile::tempdir().unwrap();
        std::fs::write(web.path().join("index.html"), "<p>").unwrap();
        let page = Page::of_directory(web.path().to_owned()).unwrap();
        assert_eq!(page.read("status.html").await, built_in("status.html"));
        std::fs::write(web.path().join("status.html"), "own").unwrap();
        assert_eq!(page.read("status.html").await.as_deref(), Some(&b"own"[..]));
        assert_eq!(page.read("style.css").await, None);
        assert_eq!(page.read("status/style.css").await, built_in("style.css"));
    }
}
