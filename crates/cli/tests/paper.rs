//! Paper from end to end: a shop whose printer is a folder.

mod life;
mod shop;

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;
use shop::{started, timbre, told};

/// After so long nothing comes any more.
const LONGEST: Duration = Duration::from_secs(180);

const SALE: &str = r#"{"Encabezado":{"IdDoc":{"TipoDTE":39}},"Detalle":[{"NmbItem":"Pan","QtyItem":1,"PrcItem":500}],
    "Timbre":{"Pagos":[{"Medio":"efectivo","Monto":1000}],"Vuelto":500}}"#;

#[test]
fn what_is_issued_comes_out_once_and_by_hand_again_as_a_copy() {
    let data = tempfile::tempdir().expect("a folder for the test");
    let data = data.path();
    told(&timbre(data, &["demo", "--documents", "0", "--json"], ""), 0);
    // Without a printer the sale stands all the same, and it is said why there is no paper.
    told(&timbre(data, &["issue", "-", "--key", "a"], SALE), 0);
    let none = told(&timbre(data, &["print", "T39F1"], ""), 1);
    assert!(none.contains("No impreso") && none.contains("No hay una impresora configurada"), "{none}");

    let paper = data.join("papel");
    let settings =
        format!("[printer]\ndevice = 'carpeta:{}'\n[printer.profile]\ndrawer = true\n", paper.display());
    fs::write(data.join("shop/timbre.toml"), settings).expect("settings");
    told(&timbre(data, &["issue", "-", "--key", "b"], SALE), 0);
    let ticket = fs::read(paper.join("T39F2.bin")).expect("its ticket, without being asked for");
    assert!(ticket.starts_with(b"\x1b@\x1c."), "awake, and not in Chinese");
    // Training: no drawer, no name of a document.
    let holds = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
    assert!(
        holds(&ticket, b"SIN VALOR TRIBUTARIO") && !holds(&ticket, b"BOLETA") && !holds(&ticket, b"\x1bp")
    );
    // The same sale said again is no second paper.
    fs::remove_file(paper.join("T39F2.bin")).expect("it is there");
    told(&timbre(data, &["issue", "-", "--key", "b"], SALE), 0);
    assert_eq!(fs::read_dir(&paper).expect("the folder").count(), 0);

    let again = told(&timbre(data, &["print", "T39F2", "--json"], ""), 0);
    let again: Value = serde_json::from_str(again.trim()).expect("JSON");
    assert_eq!((&again["copy"], &again["state"]), (&"copia".into(), &"handed".into()));
    assert!(holds(&fs::read(paper.join("T39F2-copia.bin")).expect("the copy"), b"COPIA"));
    // The first one had no paper yet: what comes out is its original.
    assert!(told(&timbre(data, &["print", "T39F1"], ""), 0).contains("Entregado"));
    assert!(paper.join("T39F1.bin").is_file());
    assert!(
        told(&timbre(data, &["show", "T39F1"], ""), 0)
            .contains("Papel      Entregado a la impresora, original")
    );
    told(&timbre(data, &["print", "--test"], ""), 0);
    assert!(paper.join("prueba.bin").is_file());
}

/// A printer on the network that takes what comes and never answers: the papers, one after the other.
fn network_printer() -> (String, std::sync::mpsc::Receiver<Vec<u8>>) {
    use std::io::Read;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let (took, papers) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut line in listener.incoming().flatten() {
            let mut paper = Vec::new();
            // What was cut is a paper, too: the test sees that it is not whole.
            let _ = line.read_to_end(&mut paper);
            if took.send(paper).is_err() {
                return;
            }
        }
    });
    (address, papers)
}

