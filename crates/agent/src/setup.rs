//! Setting up: who issues, with which certificate, with which ranges of folios.

use std::sync::Arc;

use serde_json::Value;
use timbre_core::{Company, Environment, Regime};
use timbre_store::{Fact, GrantLoaded, Opened, Reader};

use crate::engine::{Agent, Answer};
use crate::show;
use crate::view::{CertificateView, ProblemView, RangeView};

impl Agent {
    /// Reads a CAF (or whatever the country lends) and adds its range.
    pub async fn load_grant(
        &self,
        file: &[u8],
        share: (u32, u32),
        used_up_to: Option<u64>,
    ) -> Answer<RangeView> {
        let issuer = self.issuer()?;
        let read = self.0.regime.grant(file, &issuer)?;
        let id = read.grant.id.clone();
        let purpose = format!("grant:{}", id.0);
        let sealed = self.0.custody.seal(&purpose, &read.secret).map_err(|e| crate::writer::no_key(&e))?;
        let fact = Fact::GrantLoaded(Box::new(GrantLoaded { grant: read.grant, share, used_up_to, sealed }));
        self.0.writer.commit(vec![fact]).await?;
        let ranges = self.0.reader.ranges();
        let range = ranges.iter().find(|range| range.grant.id == id);
        range
            .map(|range| show::range(range, self.0.today()))
            .ok_or_else(|| ProblemView::internal("el rango cargado no aparece"))
    }

    /// Sets who issues. Refused when it would mix two companies or environments in one folder.
    pub async fn set_company(&self, environment: Environment, data: &Value) -> Answer<Company> {
        let company = self.0.regime.company(data, environment)?;
        let fact = Fact::Company { company: company.clone(), environment };
        self.0.writer.commit(vec![fact]).await?;
        self.0.sender.renew();
        Ok(company)
    }

    pub fn company(&self) -> Option<(Company, Environment)> {
        self.0.reader.company()
    }

    pub async fn load_certificate(&self, file: &[u8], password: &str) -> Answer<CertificateView> {
        let issuer = self.issuer()?;
        let loaded = self.0.custody.read_certificate(file, password, issuer.environment)?;
        self.0.writer.commit(vec![Fact::CertificateLoaded(loaded)]).await?;
        // In the writer, between two batches: a document that took the old certificate must not be
        // signed with the new one.
        let custody = Arc::clone(&self.0.custody);
        self.0
            .writer
            .apply(move |_| {
                custody.forget();
                Vec::new()
            })
            .await?;
        self.0.sender.renew();
        self.certificate()?.ok_or_else(|| ProblemView::internal("el certificado cargado no aparece"))
    }

    pub fn certificate(&self) -> Answer<Option<CertificateView>> {
        Ok(self.0.certificate()?)
    }

    /// Where the local panel and API are, for the status line.
    pub fn set_address(&self, address: String) {
        *crate::sender::lock(&self.0.address) = Some(address);
    }

    pub fn regime(&self) -> &Arc<dyn Regime> {
        &self.0.regime
    }

    pub fn reader(&self) -> &Reader {
        &self.0.reader
    }

    pub fn opened(&self) -> &Opened {
        &self.0.opened
    }
}
