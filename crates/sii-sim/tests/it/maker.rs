//! Makes documents as plainly as can be, by joining text that is canonical already, and signs them with OpenSSL. A
//! `Change` breaks one thing at one stage of the making.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use jiff::civil::date;
use openssl::{
    hash::{MessageDigest, hash},
    pkcs12::Pkcs12,
    pkey::{PKey, Private},
    rsa::Rsa,
    sign::Signer,
    x509::X509,
};
use sii_sim::{Desk, Holder};
use std::sync::OnceLock;

pub const NAMESPACES: &str =
    "xmlns=\"http://www.sii.cl/SiiDte\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
pub const C14N: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
pub const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// Stages of the making, in order; a change is made to the text as it stands then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The document before its stamp; the stamp follows it.
    Document,
    /// `<DD>` before it is signed.
    Stamp,
    /// The stamp after it is signed, before the document is.
    Stamped,
    /// `<Documento>` whole, before it is signed.
    Whole,
    /// `<DTE>` after it is signed, before the set is.
    Signed,
    /// `<SetDTE>` before it is signed.
    Set,
    /// The file before it becomes bytes.
    File,
}

#[derive(Clone, Copy, Debug)]
pub struct Change {
    pub at: Stage,
    pub from: &'static str,
    pub to: &'static str,
}

pub fn change(at: Stage, from: &'static str, to: &'static str) -> Change {
    Change { at, from, to }
}

fn apply(text: String, changes: &[Change], at: Stage) -> String {
    changes.iter().filter(|change| change.at == at).fold(text, |text, change| {
        assert!(text.contains(change.from), "{at:?}: nothing to change at {:?} in\n{text}", change.from);
        text.replacen(change.from, change.to, 1)
    })
}

pub struct Signatory {
    key: PKey<Private>,
    certificate: String,
    modulus: String,
}

impl Signatory {
    pub fn new(holder: &Holder) -> Signatory {
        let pfx = Desk::certificate_for(holder, "secreta").pfx;
        let opened = Pkcs12::from_der(&pfx).expect("a PFX").parse2("secreta").expect("its password");
        let key = opened.pkey.expect("a key");
        Signatory {
            modulus: BASE64.encode(key.rsa().expect("RSA").n().to_vec()),
            certificate: wrapped(&opened.cert.expect("a certificate").to_der().expect("DER")),
            key,
        }
    }

    /// A stranger: the same RUT on a certificate nobody issued.
    pub fn self_made() -> Signatory {
        let key = PKey::from_rsa(Rsa::generate(2048).expect("a key")).expect("a key");
        let mut name = openssl::x509::X509NameBuilder::new().expect("a name");
        name.append_entry_by_text("serialNumber", "11111111-1").expect("a name");
        let name = name.build();
        let mut builder = X509::builder().expect("a certificate");
        builder.set_subject_name(&name).expect("a name");
        builder.set_issuer_name(&name).expect("a name");
        builder.set_pubkey(&key).expect("a key");
        let day = |text| openssl::asn1::Asn1Time::from_str(text).expect("a time");
        builder.set_not_before(&day("20200101000000Z")).expect("a time");
        builder.set_not_after(&day("20400101000000Z")).expect("a time");
        builder.sign(&key, MessageDigest::sha256()).expect("signed");
        Signatory {
            modulus: BASE64.encode(key.rsa().expect("RSA").n().to_vec()),
            certificate: wrapped(&builder.build().to_der().expect("DER")),
            key,
        }
    }

    /// `getToken` exactly as the OAS prints it: two lines, no line end after the last.
    pub fn login(&self, seed: &str) -> String {
        let signed = format!("<getToken><item><Semilla>{seed}</Semilla></item></getToken>");
        let signature = self.sign_xml("", ENVELOPED, &signed, "");
        let root = signed.replace("</getToken>", &format!("{signature}</getToken>"));
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{root}")
    }

    /// `referenced` is the canonical form of what is signed; `scope` the namespaces `SignedInfo` inherits besides.
    pub fn sign_xml(&self, uri: &str, transform: &str, referenced: &str, scope: &str) -> String {
        let digest = BASE64.encode(hash(MessageDigest::sha1(), referenced.as_bytes()).expect("SHA-1"));
        let info = format!(
            "<CanonicalizationMethod Algorithm=\"{C14N}\"></CanonicalizationMethod><SignatureMethod Algorithm=\"{DSIG}rsa-sha1\"></SignatureMethod><Reference URI=\"{uri}\"><Transforms><Transform Algorithm=\"{transform}\"></Transform></Transforms><DigestMethod Algorithm=\"{DSIG}sha1\"></DigestMethod><DigestValue>{digest}</DigestValue></Reference></SignedInfo>"
        );
        let canonical = format!("<SignedInfo xmlns=\"{DSIG}\"{scope}>{info}");
        let value = wrapped(&sha1_signature(&self.key, canonical.as_bytes()));
        let Signatory { modulus, certificate, .. } = self;
        format!(
            "<Signature xmlns=\"{DSIG}\"><SignedInfo>{info}<SignatureValue>{value}</SignatureValue><KeyInfo><KeyValue><RSAKeyValue><Modulus>{modulus}</Modulus><Exponent>AQAB</Exponent></RSAKeyValue></KeyValue><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></Signature>"
        )
    }
}

