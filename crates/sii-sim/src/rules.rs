//! What the sources leave open, and what changes with time: settings of the judge, each with the harsher or the
//! likelier reading as its default.

/// How strictly documents and logins are judged.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Does a rejected document burn its folio? The sources disagree; by default it stays free.
    pub rejected_burns_folio: bool,
    /// Pesos in a UF. A boleta of more than 135 of them names its buyer and how it was paid (Ley 21.713).
    pub uf: u64,
    /// A factura to nobody (66666666-6), or to a foreigner (55555555-5) that is no tourist's, is refused.
    /// Inferred: the format says whom these RUTs stand for, no source shows the refusal.
    pub facturas_need_a_buyer: bool,
    /// A certificate counts only inside its dates. Off for samples signed with throw-away certificates.
    pub certificate_dates: bool,
    /// A certificate counts only when one of the registry's roots issued it. Off for samples whose issuer is gone.
    pub certificate_issuer: bool,
    /// `KeyValue` must be the certificate's key. The SII's own sample of 2003 bears another one.
    pub certificate_key: bool,
    /// Only the forms the manuals print. Otherwise also those that live clients are seen to get through with: the
    /// login of PyPI facturacion-electronica, other names of SOAP parameters, dates with hyphens, stamps without
    /// accents, files without `.xml`.
    pub official_only: bool,
    /// DTEUpload takes an `EnvioBOLETA`, as it does for the certification set of boletas; two projects got through
    /// with it, two did not.
    pub boletas_by_dte_upload: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            rejected_burns_folio: false,
            // Below any value of 2026, so that the limit comes rather too early than too late.
            uf: 39_000,
            facturas_need_a_buyer: true,
            certificate_dates: true,
            certificate_issuer: true,
            certificate_key: true,
            official_only: true,
            boletas_by_dte_upload: false,
        }
    }
}
