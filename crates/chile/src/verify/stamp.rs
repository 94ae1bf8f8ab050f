//! The TED: its two signatures, and what it says against the document's own words.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use timbre_core::Severity;

use super::Look;
use super::signature::rsa_sha1_holds;
use crate::caf::{self, Authority};
use crate::dom::{self, Element};
use crate::latin1;
use crate::tags::{Group, stamp};

impl Look {
    pub(super) fn stamp(&mut self, documento: &Element, body: &Group, text: &str) {
        let Some(ted) = documento.child("TED") else { return };
        self.structure(ted, stamp::TED, "TED");
        let (version, algorithm) = ([("version", Some("1.0"))], [("algoritmo", Some("SHA1withRSA"))]);
        for (path, wanted) in [
            (&[][..], version),
            (&["DD", "CAF"], version),
            (&["DD", "CAF", "FRMA"], algorithm),
            (&["FRMT"], algorithm),
        ] {
            if let Some(element) = ted.at(path) {
                self.attributes(element, &[&["TED"], path].concat().join("."), &wanted);
            }
        }
        let (Some(dd), Some(caf)) = (ted.child("DD"), ted.at(&["DD", "CAF"])) else {
            return self.refuses("stamp-malformed", "TED", "El timbre no tiene DD o no tiene CAF.");
        };
        let raw = |element: &Element| caf::flatten(&text[element.span.clone()]);
        if raw(ted).contains("xmlns") {
            self.refuses("stamp-namespace", "TED", "El timbre lleva un xmlns, que no debe tener.");
        }
        self.stamp_signature(ted, caf, &raw(dd));
        if let Some(da) = caf.child("DA") {
            self.authority(caf, &raw(da));
        }
        self.stamp_facts(dd, caf, body);
        self.stamp_dates(dd, caf, documento.text_at(&["TmstFirma"]));
    }

    /// FRMT, by the key of the CAF (Instructivo de emisión, anexo 2, A.2.4).
    fn stamp_signature(&mut self, ted: &Element, caf: &Element, dd: &str) {
        let key = (bytes(caf.at(&["DA", "RSAPK", "M"])), bytes(caf.at(&["DA", "RSAPK", "E"])));
        let holds = match (key, bytes(ted.child("FRMT")), latin1::encode(dd)) {
            ((Some(modulus), Some(exponent)), Some(frmt), Ok(signed)) => {
                rsa_sha1_holds(&modulus, &exponent, &signed, &frmt)
            }
            _ => false,
        };
        if !holds {
            let message =
                "La firma del timbre (FRMT) no corresponde a su contenido y a la clave del CAF (TED-2-510).";
            self.refuses("stamp-signature", "TED.FRMT", message);
        }
    }

    /// FRMA, by the SII's key that IDK names.
    fn authority(&mut self, caf: &Element, da: &str) {
        let idk = caf.text_at(&["DA", "IDK"]).unwrap_or_default();
        let Some(authority) = idk.parse().ok().and_then(Authority::of) else {
            let message = format!(
                "El CAF dice estar firmado con la clave {idk} del SII, que no se conoce (CAF-3-516)."
            );
            return self.refuses("caf-authority-unknown", "TED.DD.CAF.DA.IDK", message);
        };
        let holds = match (bytes(caf.child("FRMA")), latin1::encode(da)) {
            (Some(frma), Ok(signed)) => caf::verifies(&authority.key(), &signed, &frma),
            _ => false,
        };
        if !holds {
            self.refuses(
                "caf-signature",
                "TED.DD.CAF.FRMA",
                "La firma del SII en el CAF no corresponde a su contenido (CAF-3-514).",
            );
        }
        match authority {
            Authority::Production => {}
            Authority::Certification => self.tell(
                Severity::Note,
                "caf-certification",
                "TED.DD.CAF.DA.IDK",
                "El CAF es del ambiente de certificación del SII: el documento no tiene valor tributario.",
            ),
            // Its key is public on purpose: anybody can make one.
            Authority::Training => self.refuses(
                "caf-training",
                "TED.DD.CAF.DA.IDK",
                "El CAF es de entrenamiento, no del SII: el documento no tiene valor tributario.",
            ),
        }
    }