#[test]
fn printers_are_set_up_chosen_by_a_sale_and_taken_away() {
    let data = tempfile::tempdir().expect("a folder for the test");
    let data = data.path();
    told(&timbre(data, &["demo", "--documents", "0", "--json"], ""), 0);
    assert!(told(&timbre(data, &["printer", "list"], ""), 0).contains("No hay impresoras configuradas"));
    let (address, papers) = network_printer();
    let device = format!("red:{address}");
    let add = |name: &str, more: &[&str]| {
        let words = [&["printer", "add", name, "--device", device.as_str(), "--json"], more].concat();
        timbre(data, &words, "")
    };
    told(&add("principal", &["--takes", "narrow", "--paper", "58mm"]), 0);
    let listed: Value =
        serde_json::from_str(told(&add("bar 2", &["--takes", "asked"]), 0).trim()).expect("JSON");
    assert_eq!(listed["printers"][0]["paper"], "58mm");
    assert_eq!(
        (&listed["printers"][1]["name"], &listed["printers"][1]["takes"]),
        (&"bar 2".into(), &"asked".into())
    );
    // A path of this machine is for the settings' file, not for a caller.
    let outside = data.join("fuera").display().to_string();
    let refused = timbre(data, &["printer", "add", "x", "--device", &format!("carpeta:{outside}")], "");
    assert_eq!(refused.status.code(), Some(1));
    let named = timbre(data, &["printer", "add", "bar/2", "--device", device.as_str()], "");
    let why = String::from_utf8_lossy(&named.stderr).into_owned();
    assert!(named.status.code() == Some(1) && why.contains("El nombre lleva"), "{why}");

    // A test page, and a sale that names its printer; this one does not tell what became of them.
    assert!(told(&timbre(data, &["printer", "test", "bar 2"], ""), 0).contains("Entregado a la impresora"));
    let holds = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
    assert!(holds(&papers.recv().expect("the test page"), b"PRUEBA"));
    let named =
        |printer: &str| SALE.replace("\"Vuelto\"", &format!("\"Impresora\":\"{printer}\",\"Vuelto\""));
    let unknown = timbre(data, &["issue", "-", "--key", "a", "--json"], &named("cocina"));
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stdout).contains("printer-unknown"), "{unknown:?}");
    let issued = told(&timbre(data, &["issue", "-", "--key", "a", "--json"], &named("bar 2")), 0);
    assert!(issued.contains("T39F1"), "the refused one took no folio: {issued}");
    assert!(holds(&papers.recv().expect("its paper"), b"SIN VALOR TRIBUTARIO"));
    told(&timbre(data, &["print", "T39F1", "--printer", "principal"], ""), 0);
    assert!(holds(&papers.recv().expect("its copy"), b"COPIA"));
    let gone = told(&timbre(data, &["printer", "remove", "bar 2"], ""), 0);
    assert!(gone.contains("principal") && !gone.contains("bar 2"), "{gone}");
    assert_eq!(timbre(data, &["print", "T39F1", "--printer", "bar 2"], "").status.code(), Some(1));
}

/// A printer that takes a paper when it is let: tells that somebody has come, and reads when it may.
fn held_printer() -> (String, std::sync::mpsc::Receiver<()>, std::sync::mpsc::Sender<()>) {
    use std::io::Read;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let (come, came) = std::sync::mpsc::channel();
    let (let_go, may) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut line in listener.incoming().flatten() {
            if come.send(()).is_err() || may.recv().is_err() {
                return;
            }
            // The paper of a program that was killed ends where it was.
            let _ = line.read_to_end(&mut Vec::new());
        }
    });
    (address, came, let_go)
}

/// Its commands wait for their printer for as long as it takes.
fn shop_with(printer: &str) -> tempfile::TempDir {
    let data = tempfile::tempdir().expect("a folder for the test");
    told(&timbre(data.path(), &["demo", "--documents", "0", "--json"], ""), 0);
    let settings = format!("[printer]\ndevice = 'red:{printer}'\npatience = 3600\n");
    fs::write(data.path().join("shop/timbre.toml"), settings).expect("settings");
    data
}

fn paper_of(data: &std::path::Path, id: &str) -> String {
    let shown = told(&timbre(data, &["show", id], ""), 0);
    shown.lines().find(|line| line.starts_with("Papel")).unwrap_or_default().to_owned()
}

/// The answer is there, the folder is free, and the next sale goes on, however long a printer takes; what it prints is
/// written when it is known, and what was asked for meanwhile is printed after it.
#[test]
fn a_command_lets_go_of_the_folder_while_its_paper_is_printed() {
    let (address, came, let_go) = held_printer();
    let data = shop_with(&address);
    let data = data.path();
    let first = started(data, &["issue", "-", "--key", "a"], SALE);
    came.recv().expect("its paper");
    assert!(told(&timbre(data, &["issue", "-", "--key", "b"], SALE), 0).contains("T39F2"));
    assert!(came.try_recv().is_err(), "one paper after the other");
    // A printer is not waited for without end: both at one look.
    let listed = told(&timbre(data, &["list", "--json"], ""), 0);
    let_go.send(()).expect("it may");
    for (id, state) in [("T39F1", "begun"), ("T39F2", "asked")] {
        let one = listed.lines().find(|line| line.contains(id)).unwrap_or_default();
        assert!(one.contains(&format!("\"state\":\"{state}\"")), "{listed}");
    }
    came.recv().expect("the paper of the second sale");
    let_go.send(()).expect("it may");
    told(&first.wait_with_output().expect("it ends"), 0);
    for id in ["T39F1", "T39F2"] {
        assert!(paper_of(data, id).contains("Entregado"), "{id}: {}", paper_of(data, id));
    }
}

