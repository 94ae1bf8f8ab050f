//! Seeds and tokens: how they are given out, how long they hold, and the signed `getToken` between them
//! (Autenticación automática, v1.9).

use crate::{
    c14n::canonical,
    judge::World,
    signature::{C14N, ENVELOPED, Flaw, Signature},
    state::{Channel, Seed, State, Token},
    tree,
};
use jiff::{SignedDuration, Timestamp};
use roxmltree::{Document, Node};

/// A seed holds for two minutes (OAS) and is good for one token.
const SEED_LIFE: SignedDuration = SignedDuration::from_secs(120);
/// A token holds for an hour, renewed by each use (OAS).
const TOKEN_LIFE: SignedDuration = SignedDuration::from_secs(3600);

/// `ESTADO` and `GLOSA` of a `getToken` that failed (manual, 5.2.2, fig. 1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Denied {
    pub estado: &'static str,
    pub glosa: &'static str,
}

/// A token that does not open, and how the query services say so.
pub(crate) type Stale = Denied;

const fn denied(estado: &'static str, glosa: &'static str) -> Denied {
    Denied { estado, glosa }
}

const NOT_XML: Denied = denied("02", "XML invalido (SAXException), función valSignedXml");
const TRAILING: Denied = denied("01", "XML invalido (IOException), función valSignedXml");
const NO_SIGNATURE: Denied =
    denied("04", "XML Invalido, elemento \"Signature\" no existe, función valSignedXml");
const BAD_SIGNATURE: Denied = denied("05", "XML Invalido, firma invalida, funcion valSignedXml");
const NO_SEED: Denied = denied("06", "XML Invalido, elemento \"Semilla\" no existe, función getSeed");
const SEED_UNKNOWN: Denied = denied("08", "NO Existe SEED");
const SEED_TIMEOUT: Denied = denied("08", "TIME-OUT DEL SEED");
const INTERNAL: Denied = denied("10", "Error Interno");
const NO_CERTIFICATE: Denied =
    denied("11", "XML Invalido, elemento \"Certificate\" no existe, función getCertificado");
const OTHER_KEY: Denied = denied("21", "La llave publica no corresponde a la del certificado");
const NOT_AUTHENTIC: Denied = denied("-3", "Error en Autenticación");
const NOT_ENABLED: Denied = denied(
    "-07",
    "Error (12) parse ERROR en Validación del RUT (verificar que el usuario se encuentre registrado en el SII con la opción de autenticación mediante Certificado Digital)",
);
pub(crate) const TOKEN_UNKNOWN: Stale = denied("001", "TOKEN NO EXISTE");
pub(crate) const TOKEN_INACTIVE: Stale = denied("002", "TOKEN INACTIVO");

impl State {
    /// Twelve digits, of which the leading zeros count.
    pub(crate) fn new_seed(&mut self, channel: Channel, now: Timestamp) -> String {
        // What is long dead is forgotten: a seed after the time in which it would be told "TIME-OUT".
        self.seeds.retain(|_, seed| now.duration_since(seed.issued) <= 5 * SEED_LIFE);
        let value = format!("{:012}", self.random.below(1_000_000_000_000));
        self.seeds.insert(value.clone(), Seed { channel, issued: now, used: false });
        value
    }

    pub(crate) fn new_token(
        &mut self,
        channel: Channel,
        signed: &str,
        world: &World,
        now: Timestamp,
    ) -> Result<String, Denied> {
        let (seed, holder) = read_signed_seed(signed, world, now)?;
        let known = self.seeds.get_mut(&seed).filter(|known| known.channel == channel).ok_or(SEED_UNKNOWN)?;
        if known.used {
            return Err(SEED_UNKNOWN);
        }
        known.used = true;
        if now.duration_since(known.issued) > SEED_LIFE {
            return Err(SEED_TIMEOUT);
        }
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut letter = || char::from(alphabet[usize::try_from(self.random.below(62)).unwrap_or(0)]);
        let token: String = (0..13).map(|_| letter()).collect();
        self.tokens.retain(|_, token| now.duration_since(token.last_used) <= 2 * TOKEN_LIFE);
        self.watch_token(channel, &holder, now);
        let new = Token { channel, holder, issued: now, last_used: now, uses: 0, heard: true };
        self.tokens.insert(token.clone(), new);
        Ok(token)
    }

    /// The answer with the token just given out did not arrive as it was meant: nobody has it.
    pub(crate) fn token_unheard(&mut self, channel: Channel, now: Timestamp) {
        let given = |token: &&mut Token| token.channel == channel && token.issued == now && token.uses == 0;
        self.tokens.values_mut().filter(given).for_each(|token| token.heard = false);
    }

    /// Uses a token: whose it is, or why it does not open.
    pub(crate) fn use_token(
        &mut self,
        channel: Channel,
        token: &str,
        now: Timestamp,
    ) -> Result<String, Stale> {
        let limit = self.faults.scenario.token_uses.unwrap_or(u64::MAX);
        let life =
            self.faults.scenario.token_seconds.map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX));
        let known =
            self.tokens.get_mut(token).filter(|known| known.channel == channel).ok_or(TOKEN_UNKNOWN)?;
        let dead =
            life.is_some_and(|life| now.duration_since(known.issued) >= SignedDuration::from_secs(life));
        if dead || known.uses >= limit || now.duration_since(known.last_used) > TOKEN_LIFE {
            return Err(TOKEN_INACTIVE);
        }
        known.uses += 1;
        known.last_used = now;
        Ok(known.holder.clone())
    }
}

