//! The e-mail with the results of an upload, which alone says why a factura was rejected: it comes when the upload
//! is processed, and again when it is asked for (`wsDTECorreo`).

use crate::{
    state::{Channel, State},
    upload::{Fate, Judged, Upload, Verdict},
    zone,
};
use jiff::Timestamp;
use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
pub struct Mail {
    pub at: Timestamp,
    pub company: String,
    pub subject: String,
    pub track: String,
    /// Name of the attachment.
    pub file: String,
    /// `RESULTADO_ENVIO` (RespSII_v10.xsd).
    pub attachment: String,
}

impl Mail {
    fn of(upload: &Upload, at: Timestamp) -> Mail {
        Mail {
            at,
            company: upload.company.clone(),
            subject: format!("Resultado de Revision Envio {} - {}", upload.track, upload.company),
            track: upload.track.clone(),
            file: format!("RESULTADO_ENVIO_{}.xml", upload.track),
            attachment: attachment(upload),
        }
    }
}

/// Every mail that was sent until now, in order. Boletas have their detail in the answers themselves.
pub(crate) fn sent(state: &State, now: Timestamp) -> Vec<Mail> {
    let done = state.uploads.iter().filter(|upload| upload.channel == Channel::Dte);
    let done = done.filter(|upload| upload.known_from() <= now);
    let mut mails: Vec<Mail> = done.map(|upload| Mail::of(upload, upload.known_from())).collect();
    for (index, at) in &state.resent {
        mails.push(Mail::of(&state.uploads[*index], *at));
    }
    mails.sort_by_key(|mail| mail.at);
    mails
}

fn attachment(upload: &Upload) -> String {
    let identity = format!(
        "<IDENTIFICACION><RUTEMISOR>{}</RUTEMISOR><RUTENVIA>{}</RUTENVIA><TRACKID>{}</TRACKID><TMSTRECEPCION>{}</TMSTRECEPCION><ESTADO>{}</ESTADO></IDENTIFICACION>",
        upload.company,
        upload.sender,
        upload.track.trim_start_matches('0'),
        zone::local(upload.received).strftime("%d/%m/%Y %H:%M:%S"),
        upload.final_words(),
    );
    let rest = match &upload.fate {
        Fate::Fallen(_) => {
            let why = upload.documents.first().and_then(|judged| judged.reasons.first());
            let why = why.map(ToString::to_string).unwrap_or_default();
            format!("<ERRORENVIO><DETERRENVIO>{}</DETERRENVIO></ERRORENVIO>", escape(&why))
        }
        Fate::Processed | Fate::Repeated => statistics(upload) + &review(upload),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<RESULTADO_ENVIO>\n{identity}\n{rest}\n</RESULTADO_ENVIO>\n"
    )
}

fn statistics(upload: &Upload) -> String {
    let subtotals: String = upload
        .counts()
        .iter()
        .map(|count| {
            format!(
                "<SUBTOTAL><TIPODOC>{}</TIPODOC><INFORMADO>{}</INFORMADO><RECHAZO>{}</RECHAZO><REPARO>{}</REPARO><ACEPTA>{}</ACEPTA></SUBTOTAL>",
                count.tipo, count.informed, count.rejected, count.objected, count.accepted
            )
        })
        .collect();
    format!("<ESTADISTICA>{subtotals}</ESTADISTICA>\n")
}

/// Only what there is something to say of.
fn review(upload: &Upload) -> String {
    let one = |judged: &Judged| {
        let estado = match judged.verdict {
            Verdict::Accepted => return None,
            Verdict::Objected => "DTE Aceptado con Reparos",
            Verdict::Rejected => "DTE Rechazado",
        };
        let details: String = judged
            .reasons
            .iter()
            .map(|reason| format!("<DETALLE>{}</DETALLE>", escape(&reason.to_string())))
            .collect();
        Some(format!(
            "<REVISIONDTE><FOLIO>{}</FOLIO><TIPODTE>{}</TIPODTE><ESTADO>{estado}</ESTADO>{details}</REVISIONDTE>",
            judged.key.folio, judged.key.tipo
        ))
    };
    let reviewed: String = upload.documents.iter().filter_map(one).collect();
    if reviewed.is_empty() { reviewed } else { format!("<REVISIONENVIO>{reviewed}</REVISIONENVIO>") }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
