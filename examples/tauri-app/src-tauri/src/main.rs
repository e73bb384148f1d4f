//! An app around ocr-sidecar: its window asks by commands, and hears by events.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
mod forward;
mod sidecar;

use tauri::{Manager, RunEvent};

use sidecar::Sidecar;

fn main() {
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .invoke_handler(tauri::generate_handler![
            commands::opened_files,
            commands::daemon_state,
            commands::restart_daemon,
            commands::document_info,
            commands::render_page,
            commands::start_ocr,
            commands::cancel_job,
            commands::job_result,
        ])
        .setup(|app| {
            app.manage(Sidecar::default());
            sidecar::start(app.handle());
            Ok(())
        })
        .build(tauri::generate_context!())
        .expect("the app cannot be built");

    app.run(|app, event| {
        // The windows are closed by now, so nobody sees that this takes a moment.
        if let RunEvent::Exit = event {
            app.state::<Sidecar>().shutdown();
        }
    });
}
