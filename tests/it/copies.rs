//! A folder and its copy on one machine: they would give the same folios, so one of them may issue at a time.

use std::fs;
use std::path::Path;

use timbre_app::{Options, Running, StartError};
use timbre_tests::{boleta, sell, shop_of};

async fn start(root: &Path, name: &str, look: bool) -> Result<Running, StartError> {
    let options = timbre_tests::options(root);
    timbre_app::start(Options { data: Some(root.join(name)), sender: false, look, ..options }).await
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_only_looks_while_the_other_is_in_use_and_issues_nothing_once_that_has_sold() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    shop_of(root, &[(1, 20)]).await;
    copy(&root.join("shop"), &root.join("copia"));
    let shop = start(root, "shop", false).await.unwrap();
    let refused = start(root, "copia", false).await.err();
    assert!(matches!(&refused, Some(StartError::Copy(of)) if *of == root.join("copia")), "{refused:?}");
    start(root, "copia", true).await.expect("who only looks gives no folio").stop().await;
    assert_eq!(sell(&shop, &boleta(990), "a").await.unwrap().document.folio, 1);
    shop.stop().await;
    // It opens now, and the anchor tells it what the other one gave.
    let late = start(root, "copia", false).await.unwrap();
    assert!(sell(&late, &boleta(990), "b").await.is_err(), "folio 1 was given by the other");
    late.stop().await;
}
