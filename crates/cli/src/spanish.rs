//! Clap in Spanish: the frames of its help pages, and its complaints. What options do is said where
//! they are declared.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, CommandFactory};

use crate::failure::{Exit, Failure};
use crate::line::Line;

/// The command line, in Spanish.
pub fn command() -> Command {
    let mut command = dress(
        Line::command().propagate_version(false).disable_version_flag(true).arg(
            Arg::new("version")
                .long("version")
                .short('V')
                .action(ArgAction::Version)
                .help("Muestra la versión")
                .display_order(902),
        ),
    );
    command.build();
    frame(command)
}

/// Headings, the help option, and no English remarks beside the options; for every command below.
fn dress(command: Command) -> Command {
    command
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .subcommand_value_name("ORDEN")
        .subcommand_help_heading("Órdenes")
        .arg(
            Arg::new("help")
                .long("help")
                .short('h')
                .action(ArgAction::Help)
                .help("Muestra esta ayuda")
                .display_order(903),
        )
        .mut_args(|arg| match arg.get_action().takes_values() {
            true => arg.hide_default_value(true).hide_env(true).hide_possible_values(true),
            false => arg,
        })
        .mut_subcommands(dress)
}

/// The page: what it does, how it is used, what there is.
fn frame(mut command: Command) -> Command {
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim().replace("[OPTIONS]", "[OPCIONES]");
    let mut page = String::from("{about-with-newline}\nUso: {usage}\n");
    if command.has_subcommands() {
        page.push_str("\nÓrdenes:\n{subcommands}\n");
    }
    if command.get_positionals().next().is_some() {
        page.push_str("\nArgumentos:\n{positionals}\n");
    }
    page.push_str("\nOpciones:\n{options}{after-help}\n");
    command.help_template(page).override_usage(usage).mut_subcommands(frame)
}

/// The page of a command, by its words: `caf add`.
pub fn help(words: &[String]) -> Result<String, Failure> {
    let mut command = command();
    let mut place = &mut command;
    for word in words {
        place = place
            .find_subcommand_mut(word)
            .ok_or_else(|| Failure::usage(format!("No hay una orden «{word}».")))?;
    }
    Ok(place.render_help().to_string())
}

/// Says what clap has to say; the exit code for it.
pub fn tell(error: &clap::Error) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // Asked for: on the standard output. Whoever closed it did not want it after all.
            let _ = error.print();
            Exit::Done
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            Exit::Usage
        }
        _ => {
            eprintln!("timbre: {}\nPara ver la ayuda: timbre --help", complaint(error));
            Exit::Usage
        }
    }
}

/// A complaint of clap's as a Spanish sentence.
pub fn complaint(error: &clap::Error) -> String {
    let said = |kind| error.get(kind).map(text).unwrap_or_default();
    let arg = said(ContextKind::InvalidArg);
    let value = said(ContextKind::InvalidValue);
    let maybe = |kind| match said(kind) {
        text if text.is_empty() => String::new(),
        text => format!(" ¿Quiso decir «{text}»?"),
    };
    match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => format!("Falta el valor de {arg}."),
        ErrorKind::InvalidValue => {
            let valid = said(ContextKind::ValidValue);
            format!("«{value}» no vale para {arg}; puede ser: {valid}.{}", maybe(ContextKind::SuggestedValue))
        }
        ErrorKind::ValueValidation => match std::error::Error::source(error) {
            Some(why) => format!("{arg}: {why}."),
            None => format!("«{value}» no vale para {arg}."),
        },
        ErrorKind::UnknownArgument => format!("No se conoce «{arg}».{}", maybe(ContextKind::SuggestedArg)),
        ErrorKind::InvalidSubcommand => {
            let name = said(ContextKind::InvalidSubcommand);
            format!("No hay una orden «{name}».{}", maybe(ContextKind::SuggestedSubcommand))
        }
        ErrorKind::MissingSubcommand => {
            format!("Falta la orden; puede ser: {}.", said(ContextKind::ValidSubcommand))
        }
        ErrorKind::MissingRequiredArgument => format!("Falta {arg}."),
        ErrorKind::ArgumentConflict => {
            let prior = said(ContextKind::PriorArg);
            if prior.is_empty() || prior == arg {
                format!("{arg} va una sola vez.")
            } else {
                format!("{arg} no puede ir junto con {prior}.")
            }
        }
        ErrorKind::NoEquals => format!("{arg} se escribe con «=»."),
        ErrorKind::TooManyValues => format!("Sobra «{value}» en {arg}."),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("Faltan o sobran valores en {arg}.")
        }
        ErrorKind::InvalidUtf8 => "Un argumento no está en UTF-8.".to_owned(),
        _ => "No se entiende lo escrito.".to_owned(),
    }
}

