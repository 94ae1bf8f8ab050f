//! The program as scripts know it: for each thing that can be wrong its exit code, its sentence and
//! its code; and that nothing is half done, no folio least of all.

mod desk;
mod shop;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use desk::{Shop, boleta, ran};
use serde_json::{Value, json};
use sii_sim::Desk;

fn with(pointer: &str, value: Value) -> String {
    let mut sale = boleta();
    let (inside, tag) = pointer.rsplit_once('/').unwrap();
    sale.pointer_mut(inside).expect("the path is in the sale")[tag] = value;
    sale.to_string()
}

#[test]
fn each_bad_input_has_its_code_and_sentence_and_nothing_is_half_done() {
    let shop = Shop::open();
    let before = shop.standing();
    let day = "2026-11-01".parse().unwrap();
    let other = shop.file("otra.xml", &Desk::caf("77777777-7", 39, 200_000, 200_010, day, "OTRA"));
    let rubbish = shop.file("nada.xml", b"<AUTORIZACION>");
    let pfx = shop.file("c.pfx", &Desk::certificate("buena").pfx);
    let not_pfx = shop.file("no.pfx", b"no es un pfx");
    let wrong_rut = with("/Encabezado/Receptor", json!({ "RUTRecep": "77777777-1" }));
    let keyed = json!({ "key": "suya", "sale": boleta() }).to_string();
    let table: &[(&[&str], &str, &str)] = &[
        (&["issue", "--key", "otra"], &keyed, "suya"),
        (&["issue"], "{\"Encabezado\": ", "JSON"),
        (&["issue"], &with("/Detalle/0/Cantidad", json!(2)), "Detalle[0].Cantidad"),
        (&["issue"], &wrong_rut, "Encabezado.Receptor.RUTRecep"),
        (&["issue"], &with("/Detalle/0/QtyItem", json!(0)), "Detalle[0].QtyItem"),
        (&["caf", "add", &other], "", "77.777.777-7"),
        (&["caf", "add", &rubbish], "", ""),
        (&["cert", "add", &pfx], "", "clave"),
        (&["cert", "add", &not_pfx], "", "PFX"),
    ];
    let mut codes = Vec::new();
    for (words, input, place) in table {
        let command = |words: &[&str]| {
            let mut command = shop.command(words);
            command.env("TIMBRE_CERT_PASSWORD", "mala");
            ran(command, input)
        };
        let told = command(words);
        assert_eq!((told.code, told.out.as_str()), (1, ""), "{words:?} {told:?}");
        assert!(told.err.contains("timbre: ") && told.err.contains(place), "{words:?} {told:?}");
        assert!(!told.err.contains("mala"), "a password is never repeated: {told:?}");
        let listed = command(&[words, &["--json"][..]].concat());
        assert_eq!(listed.code, 1, "{listed:?}");
        let [problem] = &listed.objects()[..] else { panic!("one object: {listed:?}") };
        assert!(problem["detail"].as_str().is_some_and(|text| text.len() > 10), "{problem}");
        codes.push(problem["error"].as_str().expect("a code").to_owned());
    }
    let all = codes.len();
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), all, "each its own: {codes:?}");
    assert_eq!(shop.standing(), before, "no folio was used, no range and no document came");
    let after = shop.run_with(&["issue", "--json"], &boleta().to_string());
    assert_eq!((after.code, &after.objects()[0]["id"]), (0, &json!("T39F1")), "{after:?}");
}