    /// The stamp repeats the document (TED-3-640 and its family), and the CAF covers the folio.
    fn stamp_facts(&mut self, dd: &Element, caf: &Element, body: &Group) {
        let at = |path: &[&str]| body.at(path).unwrap_or_default().to_owned();
        for (tag, path) in [
            ("RE", ["Encabezado", "Emisor", "RUTEmisor"]),
            ("TD", ["Encabezado", "IdDoc", "TipoDTE"]),
            ("F", ["Encabezado", "IdDoc", "Folio"]),
            ("FE", ["Encabezado", "IdDoc", "FchEmis"]),
            ("RR", ["Encabezado", "Receptor", "RUTRecep"]),
            ("MNT", ["Encabezado", "Totales", "MntTotal"]),
        ] {
            let (said, own) = (dd.text_at(&[tag]).unwrap_or_default(), at(&path));
            if said != own {
                let message =
                    format!("El timbre dice {tag} «{said}» y el documento {} «{own}» (TED-3-640).", path[2]);
                self.refuses("stamp-mismatch", &format!("TED.DD.{tag}"), message);
            }
        }
        let first = body.group("Detalle").and_then(|line| line.leaf("NmbItem")).unwrap_or_default();
        for (tag, own) in [("RSR", at(&["Encabezado", "Receptor", "RznSocRecep"])), ("IT1", first.to_owned())]
        {
            let said = dd.child(tag).map(Element::text).unwrap_or_default();
            self.stamp_text(tag, &said, &own);
        }
        let da = |tag: &str| caf.text_at(&["DA", tag]).unwrap_or_default();
        for (tag, own) in [("RE", dd.text_at(&["RE"])), ("TD", dd.text_at(&["TD"]))] {
            if own.as_deref() != Some(da(tag).as_str()) {
                let message = format!("El CAF es de {tag} «{}», otro que el del documento.", da(tag));
                self.refuses("caf-mismatch", &format!("TED.DD.CAF.DA.{tag}"), message);
            }
        }
        let number = |path: &[&str]| caf.text_at(path).and_then(|t| t.parse::<u64>().ok());
        let folio = dd.text_at(&["F"]).and_then(|t| t.parse::<u64>().ok());
        match (number(&["DA", "RNG", "D"]), number(&["DA", "RNG", "H"]), folio) {
            (Some(first), Some(last), Some(folio)) if (first..=last).contains(&folio) => {}
            _ => self.refuses("caf-range", "TED.DD.CAF.DA.RNG", "El folio no está en el rango del CAF."),
        }
    }

    /// The first forty characters. Some fold the stamp to ASCII, which the SII takes; an empty name may
    /// stand as the RUT.
    fn stamp_text(&mut self, tag: &str, said: &str, own: &str) {
        let cut: String = own.chars().take(40).collect();
        if said == cut || said == cut.trim_end_matches(dom::BLANK) || (own.is_empty() && tag == "RSR") {
            return;
        }
        let place = format!("TED.DD.{tag}");
        let folded =
            |text: &str| -> String { text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect() };
        let same_but_accents = said.chars().count() == cut.chars().count()
            && folded(said).chars().zip(folded(&cut).chars()).all(|(a, b)| a == b || b == '?');
        if same_but_accents {
            self.tell(
                Severity::Note,
                "stamp-folded",
                &place,
                format!("{tag} repite el texto sin sus acentos."),
            );
        } else {
            self.objects("stamp-text", &place, format!("{tag} dice «{said}» y el documento «{cut}»."));
        }
    }

    /// The CAF's time: not before FA (TED-1-646), and not signed six months after it (CAF-3-517, which holds
    /// the signature of the DTE against FA).
    fn stamp_dates(&mut self, dd: &Element, caf: &Element, signed: Option<String>) {
        let date = |text: Option<String>| text.and_then(|t| t.parse::<Date>().ok());
        let moment = |text: Option<String>| text.and_then(|t| t.parse::<DateTime>().ok());
        let (Some(authorised), Some(issued), Some(stamp)) =
            (date(caf.text_at(&["DA", "FA"])), date(dd.text_at(&["FE"])), moment(dd.text_at(&["TSTED"])))
        else {
            return self.refuses(
                "stamp-dates",
                "TED.DD",
                "Falta o no se entiende una fecha del timbre (FE, FA, TSTED).",
            );
        };
        let stamped = stamp.date();
        // Where the document does not say it, its structure was told; its stamp is as near as one comes.
        let signed = moment(signed).unwrap_or(stamp);
        if issued < authorised || stamped < authorised {
            let message = format!(
                "El documento es del {issued}, anterior al CAF, autorizado el {authorised} (TED-1-646)."
            );
            self.refuses("caf-not-yet", "TED.DD.CAF.DA.FA", message);
        }
        let kind: Option<u16> = dd.text_at(&["TD"]).and_then(|kind| kind.parse().ok());
        // Only CAFs authorised since July 2018 expire.
        let since = jiff::civil::date(2018, 7, 1);
        if kind.is_some_and(|kind| caf::EXPIRING.contains(&kind))
            && authorised >= since
            && signed.date() > authorised.saturating_add(6.months())
        {
            let message = format!(
                "El documento se firmó el {} y el CAF, del {authorised}, ya había vencido (CAF-3-517).",
                signed.date()
            );
            self.refuses("caf-expired", "TED.DD.CAF.DA.FA", message);
        }
        if signed < stamp {
            // The signature covers the stamp. No text of the SII says what it makes of it.
            let message = format!(
                "El documento dice haberse firmado ({signed}) antes que su timbre ({stamp}), que va dentro de lo firmado."
            );
            self.tell(Severity::Note, "signed-before-stamp", "TmstFirma", message);
        }
        if issued > stamped {
            self.objects(
                "date-after-stamp",
                "TED.DD.FE",
                format!("La emisión ({issued}) es posterior al timbre ({stamped})."),
            );
        }
    }
}

pub(super) fn bytes(element: Option<&Element>) -> Option<Vec<u8>> {
    let text: String = element?.text().split_ascii_whitespace().collect();
    STANDARD.decode(text).ok()
}
