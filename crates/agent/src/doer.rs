//! Who does what the journal keeps a name with. Whoever asks says a name; what a door knows of them stands before it,
//! since anybody can say any name: a program is named by its token, and who said their PIN is who did it.

use timbre_core::Refusal;
use timbre_core::sale::no_name;
use timbre_store::Fact;

use crate::cashier::Till;
use crate::engine::{Agent, Answer};

/// Who is meant where nobody is named.
pub const SOMEBODY: &str = "persona";

/// Marks that turn the direction of what stands beside them, so that a line reads otherwise than it is (Unicode, UAX 9,
/// section 2).
const TURNING: [char; 12] = [
    '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}',
    '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
];

/// Is `who` a name that may be kept? It is so for ever, beside what is known of who said it: as short and plain as what a
/// till calls people, and no mark in it that makes a line of acts read otherwise.
pub fn lawful(who: &str) -> Result<(), Refusal> {
    let turning = || {
        who.contains(TURNING).then(|| "no puede llevar marcas que cambian el sentido del texto".to_owned())
    };
    let Some(why) = no_name(who.trim()).or_else(turning) else { return Ok(()) };
    Err(Refusal::new("who-invalid", "who", format!("El nombre de quien lo hace: {why}.")))
}

/// By what a door knows who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doer {
    /// Somebody at this machine, by its window or the owner's token: known by their own word alone.
    Here,
    /// The panel of another machine, by its password.
    Panel,
    /// A program, by the token of this name.
    Token(String),
    /// Somebody in charge, who said their PIN for it.
    Person(String),
}

/// Whoever a handle of the engine acts for.
#[derive(Debug)]
pub(crate) struct Hand {
    pub(crate) doer: Doer,
    pub(crate) said: Option<String>,
    pub(crate) till: Option<Till>,
}

impl Doer {
    /// As the journal names them, who call themselves `word`.
    fn named(&self, word: &str) -> String {
        let known = match self {
            Doer::Here => return word.to_owned(),
            Doer::Person(name) => return name.clone(),
            Doer::Panel => "panel".to_owned(),
            Doer::Token(name) => format!("{name} (token)"),
        };
        match word {
            SOMEBODY => known,
            word => format!("{known}, dice ser {word}"),
        }
    }
}

impl Agent {
    /// The same engine, for what `doer` asks of it, who may have `said` a name beside what they ask.
    pub fn by(&self, doer: Doer, said: Option<String>) -> Agent {
        let said = said.map(|said| said.trim().to_owned()).filter(|said| !said.is_empty());
        Agent(self.0.clone(), Some(Hand { doer, said, till: None }.into()))
    }

    /// Who decides something that the journal keeps their name with: the one way to it. `word` is what they said.
    pub(crate) fn named(&self, word: &str) -> Answer<String> {
        let word = match word.trim() {
            "" => return Err(Refusal::new("who-missing", "who", "Diga quién lo decide.").into()),
            word => word,
        };
        lawful(word)?;
        let Some(hand) = &self.1 else { return Ok(word.to_owned()) };
        let said = hand.said.as_deref().filter(|_| word == SOMEBODY);
        Ok(hand.doer.named(said.unwrap_or(word)))
    }

    /// That somebody did what no other fact has a name with; `None` where nobody did: the engine's own hand sets up
    /// the shop of a demo, and takes what is in its folder.
    pub(crate) fn acted(&self, what: String) -> Answer<Option<Fact>> {
        let Some(_) = &self.1 else { return Ok(None) };
        let who = self.named(SOMEBODY)?;
        Ok(Some(Fact::Acted { who, what, documents: Vec::new() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_passes_for_another_by_what_they_say() {
        let token = Doer::Token("caja 2".to_owned());
        assert_eq!(token.named("Ana"), "caja 2 (token), dice ser Ana");
        assert_eq!(token.named(SOMEBODY), "caja 2 (token)");
        assert_eq!(Doer::Panel.named("Ana"), "panel, dice ser Ana");
        assert_eq!(Doer::Person("Rosa".to_owned()).named("Ana"), "Rosa", "whose PIN it was");
        assert_eq!(Doer::Here.named("Ana"), "Ana");
    }

    #[test]
    fn a_name_that_is_long_or_makes_a_line_read_otherwise_is_refused() {
        let long = "ñ".repeat(100);
        for good in ["Ana", " Ana Soto \n", "caja 2", "עדה", &long, SOMEBODY] {
            assert_eq!(lawful(good), Ok(()), "{good}");
        }
        let longer = "a".repeat(101);
        for bad in ["Ana\nRosa (PIN)", "Ana\0", "Ana\u{85}Rosa", "Ana\u{202e}asoR", "\u{2067}Ana", &longer] {
            assert_eq!(lawful(bad).unwrap_err().code, "who-invalid", "{bad:?}");
        }
    }
}