/// A printer that takes nothing holds nobody's command: nothing has left, so the paper waits, and comes out once, as the
/// original, with the next one.
#[cfg(unix)]
#[test]
fn a_command_ends_before_a_dead_printer_does_and_its_paper_waits() {
    use std::io::Read;
    let data = tempfile::tempdir().expect("a folder for the test");
    let data = data.path();
    told(&timbre(data, &["demo", "--documents", "0", "--json"], ""), 0);
    // Whoever opens it to write waits until somebody reads.
    let device = data.join("ticketera");
    assert!(std::process::Command::new("mkfifo").arg(&device).status().expect("mkfifo").success());
    let settings = format!("[printer]\ndevice = 'dispositivo:{}'\n", device.display());
    fs::write(data.join("shop/timbre.toml"), settings).expect("settings");
    let first = timbre(data, &["issue", "-", "--key", "a"], &SALE.replace("Pan", "Primero"));
    told(&first, 0);
    let said = String::from_utf8_lossy(&first.stderr).into_owned();
    assert!(
        said.contains("T39F1: Por imprimir, la impresora no responde")
            && said.contains("queda un papel por imprimir"),
        "{said}"
    );
    assert!(paper_of(data, "T39F1").contains("Por imprimir"));

    let (tell, papers) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let (mut papers, mut piece) = (Vec::new(), [0; 4096]);
        let holds = |papers: &[u8], what: &[u8]| papers.windows(what.len()).any(|part| part == what);
        while !holds(&papers, b"Segundo") {
            let mut line = fs::File::open(&device).expect("the device");
            while let Ok(read @ 1..) = line.read(&mut piece) {
                papers.extend(&piece[..read]);
            }
        }
        // Nobody listens any more where the test has failed.
        let _ = tell.send(papers);
    });
    told(&timbre(data, &["issue", "-", "--key", "b"], &SALE.replace("Pan", "Segundo")), 0);
    let papers = papers.recv_timeout(LONGEST).expect("both papers come");
    let papers = String::from_utf8_lossy(&papers).into_owned();
    let at = |what: &str| papers.find(what);
    assert!(at("Primero").is_some() && at("Primero") < at("Segundo"), "in the order of the sales");
    assert_eq!((papers.matches("Primero").count(), at("COPIA")), (1, None));
    for id in ["T39F1", "T39F2"] {
        assert!(paper_of(data, id).contains("Entregado"), "{id}: {}", paper_of(data, id));
    }
}

/// One that took bytes and says no more is not waited for to the end, either; what it made of them a person sees.
#[test]
fn a_command_ends_before_a_printer_that_hangs_with_a_paper_in_it() {
    let (address, came, _let_go) = held_printer();
    let data = shop_with(&address);
    let data = data.path();
    fs::write(data.join("shop/timbre.toml"), format!("[printer]\ndevice = 'red:{address}'\npatience = 0\n"))
        .expect("settings");
    let issued = timbre(data, &["issue", "-", "--key", "a"], SALE);
    told(&issued, 0);
    came.recv().expect("its paper");
    let said = String::from_utf8_lossy(&issued.stderr).into_owned();
    assert!(said.contains("T39F1: Parcial, la impresora no terminó a tiempo"), "{said}");
    assert!(paper_of(data, "T39F1").contains("Parcial"));
}

