//! The task as Windows' scheduler reads it (Task Scheduler 1.2, MS-TSCH 2.5). What `schtasks` makes of its own
//! options ends after three days and does not run on a battery; a till's agent runs for months, and on laptops. A program
//! that ended is no failure to the scheduler, whatever its code: only one that could not be started is tried again. To start
//! it each minute would open a console over the till wherever the folder is in use or a setting is wrong.

use super::Started;

/// UTF-16 with its mark, as the scheduler writes them. `user` is `DOMAIN\name`: whose coming in starts it, so that
/// nobody needs an administrator for it.
pub fn bytes(started: &Started, user: &str) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(xml(started, user).encode_utf16().collect::<Vec<_>>());
    units.flat_map(u16::to_le_bytes).collect()
}

pub fn xml(started: &Started, user: &str) -> String {
    let user = escaped(user);
    let program = escaped(&started.program.display().to_string());
    let arguments = escaped(&format!("--data {} serve", quoted(&started.data.display().to_string())));
    format!(
        r#"<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Timbre: documentos tributarios de la caja</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <UserId>{user}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>255</Count>
    </RestartOnFailure>
    <Enabled>true</Enabled>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{program}</Command>
      <Arguments>{arguments}</Arguments>
    </Exec>
  </Actions>
</Task>
"#
    )
}

/// As one argument: before the closing quote a stroke would take it for a letter (CommandLineToArgvW).
fn quoted(path: &str) -> String {
    let strokes = path.len() - path.trim_end_matches('\\').len();
    format!("\"{path}{}\"", r"\".repeat(strokes))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_without_end_on_a_battery_too_and_names_stay_what_they_are() {
        let started =
            Started { program: r"C:\Pan & Café\timbre.exe".into(), data: r"C:\Users\Rosa\caja 1".into() };
        let text = xml(&started, r"TIENDA\Rosa");
        for part in [
            "<ExecutionTimeLimit>PT0S<",
            "<DisallowStartIfOnBatteries>false<",
            "<StopIfGoingOnBatteries>false<",
            r"<UserId>TIENDA\Rosa<",
            r"<Command>C:\Pan &amp; Café\timbre.exe<",
            "<Arguments>--data \"C:\\Users\\Rosa\\caja 1\" serve<",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let root = xml(&Started { data: r"D:\caja\".into(), ..started.clone() }, "x");
        assert!(root.contains(r#"--data "D:\caja\\" serve<"#), "the quote ends what it began: {root}");
        let bytes = bytes(&started, r"TIENDA\Rosa");
        assert_eq!(
            (&bytes[..4], bytes.len()),
            (&[0xff, 0xfe, b'<', 0][..], 2 * (text.encode_utf16().count() + 1))
        );
    }
}
