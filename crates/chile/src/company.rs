//! The company that issues: what the SII wants to know of it, checked once and kept. Its certificate and
//! folios are elsewhere.

use serde_json::{Map, Value};
use timbre_core::{Amount, Company, Date, Environment, Finding, Issuer, Refusal, Refusals, Severity};

use crate::money;
use crate::rules::IDENTIFY_ABOVE_UF;
use crate::rut::Rut;
use crate::sale;
use crate::tags::{self, By, Field, Group, Item, Shape, plain};
use crate::tipo::{Family, Tipo};

/// What a person types. `RUT` is understood as `RUTEmisor`, and `39.123,45` as a decimal.
///
/// `DirOrigen` has 70 characters in the schema and 60 in the format's text; the shorter holds.
/// `RUTProvSW` is the RUT of whoever makes the program, which boletas may carry; when it becomes
/// obligatory is not confirmed, so it is written only where the company says it. `UnidadSII` is printed
/// under a factura's box and enters no document; nor does `CasaMatriz`, the head office of a shop that sells
/// elsewhere (manual de muestras impresas 4.0, 1.2: paper says it beside the branch); nor do `ValorUF` and `FchUF`, the UF of a day, from which
/// the limit of a boleta without a buyer's name is reckoned.
static FIELDS: &[Field] = &[
    tags::rut("RUTEmisor").must(),
    field("RznSoc", 1, 100).must(),
    field("GiroEmis", 1, 80).must(),
    tags::text("Telefono", 20).up_to(2),
    tags::text("CorreoEmisor", 80),
    tags::whole("Acteco", 1, 999_999).must().up_to(4),
    tags::text("Sucursal", 20),
    tags::whole("CdgSIISucur", 1, 999_999_999),
    field("DirOrigen", 1, 60).must(),
    field("CmnaOrigen", 1, 20).must(),
    tags::text("CiudadOrigen", 20),
    tags::date("FchResol").must(),
    tags::whole("NroResol", 0, 999_999).must(),
    tags::rut("RUTProvSW"),
    tags::text("UnidadSII", 60),
    tags::text("CasaMatriz", 100),
    tags::pesos("ValorUF"),
    tags::date("FchUF"),
];

const fn field(tag: &'static str, least: usize, most: usize) -> Field {
    Field { tag, shape: Shape::Text { least, most }, least: 0, most: 1, by: By::Till }
}

/// A checked company, by its tags.
#[derive(Debug, Clone)]
pub struct Firm {
    pub rut: Rut,
    data: Group,
}

/// Reads and checks what a person typed. All that is wrong with it is said at once.
pub fn read(value: &Value, environment: Environment) -> Result<Company, Refusals> {
    let firm = Firm::read(
        &renamed(value),
        |field| field.least > 0,
        |data| check_resolution(data, environment).into_iter().chain(check_uf(data)).collect(),
    )?;
    Ok(Company {
        id: firm.rut.to_string(),
        name: firm.tag("RznSoc").unwrap_or_default().to_owned(),
        data: firm.json(),
    })
}

impl Firm {
    /// A company that [`read`] made.
    pub fn of(company: &Company) -> Result<Firm, Refusals> {
        Firm::read(&company.data, |field| field.least > 0, |_| Vec::new())
    }

    /// The issuer that a sale carries, for a preview without a company. What a document of its type
    /// must say has to be there.
    pub fn of_sender(tipo: Tipo, sender: Option<&Group>) -> Result<Firm, Refusals> {
        let Some(sender) = sender else {
            return Err(Refusal::new(
                "company-missing",
                "Encabezado.Emisor",
                "No hay una empresa configurada y la venta no la dice: indique al menos su RUT y su razón social (RUTEmisor y RznSoc, \
             en Emisor).",
            )
            .into());
        };
        let mut said = Map::new();
        for field in sender.fields() {
            let tag = match field.tag {
                "RznSocEmisor" => "RznSoc",
                "GiroEmisor" => "GiroEmis",
                tag => tag,
            };
            let texts: Vec<Value> = sender.leaves(field.tag).map(Value::from).collect();
            if !texts.is_empty() && tags::position(FIELDS, tag).is_some() {
                said.insert(tag.to_owned(), Value::Array(texts));
            }
        }
        for value in said.values_mut() {
            if let Value::Array(texts) = value
                && texts.len() == 1
            {
                *value = texts.remove(0);
            }
        }
        let wanted: &[&str] = match tipo.family() {
            Family::Boleta => &["RUTEmisor", "RznSoc"],
            Family::Dte => &["RUTEmisor", "RznSoc", "GiroEmis", "Acteco", "DirOrigen", "CmnaOrigen"],
        };
        let wanted = |field: &Field| wanted.contains(&field.tag);
        Firm::read(&Value::Object(said), wanted, |_| Vec::new()).map_err(|Refusals(refusals)| {
            let below = |r: Refusal| Refusal { path: sale::under("Encabezado.Emisor", &r.path), ..r };
            Refusals(refusals.into_iter().map(below).collect())
        })
    }