/// The agent through which a paper was asked for was another command's, and goes when that one ends: the paper is
/// answered as it stands, and comes out all the same.
#[test]
fn a_paper_asked_through_a_passing_agent_is_answered_when_that_one_goes() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let (address, came, let_go) = held_printer();
    let data = tempfile::tempdir().expect("a folder for the test");
    let data = data.path();
    told(&timbre(data, &["demo", "--documents", "0", "--json"], ""), 0);
    told(&timbre(data, &["issue", "-", "--key", "a"], SALE), 0);
    fs::write(
        data.join("shop/timbre.toml"),
        format!("[printer]\ndevice = 'red:{address}'\npatience = 3600\n"),
    )
    .expect("settings");
    // It sells for as long as somebody writes to it.
    let mut passing = Command::new(env!("CARGO_BIN_EXE_timbre"));
    passing.env("TIMBRE_CUSTODY", "keyfile").env("XDG_STATE_HOME", data.join("state"));
    passing.arg("--data").arg(data.join("shop")).args(["issue", "-"]);
    let mut passing = passing
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = passing.stdin.take().expect("it was piped");
    let one = format!("{{\"key\": \"b\", \"sale\": {}}}\n", SALE.replace('\n', " "));
    input.write_all(one.as_bytes()).expect("it reads");
    came.recv().expect("its paper");
    let asked = started(data, &["print", "T39F1"], "");
    let late = Instant::now() + LONGEST;
    while !paper_of(data, "T39F1").contains("Por imprimir") {
        assert!(Instant::now() < late, "it never waits: {}", paper_of(data, "T39F1"));
    }
    drop(input);
    let answered = asked.wait_with_output().expect("it ends");
    assert!(told(&answered, 1).contains("Por imprimir"));
    assert!(String::from_utf8_lossy(&answered.stderr).contains("timbre show T39F1"), "{answered:?}");
    for _ in 0..2 {
        let_go.send(()).expect("it may");
    }
    came.recv().expect("the paper that waited");
    told(&passing.wait_with_output().expect("it ends"), 0);
    assert!(paper_of(data, "T39F1").contains("Entregado"), "{}", paper_of(data, "T39F1"));
}

/// Nobody knows what became of the paper of a program that is gone: it is looked for before it is made again.
#[test]
fn a_paper_whose_program_is_gone_is_looked_for_and_comes_again_as_a_copy() {
    let (address, came, let_go) = held_printer();
    let data = shop_with(&address);
    let data = data.path();
    let mut first = started(data, &["issue", "-", "--key", "a"], SALE);
    came.recv().expect("its paper");
    // It has let go of the folder: another command has it at once.
    assert!(paper_of(data, "T39F1").contains("Imprimiendo"));
    first.kill().expect("it is there");
    first.wait().expect("it ends");
    let_go.send(()).expect("it may");
    let cut = told(&timbre(data, &["print", "T39F1"], ""), 1);
    assert!(cut.contains("Parcial") && cut.contains("mire si el papel salió"), "{cut}");
    assert!(came.try_recv().is_err(), "nothing is printed unasked");
    let_go.send(()).expect("it may");
    let again = told(&timbre(data, &["print", "T39F1", "--json"], ""), 0);
    assert!(again.contains("\"copia\""), "{again}");
}

/// How far a paper has come, as its printer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Come,
    /// It is asked how it is.
    Asked,
    /// It has some of it.
    Middle,
    /// It has all of it, and is asked whether it is done.
    Sent,
    /// It said so.
    Told,
    /// It is left alone, to the end.
    Whole,
}

/// A printer that tells how it is, and of each paper comes to a step. There it says so and waits; of a whole one it
/// says what it took.
struct Stepping {
    address: String,
    steps: std::sync::mpsc::Sender<Step>,
    reached: std::sync::mpsc::Receiver<()>,
    go_on: std::sync::mpsc::Sender<()>,
    papers: std::sync::mpsc::Receiver<Vec<u8>>,
}

fn stepping_printer() -> Stepping {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let (steps, wanted) = std::sync::mpsc::channel();
    let (reach, reached) = std::sync::mpsc::channel();
    let (go_on, going_on) = std::sync::mpsc::channel();
    let (took, papers) = std::sync::mpsc::channel();
    let print = move |line: &mut std::net::TcpStream, step: Step| -> std::io::Result<Vec<u8>> {
        let (mut paper, mut byte, mut asked) = (Vec::new(), [0], [0; 3]);
        if step == Step::Come {
            return Ok(paper);
        }
        for _ in 0..2 {
            line.read_exact(&mut asked)?;
            if step == Step::Asked {
                return Ok(paper);
            }
            line.write_all(&[0x12])?;
        }
        while !paper.ends_with(b"\x1dr\x01") {
            line.read_exact(&mut byte)?;
            paper.extend(byte);
            if step == Step::Middle && paper.len() == 300 {
                return Ok(paper);
            }
        }
        if step != Step::Sent {
            line.write_all(&[0])?;
        }
        Ok(paper)
    };
    std::thread::spawn(move || {
        for (mut line, step) in listener.incoming().flatten().zip(wanted) {
            let paper = print(&mut line, step).expect("nobody breaks off before its step");
            let told = match step {
                Step::Whole => took.send(paper).is_ok(),
                _ => reach.send(()).is_ok() && going_on.recv().is_ok(),
            };
            if !told {
                return;
            }
        }
    });
    Stepping { address, steps, reached, go_on, papers }
}