fn text(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join(", "),
        ContextValue::StyledStr(text) => text.to_string(),
        ContextValue::StyledStrs(texts) => {
            texts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        ContextValue::Number(number) => number.to_string(),
        ContextValue::Bool(flag) => flag.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::FromArgMatches;

    fn refuse(line: &str) -> String {
        let words = line.split_whitespace();
        let read = command().try_get_matches_from(words).and_then(|m| Line::from_arg_matches(&m));
        match read {
            Ok(_) => panic!("{line} was understood"),
            Err(error) => complaint(&error),
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        Line::command().debug_assert();
        command().debug_assert();
    }

    #[test]
    fn no_page_speaks_english() {
        fn pages(command: &mut Command, found: &mut Vec<String>) {
            found.push(command.render_help().to_string());
            found.push(command.render_long_help().to_string());
            command.get_subcommands_mut().for_each(|inner| pages(inner, found));
        }
        let mut found = Vec::new();
        pages(&mut command(), &mut found);
        assert!(found.len() > 30);
        for page in found {
            assert!(page.contains("Uso: timbre"), "{page}");
            for english in [
                "Usage",
                "Options",
                "OPTIONS",
                "Commands",
                "Arguments",
                "Print",
                "default:",
                "env:",
                "COMMAND",
            ] {
                assert!(!page.contains(english), "{english} in\n{page}");
            }
        }
    }

    #[test]
    fn complaints_are_spanish_sentences() {
        assert_eq!(refuse("timbre emit"), "No hay una orden «emit».");
        assert_eq!(refuse("timbre isue"), "No hay una orden «isue». ¿Quiso decir «issue»?");
        assert_eq!(refuse("timbre list --stat X"), "No se conoce «--stat». ¿Quiso decir «--state»?");
        assert!(
            refuse("timbre demo --latency ayer")
                .starts_with("--latency <DURACIÓN>: «ayer» no es una duración")
        );
        assert!(refuse("timbre show").contains("Falta <ID>"));
        assert!(refuse("timbre show X").contains("T39F1234"));
        assert_eq!(refuse("timbre show T39F1 --xml --history"), "--xml no puede ir junto con --history.");
        assert!(refuse("timbre list --from").starts_with("Falta el valor de --from"));
    }

    #[test]
    fn help_is_a_command_too() {
        let page = |words: &[&str]| help(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        let whole = page(&[]).unwrap();
        assert!(whole.contains("Uso: timbre [OPCIONES] <ORDEN>") && whole.contains("help "), "{whole}");
        assert!(page(&["caf", "add"]).unwrap().contains("Uso: timbre caf add"));
        assert_eq!(page(&["emit"]).unwrap_err().to_string(), "No hay una orden «emit».");
    }

    #[test]
    fn data_and_json_may_stand_anywhere() {
        for line in ["timbre --data /tmp/x --json stats", "timbre stats --json --data /tmp/x"] {
            let matches = command().try_get_matches_from(line.split(' ')).unwrap();
            let line = Line::from_arg_matches(&matches).unwrap();
            assert!(line.json);
            assert_eq!(line.data.as_deref(), Some(std::path::Path::new("/tmp/x")));
        }
    }
}
