//! The page that shows whether a printer is set up well: letters, width, cut and the head's own health.

use crate::ticket::{Align, NotPrinted, Strip, Style};
use crate::{Bitmap, Profile, escpos, pdf, sheet};

/// The bytes of the test page.
pub fn trial(profile: &Profile) -> Vec<u8> {
    let columns = profile.paper.columns();
    let plain =
        |text: &str| Strip::Text { text: text.to_owned(), style: Style::default(), align: Align::Left };
    let ruler: String = (1..=columns).map(|n| char::from(b'0' + (n % 10) as u8)).collect();
    let mut bars = Bitmap::new(profile.paper.dots(), 48);
    // A dead dot of the head is a white line through this block.
    bars.fill(0, 0, profile.paper.dots(), 24);
    (0..profile.paper.dots()).step_by(4).for_each(|x| bars.fill(x, 24, 2, 24));
    let strips = [
        Strip::Text {
            text: "TIMBRE: PÁGINA DE PRUEBA".to_owned(),
            style: Style { bold: true, tall: true },
            align: Align::Centre,
        },
        plain(&ruler),
        plain("áéíóú ÁÉÍÓÚ ñÑ üÜ ¿? ¡! N° $"),
        plain("Si ve otras letras, pruebe otra"),
        plain("página de códigos (codepage)."),
        Strip::Rule,
        Strip::Picture(bars),
        plain("Una línea blanca en el bloque"),
        plain("negro: el cabezal está dañado."),
        Strip::Text { text: "derecha".to_owned(), style: Style::default(), align: Align::Right },
    ];
    escpos::write(&strips, profile, true)
}

/// The test page of a printer of sheets.
pub fn trial_sheet(profile: &Profile) -> Result<Vec<u8>, NotPrinted> {
    let logo = profile.logo.as_deref();
    pdf::write("Timbre: página de prueba".to_owned(), &[sheet::trial(logo)], logo)
}
