//! The setting that sends boletas the way of the certification set: where it is refused, and that a folder which
//! has it says so.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use timbre_app::{Options, StartError};
use timbre_core::Environment;
use timbre_tests::{options, shop};

fn ask_for_the_set(dir: &Path) {
    std::fs::create_dir_all(dir.join("shop")).unwrap();
    std::fs::write(dir.join("shop/timbre.toml"), "[certification]\nboleta_set = true\n").unwrap();
}

async fn company(dir: &Path, environment: Environment, resolution: u32) {
    let made = timbre_app::start(Options { sender: false, ..options(dir) }).await.unwrap();
    let data = json!({
        "RUTEmisor": "77777777-7", "RznSoc": "ALMACEN VERDADERO LTDA", "GiroEmis": "Almacén",
        "Acteco": [472101], "DirOrigen": "Los Pinos 1", "CmnaOrigen": "Ñuñoa",
        "FchResol": "2014-08-22", "NroResol": resolution,
    });
    made.agent.set_company(environment, &data).await.unwrap();
    made.stop().await;
}

async fn refused(dir: &Path, why: &str) {
    ask_for_the_set(dir);
    for options in [options(dir), Options { sender: false, ..options(dir) }] {
        let error = timbre_app::start(options).await.err().expect(why);
        assert!(matches!(error, StartError::OnlyCertification(..)) && error.exit_code() == 2, "{error}");
        let told = error.to_string();
        assert!(told.contains(why) && told.contains("boleta_set") && told.contains("timbre.toml"), "{told}");
    }
}

#[tokio::test]
async fn only_a_certification_folder_may_send_the_set() {
    let new = tempfile::tempdir().unwrap();
    refused(new.path(), "no tiene empresa").await;
    let training = tempfile::tempdir().unwrap();
    shop(training.path(), "calm").await.stop().await;
    refused(training.path(), "es de entrenamiento").await;
    let production = tempfile::tempdir().unwrap();
    company(production.path(), Environment::Production, 80).await;
    refused(production.path(), "es de producción").await;
}

fn journal_says(dir: &Path, text: &str) -> usize {
    let folder = dir.join("shop/journal");
    let files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|p| p.is_file())
        .collect();
    let found = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(text.len()).filter(|window| *window == text.as_bytes()).count()
    };
    files.iter().map(found).sum()
}

#[tokio::test]
async fn a_folder_that_sends_the_set_says_so_and_writes_it_down() {
    let dir = tempfile::tempdir().unwrap();
    company(dir.path(), Environment::Certification, 0).await;
    let agent = timbre_app::start(options(dir.path())).await.unwrap();
    assert_eq!(agent.agent.snapshot().standing, None);
    agent.stop().await;
    assert_eq!(journal_says(dir.path(), "set de certificación"), 0);

    ask_for_the_set(dir.path());
    // One that only looks or issues sends nothing: there is nothing to write down.
    let looks = timbre_app::start(Options { sender: false, ..options(dir.path()) }).await.unwrap();
    assert!(looks.agent.snapshot().standing.is_some());
    looks.stop().await;
    assert_eq!(journal_says(dir.path(), "set de certificación"), 0);

    let agent = timbre_app::start(options(dir.path())).await.unwrap();
    let standing = agent.agent.snapshot().standing.unwrap();
    assert!(standing.contains("set de certificación") && standing.ends_with('.'), "{standing}");
    let health: Value = reqwest::Client::new()
        .get(format!("{}/v1/health", agent.address.base))
        .bearer_auth(&agent.address.token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(health["notices"][0], standing, "{health}");
    agent.stop().await;
    assert_eq!(journal_says(dir.path(), "set de certificación"), 1);
}
