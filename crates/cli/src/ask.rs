//! Questions to the person at the terminal: asked on the error output, so that what a command
//! answers stays clean.

use std::io::{self, BufRead, IsTerminal, Write};

use zeroize::Zeroizing;

use crate::failure::Failure;

/// Is there a person who can see a question and answer it?
pub fn somebody() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// One line, without the blanks round it; `None` when the person leaves it empty.
pub fn line(question: &str) -> Result<Option<String>, Failure> {
    ask(question, &mut io::stdin().lock(), &mut io::stderr())
}

fn ask(question: &str, from: &mut impl BufRead, to: &mut impl Write) -> Result<Option<String>, Failure> {
    let unheard = |e: io::Error| Failure::usage(format!("No se pudo leer la respuesta ({e})."));
    write!(to, "{question}").and_then(|()| to.flush()).map_err(unheard)?;
    let mut answer = String::new();
    if from.read_line(&mut answer).map_err(unheard)? == 0 {
        return Err(Failure::usage("Se cerró la entrada antes de responder."));
    }
    Ok(Some(answer.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// Asks until the answer can be read; an empty one is `empty`.
pub fn until<T: Clone>(
    question: &str,
    empty: &T,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Failure> {
    ask_until(question, empty, read, &mut io::stdin().lock(), &mut io::stderr())
}

fn ask_until<T: Clone>(
    question: &str,
    empty: &T,
    read: impl Fn(&str) -> Result<T, String>,
    from: &mut impl BufRead,
    to: &mut impl Write,
) -> Result<T, Failure> {
    loop {
        let Some(text) = ask(question, from, to)? else { return Ok(empty.clone()) };
        match read(&text) {
            Ok(value) => return Ok(value),
            // The question comes again; who can't see this can't see that either.
            Err(why) => _ = writeln!(to, "{why}"),
        }
    }
}

/// Did the person write the word that confirms?
pub fn confirmed(word: &str, from: &mut impl BufRead) -> Result<bool, Failure> {
    let mut line = String::new();
    from.read_line(&mut line)
        .map_err(|e| Failure::usage(format!("No se pudo leer la confirmación ({e}).")))?;
    Ok(line.trim().eq_ignore_ascii_case(word))
}

/// What must not be seen: not shown while it is typed.
pub fn secret(question: &str) -> Result<Zeroizing<String>, Failure> {
    rpassword::prompt_password(question)
        .map(Zeroizing::new)
        .map_err(|e| Failure::usage(format!("No se pudo leer la clave ({e}).")))
}

/// Who sits at this machine, as the system calls them.
pub fn user() -> String {
    let said = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    said.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "persona".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_confirms() {
        for (said, confirms) in
            [("ACEPTAR\n", true), (" aceptar \r\n", true), ("sí\n", false), ("\n", false), ("", false)]
        {
            assert_eq!(confirmed("ACEPTAR", &mut said.as_bytes()).unwrap(), confirms, "{said:?}");
        }
    }

    #[test]
    fn a_question_comes_again_until_its_answer_can_be_read() {
        let number = |text: &str| text.parse::<u64>().map_err(|_| "no es un folio".to_owned());
        let asked = |typed: &str| {
            let mut shown = Vec::new();
            let heard = ask_until("¿Folio? ", &0, number, &mut typed.as_bytes(), &mut shown);
            (heard.ok(), String::from_utf8(shown).unwrap())
        };
        assert_eq!(asked("\n"), (Some(0), "¿Folio? ".to_owned()));
        assert_eq!(asked("no\n 12 \n"), (Some(12), "¿Folio? no es un folio\n¿Folio? ".to_owned()));
        assert_eq!(asked("").0, None, "nobody answers");
    }
}
