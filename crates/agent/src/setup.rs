//! Setting up: who issues, with which certificate, with which ranges of folios.

use std::sync::Arc;

use serde_json::Value;
use timbre_core::{
    Company, Environment, Grant, GrantId, KeyName, Refusal, Regime, Scheme, Timestamp, thousands,
};
use timbre_store::{Fact, GrantLoaded, Opened, Range, Reader, share as share_of};
use zeroize::Zeroizing;

use crate::doer::SOMEBODY;
use crate::engine::{Agent, Answer, ReadCertificate, environment_word};
use crate::first::{self, First};
use crate::view::{
    CertificateView, CompanyDataView, CompanyOrder, LoadedCertificateView, LoadedRangeView, ProblemView,
};
use crate::{show, signing};

impl Agent {
    /// Reads a CAF (or whatever the country lends) and adds its range, after asking the authority
    /// whether it knows the first number that would be used.
    pub async fn load_grant(
        &self,
        file: &[u8],
        share: (u32, u32),
        used_up_to: Option<u64>,
    ) -> Answer<LoadedRangeView> {
        let issuer = self.issuer()?;
        let read = self.0.regime.grant(file, &issuer)?;
        let id = read.grant.id.clone();
        let purpose = format!("grant:{}", id.0);
        let sealed = self.0.custody.seal(&purpose, &read.secret).map_err(|e| e.refusal())?;
        let again = self.lost_its_key(&id);
        let authority = self.0.regime.profile().authority;
        let mut warnings = Vec::new();
        // A share that does not exist is the store's to refuse.
        if let Some((first, _)) = share_of(&read.grant, share).filter(|_| !again) {
            let number = used_up_to.map_or(first, |used| first.max(used.saturating_add(1)));
            match self.ask_first(&issuer, &read.grant.series, number).await {
                First::Free => {}
                First::Taken(why) => return Err(first::taken(authority, number, &why).into()),
                First::Unasked(why) => warnings.push(first::unasked(authority, number, &why)),
            }
        }
        let Grant { series, first, last, .. } = &read.grant;
        let acted = self.acted(format!(
            "Cargar los folios {} a {} de {}",
            thousands(*first),
            thousands(*last),
            self.kind_name(&series.0)
        ))?;
        let loaded = GrantLoaded { grant: read.grant, share, used_up_to, again, sealed };
        let fact = Fact::GrantLoaded(Box::new(loaded));
        timbre_store::crash!("grant-unwritten");
        self.0.writer.commit([fact].into_iter().chain(acted).collect()).await?;
        timbre_store::crash!("grant-written");
        self.look_at_keys();
        let range = self.range_of(&id).ok_or_else(|| ProblemView::internal("el rango cargado no aparece"))?;
        let range = show::range(&range, self.0.today());
        Ok(LoadedRangeView { range, warnings: show::refusals(&warnings) })
    }

    /// Is the range of this file loaded, and its key good?
    pub fn is_loaded(&self, file: &[u8]) -> Answer<bool> {
        let id = self.0.regime.grant(file, &self.issuer()?)?.grant.id;
        Ok(self.range_of(&id).is_some() && !self.lost_its_key(&id))
    }

    /// What [`Agent::load_grant`] answered of a file whose range is loaded already, for who was stopped before hearing it;
    /// `None`: it is not loaded. The authority is asked again, as long as no document has the first number.
    pub async fn loaded_grant(&self, file: &[u8]) -> Answer<Option<LoadedRangeView>> {
        let issuer = self.issuer()?;
        let grant = self.0.regime.grant(file, &issuer)?.grant;
        let Some(range) = self.range_of(&grant.id) else { return Ok(None) };
        let range = show::range(&range, self.0.today());
        let authority = self.0.regime.profile().authority;
        let mut warnings = Vec::new();
        if range.next == range.first {
            match self.ask_first(&issuer, &grant.series, range.first).await {
                First::Free => {}
                First::Taken(why) => warnings.push(first::taken_since(authority, range.first, &why)),
                First::Unasked(why) => warnings.push(first::unasked(authority, range.first, &why)),
            }
        }
        Ok(Some(LoadedRangeView { range, warnings: show::refusals(&warnings) }))
    }

    fn range_of(&self, id: &GrantId) -> Option<Range> {
        self.0.reader.ranges().into_iter().find(|range| range.grant.id == *id)
    }

    /// Was it loaded before, and can its key be used no more? After a vault was made anew its file
    /// is loaded again, for the key alone.
    fn lost_its_key(&self, id: &GrantId) -> bool {
        self.range_of(id).is_some() && self.0.custody.sign(KeyName::Grant(id), Scheme::RsaSha1, b"").is_err()
    }

