use timbre_agent::Printers as _;
use timbre_core::paper::{Copy, Paper as _, Printing};
use timbre_core::receipt::Ceded;

use super::*;
use crate::paper::Printer;

const SETTINGS: &str = "# la caja\n[sender]\nworkers = 2 # dos\n\n[printer]\ndevice = \"carpeta:tickets\"\nlogo = \"marca.png\"\n\
    [printers.oficina]\ndevice = \"carpeta:hojas\"\ntakes = \"wide\"\n[printers.oficina.profile]\npaper = \"letter\"\n\
    [printers.cocina]\ndevice = \"carpeta:cocina\"\ntakes = \"asked\"\n";

fn set(text: &str) -> Result<Set, String> {
    Set::read(&toml::from_str(text).unwrap(), Path::new("."), false)
}

fn chosen(set: &Set, narrow: bool, named: Option<&str>) -> Option<String> {
    let receipt = Receipt { narrow, ..Receipt::default() };
    set.choose(&receipt, named).map(|ready| ready.place.device.clone())
}

#[test]
fn each_paper_has_its_printer() {
    let shop = set(SETTINGS).unwrap();
    assert_eq!(chosen(&shop, true, None).as_deref(), Some("carpeta:tickets"));
    assert_eq!(chosen(&shop, false, None).as_deref(), Some("carpeta:hojas"), "the one for its kind");
    assert_eq!(chosen(&shop, true, Some("cocina")).as_deref(), Some("carpeta:cocina"));
    assert_eq!(chosen(&shop, true, Some("bodega")), None);
    let asked = set("[printers.cocina]\ndevice = \"red:a\"\ntakes = \"asked\"\n").unwrap();
    assert_eq!(
        (chosen(&asked, true, None), asked.prints(&Series("39".to_owned()), None)),
        (None, false),
        "nothing unasked"
    );
    let two = set("[printers.b]\ndevice = \"red:b\"\n[printers.a]\ndevice = \"red:a\"\n").unwrap();
    assert_eq!(chosen(&two, true, None).as_deref(), Some("red:a"), "by name");
    assert!(
        two.prints(&Series("39".to_owned()), None) && set(SETTINGS).unwrap().logo_trouble.is_some(),
        "a logo that is not there"
    );
}

#[test]
fn what_can_not_be_meant_is_refused_with_its_printer() {
    let refused = |text: &str, word: &str| {
        let why = set(text).unwrap_err();
        assert!(why.contains(word), "{why}");
    };
    refused("[printer]\ndevice = \"lpt1\"\n", "red:192.168.1.50");
    refused("[printers.principal]\ndevice = \"red:a\"\n[printer]\ndevice = \"red:b\"\n", "dos veces");
    refused("[printers.\"a/b\"]\ndevice = \"red:a\"\n", "letras");
    refused("[printers.caja]\n", "caja");
}

/// A folder with these settings.
fn shop(settings: &str) -> (tempfile::TempDir, Printer) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("timbre.toml"), settings).unwrap();
    let printer = Printer::new(&Config::read(dir.path()).unwrap(), dir.path(), false).unwrap();
    (dir, printer)
}

fn said(name: &str, device: &str) -> PrinterView {
    PrinterView { name: name.to_owned(), device: device.to_owned(), ..PrinterView::default() }
}

#[test]
fn a_printer_that_is_set_up_is_there_at_once_and_after_a_restart_and_what_was_written_stays() {
    let (dir, printer) = shop(SETTINGS);
    let bar = PrinterView {
        takes: "narrow".into(),
        paper: "58mm".into(),
        drawer: true,
        status: "none".into(),
        ..said("Bar 2", "red:10.0.0.7")
    };
    let shown = printer.put(&bar).unwrap();
    assert_eq!(
        shown.printers.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(),
        ["principal", "Bar 2", "cocina", "oficina"]
    );
    assert!(printer.knows("Bar 2"));
    // Set up anew, with what is there already.
    printer.put(&PrinterView { pictures: true, ..said("principal", "carpeta:tickets") }).unwrap();
    printer.remove("cocina").unwrap();
    let text = std::fs::read_to_string(dir.path().join("timbre.toml")).unwrap();
    for kept in ["# la caja\n", "workers = 2 # dos", "logo = \"marca.png\"", "[printers.oficina.profile]"] {
        assert!(text.contains(kept), "{kept} in\n{text}");
    }
    assert!(!text.contains("cocina"), "{text}");
    let again = Printer::new(&Config::read(dir.path()).unwrap(), dir.path(), false).unwrap();
    assert_eq!(again.list(), printer.list());
    let view = again.list().printers.into_iter().find(|p| p.name == "Bar 2").unwrap();
    assert_eq!(view, bar);
    printer.remove("principal").unwrap();
    assert!(!printer.knows("principal"));
    assert_eq!(printer.remove("principal").unwrap_err().errors[0].code, "printer-unknown");
}