fn sha1_signature(key: &PKey<Private>, bytes: &[u8]) -> Vec<u8> {
    let mut signer = Signer::new(MessageDigest::sha1(), key).expect("a signer");
    signer.sign_oneshot_to_vec(bytes).expect("a signature")
}

/// Base64 in lines of 76.
fn wrapped(bytes: &[u8]) -> String {
    let text = BASE64.encode(bytes);
    let lines: Vec<&str> =
        text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    lines.join("\n")
}

pub fn seller() -> &'static Signatory {
    static SELLER: OnceLock<Signatory> = OnceLock::new();
    SELLER.get_or_init(|| Signatory::new(&Holder::default()))
}

/// A CAF of the desk, taken apart as text.
pub struct Caf {
    key: PKey<Private>,
    text: String,
}

impl Caf {
    pub fn of(tipo: u16, from: u64, to: u64, day: jiff::civil::Date, rut: &str) -> Caf {
        let file = latin1_text(&Desk::caf(rut, tipo, from, to, day, Desk::company().name));
        let pem = between(&file, "<RSASK>", "</RSASK>");
        Caf {
            key: PKey::private_key_from_pem(pem.as_bytes()).expect("a key"),
            text: format!("<CAF version=\"1.0\">{}</CAF>", between(&file, "<CAF version=\"1.0\">", "</CAF>"))
                .replace('\n', ""),
        }
    }
}

impl Caf {
    /// `FRMT` over these bytes.
    pub fn stamp_of(&self, bytes: &[u8]) -> String {
        BASE64.encode(sha1_signature(&self.key, bytes))
    }
}

/// The CAF most tests use for a type: folios 1 to 1000.
pub fn caf(tipo: u16) -> &'static Caf {
    static CAFS: OnceLock<Vec<(u16, Caf)>> = OnceLock::new();
    let cafs = CAFS.get_or_init(|| {
        let caf = |tipo| (tipo, Caf::of(tipo, 1, 1000, date(2026, 1, 5), Desk::company().rut));
        [33, 34, 39, 41, 46, 52, 56, 61].into_iter().map(caf).collect()
    });
    &cafs.iter().find(|(known, _)| *known == tipo).expect("a type").1
}

/// A document to make.
pub struct Order<'a> {
    pub tipo: u16,
    pub folio: u64,
    /// From `<Encabezado>` to the last line before the stamp.
    pub body: String,
    pub caf: &'a Caf,
    pub signatory: &'a Signatory,
    /// What is written on `<DTE`: the namespaces, or none.
    pub clothes: &'static str,
    /// `ID` of `<Documento>`, when it is not of folio and type.
    pub id: Option<&'static str>,
    /// What its signature says it is over, when that is not the `ID`.
    pub uri: Option<&'static str>,
    /// The namespaces it is digested with, when they are not those that are written.
    pub signed_as: Option<&'static str>,
    pub changes: Vec<Change>,
}

pub fn order(tipo: u16, folio: u64, body: String) -> Order<'static> {
    Order {
        tipo,
        folio,
        body,
        caf: caf(tipo),
        signatory: seller(),
        clothes: NAMESPACES,
        id: None,
        uri: None,
        signed_as: None,
        changes: Vec::new(),
    }
}

