//! Every golden document on every paper, and what stands on it. With TIMBRE_PAPER the bytes are left in that
//! folder, for the judges that we did not write (tests/conformance/test_paper.py).

#[path = "../../chile/tests/desk/mod.rs"]
mod desk;
mod samples;

use std::path::PathBuf;
use std::sync::Arc;

use timbre_chile::Chile;
use timbre_chile::ted::MOST_BYTES;
use timbre_chile::tipo::Tipo;
use timbre_core::paper::Copy;
use timbre_core::receipt::{Code, Receipt};
use timbre_core::{Regime, TillData};
use timbre_printer::ticket::{Strip, lay};
use timbre_printer::{Logo, NotPrinted, Paper, Profile, pdf, svg, ticket};

fn narrow() -> Profile {
    Profile { paper: Paper::Mm58, ..Profile::default() }
}

/// The receipt of the document as it is: the simulator lent its folio.
fn trained(sample: &samples::Sample) -> Receipt {
    Chile::default().receipt(&samples::document(&sample.text), &TillData::default())
}

/// The same with a name of a document in all that a till or a shop may write.
fn imitating(sample: &samples::Sample) -> Receipt {
    let mut text = sample.text.clone();
    for tag in [
        "RznSocEmisor",
        "RznSoc",
        "GiroEmisor",
        "GiroEmis",
        "DirOrigen",
        "CmnaOrigen",
        "Sucursal",
        "RznSocRecep",
        "GiroRecep",
        "DirRecep",
        "CmnaRecep",
        "Contacto",
        "NombreChofer",
        "DirDest",
        "NmbItem",
        "DscItem",
        "UnmdItem",
        "GlosaDR",
        "GlosaPagos",
        "RazonRef",
    ] {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        let parts: Vec<&str> = text.split(&open).collect();
        let named = |part: &&str| {
            part.split_once(&close).map(|(_, rest)| format!("BOLETA Factura Electrónica{close}{rest}"))
        };
        let rest: Vec<String> = parts[1..].iter().map(|part| named(part).expect("its end")).collect();
        text = std::iter::once(parts[0].to_owned()).chain(rest).collect::<Vec<_>>().join(&open);
    }
    let till = serde_json::from_str(r#"{"Pagos":[{"Medio":"boleta","Monto":1}]}"#).expect("a till's data");
    Chile::default().receipt(&samples::document(&text), &till)
}

/// Paper says a name of a document, whatever its letters' size and accents.
fn imitates(said: &str) -> bool {
    let said = said.to_lowercase();
    ["boleta", "factura", "guía de despacho", "nota de crédito", "nota de débito"]
        .iter()
        .any(|name| said.contains(name))
}

/// All words of a ticket, as one text with single blanks.
fn words(strips: &[Strip]) -> String {
    let lines = strips.iter().filter_map(|strip| match strip {
        Strip::Text { text, .. } | Strip::Framed { says: text, .. } => Some(text.as_str()),
        Strip::Picture(_) | Strip::Rule | Strip::Feed(_) => None,
    });
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_document_is_laid_out_on_the_papers_that_it_may_have() {
    let samples = samples::golden();
    assert!(samples.len() > 25);
    for tipo in Tipo::ALL {
        let of_it =
            |sample: &&samples::Sample| sample.kind == tipo.series() && !sample.name.starts_with("vector");
        assert!(samples.iter().any(|sample| of_it(&sample)), "{} is issued and has no sample", tipo.name());
    }
    for sample in &samples {
        let boleta = matches!(sample.kind.as_str(), "39" | "41");
        lay(&sample.receipt, Copy::Original, &Profile::default()).unwrap();
        let small = lay(&sample.receipt, Copy::Original, &narrow());
        assert_eq!(small.err(), (!boleta).then_some(NotPrinted::PaperTooNarrow), "{}", sample.name);
        let ceded = lay(&sample.receipt, Copy::Ceded, &Profile::default());
        assert_eq!(ceded.is_ok(), sample.receipt.ceded.is_some(), "{}", sample.name);
    }
}

/// What the regime lets pass can be handed over on every paper that all types may have.
#[test]
fn the_longest_stamp_that_is_issued_fits_the_roll_and_the_sheet() {
    let sample = samples::longest();
    assert_eq!(sample.ted.len(), MOST_BYTES);
    for length in 1024..=MOST_BYTES {
        let bytes = sample.ted[..length].to_vec();
        let receipt = Receipt { code: Some(Code { bytes, optional: false }), ..sample.receipt.clone() };
        for copy in [Copy::Original, Copy::Ceded] {
            let strips = lay(&receipt, copy, &Profile::default());
            assert!(strips.is_ok(), "{length} bytes on a roll: {:?}", strips.err());
        }
        pdf(&receipt, &[Copy::Ceded], None).expect("a sheet of its own");
    }
}

#[test]
fn no_line_is_longer_than_the_paper_is_wide() {
    for sample in samples::golden().iter().chain(&samples::drawn(40)) {
        for profile in [Profile::default(), narrow()] {
            for strip in lay(&sample.receipt, Copy::Original, &profile).iter().flatten() {
                match strip {
                    Strip::Text { text, .. } => {
                        assert!(text.chars().count() <= profile.paper.columns(), "{text}")
                    }
                    Strip::Picture(picture) | Strip::Framed { picture, .. } => {
                        assert!(picture.width() <= profile.paper.dots())
                    }
                    Strip::Rule | Strip::Feed(_) => {}
                }
            }
        }
    }
}

/// Receiver, date, references, detail (manual de muestras impresas 4.0, 1.2, for a roll).
#[test]
fn what_stands_on_a_ticket_is_in_the_order_of_the_manual() {
    for samples::Sample { name, receipt, .. } in samples::golden() {
        let said = words(&lay(&receipt, Copy::Original, &Profile::default()).unwrap());
        let single = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let receiver = receipt.receiver.iter().map(|field| single(&field.value));
        let date = [format!("Fecha: {}", receipt.date)];
        let references = receipt.references.iter().map(|reference| single(reference));
        let prices = [receipt.prices.clone()];
        let detail = receipt.lines.iter().map(|line| single(&line.name));
        let mut rest = said.as_str();
        for text in receiver.chain(date).chain(references).chain(prices).chain(detail) {
            rest = rest.split_once(&text).unwrap_or_else(|| panic!("{name}: {text} in {rest}")).1;
        }
    }
}

#[test]
fn only_the_cedible_copy_has_the_acknowledgement() {
    for sample in samples::golden().iter().filter(|sample| sample.receipt.ceded.is_some()) {
        let said = |copy| words(&lay(&sample.receipt, copy, &Profile::default()).unwrap());
        let (plain, ceded) = (said(Copy::Original), said(Copy::Ceded));
        for text in ["acuse de recibo", "Recinto", "CEDIBLE"] {
            assert!(!plain.contains(text) && ceded.contains(text), "{text}: {ceded}");
        }
        assert!(!ceded.to_lowercase().contains("recibí conforme") && !ceded.contains("COPIA"));
        assert!(said(Copy::CededAgain).contains("COPIA") && said(Copy::CededAgain).contains("CEDIBLE"));
    }
}

#[test]
fn a_copy_is_marked_and_opens_no_drawer() {
    let samples = samples::golden();
    let profile = Profile { drawer: true, ..Profile::default() };
    let opens = |bytes: &[u8]| bytes.windows(2).any(|pair| pair == b"\x1bp");
    let first = ticket(&samples[0].receipt, Copy::Original, &profile).unwrap();
    let again = ticket(&samples[0].receipt, Copy::Repeated, &profile).unwrap();
    assert!(opens(&first) && !opens(&again));
    let said = |copy| words(&lay(&samples[0].receipt, copy, &profile).unwrap());
    assert!(!said(Copy::Original).contains("COPIA") && said(Copy::Repeated).contains("COPIA"));
}

/// trade: training paper has no box, no stamp, no name of a document, and opens no drawer.
#[test]
fn training_paper_can_not_be_taken_for_a_document() {
    let profile = Profile { drawer: true, ..Profile::default() };
    for sample in samples::golden() {
        let receipt = trained(&sample);
        let strips = lay(&receipt, Copy::Original, &profile).unwrap();
        let drawn = |strip: &Strip| matches!(strip, Strip::Picture(_) | Strip::Framed { .. });
        assert!(!strips.iter().any(drawn), "a box or a stamp");
        let said = words(&strips);
        let between = said.matches("ENTRENAMIENTO · SIN VALOR TRIBUTARIO").count();
        assert!(between >= receipt.lines.len(), "{said}");
        assert!(!ticket(&receipt, Copy::Original, &profile).unwrap().windows(2).any(|pair| pair == b"\x1bp"));
        let real = words(&lay(&sample.receipt, Copy::Original, &profile).unwrap());
        let imitation = imitating(&sample);
        let written = words(&lay(&imitation, Copy::Original, &profile).unwrap());
        assert!(
            !imitates(&written) && written.contains("B·O·L·E·T·A F·a·c·t·u·r·a"),
            "{}: {written}",
            sample.name
        );
        assert!(!imitates(&svg(&imitation, Copy::Original, &profile).unwrap()), "{}", sample.name);
        let named = |strip: &Strip| matches!(strip, Strip::Framed { says, .. } if imitates(says));
        let boxed = lay(&sample.receipt, Copy::Original, &profile).unwrap().iter().any(named);
        assert!(boxed || imitates(&real), "{}: a real one says it", sample.name);
    }
}

/// A black and white board with a red corner, as a PNG.
fn logo() -> Arc<Logo> {
    let (width, height) = (240, 80);
    let pixel = |n: u32| match (n % width, n / width) {
        (x, y) if x < 60 && y < 40 => [0xc4, 0x12, 0x20],
        (x, y) if (x / 20 + y / 20) % 2 == 0 => [0, 0, 0],
        _ => [255, 255, 255],
    };
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let pixels: Vec<u8> = (0..width * height).flat_map(pixel).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    Arc::new(Logo::read(&file).unwrap())
}

#[test]
fn a_logo_stands_above_tickets_and_on_sheets_and_on_no_training_paper() {
    let shop = Profile { logo: Some(logo()), ..Profile::default() };
    for sample in samples::golden() {
        let strips = lay(&sample.receipt, Copy::Original, &shop).unwrap();
        assert!(matches!(&strips[0], Strip::Picture(picture) if picture.width() == 240), "{}", sample.name);
        let without = lay(&sample.receipt, Copy::Original, &Profile::default()).unwrap();
        assert_eq!(strips[2..], without[..], "all else is as it was");
        let training = trained(&sample);
        assert_eq!(
            lay(&training, Copy::Original, &shop).unwrap(),
            lay(&training, Copy::Original, &Profile::default()).unwrap()
        );
    }
    for sample in samples::golden().into_iter().step_by(9) {
        let training = trained(&sample);
        let has_picture = |receipt: &Receipt, logo: Option<&Logo>| {
            let made = pdf(receipt, &[Copy::Original], logo).unwrap();
            made.windows(14).any(|part| part == b"/Subtype/Image")
                || made.windows(15).any(|part| part == b"/Subtype /Image")
        };
        assert!(has_picture(&sample.receipt, shop.logo.as_deref()) && !has_picture(&sample.receipt, None));
        assert!(!has_picture(&training, shop.logo.as_deref()));
    }
}

/// What the judges are given.
#[test]
fn the_bytes_are_left_for_the_judges() {
    let Some(dir) = std::env::var_os("TIMBRE_PAPER").map(PathBuf::from) else {
        println!("TIMBRE_PAPER names no folder: nothing is left");
        return;
    };
    std::fs::create_dir_all(&dir).unwrap();
    let write = |name: String, bytes: &[u8]| std::fs::write(dir.join(name), bytes).unwrap();
    // Every other document is a shop's that has a logo: it may not harm what the law wants beside it.
    let shop = Profile { logo: Some(logo()), ..Profile::default() };
    let bare = Profile::default();
    let shops = [&bare, &shop].into_iter().cycle();
    let drawn = samples::drawn(500).into_iter().chain([samples::longest()]);
    for (sample, profile) in samples::golden().into_iter().chain(drawn).zip(shops) {
        let (name, receipt, logo) = (&sample.name, &sample.receipt, profile.logo.as_deref());
        write(format!("{name}.ted"), &sample.ted);
        let plain = if name.starts_with("drawn") { profile } else { &bare };
        write(format!("{name}.80mm.bin"), &ticket(receipt, Copy::Original, plain).unwrap());
        if name.starts_with("drawn") {
            write(format!("{name}.pdf"), &pdf(receipt, &[Copy::Original], logo).unwrap());
            continue;
        }
        let repeated = ticket(receipt, Copy::Repeated, &Profile::default()).unwrap();
        write(format!("{name}.copia.80mm.bin"), &repeated);
        let drawn = Profile { pictures: true, ..Profile::default() };
        write(format!("{name}.dibujada.80mm.bin"), &ticket(receipt, Copy::Original, &drawn).unwrap());
        let till = Profile { drawer: true, ..Profile::default() };
        write(format!("{name}.cajon.80mm.bin"), &ticket(receipt, Copy::Original, &till).unwrap());
        let again = ticket(receipt, Copy::Repeated, &till).unwrap();
        write(format!("{name}.cajon-copia.80mm.bin"), &again);
        let training = trained(&sample);
        let practice = ticket(&training, Copy::Original, &Profile::default()).unwrap();
        write(format!("{name}.entrenamiento.80mm.bin"), &practice);
        write(
            format!("{name}.entrenamiento.pdf.practice"),
            &pdf(&training, &[Copy::Original], None).unwrap(),
        );
        let imitation = imitating(&sample);
        let practice = ticket(&imitation, Copy::Original, &Profile::default()).unwrap();
        write(format!("{name}.imitacion.80mm.bin"), &practice);
        write(format!("{name}.imitacion.pdf.practice"), &pdf(&imitation, &[Copy::Original], None).unwrap());
        if receipt.narrow {
            write(format!("{name}.58mm.bin"), &ticket(receipt, Copy::Original, &narrow()).unwrap());
        }
        let copies: &[Copy] =
            if receipt.ceded.is_some() { &[Copy::Original, Copy::Ceded] } else { &[Copy::Original] };
        write(format!("{name}.pdf"), &pdf(receipt, copies, logo).unwrap());
        write(format!("{name}.logo.80mm.bin"), &ticket(receipt, Copy::Original, &shop).unwrap());
        if receipt.ceded.is_some() {
            write(
                format!("{name}.cedible.80mm.bin"),
                &ticket(receipt, Copy::Ceded, &Profile::default()).unwrap(),
            );
        }
    }
}