#[test]
fn every_command_has_its_exit_codes() {
    let shop = Shop::open();
    let sale = shop.file("venta.json", boleta().to_string().as_bytes());
    let xml = shop.file("no.xml", b"<nada/>");
    let table: &[(&[&str], &str, i32)] = &[
        (&["help"], "", 0),
        (&["help", "caf", "add"], "", 0),
        (&["help", "nada"], "", 2),
        (&["--help"], "", 0),
        (&["--version"], "", 0),
        (&[], "", 2),
        (&["emitir"], "", 2),
        (&["demo", "--documents", "muchos"], "", 2),
        (&["demo", "--scenario", "nieve"], "", 2),
        (&["serve", "--port", "x"], "", 2),
        (&["issue", &sale, "--key", "k"], "", 0),
        (&["issue", &sale, "--key", "k"], "", 0),
        (&["issue", "--key", "k"], &with("/Detalle/0/PrcItem", json!(351)), 1),
        (&["issue"], "{}", 1),
        (&["issue"], "", 2),
        (&["issue", "no-hay.json"], "", 2),
        (&["issue", "--timeout", "5s"], "", 2),
        (&["issue", &sale, "--key", "k", "--wait"], "", 0),
        // Its own key is the very one of the command line, as both are read.
        (&["issue", "--key", " k "], &json!({ "key": "k\n", "sale": boleta() }).to_string(), 0),
        (&["preview", &sale], "", 0),
        (&["preview"], "{}", 1),
        (&["preview"], "", 2),
        (&["list"], "", 0),
        (&["list", "--query", "nada"], "", 0),
        (&["list", "--state", "PERDIDO"], "", 2),
        (&["list", "--from", "ayer"], "", 2),
        (&["show", "T39F1"], "", 0),
        (&["show", "T39F1", "--xml"], "", 0),
        (&["show", "T39F1", "--history"], "", 0),
        (&["show", "T39F1", "--envelope"], "", 1), // a boleta is handed over on paper
        (&["show", "T39F99"], "", 1),
        (&["show", "39-1"], "", 2),
        (&["resend", "--pending"], "", 0),
        (&["resend", "T39F99"], "", 1),
        (&["resend"], "", 2),
        (&["reissue", "T39F99"], "", 1),
        (&["reissue", "T39F1"], "", 1), // nobody rejected it
        (&["reissue", "T39F1", "--sale", "no-hay.json"], "", 2),
        (&["folio", "annulled", "T39F1"], "", 1),
        (&["folio"], "", 2),
        (&["list", "--state", "to_annul"], "", 0),
        (&["caf", "resume", "39", "1", "--why", "x"], "", 1), // it is not stopped
        (&["caf", "resume", "39", "1"], "", 2),
        (&["caf", "stop", "39", "99999999", "--why", "x"], "", 1), // no range has it
        (&["caf", "stop", "39", "1"], "", 2),
        (&["caf", "list"], "", 0),
        (&["caf", "add", &xml], "", 1),
        (&["caf", "add", "no-hay.xml"], "", 2),
        (&["caf", "add", &xml, "--share", "3/2"], "", 2),
        (&["cert", "show"], "", 0),
        (&["cert", "add", &xml], "", 2), // no terminal to ask for its password
        (&["company", "show"], "", 0),
        (&["company", "set", "--ambiente", "produccion"], "", 1),
        (&["company", "set"], "", 2),
        (&["stats"], "", 0),
        (&["verify", &xml], "", 1),
        (&["verify", "no-hay.xml"], "", 2),
        (&["check"], "", 0),
        (&["simulator", "--scenario", "nieve"], "", 2),
        (&["seal", "status"], "", 0),
        (&["seal", "key"], "", 0),
        (&["seal", "on"], "", 2),       // nobody to show a recovery key to
        (&["seal", "off"], "", 1),      // it is off
        (&["vault", "recover"], "", 2), // nobody to ask for it
        (&["vault", "remake"], "", 2),  // nobody to ask whether it is meant
        (&["vault", "remake", "--yes"], "", 0),
        (&["issue", "--key", "otra"], &boleta().to_string(), 1), // its certificate has to be loaded again
        (&["list"], "", 0),
    ];
    for (words, input, code) in table {
        let told = shop.run_with(words, input);
        assert_eq!(told.code, *code, "timbre {} → {told:?}", words.join(" "));
        if *code != 0 {
            assert!(!(told.err + &told.out).trim().is_empty(), "timbre {} says nothing", words.join(" "));
        }
    }
}

