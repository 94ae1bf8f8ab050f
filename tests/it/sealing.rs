//! Sealing a folder that is in use, as its own window does it: with a recovery key that was typed back.

use std::path::Path;
use std::sync::Arc;

use timbre_app::vault::RecoveryKey;
use timbre_tests::{boleta, options, sell, shop_of};

/// Whether any file of the journal says so in clear.
fn says(journal: &Path, word: &str) -> bool {
    let files = std::fs::read_dir(journal).expect("the journal");
    files.flatten().any(|file| {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        bytes.windows(word.len()).any(|window| window == word.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_in_use_is_sealed_once_the_key_that_was_shown_is_typed_back() {
    let dir = tempfile::tempdir().unwrap();
    shop_of(dir.path(), &[(1, 10)]).await;
    let at = options(dir.path());
    let journal = dir.path().join("shop").join("journal");
    let named = |name: &str| {
        let mut sale = boleta(1_000);
        sale["Detalle"][0]["NmbItem"] = name.into();
        sale
    };
    let shop = timbre_app::start(at.clone()).await.expect("it opens");
    sell(&shop, &named("Marraqueta"), "k1").await.unwrap();
    let folder = Arc::clone(&shop.data_folder);
    let seal = |typed: String| shop.agent.seal(Arc::clone(&folder), typed, "Ana".to_owned());
    let refused = async |typed: String, code: &str| {
        let problem = seal(typed).await.expect_err("nothing is sealed");
        assert_eq!(problem.errors[0].code, code);
        assert!(!folder.sealing().unwrap().on);
    };

    refused(RecoveryKey::fresh().unwrap().words().to_string(), "recovery-key-unknown").await;
    let first = folder.recovery_key().unwrap();
    let shown = folder.recovery_key().unwrap();
    assert!(folder.sealing().unwrap().unconfirmed);
    refused(first, "recovery-key-differs").await;
    refused("no es una clave".to_owned(), "seal-failed").await;
    let sealed = seal(shown.to_lowercase()).await.expect("the paper says so");
    assert!(sealed.on && !sealed.unconfirmed && sealed.sealed == 1, "{sealed:?}");
    assert_eq!(folder.recovery_key().unwrap_err().code, "sealed-already");

    // The shop goes on: what it had is read as before, what it sells now nobody else can read.
    let sold = sell(&shop, &named("Hallulla"), "k2").await.unwrap();
    assert_eq!(sell(&shop, &named("Marraqueta"), "k1").await.unwrap().document.folio, 1);
    assert_eq!(shop.agent.detail(&sold.document.id).unwrap().lines[0].name, "Hallulla");
    let acts = shop.agent.acts("cifrar", None, None).unwrap().rows;
    assert_eq!((acts.len(), acts[0].who.as_str()), (1, "Ana"));
    shop.stop().await;
    assert!(says(&journal, "Marraqueta") && !says(&journal, "Hallulla"));

    // The machine's own key is lost: the paper brings all of it back.
    std::fs::remove_file(dir.path().join("shop").join("vault.json")).unwrap();
    assert!(timbre_app::start(at.clone()).await.is_err(), "without its key it does not open");
    let paper = RecoveryKey::parse(&shown).unwrap();
    let recovering = at.clone();
    let recover = move || timbre_app::sealing::recover_vault(&recovering, "Ana", &paper);
    tokio::task::spawn_blocking(recover).await.unwrap().expect("the key is the one on the paper");
    let shop = timbre_app::start(at).await.expect("it opens again");
    assert_eq!(shop.agent.detail(&sold.document.id).unwrap().lines[0].name, "Hallulla");
    shop.stop().await;
}