/// The seed and the RUT of who signed for it.
fn read_signed_seed(signed: &str, world: &World, now: Timestamp) -> Result<(String, String), Denied> {
    let lenient = !world.rules.official_only;
    // Without a prolog the real service answers that there is no certificate, though the XML is sound.
    if !signed.starts_with("<?xml version=\"1.0\"") && !lenient {
        return Err(NO_CERTIFICATE);
    }
    if !signed.ends_with('>') && !lenient {
        return Err(TRAILING);
    }
    let document = Document::parse(signed).map_err(|_| NOT_XML)?;
    let root = document.root_element();
    let node = tree::at(root, "Signature").ok_or(NO_SIGNATURE)?;
    let signature = Signature::read(node, &world.rules).map_err(|flaw| match flaw {
        Flaw::NoCertificate => NO_CERTIFICATE,
        Flaw::KeyIsNotTheCertificates => OTHER_KEY,
        Flaw::Prefixed => INTERNAL,
        Flaw::Shape(_) | Flaw::Digest | Flaw::Value => BAD_SIGNATURE,
    })?;
    let seed = match lenient {
        true => seed_of_the_wild(root, node, &signature)?,
        false => official_seed(root, node, &signature)?,
    };
    let certificate = signature.certificate;
    if !world.trusts(&certificate) {
        return Err(INTERNAL);
    }
    if !world.in_time(&certificate, Some(now)) {
        return Err(NOT_AUTHENTIC);
    }
    let rut = certificate.rut.filter(|rut| world.registry.knows_signer(rut)).ok_or(NOT_ENABLED)?;
    Ok((seed, rut))
}

/// The document as the OAS prints it.
fn official_seed(
    root: Node<'_, '_>,
    node: Node<'_, '_>,
    signature: &Signature<'_, '_>,
) -> Result<String, Denied> {
    if !signature.uri.is_empty() || signature.transform != Some(ENVELOPED) {
        return Err(BAD_SIGNATURE);
    }
    signature.verify(&canonical(root, Some(node))).map_err(|_| BAD_SIGNATURE)?;
    let seed = tree::text(root, "item/Semilla").ok_or(NO_SEED)?;
    let children = root.children().filter(Node::is_element).count();
    let whole = root.has_tag_name("getToken") && children == 2 && seed.len() == 12;
    whole.then_some(seed).ok_or(NO_SEED)
}

/// What PyPI facturacion-electronica sends, and lives on: no prolog, no `<item>` or one with an `ID` that the
/// reference names, the transform of canonicalisation, a digest over all but the signature whatever the reference
/// says, blanks before the end, and RSA-SHA256 under the name of rsa-sha1.
fn seed_of_the_wild(
    root: Node<'_, '_>,
    node: Node<'_, '_>,
    signature: &Signature<'_, '_>,
) -> Result<String, Denied> {
    if !matches!(signature.transform, None | Some(C14N | ENVELOPED)) {
        return Err(BAD_SIGNATURE);
    }
    let whole = canonical(root, Some(node));
    let trimmed = whole.strip_suffix("</getToken>").map(|rest| format!("{}</getToken>", rest.trim_end()));
    let texts = [Some(whole.clone()), trimmed];
    let holds = texts.iter().flatten().any(|text| signature.verify_either(text).is_ok());
    let seed = tree::text(root, "item/Semilla").or_else(|| tree::text(root, "Semilla"));
    if !holds {
        return Err(BAD_SIGNATURE);
    }
    seed.ok_or(NO_SEED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{faults::Faults, scenario::Scenario};
    use std::time::Duration;

    #[test]
    fn only_the_token_just_given_out_is_one_that_nobody_heard_of() {
        let faults = Faults::new(Scenario::named("calm").expect("known"), 1);
        let mut state = State::new(faults, 1, Duration::ZERO);
        let (before, now) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(1).expect("a second"));
        for (name, channel, issued, uses) in [
            ("lost", Channel::Dte, now, 0),
            ("earlier", Channel::Dte, before, 0),
            ("used", Channel::Dte, now, 1),
            ("other", Channel::Boleta, now, 0),
        ] {
            let token =
                Token { channel, holder: "1-9".to_owned(), issued, last_used: issued, uses, heard: true };
            state.tokens.insert(name.to_owned(), token);
        }
        state.token_unheard(Channel::Dte, now);
        let heard = |name: &str| state.tokens[name].heard;
        assert_eq!(["lost", "earlier", "used", "other"].map(heard), [false, true, true, true]);
    }

    #[test]
    fn dead_seeds_and_tokens_are_forgotten() {
        let faults = Faults::new(Scenario::named("calm").expect("known"), 1);
        let mut state = State::new(faults, 1, Duration::ZERO);
        let day = |second| Timestamp::from_second(second).expect("a small second");
        for second in 0..10_000 {
            state.new_seed(Channel::Dte, day(second));
        }
        assert!(state.seeds.len() <= 601, "{}", state.seeds.len());
    }
}
