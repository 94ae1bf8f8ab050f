//! The demo shop: a fictitious company with a training certificate and CAFs of the simulator's
//! desk, in a training folder.

use std::time::Duration;

use serde_json::json;
use sii_sim::Desk;
use timbre_agent::Agent;
use timbre_agent::view::ProblemView;
use timbre_core::Environment;

use crate::DemoOptions;

/// Folios of each type that a new demo shop gets.
const FOLIOS: u64 = 100_000;

/// The types a demo shop issues: boletas and facturas, taxed and exempt, guías and notes.
const TYPES: [u16; 7] = [39, 33, 34, 41, 52, 56, 61];

/// The password of a training certificate: it is public, as everything of training is.
const PASSWORD: &str = "entrenamiento";

/// How long the simulator takes for an answer where people practise: each state is seen for a moment.
const PACE: Duration = Duration::from_millis(300);

impl DemoOptions {
    /// A calm day, to practise in.
    pub fn practice() -> DemoOptions {
        DemoOptions { latency: PACE, scenario: "calm".to_owned() }
    }
}

/// Makes the shop where there is none; refuses a folder that is not for training.
pub async fn open_shop(agent: &Agent) -> Result<(), ProblemView> {
    match agent.company() {
        Some((_, Environment::Training)) => {}
        Some(_) => return Err(not_training()),
        None => {
            let company = Desk::company();
            let data = json!({
                "RUTEmisor": company.rut,
                "RznSoc": company.name,
                "GiroEmis": company.giro,
                "Acteco": [company.acteco],
                "DirOrigen": company.address,
                "CmnaOrigen": company.comuna,
                "CiudadOrigen": company.city,
                "FchResol": company.resolution_date.to_string(),
                "NroResol": company.resolution_number,
            });
            agent.set_company(Environment::Training, &data).await?;
        }
    }
    if agent.certificate_lost() || agent.certificate()?.is_none() {
        let certificate = Desk::certificate(PASSWORD);
        agent.load_certificate(&certificate.pfx, PASSWORD, None).await?;
    }
    let loaded = agent.folios();
    let company = Desk::company();
    let today = jiff::Timestamp::now().to_zoned(zone(agent)).date();
    for tipo in TYPES {
        let held = loaded.iter().find(|f| f.series == tipo.to_string());
        if held.is_some_and(|f| f.left > 0) {
            continue;
        }
        let from = held.map_or(1, |f| f.ranges.iter().map(|r| r.last).max().unwrap_or(0) + 1);
        let file = Desk::caf(company.rut, tipo, from, from + FOLIOS - 1, today, company.name);
        agent.load_grant(&file, (1, 1), None).await?;
    }
    Ok(())
}

/// Why a demo does not open on a real folder.
pub fn not_training() -> ProblemView {
    ProblemView::bad_request(
        "folder-not-training",
        "Esta carpeta es de una empresa verdadera: la demostración no se abre sobre ella. \
         Indique otra con --data.",
    )
}

fn zone(agent: &Agent) -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::get(agent.regime().profile().zone).unwrap_or(jiff::tz::TimeZone::UTC)
}