    /// `more` is what else can be wrong with the fields that were read.
    fn read(
        value: &Value,
        wanted: impl Fn(&Field) -> bool,
        more: impl Fn(&Group) -> Vec<Refusal>,
    ) -> Result<Firm, Refusals> {
        let (data, mut refusals) = sale::read_table(value, FIELDS, "los datos de la empresa");
        if !value.is_object() {
            return Err(Refusals(refusals));
        }
        let rut = data.leaf("RUTEmisor").map(own_rut);
        let missing = FIELDS
            .iter()
            .filter(|f| wanted(f) && !data.has(f.tag))
            .map(|f| Refusal::new("company-data-missing", f.tag, format!("Falta {}.", plain::name(f.tag))));
        let others = rut.iter().filter_map(|rut| rut.as_ref().err().cloned()).chain(more(&data));
        for refusal in missing.chain(others) {
            // What can't be read is there, and is told of once.
            if refusals.iter().all(|known| known.path != refusal.path) {
                refusals.push(refusal);
            }
        }
        match rut {
            Some(Ok(rut)) if refusals.is_empty() => Ok(Firm { rut, data }),
            _ => Err(Refusals(refusals)),
        }
    }

    /// The first text of a tag, by the names of [`FIELDS`].
    pub fn tag(&self, tag: &str) -> Option<&str> {
        self.data.leaf(tag)
    }

    pub fn tags(&self, tag: &str) -> impl Iterator<Item = &str> {
        self.data.leaves(tag)
    }

    /// Pesos above which a boleta must name its buyer, by the UF that the company was told. The UF of the sale's
    /// day is another: three in a hundred are taken off, which is more than it has moved in any month of this
    /// century (Banco Central, from memory), so that an old value only asks for the buyer a little early.
    pub fn identify_above(&self) -> Option<Amount> {
        let uf = money::Exact::of(money::parse(self.tag("ValorUF")?)?);
        let limit = uf.times((IDENTIFY_ABOVE_UF * 97).into())?.percent(money::Decimal::ONE)?;
        limit.pesos().map(Amount)
    }

    /// Of which day the UF is that [`Firm::identify_above`] reckons with.
    pub fn uf_date(&self) -> Option<Date> {
        self.tag("ValorUF")?;
        self.tag("FchUF")?.parse().ok()
    }

    /// Date and number of the resolution that lets it issue.
    pub fn resolution(&self) -> Option<(Date, u32)> {
        Some((self.tag("FchResol")?.parse().ok()?, self.tag("NroResol")?.parse().ok()?))
    }

    /// Writes what `emisor`'s table has a place for, under the names it has there: a boleta says
    /// RznSocEmisor and GiroEmisor.
    pub fn write(&self, emisor: &mut Group) {
        for field in emisor.fields() {
            let tag = match field.tag {
                "RznSocEmisor" => "RznSoc",
                "GiroEmisor" => "GiroEmis",
                tag => tag,
            };
            for text in self.data.leaves(tag) {
                emisor.push(field.tag, Item::Leaf(text.to_owned()));
            }
        }
    }

    /// The data as it is kept: the SII's tags, numbers where they are numbers.
    fn json(&self) -> Value {
        let mut map = Map::new();
        for field in FIELDS {
            let texts: Vec<Value> = self
                .data
                .leaves(field.tag)
                .map(|text| match (field.shape, text.parse::<i64>()) {
                    (Shape::Whole { .. }, Ok(number)) => Value::from(number),
                    _ => Value::from(text),
                })
                .collect();
            match (field.most, texts.len()) {
                (_, 0) => {}
                (1, _) => drop(map.insert(field.tag.to_owned(), texts[0].clone())),
                _ => drop(map.insert(field.tag.to_owned(), Value::Array(texts))),
            }
        }
        Value::Object(map)
    }
}

