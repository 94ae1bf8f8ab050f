//! A unit of systemd: of the user, or of the machine when root installs it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Started, ask, trouble};
use crate::failure::Failure;

const UNIT: &str = "timbre.service";

/// What an agent never does, whoever starts it. Printers are devices of the machine's, and a clock may be wrong: neither
/// is kept from it.
const NEVER: &str = "NoNewPrivileges=true\nUMask=0077\nLockPersonality=true\nMemoryDenyWriteExecute=true\n\
                     RestrictNamespaces=true\nRestrictRealtime=true\nRestrictSUIDSGID=true\nSystemCallArchitectures=native\n\
                     RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n";

/// Hides these from it, and with them what of it lies there.
const PRIVATE_TMP: &str = "PrivateTmp=true\n";
const TEMPORARY: [&str; 2] = ["/tmp", "/var/tmp"];

/// What only the machine's systemd can keep from it: a user's has not the rights, and would not start it (218).
const NEVER_OF_THE_MACHINE: &str = "CapabilityBoundingSet=\nProtectControlGroups=true\nProtectHostname=true\n\
                                    ProtectKernelLogs=true\nProtectKernelModules=true\nProtectKernelTunables=true\n\
                                    ProtectSystem=full\n";

/// The unit, as it is written. What no new start mends is not started again: a setting that is wrong (2), data that
/// are damaged (4).
pub fn shown(started: &Started) -> Result<String, Failure> {
    unit(started, is_root())
}

fn unit(started: &Started, of_the_machine: bool) -> Result<String, Failure> {
    let (program, data) = (quoted(&started.program)?, quoted(&started.data)?);
    let (whose, wanted_by) = match of_the_machine {
        // Named, so that it has a home: what tells a folder from its copies is kept there.
        true => {
            let owner = owner(&started.data).ok_or_else(|| no_folder(&started.data))?;
            (format!("User={owner}\nReadWritePaths=-{data}\n{NEVER_OF_THE_MACHINE}"), "multi-user.target")
        }
        false => (String::new(), "default.target"),
    };
    let private = if lies_in(&started.data) || lies_in(&started.program) { "" } else { PRIVATE_TMP };
    // Where the program is named no variable is read, so that a `$` stands for itself there.
    let data = data.replace('$', "$$");
    Ok(format!(
        "[Unit]\nDescription=Timbre: documentos tributarios de la caja\nAfter=network.target\n\n\
         [Service]\nExecStart={program} --data {data} serve\nRestart=on-failure\nRestartSec=5\n\
         RestartPreventExitStatus=2 4\nTimeoutStopSec=60\n{private}{NEVER}{whose}\n\
         [Install]\nWantedBy={wanted_by}\n"
    ))
}

/// Whether it lies where `PrivateTmp` hides it, also by way of a link.
fn lies_in(path: &Path) -> bool {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    TEMPORARY.iter().any(|hidden| real.starts_with(hidden) || path.starts_with(hidden))
}

/// Whose it would be nobody knows, and root without its rights could never open it.
fn no_folder(data: &Path) -> Failure {
    let why = format!(
        "No existe la carpeta {}. Primero guarde la empresa ahí («timbre company set»), como el usuario que usará Timbre; \
         después instale el servicio.",
        data.display()
    );
    Failure::refused("folder-missing", why)
}

/// What a person should know of how it was installed.
pub fn told(started: &Started) -> String {
    let installed = match is_root() {
        true => "Instalado: el equipo inicia Timbre al encender y lo vuelve a iniciar si se cae.",
        false => {
            "Instalado: Timbre se inicia cuando usted entra en su sesión, y de nuevo si se cae. Para que parta al encender el \
             equipo, sin que nadie entre: loginctl enable-linger"
        }
    };
    match lies_in(&started.data) {
        true => format!(
            "{installed}\nCuidado: el equipo borra cada cierto tiempo lo que está en {}. Una carpeta de datos ahí sirve solo \
             para probar.",
            TEMPORARY.join(" y ")
        ),
        false => installed.to_owned(),
    }
}

pub fn install(started: &Started) -> Result<(), Failure> {
    let unit = shown(started)?;
    let path = path()?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| trouble(&e.to_string()))?;
    }
    let before = fs::read(&path).ok();
    let failed = |e: std::io::Error| trouble(&format!("{}: {e}", path.display()));
    fs::write(&path, unit).map_err(failed)?;
    let started = systemctl(&["daemon-reload"]).and_then(|_| systemctl(&["enable", "--now", UNIT]));
    if started.is_err() {
        // What was not taken must not start by itself some day.
        match before {
            Some(before) => fs::write(&path, before),
            None => fs::remove_file(&path),
        }
        .map_err(failed)?;
    }
    started.map(drop)
}

pub fn uninstall() -> Result<(), Failure> {
    let stopped = systemctl(&["disable", "--now", UNIT]);
    let path = path()?;
    let removed = fs::remove_file(&path).map_err(|e| trouble(&format!("{}: {e}", path.display())));
    stopped.and(removed)?;
    systemctl(&["daemon-reload"]).map(drop)
}

pub fn status() -> Result<String, Failure> {
    systemctl(&["show", UNIT, "--property=LoadState,ActiveState,SubState,ExecMainStartTimestamp"])
}