/// A caller may not have this machine write anywhere: only where a printer was found, or stands already.
#[test]
fn no_caller_names_a_path_of_this_machine() {
    let (dir, printer) = shop("[printer]\ndevice = \"carpeta:papel\"\n");
    let outside = dir.path().join("fuera");
    for device in [
        format!("carpeta:{}", outside.display()),
        "dispositivo:/dev/null".to_owned(),
        "cola:nadie".to_owned(),
    ] {
        let refused = printer.put(&said("caja", &device)).unwrap_err();
        assert_eq!(refused.errors[0].code, "printer-not-found", "{device}");
    }
    for device in ["red:169.254.169.254:80", "red:[fe80::1]", "red:[::ffff:169.254.1.1]:9100"] {
        let refused = printer.put(&said("caja", device)).unwrap_err();
        assert_eq!(refused.errors[0].code, "printer-link-local", "{device}");
    }
    let invalid = [
        said("", "red:a"),
        said("../caja", "red:a"),
        said("caja", "lpt1"),
        PrinterView { paper: "A4".into(), ..said("caja", "red:a") },
        PrinterView { takes: "boletas".into(), ..said("caja", "red:a") },
        PrinterView { codepage: "utf8".into(), ..said("caja", "red:a") },
        PrinterView { status: "quizás".into(), ..said("caja", "red:a") },
        PrinterView { baud: Some(1), ..said("caja", "red:a") },
    ];
    for view in invalid {
        assert_eq!(printer.put(&view).unwrap_err().errors[0].code, "printer-invalid", "{view:?}");
    }
    assert_eq!(
        std::fs::read_to_string(dir.path().join("timbre.toml")).unwrap(),
        "[printer]\ndevice = \"carpeta:papel\"\n"
    );
}

#[test]
fn sheets_and_tickets_go_each_their_way() {
    let dir = tempfile::tempdir().unwrap();
    let place = |name: &str| dir.path().join(name).display().to_string().replace('\\', "/");
    let settings = format!(
        "[printer]\ndevice = 'carpeta:{}'\n[printers.oficina]\ndevice = 'carpeta:{}'\ntakes = 'wide'\nprofile.paper = 'letter'\n",
        place("tickets"),
        place("hojas")
    );
    std::fs::write(dir.path().join("timbre.toml"), settings).unwrap();
    let printer = Printer::new(&Config::read(dir.path()).unwrap(), dir.path(), false).unwrap();
    let boleta = Receipt { narrow: true, ..Receipt::default() };
    assert_eq!(printer.print("T39F1", &boleta, Copy::Original, None, Box::new(())), Printing::Handed);
    assert_eq!(
        printer.print("T33F1", &Receipt::default(), Copy::Original, None, Box::new(())),
        Printing::Handed
    );
    assert_eq!(printer.test(Some("oficina")), Printing::Handed);
    let begins = |file: &str, with: &[u8]| {
        assert!(std::fs::read(dir.path().join(file)).unwrap().starts_with(with), "{file}")
    };
    begins("tickets/T39F1.bin", b"\x1b@");
    begins("hojas/T33F1.pdf", b"%PDF-");
    begins("hojas/prueba.pdf", b"%PDF-");
    // A printer that was taken away while a paper waited for it.
    let gone = printer.print("T39F2", &boleta, Copy::Original, Some("cocina"), Box::new(()));
    assert!(gone.why().contains("«cocina»"), "{gone:?}");
}