#[test]
fn a_folder_without_a_shop_is_refused_and_stays_as_it_is() {
    let missing = Shop::empty();
    let other = Shop::empty();
    std::fs::create_dir(other.data()).unwrap();
    std::fs::write(other.data().join("carta.txt"), "x").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(other.data(), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let caf = missing.file("caf.xml", b"<AUTORIZACION>");
    for shop in [&missing, &other] {
        for words in [
            &["list"][..],
            &["show", "T39F1"],
            &["stats"],
            &["issue"],
            &["resend", "--pending"],
            &["caf", "list"],
            &["caf", "add", &caf],
            &["cert", "add", &caf],
            &["company", "show"],
            &["check"],
            &["vault", "remake", "--yes"],
            &["seal", "status"],
            &["seal", "off"],
        ] {
            let mut command = shop.command(words);
            command.env("TIMBRE_CERT_PASSWORD", "x");
            let told = ran(command, &boleta().to_string());
            assert_eq!(told.code, 1, "{words:?} {told:?}");
            assert!(told.err.contains("No hay datos en"), "{words:?} {told:?}");
        }
    }
    assert!(!missing.data().exists());
    let names: Vec<_> = std::fs::read_dir(other.data()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["carta.txt"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(other.data()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
    }
}

/// A path may be anything (on Linux, any bytes); JSON names it as well as it can.
#[cfg(unix)]
#[test]
fn a_path_that_is_no_text_is_told_all_the_same() {
    use std::os::unix::ffi::OsStrExt;
    let shop = Shop::empty();
    let name = std::ffi::OsStr::from_bytes(b"boleta-\xe9.xml");
    std::fs::write(shop.data().parent().unwrap().join(name), "<DTE/>").unwrap();
    let mut command = shop.command(&["verify", "--json"]);
    command.arg(shop.data().parent().unwrap().join(name));
    let told = ran(command, "");
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.objects()[0]["file"].as_str().unwrap().ends_with("boleta-\u{fffd}.xml"), "{told:?}");
}

#[test]
fn settings_that_are_wrong_are_bad_usage_and_damaged_data_says_so() {
    let shop = Shop::open();
    assert_eq!(shop.run_with(&["issue"], &boleta().to_string()).code, 0);
    std::fs::write(shop.data().join("timbre.toml"), "[sender]\nworker = 9\n").unwrap();
    assert_eq!(shop.run(&["list"]).code, 2);
    std::fs::remove_file(shop.data().join("timbre.toml")).unwrap();

    let vault = shop.data().join("vault.json");
    let good = std::fs::read(&vault).unwrap();
    std::fs::write(&vault, "{\"version\": 1}").unwrap();
    let told = shop.run_with(&["issue"], &boleta().to_string());
    assert_eq!(told.code, 4, "{told:?}");
    assert!(told.err.contains("vault.json"), "{told:?}");
    assert_eq!(shop.run(&["list"]).code, 0, "looking needs no key");
    std::fs::write(&vault, good).unwrap();

    let segment = only_file(&shop.data().join("journal"));
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let told = shop.run(&["check"]);
    assert_eq!(told.code, 4, "{told:?}");
}

fn only_file(dir: &Path) -> PathBuf {
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.remove(0)
}

#[test]
fn what_is_taken_for_granted_of_a_caf_is_said() {
    let shop = Shop::open();
    let day = "2026-11-01".parse().unwrap();
    let company = Desk::company();
    let caf = |from: u64| {
        let file = Desk::caf(company.rut, 39, from, from + 9, day, company.name);
        shop.file(&format!("{from}.xml"), &file)
    };
    let told = shop.run(&["caf", "add", &caf(200_000)]);
    assert!(told.code == 0 && told.err.contains("--used-up-to") && told.err.contains("--share"), "{told:?}");
    let told = shop.run(&["caf", "add", &caf(300_000), "--json"]);
    let range = &told.objects()[0];
    assert_eq!(range["assumed"], json!({ "used_up_to": null, "share": "1/1" }));
    assert_eq!(range["warnings"][0]["code"], "caf-terms-assumed");
    let told = shop.run(&["caf", "add", &caf(400_000), "--used-up-to", "400003", "--json"]);
    let range = &told.objects()[0];
    assert_eq!((&range["next"], &range["warnings"]), (&json!(400_004), &json!([])));
    assert!(range.get("assumed").is_none());
}

#[test]
fn the_environment_is_in_what_people_read() {
    let shop = Shop::open();
    for (words, input) in [
        (&["issue"][..], boleta().to_string()),
        (&["list"], String::new()),
        (&["show", "T39F1"], String::new()),
        (&["stats"], String::new()),
    ] {
        let told = shop.run_with(words, &input);
        assert!(told.code == 0 && told.out.contains("entrenamiento"), "{words:?} {told:?}");
    }
}

#[test]
fn the_registry_of_claims_and_the_mail_are_reached_from_the_command_line() {
    let shop = Shop::open();
    let receptor = json!({
        "RUTRecep": "77777777-7", "RznSocRecep": "Panadería Ñuñoa Ltda.", "GiroRecep": "Panadería",
        "DirRecep": "Irarrázaval 2450", "CmnaRecep": "Ñuñoa",
    });
    let mut factura: Value = serde_json::from_str(&with("/Encabezado/Receptor", receptor)).unwrap();
    factura["Encabezado"]["IdDoc"]["TipoDTE"] = json!(33);
    let issued = shop.run_with(&["issue", "--wait", "--json"], &factura.to_string());
    assert_eq!(issued.objects()[0]["state"], "ACEPTADO", "{issued:?}");

    let shown = shop.run(&["claims", "show", "T33F1"]);
    assert!(shown.code == 0 && shown.out.contains("Sin recibos ni reclamos."), "{shown:?}");
    let shown = shop.run(&["claims", "show", "T33F1", "--json"]);
    assert_eq!(shown.objects()[0]["assignable"]["words"], "DTE cedible");
    let mail = shop.run(&["results-mail", "T33F1"]);
    assert_eq!(
        (mail.code, mail.out.as_str()),
        (0, "El SII reenviará el correo con el resultado.\n"),
        "{mail:?}"
    );

    let of = |order: &'static str, more: &[&'static str]| {
        let document = ["claims", order, "--issuer", "88888888-8", "--type", "33", "--folio", "41"];
        document.into_iter().chain(more.iter().copied()).collect::<Vec<_>>()
    };
    let unknown = shop.run(&of("show", &["--json"]));
    assert_eq!((unknown.code, &unknown.objects()[0]["errors"][0]["code"]), (1, &json!("RECLAMO 18")));
    let said = shop.run_with(&of("claim", &["--action", "rcd"]), "RECLAMAR\n");
    assert!(
        said.code == 1 && said.out.contains("efecto legal") && said.err.contains("RECLAMO 10"),
        "{said:?}"
    );
    let said = shop.run(&of("accept", &["--yes"]));
    assert!(said.code == 1 && said.out.is_empty() && said.err.contains("RECLAMO 10"), "{said:?}");
    let doubted = shop.run_with(&of("accept", &[]), "RECLAMAR\n");
    assert!(doubted.code == 1 && doubted.err.contains("no se registró nada"), "{doubted:?}");
    let told = shop.run(&["results-mail", "T33F2"]);
    assert!(told.code == 1 && told.err.contains("T33F2"), "{told:?}");
    for wrong in [
        of("accept", &["--json"]),
        of("accept", &["--action", "RCD", "--yes"]),
        of("claim", &["--yes"]),
        vec!["claims", "show"],
        vec!["claims", "show", "--issuer", "88888888-8"],
        vec!["results-mail"],
    ] {
        let told = shop.run(&wrong);
        assert_eq!(told.code, 2, "{wrong:?} {told:?}");
    }
}

#[test]
fn what_can_not_share_a_folder_with_an_agent_says_so() {
    let shop = Shop::open();
    let mut agent = shop.command(&["serve", "--port", "0", "--json"]);
    let mut agent = agent.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(agent.stdout.take().unwrap()), &mut line)
        .unwrap();
    let told: Vec<_> =
        [&["serve"][..], &["demo", "--documents", "0"], &["vault", "remake", "--yes"], &["list"]]
            .iter()
            .map(|words| shop.run(words).code)
            .collect();
    // Before anything is looked at: no agent is left behind.
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert_eq!(told, [3, 3, 3, 0], "{line}");
    assert_eq!(shop.run(&["list"]).code, 0, "one that was killed is no agent");
}
