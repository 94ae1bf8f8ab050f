//! Chile's real documents, on both channels, against the strict simulator driven by hand.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use sii_sim::{Config, Desk, Ending, Host, Outcome, Rejections, Scenario, Sim, Stuck};
use timbre_agent::{Agent, Custody, Settings};
use timbre_app::Keeper;
use timbre_app::vault::{Custody as Kept, Kind, Vault};
use timbre_chile::channel::{BoletaChannel, DteChannel};
use timbre_chile::hosts::USER_AGENT;
use timbre_core::channel::Method;
use timbre_core::{Channel, ChannelId, Environment, Heard, Regime, Request, Timestamp};
use timbre_store::Reader;
use timbre_tests::{boleta, factura};

use crate::dice::Dice;
use crate::sky::Sky;
use crate::world::{Authority, Entry, Theme, Told, WHOLESALE, World};

/// Where the simulator would listen; nobody does.
const PORT: u16 = 4581;

pub struct Chile(pub Theme);

impl World for Chile {
    fn name(&self) -> String {
        match self.0 {
            Theme::Weather => "Chile".to_owned(),
            theme => format!("Chile, {theme:?}"),
        }
    }

    fn theme(&self) -> Theme {
        self.0
    }

    fn lines(&self) -> &'static [&'static str] {
        &["boleta", "dte"]
    }

    fn line_of(&self, request: &Request) -> &'static str {
        if host(request).0 == Host::Dte { "dte" } else { "boleta" }
    }

    fn regime(&self) -> Arc<dyn Regime> {
        timbre_app::regime()
    }

    fn channels(&self) -> BTreeMap<ChannelId, Arc<dyn Channel>> {
        let boleta: Arc<dyn Channel> = Arc::new(BoletaChannel::new());
        let dte: Arc<dyn Channel> = Arc::new(DteChannel::new());
        [(ChannelId("boleta".to_owned()), boleta), (ChannelId("dte".to_owned()), dte)].into()
    }

    fn custody(&self, dir: &Path, reader: Reader) -> Arc<dyn Custody> {
        let (vault, _) = Vault::open(dir, &Kept::forced(Kind::KeyFile)).expect("a vault");
        Arc::new(Keeper::new(reader, Some(Arc::new(vault))))
    }

    fn settings(&self) -> Settings {
        let settings =
            Settings { simulator: Some(format!("http://127.0.0.1:{PORT}")), ..Settings::new(USER_AGENT) };
        match self.0 {
            Theme::Weather => settings,
            Theme::Wholesale => Settings { parcel: 500, ..settings },
        }
    }

    async fn set_up(&self, agent: &Agent) {
        let company = Desk::company();
        let data = json!({
            "RUTEmisor": company.rut, "RznSoc": company.name, "GiroEmis": company.giro,
            "Acteco": [company.acteco], "DirOrigen": company.address, "CmnaOrigen": company.comuna,
            "FchResol": company.resolution_date.to_string(), "NroResol": company.resolution_number,
        });
        agent.set_company(Environment::Training, &data).await.expect("the desk's company");
        let certificate = Desk::certificate("x");
        agent.load_certificate(&certificate.pfx, "x", None).await.expect("the desk's certificate");
        let day = "2026-02-20".parse().expect("a date");
        for tipo in [39, 33] {
            for (from, to) in [(1, 5), (6, 500)] {
                let file = Desk::caf(company.rut, tipo, from, to, day, company.name);
                agent.load_grant(&file, (1, 1), None).await.expect("the desk's CAF");
            }
        }
    }

    fn authority(&self, seed: u64, sky: &Sky) -> Box<dyn Authority> {
        let mut dice = Dice::new(seed, "sii");
        let folios: Vec<_> = self.0.bad(seed).into_iter().collect();
        let fall = |folios| Ending { state: "RSC".to_owned(), every: 0, permille: 0, times: None, folios };
        let fall = Some(folios).filter(|folios| !folios.is_empty()).map(fall);
        let (odd, grave) = self.odd(seed);
        let scenario = Scenario {
            name: "weather".to_owned(),
            endings: fall.into_iter().chain(odd).collect(),
            jitter_ms: 400,
            min_poll_seconds: Some(30),
            token_uses: dice.permille(200).then(|| dice.range(2, 10)),
            rejections: Rejections {
                permille: dice.one_of(&[0, 0, 150]),
                code: grave.0.to_owned(),
                text: grave.1.to_owned(),
                ..Rejections::default()
            },
            stuck: Stuck {
                permille: dice.one_of(&[0, 0, 100]),
                // The SII denies what it has in process. Where an answer may be lost, and the upload's number
                // with it, nothing but the ten minutes it asks for tells "in process" from "not received".
                for_seconds: if sky.loses() { dice.range(30, 240) } else { dice.range(600, 100_000) },
                step: "FOK".to_owned(),
                ..Stuck::default()
            },
            ..Scenario::default()
        };
        let config = Config {
            latency: Duration::from_millis(300),
            processing: Duration::from_secs(dice.range(1, 60)),
            scenario,
            seed,
            ..Config::default()
        };
        Box::new(Sii(Sim::new(config)))
    }

    fn sales(&self, dice: &mut Dice) -> u64 {
        match self.0 {
            Theme::Weather => dice.range(3, 12),
            Theme::Wholesale => WHOLESALE,
        }
    }

    fn twins(&self, seed: u64) -> u64 {
        let mut dice = Dice::new(seed, "twins");
        let twins = dice.permille(250) && self.0 == Theme::Weather;
        if twins { dice.range(1, 3) } else { 0 }
    }

    fn sale(&self, dice: &mut Dice, _: bool) -> Value {
        let price = dice.range(100, 90_000);
        if self.0 == Theme::Wholesale || dice.permille(700) { boleta(price) } else { factura(price) }
    }

    fn delivered(&self, request: &Request) -> Vec<String> {
        let text = String::from_utf8_lossy(&request.body);
        // `ID="F12T39"`, where a document's id here is `T39F12`.
        let id = |rest: &str| {
            let (folio, tipo) = rest.split('"').next()?.strip_prefix('F')?.split_once('T')?;
            Some(format!("T{tipo}F{folio}"))
        };
        text.split("<Documento ID=\"").skip(1).filter_map(id).collect()
    }
}