fn own_rut(text: &str) -> Result<Rut, Refusal> {
    let rut: Rut = text.parse().map_err(|e: crate::rut::BadRut| {
        Refusal::new("rut-malformed", "RUTEmisor", format!("El RUT de la empresa: {e}."))
    })?;
    if [Rut::CONSUMER, Rut::FOREIGN, Rut::SII].contains(&rut) {
        let message = format!("{} no es el RUT de una empresa que pueda emitir.", rut.dotted());
        return Err(Refusal::new("company-rut-reserved", "RUTEmisor", message));
    }
    Ok(rut)
}

fn renamed(value: &Value) -> Value {
    let mut value = value.clone();
    if let Value::Object(object) = &mut value
        && !object.contains_key("RUTEmisor")
        && let Some(rut) = object.remove("RUT")
    {
        object.insert("RUTEmisor".to_owned(), rut);
    }
    if let Some(Value::String(uf)) = value.get_mut("ValorUF")
        && let Some(plain) = plain_decimal(uf)
    {
        *uf = plain;
    }
    value
}

/// `39.123,45` and `39.123` as a person writes them in Chile, with a point before the decimals alone.
fn plain_decimal(text: &str) -> Option<String> {
    let (whole, decimals) = text.trim().split_once(',').map_or((text.trim(), None), |(w, d)| (w, Some(d)));
    let mut groups = whole.split('.');
    let first = groups.next()?.len();
    let many = groups.clone().count();
    let grouped = groups.all(|group| group.len() == 3) && (many == 0 || (1..=3).contains(&first));
    if !grouped || (many == 0 && decimals.is_none()) {
        return None;
    }
    let whole = whole.replace('.', "");
    Some(decimals.map_or(whole.clone(), |decimals| format!("{whole}.{decimals}")))
}

/// The resolution that every carátula names: a wrong one rejects whole envelopes (CRT-3-19), and only the
/// SII's site tells which is right.
pub(crate) fn credentials(issuer: &Issuer, today: Date) -> Vec<Finding> {
    let finding = |severity, message: String| Finding {
        severity,
        code: "resolution".to_owned(),
        place: "FchResol".to_owned(),
        message,
        authority_codes: Vec::new(),
    };
    let Some((date, number)) = Firm::of(&issuer.company).ok().and_then(|firm| firm.resolution()) else {
        return vec![finding(Severity::Refuses, "Falta la resolución que autoriza a la empresa.".to_owned())];
    };
    if date > today {
        let message = format!("La fecha de la resolución ({date}) es posterior a hoy.");
        return vec![finding(Severity::Refuses, message)];
    }
    let site = match issuer.environment {
        Environment::Training => return Vec::new(),
        Environment::Certification => "maullin.sii.cl",
        Environment::Production => "palena.sii.cl",
    };
    let message = format!(
        "Resolución N° {number} del {date}. Compárela con la que muestra {site} en «Consultar emisores autorizados»: \
         con otra, el SII rechaza todos los envíos."
    );
    vec![finding(Severity::Note, message)]
}

/// NroResol 0 is certification's, and only there (the carátula falls with CRT-3-19 otherwise). Training
/// takes either.
fn check_resolution(data: &Group, environment: Environment) -> Option<Refusal> {
    let number: u32 = data.leaf("NroResol")?.parse().ok()?;
    let message = match environment {
        Environment::Production if number == 0 => {
            "La resolución número 0 es solo del ambiente de certificación; indique el número de la que autorizó a la empresa \
             (aparece en sii.cl, «Consulta de contribuyentes»)."
        }
        Environment::Certification if number != 0 => {
            "En el ambiente de certificación el número de la resolución es 0; indique 0 y la fecha que muestra maullin.sii.cl."
        }
        _ => return None,
    };
    Some(Refusal::new("resolution-number", "NroResol", message))
}

/// Pesos between which the UF is for many years (about 39,600 by the end of 2025, from memory). A limit made of what is none,
/// as a point where a comma was meant, would let each sale go without its buyer, or none.
const UF: std::ops::RangeInclusive<i64> = 30_000..=100_000;

