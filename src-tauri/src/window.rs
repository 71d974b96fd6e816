//! The one window: it shows the page inside the program, and never anything else.

use std::path::Path;

use tauri::webview::NewWindowResponse;
use tauri::{
    AppHandle, DragDropEvent, Manager as _, Url, WebviewUrl, WebviewWindowBuilder, WindowEvent,
};

use crate::settings::Theme;
use crate::shell::Shell;

/// The window's name in the capability.
const LABEL: &str = "main";
/// Its size at the start, in CSS pixels.
const SIZE_PX: (f64, f64) = (1280.0, 800.0);
/// Its smallest size, in CSS pixels.
const SIZE_MIN_PX: (f64, f64) = (720.0, 480.0);

/// Runs before the page's own scripts. It takes the place of `freezePrototype` in `tauri.conf.json`, which breaks d3.
const FREEZE: &str = include_str!("freeze.js");

/// Opens the window.
pub(crate) fn open(app: &AppHandle, data_dir: &Path, theme: Theme) -> tauri::Result<()> {
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("Sandglass")
        .inner_size(SIZE_PX.0, SIZE_PX.1)
        .min_inner_size(SIZE_MIN_PX.0, SIZE_MIN_PX.1)
        .center()
        .theme(native(theme))
        // The view stores nothing; what the engine below it caches stays beside our own files.
        .data_directory(data_dir.join("webview"))
        .devtools(cfg!(debug_assertions))
        .initialization_script(FREEZE)
        .on_navigation(is_our_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    take_drops(app);
    // The builder's theme is the frame's; on Linux the page learns of it only when it is set again.
    follow_theme(app, theme);
    Ok(())
}

/// What is dropped on the window is read here: the page hears of its content, and never of a path.
fn take_drops(app: &AppHandle) {
    let Some(window) = main(app) else { return };
    let app = app.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::DragDrop(DragDropEvent::Drop { paths, .. }) = event
            && let Some(path) = paths.first()
        {
            app.state::<Shell>().imports.drop_in(path.clone());
        }
    });
}

/// The window, for what is shown in front of it.
pub(crate) fn main(app: &AppHandle) -> Option<tauri::WebviewWindow> {
    app.get_webview_window(LABEL)
}

/// Makes the window's frame, and the page's preferred colours, those of the theme.
pub(crate) fn follow_theme(app: &AppHandle, theme: Theme) {
    if let Some(window) = main(app)
        && let Err(error) = window.set_theme(native(theme))
    {
        tracing::warn!(%error, "the window's theme could not be set");
    }
}

/// Absent: as the desktop.
fn native(theme: Theme) -> Option<tauri::Theme> {
    match theme {
        Theme::System => None,
        Theme::Light => Some(tauri::Theme::Light),
        Theme::Dark => Some(tauri::Theme::Dark),
    }
}

/// Whether the window may go there: only to the page inside the program, whatever a link or a script asks for.
fn is_our_page(url: &Url) -> bool {
    let (scheme, host) = if cfg!(any(windows, target_os = "android")) {
        ("http", "tauri.localhost")
    } else {
        ("tauri", "localhost")
    };
    url.scheme() == scheme
        && url.host_str() == Some(host)
        && url.port().is_none()
        && url.username().is_empty()
}

#[cfg(all(test, not(windows)))]
mod tests {
    use super::*;

    #[test]
    fn the_window_goes_nowhere_but_to_its_own_page() {
        for (url, expected) in [
            ("tauri://localhost/", true),
            ("tauri://localhost/index.html#orders", true),
            ("http://tauri.localhost/", false),
            ("http://tauri.evil.test/", false),
            ("https://evil.test/", false),
            ("tauri://evil.test/", false),
            ("tauri://localhost@evil.test/", false),
            ("tauri://ada@localhost/", false),
            ("tauri://localhost:81/", false),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
            ("data:text/html,hello", false),
            ("about:blank", false),
        ] {
            assert_eq!(
                is_our_page(&Url::parse(url).expect("a test address")),
                expected,
                "{url}"
            );
        }
    }
}