impl Order<'_> {
    pub fn with(mut self, changes: &[Change]) -> Self {
        self.changes.extend_from_slice(changes);
        self
    }

    /// `<DTE …>…</DTE>`, signed.
    pub fn make(&self) -> String {
        let Order { tipo, folio, changes, .. } = self;
        let body = apply(self.body.clone(), changes, Stage::Document);
        let ted = self.stamp(&body);
        let inner = format!("{body}\n{ted}\n<TmstFirma>2026-01-15T12:34:56</TmstFirma>\n</Documento>");
        let inner = apply(inner, changes, Stage::Whole);
        let name = self.id.map_or_else(|| format!("F{folio}T{tipo}"), str::to_owned);
        let uri = self.uri.map_or_else(|| format!("#{name}"), str::to_owned);
        let id = format!("ID=\"{name}\"");
        let spaced = if self.clothes.is_empty() { String::new() } else { format!(" {}", self.clothes) };
        let digested = self.signed_as.map_or(spaced.clone(), |namespaces| format!(" {namespaces}"));
        let canonical = format!("<Documento{digested} {id}>\n{inner}");
        let scope = if self.clothes.is_empty() {
            ""
        } else {
            " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
        };
        let signature = self.signatory.sign_xml(&uri, C14N, &canonical, scope);
        let dte = format!("<DTE{spaced} version=\"1.0\">\n<Documento {id}>\n{inner}\n{signature}\n</DTE>");
        apply(dte, changes, Stage::Signed)
    }

    /// The stamp repeats what the document says.
    fn stamp(&self, body: &str) -> String {
        let field = |tag: &str| optional(body, &format!("<{tag}>"), &format!("</{tag}>")).unwrap_or_default();
        let forty = |text: &str| escaped(&unescaped(text).chars().take(40).collect::<String>());
        let dd = format!(
            "<DD><RE>{}</RE><TD>{}</TD><F>{}</F><FE>{}</FE><RR>{}</RR><RSR>{}</RSR><MNT>{}</MNT><IT1>{}</IT1>{}<TSTED>2026-01-15T12:34:56</TSTED></DD>",
            field("RUTEmisor"),
            field("TipoDTE"),
            field("Folio"),
            field("FchEmis"),
            field("RUTRecep"),
            forty(field("RznSocRecep")),
            field("MntTotal"),
            forty(field("NmbItem")),
            self.caf.text,
        );
        let dd = apply(dd, &self.changes, Stage::Stamp);
        let frmt = self.caf.stamp_of(&latin1(&dd));
        let ted = format!("<TED version=\"1.0\">{dd}<FRMT algoritmo=\"SHA1withRSA\">{frmt}</FRMT></TED>");
        apply(ted, &self.changes, Stage::Stamped)
    }
}

/// An envelope of these documents, with changes of its own.
pub fn envelope(root: &str, documents: &[(u16, String)], changes: &[Change]) -> String {
    let mut tipos: Vec<u16> = documents.iter().map(|(tipo, _)| *tipo).collect();
    tipos.sort_unstable();
    tipos.dedup();
    let subtotals: String = tipos
        .iter()
        .map(|tipo| {
            let count = documents.iter().filter(|(other, _)| other == tipo).count();
            format!("<SubTotDTE>\n<TpoDTE>{tipo}</TpoDTE>\n<NroDTE>{count}</NroDTE>\n</SubTotDTE>\n")
        })
        .collect();
    let all: Vec<&str> = documents.iter().map(|(_, dte)| dte.as_str()).collect();
    let set = format!(
        "<SetDTE ID=\"SetDoc\">\n<Caratula version=\"1.0\">\n<RutEmisor>99999999-9</RutEmisor>\n<RutEnvia>11111111-1</RutEnvia>\n<RutReceptor>60803000-K</RutReceptor>\n<FchResol>2014-08-22</FchResol>\n<NroResol>0</NroResol>\n<TmstFirmaEnv>2026-01-15T12:40:00</TmstFirmaEnv>\n{subtotals}</Caratula>\n{}\n</SetDTE>",
        all.join("\n")
    );
    let set = apply(set, changes, Stage::Set);
    // In the set's canonical form a namespace its documents repeat stands only once, at the top.
    let canonical = set
        .replacen("<SetDTE", &format!("<SetDTE {NAMESPACES}"), 1)
        .replace(&format!("<DTE {NAMESPACES}"), "<DTE")
        .replace("<DTE xmlns=\"http://www.sii.cl/SiiDte\" version", "<DTE version");
    let scope = " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
    let signature = seller().sign_xml("#SetDoc", C14N, &canonical, scope);
    let schema = if root == "EnvioBOLETA" { "EnvioBOLETA_v11.xsd" } else { "EnvioDTE_v10.xsd" };
    let file = format!(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<{root} {NAMESPACES} xsi:schemaLocation=\"http://www.sii.cl/SiiDte {schema}\" version=\"1.0\">\n{set}\n{signature}\n</{root}>\n"
    );
    apply(file, changes, Stage::File)
}

pub fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("a character of Latin-1")).collect()
}

pub fn latin1_text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn optional<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(from)?;
    rest.split_once(to).map(|(inner, _)| inner)
}

