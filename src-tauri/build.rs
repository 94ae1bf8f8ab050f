//! Declares the window's commands, so that each must be granted in the capability of
//! `tauri.conf.json`.

const COMMANDS: &[&str] = &[
    "snapshot",
    "documents",
    "document",
    "xml",
    "picture",
    "print",
    "settle_paper",
    "issue",
    "preview",
    "resend",
    "resend_pending",
    "sending",
    "printers",
    "found_printers",
    "put_printer",
    "remove_printer",
    "set_logo",
    "test_printer",
    "quit",
    "hide",
    "autostart",
    "set_autostart",
    "count",
    "today",
    "export",
    "sale",
    "issue_text",
    "resend_found",
    "reissue",
    "number_annulled",
    "load_folios",
    "resume_range",
    "range_annulled",
    "check_batch",
    "company",
    "set_company",
    "load_certificate",
    "diagnose",
    "lock",
    "unlock",
    "accept_clock",
    "staff",
    "put_worker",
    "remove_worker",
    "permit",
    "vouchers",
    "set_vouchers",
    "record",
    "vouched",
    "export_vouched",
    "acts",
];

fn main() {
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error={error:#}");
    }
}