    /// Sets who issues. Refused when it would mix two companies or environments in one folder.
    pub async fn set_company(&self, environment: Environment, data: &Value) -> Answer<Company> {
        let company = self.0.regime.company(data, environment)?;
        let acted = self.acted(format!("Guardar la empresa {}, {}", company.id, company.name))?;
        let fact = Fact::Company { company: company.clone(), environment };
        self.0.writer.commit([fact].into_iter().chain(acted).collect()).await?;
        timbre_store::crash!("company-written");
        self.0.sender.renew();
        Ok(company)
    }

    /// Writes down that somebody did something which no other fact tells: made a token, set an address.
    /// It is done: who says no name is somebody.
    pub async fn note_act(&self, who: &str, what: &str) -> Answer<()> {
        let who = if who.trim().is_empty() { SOMEBODY } else { who };
        let acted = Fact::Acted { who: self.named(who)?, what: what.to_owned(), documents: Vec::new() };
        self.0.writer.commit(vec![acted]).await?;
        Ok(())
    }

    /// The time by the engine's own clock.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The same by a person's hand. The company of training is made up: where it is there, its data may be set, and it
    /// stays that company.
    pub async fn set_own_company(&self, order: CompanyOrder) -> Answer<CompanyDataView> {
        if order.environment == Environment::Training {
            let Some((known, Environment::Training)) = self.company() else {
                return Err(ProblemView::bad_request(
                    "training-company",
                    "El ambiente de entrenamiento usa su propia empresa ficticia; ábralo con «Probar sin el SII», en \
                     Ajustes.",
                ));
            };
            if self.0.regime.company(&order.data, order.environment)?.id != known.id {
                let detail = "La empresa de entrenamiento es ficticia y no se cambia por otra.";
                return Err(ProblemView::refused("company-other", detail));
            }
        }
        self.set_company(order.environment, &order.data).await?;
        self.company_view().ok_or_else(|| ProblemView::internal("la empresa guardada no aparece"))
    }

    pub fn company_view(&self) -> Option<CompanyDataView> {
        self.company().map(|(company, environment)| CompanyDataView {
            environment: environment_word(environment),
            id: company.id,
            name: company.name,
            data: company.data,
        })
    }

    pub fn company(&self) -> Option<(Company, Environment)> {
        self.0.reader.company()
    }

    /// Takes a certificate that is in force now; another one never takes the place of a good one.
    /// `holder` counts where the file does not say whose it is.
    pub async fn load_certificate(
        &self,
        file: &[u8],
        password: &str,
        holder: Option<&str>,
    ) -> Answer<LoadedCertificateView> {
        let issuer = self.issuer()?;
        let ReadCertificate { loaded, warning } =
            self.read_certificate(file, password, holder, issuer.environment).await?;
        signing::in_force(loaded.not_before, loaded.not_after, self.0.clock.now(), &self.0.zone)
            // Waiting mends nothing here: it is another file that is wanted.
            .map_err(|refusal| Refusal { temporary: false, ..refusal })?;
        timbre_store::crash!("certificate-unwritten");
        let acted = self.acted(format!("Cargar el certificado de {}", loaded.holder))?;
        let fact = Fact::CertificateLoaded(loaded);
        self.0.writer.commit([fact].into_iter().chain(acted).collect()).await?;
        timbre_store::crash!("certificate-written");
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
        self.look_at_keys();
        match self.certificate()? {
            Some(certificate) => Ok(LoadedCertificateView { certificate, warning }),
            None => Err(ProblemView::internal("el certificado cargado no aparece")),
        }
    }

    /// Reads a certificate's file away from the threads that answer, and never two at once: how much work its password
    /// is to check was chosen by whoever made the file.
    async fn read_certificate(
        &self,
        file: &[u8],
        password: &str,
        holder: Option<&str>,
        environment: Environment,
    ) -> Answer<ReadCertificate> {
        let Ok(alone) = Arc::clone(&self.0.reading).try_lock_owned() else {
            let detail =
                "Todavía se está leyendo otro certificado: espere a que termine y cárguelo de nuevo.";
            return Err(Refusal::temporary("certificate-busy", "", detail).into());
        };
        let (file, password) = (Zeroizing::new(file.to_vec()), Zeroizing::new(password.to_owned()));
        let (custody, holder) = (Arc::clone(&self.0.custody), holder.map(str::to_owned));
        let read = tokio::task::spawn_blocking(move || {
            let _alone = alone; // also when nobody waits for it any more
            custody.read_certificate(&file, &password, holder.as_deref(), environment)
        });
        Ok(read.await.map_err(ProblemView::internal)??)
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