#[track_caller]
pub fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    optional(text, from, to).unwrap_or_else(|| panic!("no {from} in\n{text}"))
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A boleta of three lines: by the piece, by weight, exempt.
pub fn boleta(folio: u64) -> Order<'static> {
    order(
        39,
        folio,
        format!(
            "<Encabezado>\n<IdDoc>\n<TipoDTE>39</TipoDTE>\n<Folio>{folio}</Folio>\n<FchEmis>2026-01-15</FchEmis>\n<IndServicio>3</IndServicio>\n</IdDoc>\n<Emisor>\n<RUTEmisor>99999999-9</RUTEmisor>\n<RznSocEmisor>ALMACEN EL TIMBRE (ENTRENAMIENTO) LTDA</RznSocEmisor>\n<GiroEmisor>Venta al por menor en almacenes</GiroEmisor>\n<DirOrigen>Av. Irarrázaval 1234</DirOrigen>\n<CmnaOrigen>Ñuñoa</CmnaOrigen>\n</Emisor>\n<Receptor>\n<RUTRecep>66666666-6</RUTRecep>\n<RznSocRecep>CONSUMIDOR FINAL</RznSocRecep>\n</Receptor>\n<Totales>\n<MntNeto>4861</MntNeto>\n<MntExe>5000</MntExe>\n<IVA>923</IVA>\n<MntTotal>10784</MntTotal>\n</Totales>\n</Encabezado>\n<Detalle>\n<NroLinDet>1</NroLinDet>\n<NmbItem>Café Ñandú &amp; Té \"Sur\" 250 g, en caja de lata</NmbItem>\n<QtyItem>2</QtyItem>\n<UnmdItem>UN</UnmdItem>\n<PrcItem>1990</PrcItem>\n<MontoItem>3980</MontoItem>\n</Detalle>\n<Detalle>\n<NroLinDet>2</NroLinDet>\n<NmbItem>Pan amasado (kg)</NmbItem>\n<QtyItem>0.755</QtyItem>\n<UnmdItem>KG</UnmdItem>\n<PrcItem>2390</PrcItem>\n<MontoItem>1804</MontoItem>\n</Detalle>\n<Detalle>\n<NroLinDet>3</NroLinDet>\n<IndExe>1</IndExe>\n<NmbItem>Libro usado exento</NmbItem>\n<QtyItem>1</QtyItem>\n<PrcItem>5000</PrcItem>\n<MontoItem>5000</MontoItem>\n</Detalle>"
        ),
    )
}

/// The head of a document of the DTE channel.
fn head(tipo: u16, folio: u64, more: &str, totals: &str) -> String {
    format!(
        "<Encabezado>\n<IdDoc>\n<TipoDTE>{tipo}</TipoDTE>\n<Folio>{folio}</Folio>\n<FchEmis>2026-01-15</FchEmis>\n{more}</IdDoc>\n<Emisor>\n<RUTEmisor>99999999-9</RUTEmisor>\n<RznSoc>ALMACEN EL TIMBRE (ENTRENAMIENTO) LTDA</RznSoc>\n<GiroEmis>Venta al por menor en almacenes</GiroEmis>\n<Acteco>472101</Acteco>\n<DirOrigen>Av. Irarrázaval 1234</DirOrigen>\n<CmnaOrigen>Ñuñoa</CmnaOrigen>\n<CiudadOrigen>Santiago</CiudadOrigen>\n</Emisor>\n<Receptor>\n<RUTRecep>77777777-7</RUTRecep>\n<RznSocRecep>Receptora de Prueba S.A.</RznSocRecep>\n<GiroRecep>Servicios</GiroRecep>\n<DirRecep>Calle Uno 1</DirRecep>\n<CmnaRecep>Providencia</CmnaRecep>\n</Receptor>\n<Totales>\n{totals}</Totales>\n</Encabezado>\n"
    )
}

/// A document of the DTE channel: what stands in IdDoc besides the three first, Totales, and all after Encabezado.
pub fn dte(tipo: u16, folio: u64, id: &str, totals: &str, rest: &str) -> Order<'static> {
    order(tipo, folio, format!("{}{rest}", head(tipo, folio, id, totals)))
}

