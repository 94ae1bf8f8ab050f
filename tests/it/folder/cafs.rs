//! CAFs that are put into the folder: loaded once each with a notice, or waited for until they are whole.

use std::fs;
use std::io::Write;

use openssl::sha::sha256;
use serde_json::{Value, json};
use timbre_tests::{options, shop_of};

use super::Drop;

/// The mark of a CAF that is on its way is there from before its load until its notice is. One whose range somebody loaded
/// otherwise has none, and no notice: nothing was taken for granted of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_caf_that_was_loaded_before_a_stop_has_its_notice_after_it_and_one_that_is_repeated_has_none() {
    let root = tempfile::tempdir().unwrap();
    shop_of(root.path(), &[(1, 2)]).await;
    let drop = Drop::new(root.path());
    fs::write(drop.at("timbre.toml"), "[folder]\n").unwrap();
    let shop = timbre_app::start(options(root.path())).await.unwrap();
    let company = sii_sim::Desk::company();
    let caf = |first| {
        let date = "2026-11-01".parse().unwrap();
        sii_sim::Desk::caf(company.rut, 39, first, first + 9, date, company.name)
    };
    let (cut, others) = (caf(11), caf(31));
    for file in [&cut, &others] {
        shop.agent.load_grant(file, (1, 1), None).await.unwrap();
    }
    shop.stop().await;
    let hash = sha256(&cut)[..12].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mark = drop.at(&format!("caf/cargados/.{hash}.cargando"));
    fs::write(&mark, "").unwrap();
    fs::write(drop.at("caf/cortado.xml"), &cut).unwrap();
    fs::write(drop.at("caf/ajeno.xml"), &others).unwrap();
    let shop = timbre_app::start(options(root.path())).await.unwrap();
    drop.until(|drop| drop.names("caf").is_empty()).await;
    assert_eq!(drop.names("caf/cargados"), ["ajeno.xml", "cortado.aviso.json", "cortado.xml"], "and no mark");
    let notice = drop.json("caf/cargados/cortado.aviso.json");
    assert_eq!((&notice["first"], &notice["left"]), (&json!(11), &json!(10)));
    assert_eq!(notice["warnings"][0]["code"], "caf-terms-assumed", "{notice}");
    // The same once more is repeated. A new one, loaded in one go, leaves no mark either.
    fs::write(drop.at("caf/otra-vez.xml"), &cut).unwrap();
    fs::write(drop.at("caf/nuevo.xml"), caf(51)).unwrap();
    drop.until(|drop| drop.names("caf").is_empty()).await;
    let all = ["ajeno", "cortado.aviso", "cortado", "nuevo.aviso", "nuevo", "otra-vez"];
    let names = drop.names("caf/cargados");
    let stems: Vec<_> = names.iter().map(|name| name.rsplit_once('.').unwrap().0).collect();
    assert_eq!(stems, all);
    shop.stop().await;
}

/// A CAF is looked at once it is a second old. Half of one is none, and waits as half a sale does.
#[tokio::test(flavor = "multi_thread")]
async fn a_caf_that_comes_slowly_is_waited_for_and_what_is_none_by_its_kind_is_told() {
    let root = tempfile::tempdir().unwrap();
    shop_of(root.path(), &[(1, 2)]).await;
    let drop = Drop::new(root.path());
    let shop = timbre_app::start(options(root.path())).await.unwrap();
    let company = sii_sim::Desk::company();
    let caf = |first| {
        let date = "2026-11-01".parse().unwrap();
        sii_sim::Desk::caf(company.rut, 39, first, first + 9, date, company.name)
    };
    let whole = caf(11);
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/hostname", drop.at("caf/enlace.xml")).unwrap();
    let mut slow = fs::File::create(drop.at("caf/lento.xml")).unwrap();
    slow.write_all(&whole[..whole.len() / 2]).unwrap();
    fs::write(drop.at("caf/otro.xml"), caf(51)).unwrap();
    drop.until(|drop| drop.at("caf/cargados/otro.xml").exists()).await;
    // The look that loaded the later one has looked at this one too.
    assert!(drop.at("caf/lento.xml").exists() && drop.names("caf/rechazados").is_empty());
    slow.write_all(&whole[whole.len() / 2..]).unwrap();
    std::mem::drop(slow);
    drop.until(|drop| drop.at("caf/cargados/lento.xml").exists()).await;
    #[cfg(unix)]
    {
        let url = format!("{}/v1/folder", shop.address.base);
        let answer = reqwest::Client::new().get(&url).bearer_auth(&shop.address.token).send().await;
        let folder: Value = answer.unwrap().json().await.unwrap();
        assert_eq!(folder["left"][0]["file"], "caf/enlace.xml", "{folder}");
    }
    shop.stop().await;
}
