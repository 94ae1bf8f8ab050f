//! The boleta channel: REST, XML for the login and JSON for the rest ("API SII – V1", OAS boleta
//! electrónica).

use bytes::Bytes;
use timbre_core::{Effect, Method, Pass, Request};

use super::Wire;
use super::multipart::Form;
use super::subject::Subject;
use super::talk::Here;
use crate::answer::{self, Exact, Held, Login, Progress, Reply, Upload};
use crate::envelope::Kind;
use crate::hosts::Hosts;
use crate::rut::Rut;

/// REST.
pub struct Boleta;

impl Wire for Boleta {
    const KIND: Kind = Kind::Boleta;
    const SOME_TYPE: &'static str = "39";
    /// "Wait ten minutes" (OAS boleta electrónica).
    const WAITS: bool = true;

    fn hosts(hosts: &Hosts) -> Vec<(&'static str, String)> {
        vec![
            ("boletas: sesión y consultas", hosts.boleta.clone()),
            ("boletas: envío", hosts.boleta_upload.clone()),
        ]
    }

    fn ask_seed(here: &Here<'_>) -> Request {
        let url = format!("{}/boleta.electronica.semilla", here.hosts.boleta);
        Request { secret: true, ..question(here, url, "semilla", "application/xml", None) }
    }

    fn ask_token(here: &Here<'_>, signed: &str) -> Request {
        let url = format!("{}/boleta.electronica.token", here.hosts.boleta);
        let mut request = question(here, url, "token", "application/xml", None);
        request.headers.push(("Content-Type".to_owned(), "application/xml".to_owned()));
        Request { method: Method::Post, body: Bytes::from(signed.to_owned()), secret: true, ..request }
    }

    /// Only the upload's own host takes it; the others answer "Acceso Denegado".
    fn upload(here: &Here<'_>, form: Form, pass: &Pass) -> Request {
        let url = format!("{}/boleta.electronica.envio", here.hosts.boleta_upload);
        let mut request = question(here, url, "subir envío", "application/json", Some(pass));
        request.headers.push(("Content-Type".to_owned(), form.content_type));
        Request { effect: Effect::Deliver, method: Method::Post, body: form.body, ..request }
    }

    fn ask_parcel(here: &Here<'_>, pass: &Pass, track: &str) -> Request {
        let url = format!("{}/boleta.electronica.envio/{}-{track}", here.hosts.boleta, here.company);
        question(here, url, "estado del envío", "application/json", Some(pass))
    }

    /// The four parameters are optional in the specification and required in practice.
    fn ask_document(here: &Here<'_>, pass: &Pass, _: Rut, subject: &Subject) -> Request {
        let url = format!(
            "{}/boleta.electronica/{}-{}-{}/estado?rut_receptor={}&dv_receptor={}&monto={}&fechaEmision={}",
            here.hosts.boleta,
            here.company,
            subject.kind,
            subject.folio,
            subject.receiver.digits(),
            subject.receiver.dv(),
            subject.total,
            subject.date.strftime("%d-%m-%Y"),
        );
        question(here, url, "estado del documento", "application/json", Some(pass))
    }

    fn ask_exact(_: &Here<'_>, _: &Pass, _: &Subject) -> Option<Request> {
        None
    }

    fn hear_seed(reply: Reply<'_>) -> Login {
        answer::boleta_seed(reply)
    }

    fn hear_token(reply: Reply<'_>) -> Login {
        answer::boleta_token(reply)
    }

    fn hear_upload(reply: Reply<'_>) -> Upload {
        answer::boleta_upload(reply)
    }

    fn hear_parcel(reply: Reply<'_>, track: &str) -> Progress {
        answer::boleta_parcel(reply, track)
    }

    fn hear_document(reply: Reply<'_>) -> Held {
        answer::boleta_document(reply)
    }

    fn hear_exact(_: Reply<'_>) -> Exact {
        Exact::Later(String::new())
    }
}

fn question(here: &Here<'_>, url: String, what: &'static str, accept: &str, pass: Option<&Pass>) -> Request {
    let mut headers = vec![
        ("User-Agent".to_owned(), here.cx.conduct.user_agent.clone()),
        ("Accept".to_owned(), accept.to_owned()),
    ];
    if let Some(pass) = pass {
        headers.push(("Cookie".to_owned(), format!("TOKEN={}", pass.expose())));
    }
    Request {
        effect: Effect::Query,
        method: Method::Get,
        url,
        headers,
        body: Bytes::new(),
        what,
        secret: false,
    }
}