/// A factura with net prices and a global discount.
pub fn factura(folio: u64) -> Order<'static> {
    let totals =
        "<MntNeto>35113</MntNeto>\n<TasaIVA>19</TasaIVA>\n<IVA>6671</IVA>\n<MntTotal>41784</MntTotal>\n";
    let head = head(33, folio, "<FmaPago>1</FmaPago>\n", totals);
    order(
        33,
        folio,
        format!(
            "{head}<Detalle>\n<NroLinDet>1</NroLinDet>\n<NmbItem>Cajón de tomates Ñ</NmbItem>\n<QtyItem>3</QtyItem>\n<UnmdItem>UN</UnmdItem>\n<PrcItem>12345</PrcItem>\n<MontoItem>37035</MontoItem>\n</Detalle>\n<Detalle>\n<NroLinDet>2</NroLinDet>\n<NmbItem>Bolsa</NmbItem>\n<QtyItem>2</QtyItem>\n<PrcItem>990</PrcItem>\n<MontoItem>1980</MontoItem>\n</Detalle>\n<DscRcgGlobal>\n<NroLinDR>1</NroLinDR>\n<TpoMov>D</TpoMov>\n<GlosaDR>Descuento pronto pago</GlosaDR>\n<TpoValor>%</TpoValor>\n<ValorDR>10</ValorDR>\n</DscRcgGlobal>"
        ),
    )
}

/// A factura from shelf prices, with a line discount and an additional tax's absence.
pub fn gross_factura(folio: u64) -> Order<'static> {
    let totals =
        "<MntNeto>5025</MntNeto>\n<TasaIVA>19</TasaIVA>\n<IVA>955</IVA>\n<MntTotal>5980</MntTotal>\n";
    let head = head(33, folio, "<MntBruto>1</MntBruto>\n<FmaPago>1</FmaPago>\n", totals);
    order(
        33,
        folio,
        format!(
            "{head}<Detalle>\n<NroLinDet>1</NroLinDet>\n<NmbItem>Sellador 280 ml</NmbItem>\n<QtyItem>1</QtyItem>\n<PrcItem>6480</PrcItem>\n<DescuentoMonto>500</DescuentoMonto>\n<MontoItem>5980</MontoItem>\n</Detalle>"
        ),
    )
}

/// A factura of a crate of wine: 20.5 % besides the IVA.
pub fn wine_factura(folio: u64) -> Order<'static> {
    let totals = "<MntNeto>30000</MntNeto>\n<TasaIVA>19</TasaIVA>\n<IVA>5700</IVA>\n<ImptoReten>\n<TipoImp>25</TipoImp>\n<TasaImp>20.5</TasaImp>\n<MontoImp>6150</MontoImp>\n</ImptoReten>\n<MntTotal>41850</MntTotal>\n";
    let head = head(33, folio, "", totals);
    order(
        33,
        folio,
        format!(
            "{head}<Detalle>\n<NroLinDet>1</NroLinDet>\n<NmbItem>Vino</NmbItem>\n<QtyItem>6</QtyItem>\n<PrcItem>5000</PrcItem>\n<CodImpAdic>25</CodImpAdic>\n<MontoItem>30000</MontoItem>\n</Detalle>"
        ),
    )
}

/// A guía for goods that move within the company: it is no sale and bears no values.
pub fn guia(folio: u64) -> Order<'static> {
    let head = head(52, folio, "<IndTraslado>5</IndTraslado>\n", "<MntTotal>0</MntTotal>\n")
        .replace("77777777-7", "99999999-9");
    order(
        52,
        folio,
        format!(
            "{head}<Detalle>\n<NroLinDet>1</NroLinDet>\n<NmbItem>Caja de tomates</NmbItem>\n<QtyItem>3</QtyItem>\n<MontoItem>0</MontoItem>\n</Detalle>"
        ),
    )
}

/// The public half of the key the desk signs CAFs with.
pub fn training_authority() -> sii_sim::Authority {
    let pem = include_bytes!("../../src/desk/authority-999.pem");
    let key = Rsa::private_key_from_pem(pem).expect("the committed key");
    sii_sim::Authority::new(999, &key.n().to_vec()).expect("a key")
}

/// A credit note that annuls the factura of that folio.
pub fn credit_note(folio: u64, factura: u64) -> Order<'static> {
    let totals =
        "<MntNeto>35113</MntNeto>\n<TasaIVA>19</TasaIVA>\n<IVA>6671</IVA>\n<MntTotal>41784</MntTotal>\n";
    let head = head(61, folio, "", totals);
    order(
        61,
        folio,
        format!(
            "{head}<Detalle>\n<NroLinDet>1</NroLinDet>\n<NmbItem>Anula factura</NmbItem>\n<QtyItem>1</QtyItem>\n<PrcItem>35113</PrcItem>\n<MontoItem>35113</MontoItem>\n</Detalle>\n<Referencia>\n<NroLinRef>1</NroLinRef>\n<TpoDocRef>33</TpoDocRef>\n<FolioRef>{factura}</FolioRef>\n<FchRef>2026-01-15</FchRef>\n<CodRef>1</CodRef>\n<RazonRef>Anula</RazonRef>\n</Referencia>"
        ),
    )
}