/// Whatever the step, the paper that had begun is left to a person, and the one that waited behind it comes out once.
#[test]
fn killed_between_any_two_steps_of_a_paper_none_comes_out_twice() {
    let printer = stepping_printer();
    let data = shop_with(&printer.address);
    let data = data.path();
    let sold = |key: &str| {
        let issued =
            told(&timbre(data, &["issue", "-", "--key", key, "--json"], &SALE.replace("Pan", key)), 0);
        let issued: Value = serde_json::from_str(issued.trim()).expect("JSON");
        issued["id"].as_str().expect("an id").to_owned()
    };
    let mut agent = life::Agent::start(data);
    let mut before: Vec<(String, &str)> = Vec::new();
    for step in [Step::Come, Step::Asked, Step::Middle, Step::Sent, Step::Told] {
        printer.steps.send(step).expect("it prints");
        let begun = sold(&format!("Empezado {step:?}"));
        let behind = format!("Espera {step:?}");
        // The one behind a paper that is done begins at once: there it comes after the end.
        let waits = (step != Step::Told).then(|| sold(&behind));
        printer.reached.recv().expect("its paper");
        agent.die();
        printer.go_on.send(()).expect("it waits");

        printer.steps.send(Step::Whole).expect("it prints");
        agent = life::Agent::start(data);
        let waits = waits.unwrap_or_else(|| sold(&behind));
        let paper = printer.papers.recv().expect("the one that waited");
        let says = |text: String| paper.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(says(behind) && !says(format!("Empezado {step:?}")), "{step:?}");
        assert!(!says("COPIA".to_owned()), "{step:?}: it is the original");
        assert!((0..500).any(|_| paper_of(data, &waits).contains("Impreso")), "{step:?}: its end is written");
        let cut = paper_of(data, &begun);
        // Whether the printer's last word was written down before the end is chance.
        let known = step == Step::Told && cut.contains("Impreso");
        assert!(cut.contains("Parcial") || known, "{step:?}: {cut}");
        before.extend([(begun, if known { "Impreso" } else { "Parcial" }), (waits, "Impreso")]);
        for (id, word) in &before {
            assert!(paper_of(data, id).contains(word), "{step:?}: {id}");
        }
    }
    agent.die();
    assert!(printer.papers.try_recv().is_err(), "nothing beside them came out");
}

#[test]
fn a_document_is_had_as_files_too() {
    let data = tempfile::tempdir().expect("a folder for the test");
    let data = data.path();
    told(&timbre(data, &["demo", "--documents", "0", "--json"], ""), 0);
    told(&timbre(data, &["issue", "-", "--key", "a"], SALE), 0);
    let file = |name: &str| data.join(name).display().to_string();
    for (flag, name, begins) in [
        ("--pdf", "hoja.pdf", &b"%PDF-"[..]),
        ("--escpos", "ticket.bin", b"\x1b@"),
        ("--svg", "ticket.svg", b"<svg "),
    ] {
        told(&timbre(data, &["print", "T39F1", flag, &file(name)], ""), 0);
        let written = fs::read(data.join(name)).expect("written");
        assert!(written.starts_with(begins), "{name}");
        let piped = timbre(data, &["print", "T39F1", flag, "-"], "");
        assert!(piped.status.success() && piped.stdout == written, "{flag}: the file alone");
    }
    told(&timbre(data, &["print", "T39F1", "--escpos", &file("58.bin"), "--paper", "58mm"], ""), 0);
    // The width is a roll's: of a sheet it would say nothing.
    for drawing in ["--pdf", "--svg"] {
        let wide = timbre(data, &["print", "T39F1", drawing, &file("no.pdf"), "--paper", "58mm"], "");
        assert_eq!(wide.status.code(), Some(2), "{drawing}");
    }
    let refused = timbre(data, &["print", "T39F1", "--pdf", &file("no.pdf"), "--cedible"], "");
    assert_eq!(refused.status.code(), Some(1));
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(why.contains("Este documento no tiene copia cedible"), "{why}");
    assert_eq!(timbre(data, &["print", "T39F9", "--pdf", &file("no.pdf")], "").status.code(), Some(1));
    assert_eq!(timbre(data, &["print"], "").status.code(), Some(2));
    assert!(!data.join("no.pdf").exists());
}