/// Sheets bring the copy to be ceded, and a shop whose only printer takes boletas lacks no factura's paper.
#[test]
fn what_comes_out_unasked_follows_the_printers_there_are() {
    let read =
        |settings: &str| Printer::new(&toml::from_str(settings).unwrap(), Path::new("."), false).unwrap();
    let series = |code: &str| Series(code.to_owned());
    let narrow = read("[printer]\ndevice = 'carpeta:p'\ntakes = 'narrow'\nprofile.paper = '58mm'\n");
    assert!(narrow.on_issue(&series("39"), None) && !narrow.on_issue(&series("33"), None));
    assert!(narrow.on_issue(&series("33"), Some("principal")), "what the till names is asked for");
    // Paper of 58 mm bears boletas alone, whatever its printer is set to take.
    let small = "[printer]\ndevice = 'carpeta:p'\nprofile.paper = '58mm'\n";
    assert!(read(small).on_issue(&series("39"), None) && !read(small).on_issue(&series("33"), None));
    let beside = format!("{small}[printers.oficina]\ndevice = 'carpeta:hojas'\nprofile.paper = 'letter'\n");
    assert_eq!(chosen(&set(&beside).unwrap(), false, None).as_deref(), Some("carpeta:hojas"));
    assert_eq!(chosen(&set(&beside).unwrap(), true, None).as_deref(), Some("carpeta:p"));
    let asked = read("[printer]\ndevice = 'carpeta:p'\ntakes = 'asked'\n");
    assert!(!asked.on_issue(&series("39"), None));

    let factura = Receipt { ceded: Some(Ceded::default()), ..Receipt::default() };
    let letter = "[printer]\ndevice = 'carpeta:p'\nprofile.paper = 'letter'\n";
    assert_eq!(read(letter).beside(&factura, None), Some(Copy::Ceded));
    assert_eq!(read(letter).beside(&Receipt::default(), None), None, "nothing of it is ceded");
    assert_eq!(read("[printer]\ndevice = 'carpeta:p'\n").beside(&factura, None), None, "a roll");
    let without = letter.replace("profile", "cedible = false\nprofile");
    assert_eq!(read(&without).beside(&factura, None), None);
}

/// What stands in the file holds from the next paper on, as all else of the printers does.
#[test]
fn how_long_a_printer_is_waited_for_changes_with_its_settings() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let settings = format!("[printer]\ndevice = 'red:{address}'\npatience = 3600\nprofile.status = 'none'\n");
    let (dir, printer) = shop(&settings);
    std::fs::write(dir.path().join("timbre.toml"), settings.replace("3600", "0")).unwrap();
    printer.put(&said("bar", "red:10.0.0.7")).unwrap();
    let (let_go, held) = std::sync::mpsc::channel::<()>();
    let how = std::thread::scope(|scope| {
        let (listener, printer) = (&listener, &printer);
        scope.spawn(move || {
            let (mut line, _) = listener.accept().unwrap();
            std::io::Read::read_exact(&mut line, &mut [0]).unwrap();
            printer.hurry();
            // It says nothing, and does not hang up.
            let _ = held.recv();
        });
        let boleta = Receipt { narrow: true, ..Receipt::default() };
        let how = printer.print("T39F1", &boleta, Copy::Original, None, Box::new(()));
        drop(let_go);
        how
    });
    assert!(how.why().contains("dejó de esperarla"), "{how:?}");
}

/// 16 by 16 black dots.
const DOT: &[u8] = include_bytes!("dot.png");

#[test]
fn a_logo_is_checked_when_it_is_set_and_a_bad_one_changes_nothing() {
    let (dir, printer) = shop("");
    assert!(printer.set_logo(Some(DOT)).unwrap().logo);
    let refused = printer.set_logo(Some(b"GIF89a")).unwrap_err();
    assert_eq!(refused.errors[0].code, "logo-invalid");
    assert_eq!(std::fs::read(dir.path().join("logo.png")).unwrap(), DOT);
    let again = Printer::new(&Config::read(dir.path()).unwrap(), dir.path(), false).unwrap();
    assert!(again.list().logo);
    // One that was spoilt afterwards stops no sale, and is told.
    std::fs::write(dir.path().join("logo.png"), b"x").unwrap();
    let spoilt = Printer::new(&Config::read(dir.path()).unwrap(), dir.path(), false).unwrap().list();
    assert!(!spoilt.logo && spoilt.logo_trouble.is_some());
    assert!(!printer.set_logo(None).unwrap().logo);
}