impl Chile {
    /// How uploads end otherwise than they should, and what sound documents are rejected for: as known already, or
    /// for the carátula, of the whole envelope or of each document.
    fn odd(&self, seed: u64) -> (Option<Ending>, (&'static str, &'static str)) {
        let mut dice = Dice::new(seed, "endings");
        let ending = |state: &str, permille, times| Ending {
            state: state.to_owned(),
            every: 0,
            permille,
            times,
            folios: Vec::new(),
        };
        let odd = match dice.range(0, 3) {
            0 => Some(ending("RPT", 300, None)),
            1 => Some(ending("RCT", 300, Some(3))),
            _ => None,
        };
        let grave = match dice.permille(400) {
            true => ("CRT-3-19", "Numero de Resolucion Invalido"),
            false => ("HED-3-861", "Actividad Economica no registrada para el Contribuyente"),
        };
        (odd.filter(|_| self.0 == Theme::Weather), grave)
    }
}

/// Which of the simulator's hosts it is for, and the path there.
fn host(request: &Request) -> (Host, &str) {
    let rest = request.url.strip_prefix("http://127.0.0.1:").expect("the simulator's address");
    let at = rest.find('/').unwrap_or(rest.len());
    let port: u16 = rest[..at].parse().expect("a port");
    let host = match port - PORT {
        0 => Host::Dte,
        1 => Host::BoletaQuery,
        2 => Host::BoletaUpload,
        other => panic!("no host of the SII is at {other}"),
    };
    (host, &rest[at..])
}

/// The SII on a good day.
pub fn calm() -> Box<dyn Authority> {
    Box::new(Sii(Sim::new(Config { latency: Duration::from_millis(300), ..Config::default() })))
}

struct Sii(Sim);

impl Authority for Sii {
    fn answer(&mut self, request: &Request, now: Timestamp) -> Told {
        let (role, path) = host(request);
        let mut headers = request.headers.clone();
        headers.push(("Host".to_owned(), format!("127.0.0.1:{PORT}")));
        headers.push(("Content-Length".to_owned(), request.body.len().to_string()));
        let asked = sii_sim::Request {
            method: match request.method {
                Method::Get => "GET",
                Method::Post => "POST",
            }
            .to_owned(),
            path_and_query: path.to_owned(),
            headers,
            body: request.body.to_vec(),
        };
        match self.0.answer(role, &asked, now) {
            Outcome::Reply { after, reply } => {
                let heard = Heard::Reply {
                    status: reply.status,
                    headers: reply.headers,
                    body: Bytes::from(reply.body),
                };
                Told::Heard { after, heard }
            }
            Outcome::DropAfter { after } => Told::Silence { after },
            Outcome::DropBefore => Told::NotTaken,
        }
    }

    fn ledger(&self, now: Timestamp) -> BTreeMap<String, Entry> {
        let entry = |document: sii_sim::LedgerDocument| {
            let state = match document.verdict {
                "accepted" => "ACEPTADO",
                "objected" => "REPARO",
                "rejected" => "RECHAZADO",
                other => other,
            };
            let words = document.reasons.join(" ");
            (document.id, Entry { state, words, offered: document.offered, given: None })
        };
        self.0.ledger_at(now).documents.into_iter().map(entry).collect()
    }

    /// A token whose answer was lost on the way is no hoarded one, and the simulator can't know.
    fn violations(&self) -> Vec<String> {
        let all = self.0.ledger().violations.into_iter();
        let grave = all.filter(|one| one.rule != sii_sim::Rule::TokenHoarded);
        grave.map(|one| format!("{} {:?} {}", one.at, one.rule, one.what)).collect()
    }

    fn kill_passes(&mut self) {
        self.0.kill_tokens();
    }

    /// The simulator has knobs of its own for what gets stuck.
    fn stick(&mut self, _: Timestamp) {}
}
