//! The DTE channel: SOAP services and the DTEUpload form (manuals OI2007 autenticación, OI2003 envío,
//! OI2004 consultas, OIFE2006 consulta con firma).

use timbre_core::{Effect, Method, Pass, Request, Services};

use super::multipart::Form;
use super::subject::Subject;
use super::talk::Here;
use super::{Wire, soap};
use crate::answer::{self, Exact, Held, Login, Progress, Reply, Upload};
use crate::envelope::Kind;
use crate::hosts::Hosts;
use crate::rut::Rut;
use crate::services::Desk;

/// SOAP and DTEUpload.
pub struct Dte;

impl Wire for Dte {
    const KIND: Kind = Kind::Dte;
    const SOME_TYPE: &'static str = "33";
    /// A factura or guía covers goods that may not leave before the SII holds it.
    const WAITS: bool = false;
    const SERVICES: Option<&'static dyn Services> = Some(&Desk);

    fn hosts(hosts: &Hosts) -> Vec<(&'static str, String)> {
        vec![("facturas: sesión, envío y consultas", hosts.dte.clone())]
    }

    fn ask_seed(here: &Here<'_>) -> Request {
        let body = soap::call("getSeed", &[]);
        Request { secret: true, ..service(here, "/DTEWS/CrSeed.jws", "semilla", body) }
    }

    fn ask_token(here: &Here<'_>, signed: &str) -> Request {
        let body = soap::call("getToken", &[("pszXml", signed)]);
        Request { secret: true, ..service(here, "/DTEWS/GetTokenFromSeed.jws", "token", body) }
    }

    fn upload(here: &Here<'_>, form: Form, pass: &Pass) -> Request {
        let headers = vec![
            ("User-Agent".to_owned(), here.cx.conduct.user_agent.clone()),
            ("Accept".to_owned(), "*/*".to_owned()),
            ("Cookie".to_owned(), format!("TOKEN={}", pass.expose())),
            ("Content-Type".to_owned(), form.content_type),
        ];
        Request {
            effect: Effect::Deliver,
            method: Method::Post,
            url: format!("{}/cgi_dte/UPL/DTEUpload", here.hosts.dte),
            headers,
            body: form.body,
            what: "subir envío",
            secret: false,
        }
    }

    /// Exactly four parameters, in this order.
    fn ask_parcel(here: &Here<'_>, pass: &Pass, track: &str) -> Request {
        let (company, dv) = parts(here.company);
        let parameters = [
            ("RutCompania", company.as_str()),
            ("DvCompania", dv.as_str()),
            ("TrackId", track),
            ("Token", pass.expose()),
        ];
        service(here, "/DTEWS/QueryEstUp.jws", "estado del envío", soap::call("getEstUp", &parameters))
    }

    /// Eleven parameters, in this order; the date is DDMMAAAA (manual OI2004, tabla 3-2).
    fn ask_document(here: &Here<'_>, pass: &Pass, sender: Rut, subject: &Subject) -> Request {
        let ((asker, asker_dv), (company, dv)) = (parts(sender), parts(here.company));
        let ((receiver, receiver_dv), about) = (parts(subject.receiver), About::of(subject));
        let parameters = [
            ("RutConsultante", asker.as_str()),
            ("DvConsultante", asker_dv.as_str()),
            ("RutCompania", company.as_str()),
            ("DvCompania", dv.as_str()),
            ("RutReceptor", receiver.as_str()),
            ("DvReceptor", receiver_dv.as_str()),
            ("TipoDte", subject.kind.as_str()),
            ("FolioDte", about.folio.as_str()),
            ("FechaEmisionDte", about.date.as_str()),
            ("MontoDte", about.total.as_str()),
            ("Token", pass.expose()),
        ];
        service(here, "/DTEWS/QueryEstDte.jws", "estado del documento", soap::call("getEstDte", &parameters))
    }

    /// Ten parameters, in this order.
    fn ask_exact(here: &Here<'_>, pass: &Pass, subject: &Subject) -> Option<Request> {
        if subject.signature.is_empty() {
            return None;
        }
        let (company, dv) = parts(here.company);
        let ((receiver, receiver_dv), about) = (parts(subject.receiver), About::of(subject));
        let parameters = [
            ("RutEmpresa", company.as_str()),
            ("DvEmpresa", dv.as_str()),
            ("RutReceptor", receiver.as_str()),
            ("DvReceptor", receiver_dv.as_str()),
            ("TipoDte", subject.kind.as_str()),
            ("FolioDte", about.folio.as_str()),
            ("FechaEmisionDte", about.date.as_str()),
            ("MontoDte", about.total.as_str()),
            ("FirmaDte", subject.signature.as_str()),
            ("Token", pass.expose()),
        ];
        let body = soap::call("getEstDteAv", &parameters);
        Some(service(here, "/DTEWS/services/QueryEstDteAv", "firma del documento", body))
    }

    fn hear_seed(reply: Reply<'_>) -> Login {
        answer::dte_seed(reply)
    }

    fn hear_token(reply: Reply<'_>) -> Login {
        answer::dte_token(reply)
    }

    fn hear_upload(reply: Reply<'_>) -> Upload {
        answer::dte_upload(reply)
    }

    fn hear_parcel(reply: Reply<'_>, track: &str) -> Progress {
        answer::dte_parcel(reply, track)
    }

    fn hear_document(reply: Reply<'_>) -> Held {
        answer::dte_document(reply)
    }

    fn hear_exact(reply: Reply<'_>) -> Exact {
        answer::dte_exact(reply)
    }
}

/// A question to a SOAP service. The token is a parameter: no cookie.
fn service(here: &Here<'_>, path: &str, what: &'static str, body: String) -> Request {
    soap::question(here.cx, format!("{}{path}", here.hosts.dte), what, body)
}

fn parts(rut: Rut) -> (String, String) {
    (rut.digits().to_string(), rut.dv().to_string())
}

struct About {
    folio: String,
    date: String,
    total: String,
}

impl About {
    fn of(subject: &Subject) -> About {
        About {
            folio: subject.folio.to_string(),
            date: subject.date.strftime("%d%m%Y").to_string(),
            total: subject.total.to_string(),
        }
    }
}