fn check_uf(data: &Group) -> Option<Refusal> {
    let message = match data.leaf("ValorUF") {
        Some(uf) if money::parse(uf).and_then(money::pesos).is_some_and(|uf| UF.contains(&uf)) => {
            return None;
        }
        Some(uf) => format!(
            "«{uf}» no puede ser el valor de la UF: va de 30.000 a 100.000 pesos. Escríbalo con coma, como 39.123,45."
        ),
        None if data.has("FchUF") => "Falta el valor de la UF de ese día.".to_owned(),
        None => return None,
    };
    Some(Refusal::new("uf-malformed", "ValorUF", message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn typed() -> Value {
        json!({"RUT": "99.999.999-9", "RznSoc": " COMERCIAL \"ÑUÑOA\" ", "GiroEmis": "Almacén", "Acteco": 472101,
            "DirOrigen": "Av. Irarrázaval 1234", "CmnaOrigen": "Ñuñoa", "FchResol": "2014-08-22", "NroResol": "80"})
    }

    fn code(value: &Value, environment: Environment) -> Vec<(String, String)> {
        let refused = read(value, environment).expect_err("a refusal");
        refused.0.into_iter().map(|r| (r.code, r.path)).collect()
    }

    #[test]
    fn a_company_is_kept_as_its_documents_say_it() {
        let company = read(&typed(), Environment::Production).expect("it is whole");
        assert_eq!((company.id.as_str(), company.name.as_str()), ("99999999-9", "COMERCIAL ¨ÑUÑOA¨"));
        assert_eq!(company.data["NroResol"], 80);
        assert_eq!(company.data["Acteco"], json!([472101]));
        let again = read(&company.data, Environment::Production).expect("what was kept is read again");
        assert_eq!(again, company);
        assert_eq!(Firm::of(&company).unwrap().resolution().unwrap().1, 80);
    }

    #[test]
    fn what_is_missing_is_said_at_once() {
        let missing = code(&json!({"RznSoc": "X"}), Environment::Training);
        assert!(missing.contains(&("company-data-missing".into(), "RUTEmisor".into())), "{missing:?}");
        assert_eq!(missing.len(), 7);
    }

    #[test]
    fn faults_of_different_kinds_are_said_together_and_each_once() {
        let mut data = typed();
        (data["RUT"], data["NroResol"], data["FchUF"]) = (json!("1-1"), json!(0), json!("2026-11-26"));
        (data["DirOrgen"], data["Acteco"]) = (json!("x"), json!("almacén"));
        data.as_object_mut().expect("an object").remove("RznSoc");
        let mut said: Vec<String> =
            code(&data, Environment::Production).into_iter().map(|(_, path)| path).collect();
        said.sort();
        assert_eq!(said, ["Acteco", "DirOrgen", "NroResol", "RUTEmisor", "RznSoc", "ValorUF"]);
        assert_eq!(code(&json!([]), Environment::Production).len(), 1);
    }

    #[test]
    fn the_resolution_is_of_its_environment() {
        let mut data = typed();
        assert_eq!(code(&data, Environment::Certification)[0].0, "resolution-number");
        data["NroResol"] = json!(0);
        assert_eq!(code(&data, Environment::Production)[0].0, "resolution-number");
        assert!(read(&data, Environment::Certification).is_ok());
        assert!(read(&data, Environment::Training).is_ok());
    }

    #[test]
    fn a_company_has_a_rut_of_its_own_and_known_tags() {
        let mut data = typed();
        data["RUT"] = json!("66666666-6");
        assert_eq!(code(&data, Environment::Training)[0].0, "company-rut-reserved");
        data["RUT"] = json!("76192083-9");
        data["DirOrgen"] = json!("x");
        assert_eq!(code(&data, Environment::Training)[0].0, "unknown-tag");
    }

    #[test]
    fn the_uf_is_written_as_people_write_it_and_kept_as_a_decimal() {
        let of = |uf: &str| {
            let mut data = typed();
            (data["ValorUF"], data["FchUF"]) = (json!(uf), json!("2026-11-26"));
            read(&data, Environment::Training)
        };
        for uf in ["39.123,45", "39123,45", "39123.45", " 39.123,45 "] {
            assert_eq!(of(uf).expect("a UF").data["ValorUF"], "39123.45", "{uf}");
        }
        assert_eq!(of("39.123").expect("a UF").data["ValorUF"], "39123");
        // A comma in the wrong place, or none, is no UF: by it each boleta would name its buyer, or none.
        for uf in ["39,12", "3.912,345", "3912345", "39.12,5", "0", "-39123", "cara"] {
            assert!(of(uf).is_err(), "{uf}");
        }
        let mut alone = typed();
        alone["FchUF"] = json!("2026-11-26");
        assert_eq!(code(&alone, Environment::Training), [("uf-malformed".into(), "ValorUF".into())]);
    }
}