fn systemctl(words: &[&str]) -> Result<String, Failure> {
    let whose: &[&str] = if is_root() { &[] } else { &["--user"] };
    ask("systemctl", &[whose, words].concat())
}

fn path() -> Result<PathBuf, Failure> {
    if is_root() {
        return Ok(Path::new("/etc/systemd/system").join(UNIT));
    }
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let config = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    Ok(config.ok_or_else(|| trouble("falta HOME"))?.join("systemd/user").join(UNIT))
}

fn is_root() -> bool {
    owner(Path::new("/proc/self")) == Some(0)
}

/// By number: the user whose file or folder it is.
fn owner(path: &Path) -> Option<u32> {
    fs::metadata(path).ok().map(|meta| meta.uid())
}

/// A path as one word of `ExecStart` (systemd.service(5)): in quotes, `%` doubled.
fn quoted(path: &Path) -> Result<String, Failure> {
    let text = path.to_str().filter(|text| !text.chars().any(char::is_control));
    let text = text.ok_or_else(|| trouble("la ruta lleva caracteres que systemd no admite"))?;
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    Ok(format!("\"{text}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_blanks_and_signs_stays_one_word() {
        let started =
            Started { program: "/opt/Mi Tienda/timbre".into(), data: "/home/rosa/caja 100%\"$x".into() };
        let unit = unit(&started, false).unwrap();
        assert!(
            unit.contains(
                "ExecStart=\"/opt/Mi Tienda/timbre\" --data \"/home/rosa/caja 100%%\\\"$$x\" serve\n"
            ),
            "{unit}"
        );
        for line in
            ["Restart=on-failure", "RestartPreventExitStatus=2 4", "UMask=0077", "NoNewPrivileges=true"]
        {
            assert!(unit.contains(&format!("\n{line}\n")), "{line}: {unit}");
        }
        assert!(unit.ends_with(".target\n"), "{unit}");
        assert!(quoted(Path::new("/x\ny")).is_err());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_lies_in_a_temporary_folder_is_not_hidden_from_it() {
        let of = |program: &str, data: &str| {
            let started = Started { program: program.into(), data: data.into() };
            let warned = told(&started).contains("Cuidado");
            (unit(&started, false).unwrap().contains("\nPrivateTmp=true\n"), warned)
        };
        for (data, hidden) in
            [("/home/rosa/tmp", true), ("/tmpx/caja", true), ("/tmp/caja", false), ("/var/tmp/a/b", false)]
        {
            assert_eq!(of("/opt/timbre", data), (hidden, !hidden), "{data}");
        }
        assert_eq!(of("/tmp/timbre", "/home/rosa/caja"), (false, false));
        let (kept, link) = (tempfile::tempdir_in("/tmp").unwrap(), tempfile::tempdir_in(".").unwrap());
        let link = link.path().join("caja");
        std::os::unix::fs::symlink(kept.path(), &link).unwrap();
        assert_eq!(of("/opt/timbre", link.to_str().unwrap()), (false, true), "by way of a link");
    }

    #[test]
    fn the_machines_unit_runs_as_who_has_the_folder_and_so_has_a_home() {
        let dir = tempfile::tempdir().unwrap();
        let started = Started { program: "/opt/timbre".into(), data: dir.path().to_owned() };
        let (machines, users) = (unit(&started, true).unwrap(), unit(&started, false).unwrap());
        let owner = owner(dir.path()).unwrap();
        assert!(machines.contains(&format!("\nUser={owner}\n")), "{machines}");
        assert!(
            machines.ends_with("WantedBy=multi-user.target\n")
                && users.ends_with("WantedBy=default.target\n")
        );
        for line in ["User=", "CapabilityBoundingSet=", "ProtectKernelModules=", "ReadWritePaths="] {
            assert!(!users.contains(line), "a user's systemd can't: {users}");
        }
    }

    #[test]
    fn root_installs_nothing_for_a_folder_that_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let started = Started { program: "/opt/timbre".into(), data: dir.path().join("caja") };
        let why = unit(&started, true).unwrap_err().to_string();
        assert!(why.contains("guarde la empresa") && why.contains("caja"), "{why}");
        assert!(unit(&started, false).is_ok(), "a user's agent makes it");
    }

    /// systemd's own look at it: sections, settings, and a program that it finds and may run.
    #[test]
    #[cfg(target_os = "linux")]
    fn systemd_finds_nothing_wrong_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("Mi $Tienda 5%").join("timbre");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        fs::copy("/bin/true", &program).unwrap();
        let started = Started { program, data: dir.path().join("caja 100%\"$x") };
        fs::create_dir(&started.data).unwrap();
        let path = dir.path().join(UNIT);
        for of_the_machine in [true, false] {
            fs::write(&path, unit(&started, of_the_machine).unwrap()).unwrap();
            match std::process::Command::new("systemd-analyze").arg("verify").arg(&path).output() {
                Ok(said) => {
                    let why = String::from_utf8_lossy(&said.stderr);
                    assert!(said.status.success() && why.is_empty(), "{why}");
                }
                Err(_) => eprintln!("systemd-analyze is not at hand: the unit is not looked at"),
            }
        }
    }
}
