//! What people change is written beside what the shop wrote, or not at all; a look at a folder in use ends in words.

use super::*;

fn place(text: &str) -> (tempfile::TempDir, Place) {
    let dir = tempfile::tempdir().unwrap();
    if !text.is_empty() {
        fs::write(dir.path().join("timbre.toml"), text).unwrap();
    }
    let config = Config::read(dir.path()).unwrap();
    let printer = Arc::new(config.printer(dir.path(), false).unwrap());
    let place = Place::new(dir.path(), false, printer, config, None, None);
    (dir, place)
}

fn order(settings: &[(&str, Option<&str>)]) -> SettingsOrder {
    let settings = settings.iter().map(|(name, said)| ((*name).to_owned(), said.map(str::to_owned)));
    SettingsOrder { settings: settings.collect(), who: "Ana".to_owned() }
}

fn value(view: &SettingsView, name: &str) -> Option<String> {
    view.settings.iter().find(|setting| setting.name == name).unwrap().value.clone()
}

fn written(dir: &tempfile::TempDir) -> String {
    fs::read_to_string(dir.path().join("timbre.toml")).unwrap_or_default()
}

const SHOP: &str = "# De la tienda.\n[sender]\nparcel = 20 # así lo pidió Rosa\nworkers = 2\n\n\
                    [line]\nwitnesses = [\"a.cl\", \"b.cl\"] # nuestros\n\n[printers.bodega]\ndevice = \"red:10.0.0.5\"\n";

#[test]
fn what_is_changed_leaves_the_rest_of_the_file_as_the_shop_wrote_it() {
    let (dir, place) = place(SHOP);
    let before = place.settings().unwrap();
    assert_eq!((value(&before, "sender.parcel").as_deref(), before.waits), (Some("20"), false));
    assert_eq!(value(&before, "sender.attempts"), None);
    let parcel = before.settings.iter().find(|setting| setting.name == "sender.parcel").unwrap();
    assert_eq!((&*parcel.default, parcel.least, parcel.most), ("50", Some(1), Some(500)));

    let wanted = [("sender.parcel", Some(" 30 ")), ("folder.paper", Some("80mm")), ("sender.workers", None)];
    let (after, changed) = place.set(&order(&wanted)).unwrap();
    assert_eq!(
        written(&dir),
        SHOP.replace("20 #", "30 #").replace("workers = 2\n", "") + "\n[folder]\npaper = \"80mm\"\n"
    );
    assert_eq!(changed.len(), 3);
    assert!(changed.contains(&"documentos por envío a 30".to_owned()), "{changed:?}");
    assert!(changed.contains(&"envíos a la vez a lo normal".to_owned()), "{changed:?}");
    assert_eq!((value(&after, "folder.paper").as_deref(), after.waits), (Some("80mm"), true));

    let (_, changed) = place.set(&order(&wanted)).unwrap();
    assert!(changed.is_empty(), "nothing is new: {changed:?}");
    let back = [("sender.parcel", Some("20")), ("folder.paper", Some("")), ("sender.workers", Some("2"))];
    assert!(!place.set(&order(&back)).unwrap().0.waits, "as at the start");
}

#[test]
fn what_is_wrong_is_said_of_each_and_nothing_is_written() {
    let (dir, place) = place("");
    let wanted = [
        ("sender.parcel", Some("501")),
        ("terms.39", Some("7200")),
        ("folder.enabled", Some("quizás")),
        ("network.listen", Some("0.0.0.0:80")),
        ("folios.percent", Some("10")),
    ];
    let problem = place.set(&order(&wanted)).unwrap_err();
    let paths: Vec<_> =
        problem.errors.iter().map(|error| (error.path.as_str(), error.code.as_str())).collect();
    assert_eq!(
        paths,
        [
            ("folder.enabled", "setting-invalid"),
            ("network.listen", "setting-unknown"),
            ("sender.parcel", "setting-invalid"),
            ("terms.39", "setting-invalid"),
        ]
    );
    assert_eq!(
        problem.errors[3].message, "Es un número entero de 600 a 3600.",
        "the hour is only made shorter"
    );
    let crossed = [("sender.retry_base_seconds", Some("600")), ("sender.retry_cap_seconds", Some("60"))];
    assert_eq!(place.set(&order(&crossed)).unwrap_err().errors[0].path, "sender.retry_cap_seconds");
    assert_eq!(written(&dir), "");
}

#[test]
fn what_only_the_file_changes_is_shown_as_it_is_written() {
    let (_dir, place) = place(SHOP);
    let others = place.settings().unwrap().others;
    let told: Vec<_> = others.iter().map(|other| (other.name.as_str(), other.value.as_str())).collect();
    assert_eq!(told, [("line.witnesses", "[\"a.cl\", \"b.cl\"]")]);
}

#[test]
fn a_printers_setting_holds_at_once() {
    let (_dir, place) = place("[printer]\ndevice = \"red:10.0.0.5\"\n");
    let (view, _) = place.set(&order(&[("printer.on_issue", Some("false"))])).unwrap();
    assert!(!view.waits);
    assert!(!timbre_agent::Printers::list(&*place.printer).on_issue);
}

#[test]
fn a_file_that_was_broken_meanwhile_is_not_written_over() {
    let (dir, place) = place("");
    fs::write(dir.path().join("timbre.toml"), "[sender\n").unwrap();
    assert_eq!(
        place.set(&order(&[("sender.parcel", Some("5"))])).unwrap_err().errors[0].code,
        "settings-wrong"
    );
    assert_eq!(written(&dir), "[sender\n");
}

#[test]
fn each_setting_stands_for_a_line_that_the_file_may_have() {
    let (_dir, place) = place("");
    for setting in place.settings().unwrap().settings {
        let said = setting.least.map_or_else(|| setting.choices[1].clone(), |least| least.to_string());
        let (view, changed) = place.set(&order(&[(&setting.name, Some(&said))])).unwrap();
        assert_eq!((value(&view, &setting.name), changed.len()), (Some(said), 1), "{}", setting.name);
        assert!(!setting.default.is_empty() || setting.choices[0].is_empty(), "{}", setting.name);
    }
}

#[test]
fn where_it_is_and_what_it_holds_is_told() {
    let (dir, place) = place("");
    fs::create_dir(dir.path().join("journal")).unwrap();
    fs::write(dir.path().join("journal/1"), [0; 1_000]).unwrap();
    fs::write(dir.path().join("otro"), [0; 24]).unwrap();
    let told = place.place().unwrap();
    assert_eq!((told.bytes, told.journal_bytes), (1_024, 1_000));
    assert_eq!(told.path, dir.path().display().to_string());
    assert!(told.free_bytes.is_some_and(|free| free > 0));
}
