//! The folders on disk: made, listed, and read so that no link is followed and nothing is taken that is not
//! a plain file of a lawful name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::content::{Content, holds};
use super::passing;

/// The folder of what was said before under a name that is used again.
const BEFORE: &str = "anteriores";

/// The folder through which a sale that was issued, or refused, goes to where it is put aside.
const PASSING: &str = "en-paso";

/// The longest name of a sale without its `.json`, in bytes: a name has 255 at the most where it is put aside, and what is
/// added there takes up to 40.
pub(super) const LONGEST: usize = 200;

/// Where files come from and go to.
pub(super) struct Places {
    pub sales: PathBuf,
    pub answers: PathBuf,
    /// Answers of before, under names that were used again.
    pub answers_before: PathBuf,
    pub done: PathBuf,
    pub done_passing: PathBuf,
    pub refused: PathBuf,
    pub refused_passing: PathBuf,
    pub refused_before: PathBuf,
    pub cafs: PathBuf,
    pub cafs_loaded: PathBuf,
    pub cafs_refused: PathBuf,
}

/// A file as a look finds it: one that is being written differs at the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub size: u64,
    pub modified: Option<SystemTime>,
}

impl Seen {
    pub fn of(meta: &fs::Metadata) -> Seen {
        Seen { size: meta.len(), modified: meta.modified().ok() }
    }

    /// Since 1970, in steps of two seconds: the coarsest that a file system keeps, so that the same file
    /// never seems another one after a share was mounted anew.
    pub fn time(self) -> u64 {
        let since = self.modified.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        since.unwrap_or(Duration::ZERO).as_secs() / 2
    }
}

pub(super) struct Look {
    pub name: String,
    pub seen: Seen,
}

/// What is not taken, and stays where it is.
pub(super) struct Left {
    pub look: Look,
    /// A sentence.
    pub why: String,
    /// By its name alone: somebody may still be writing it, or about to call it otherwise.
    pub passing: bool,
}

pub(super) struct Found {
    /// In the order in which they were written.
    pub files: Vec<Look>,
    pub left: Vec<Left>,
}

impl Places {
    pub fn make(dir: &Path, shared: bool) -> io::Result<Places> {
        let (answers, cafs) = (dir.join("salida"), dir.join("caf"));
        let (done, refused) = (dir.join("procesados"), dir.join("rechazados"));
        let places = Places {
            sales: dir.join("entrada"),
            answers_before: answers.join(BEFORE),
            answers,
            done_passing: done.join(PASSING),
            done,
            refused_before: refused.join(BEFORE),
            refused_passing: refused.join(PASSING),
            refused,
            cafs_loaded: cafs.join("cargados"),
            cafs_refused: cafs.join("rechazados"),
            cafs,
        };
        let all = [
            &places.sales,
            &places.answers,
            &places.answers_before,
            &places.done,
            &places.done_passing,
            &places.refused,
            &places.refused_passing,
            &places.refused_before,
            &places.cafs,
            &places.cafs_loaded,
            &places.cafs_refused,
        ];
        for path in all {
            make(path)?;
        }
        places.judge(shared)?;
        Ok(places)
    }

    /// Whoever may write where sales and CAFs come in can issue documents: no other user may, unless somebody said so.
    /// Said at each look, for the folders may have been made anew. One that is away is none to write to.
    pub fn judge(&self, shared: bool) -> io::Result<()> {
        for path in [&self.sales, &self.cafs].into_iter().filter(|_| !shared) {
            let meta = match fs::symlink_metadata(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                meta => meta?,
            };
            let why = if meta.is_symlink() {
                "es un enlace, y otros podrían cambiar adónde lleva: ponga ahí la carpeta misma"
            } else if others_may_write(&meta) {
                "otros usuarios de este equipo pueden escribir ahí, y cada uno podría emitir documentos: quíteles el \
                 permiso"
            } else {
                continue;
            };
            let why = format!("{}: {why}, o ponga shared = true en [folder] de timbre.toml", path.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
        Ok(())
    }

    /// The sales that lie there.
    pub fn sales(&self, most: usize) -> io::Result<Found> {
        list(&self.sales, most, "json")
    }

    pub fn cafs(&self, most: usize) -> io::Result<Found> {
        list(&self.cafs, most, "xml")
    }
}

fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(unix)]
fn others_may_write(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o022 != 0
}

/// There a folder has the rights of the one it is in: a profile's are its user's.
#[cfg(not(unix))]
fn others_may_write(_: &fs::Metadata) -> bool {
    false
}

fn list(folder: &Path, most: usize, ending: &str) -> io::Result<Found> {
    let mut found = Found { files: Vec::new(), left: Vec::new() };
    for entry in fs::read_dir(folder)?.take(most) {
        let entry = entry?;
        let name = entry.file_name();
        // Of the entry itself, never of what a link leads to.
        let Ok(meta) = entry.metadata() else { continue };
        // Our own folders below, and a till's, are nothing strange.
        if meta.is_dir() {
            continue;
        }
        let look = Look { name: name.to_string_lossy().into_owned(), seen: Seen::of(&meta) };
        let left = |look, why: &str, passing| Left { look, why: why.to_owned(), passing };
        if !meta.is_file() {
            let why = match meta.is_symlink() {
                true => "Es un enlace, y ninguno se sigue: deje el archivo mismo.",
                false => "No es un archivo corriente.",
            };
            found.left.push(left(look, why, false));
        } else if name.to_str().is_none() {
            found.left.push(left(look, "Su nombre no está en UTF-8: póngale otro.", false));
        } else if look.name.starts_with('.') {
            // Of programs that are not done yet.
            found.left.push(left(
                look,
                "Su nombre comienza con un punto, como el de uno a medio escribir.",
                true,
            ));
        } else if !Path::new(&look.name).extension().is_some_and(|end| end.eq_ignore_ascii_case(ending)) {
            found.left.push(left(look, &format!("Su nombre no termina en .{ending}."), true));
        } else {
            found.files.push(look);
        }
    }
    found.files.sort_by(|a, b| (a.seen.modified, &a.name).cmp(&(b.seen.modified, &b.name)));
    Ok(found)
}

/// The plain files of a folder, whatever their names.
pub(super) fn all(folder: &Path) -> io::Result<Vec<Look>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (Ok(meta), Ok(name)) = (entry.metadata(), entry.file_name().into_string()) else { continue };
        if meta.is_file() {
            all.push(Look { name, seen: Seen::of(&meta) });
        }
    }
    Ok(all)
}

/// A file's name without its ending.
pub(super) fn stem(name: &str) -> &str {
    Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or(name)
}

/// As much of a stem as leaves room for what is added to it.
pub(super) fn shortened(stem: &str) -> &str {
    let end = (0..=LONGEST.min(stem.len())).rev().find(|end| stem.is_char_boundary(*end));
    &stem[..end.unwrap_or(0)]
}

/// A name that nobody has in a folder: `stem.end`, or `stem.2.end` and so on.
pub(super) fn free_name(folder: &Path, stem: &str, end: &str) -> String {
    let mut name = format!("{stem}.{end}");
    let mut times = 1;
    while folder.join(&name).symlink_metadata().is_ok() {
        times += 1;
        name = format!("{stem}.{times}.{end}");
    }
    name
}

/// A stem for a refused sale and its reason, `STEM.error.json`: of a sale that was called as that reason would be
/// nothing is written over. A reason without its sale is what a stop left of this very refusal.
pub(super) fn free_refused(folder: &Path, stem: &str) -> String {
    let is = |name: String| folder.join(name).symlink_metadata().is_ok();
    let taken = |free: &str| {
        let called_so = is(format!("{free}.error.json")) && is(format!("{free}.error.error.json"));
        called_so || is(format!("{free}.json"))
    };
    let (mut free, mut times) = (stem.to_owned(), 1);
    while taken(&free) {
        times += 1;
        free = format!("{stem}.{times}");
    }
    free
}

/// Moves a sale that was read to where nobody has the name `to`, by way of a folder where it is read again; `false`: it
/// was not that sale. What a till wrote over it since then is another one, which is taken in its turn: it is not moved, or
/// goes back, under its name where that is still free. What it holds says so, for a share may number or date a file anew.
///
/// What a stop, or a fault of the disk, leaves on its way is in that folder, and is told apart there (`passing`): nothing
/// is aside that was not issued.
pub(super) fn move_as_read(from: &Path, by: &Path, to: &Path, content: &Content) -> io::Result<bool> {
    let name = from.file_name().and_then(|name| name.to_str()).ok_or(io::ErrorKind::InvalidInput)?;
    let by = by.join(passing::name(content, name));
    move_while(from, &by, to, |path| holds(path, content))
}

/// `same`: whether that file is the one that was read.
fn move_while(
    from: &Path,
    by: &Path,
    to: &Path,
    same: impl Fn(&Path) -> io::Result<bool>,
) -> io::Result<bool> {
    // Before it is moved at all: a till that writes over its sales finds them where they were.
    if same(from)? {
        // Nobody could read what was left there. It is looked at again first.
        if by.symlink_metadata().is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(from, by)?;
        timbre_store::crash!("file-passing");
        if same(by)? {
            fs::rename(by, to)?;
            return Ok(true);
        }
        let folder = from.parent().ok_or(io::ErrorKind::InvalidInput)?;
        go_back(by, folder, &from.file_name().unwrap_or_default().to_string_lossy())?;
    }
    tracing::warn!(file = %from.display(), "a sale was written over while it was issued: the new one is taken next");
    Ok(false)
}

/// To be taken in its turn.
pub(super) fn go_back(from: &Path, sales: &Path, name: &str) -> io::Result<()> {
    put_aside(from, sales, stem(name), "json")
}

/// Puts a file aside under a name that nobody has there.
pub(super) fn put_aside(from: &Path, folder: &Path, stem: &str, end: &str) -> io::Result<()> {
    fs::rename(from, folder.join(free_name(folder, stem, end)))
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use openssl::sha::sha256;

    use super::super::content::{LARGEST, read};
    use super::*;

    #[test]
    fn what_is_no_plain_file_of_a_lawful_name_is_not_taken() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::make(dir.path(), false).unwrap();
        for name in ["a.json", "B.JSON", ".oculto.json", "nota.txt", "a.json.tmp", "..json"] {
            fs::write(places.sales.join(name), "{}").unwrap();
        }
        fs::create_dir(places.sales.join("carpeta.json")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/hostname", places.sales.join("enlace.json")).unwrap();
        let Found { files, mut left } = places.sales(100).unwrap();
        let mut names: Vec<_> = files.into_iter().map(|look| look.name).collect();
        names.sort();
        assert_eq!(names, ["B.JSON", "a.json"]);
        left.sort_by(|a, b| a.look.name.cmp(&b.look.name));
        let told: Vec<_> = left.iter().map(|left| (left.look.name.as_str(), left.passing)).collect();
        let passing = [("..json", true), (".oculto.json", true), ("a.json.tmp", true)];
        assert_eq!(told[..3], passing, "each is told of, and why");
        assert!(left.iter().all(|left| left.why.ends_with('.')) && told.last() == Some(&("nota.txt", true)));
        #[cfg(unix)]
        assert!(read(&places.sales.join("enlace.json")).is_err());
    }

    #[test]
    fn a_stem_is_cut_between_two_letters() {
        assert_eq!(shortened("caja"), "caja");
        assert_eq!(shortened(&format!("x{}", "ñ".repeat(150))).len(), 199);
        // With all that is added where a sale is put aside.
        assert!("x".repeat(LONGEST).len() + ".0123456789abcdef01234567.99999.json.tmp".len() <= 255);
    }

    #[test]
    #[cfg(unix)]
    fn a_folder_that_others_may_write_to_is_refused_unless_somebody_said_so() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let places = Places::make(dir.path(), false).unwrap();
        fs::set_permissions(&places.sales, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(Places::make(dir.path(), false).is_err());
        assert!(Places::make(dir.path(), true).is_ok());
    }

    #[test]
    fn no_reason_is_written_over_a_sale_that_is_called_so() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str| fs::write(dir.path().join(name), "x").unwrap();
        // The sale «x.error.json» was refused, and then «x.json» is.
        put("x.error.json");
        assert_eq!(free_refused(dir.path(), "x"), "x", "a stop left its reason");
        put("x.error.error.json");
        assert_eq!(free_refused(dir.path(), "x"), "x.2");
        put("x.2.json");
        assert_eq!(free_refused(dir.path(), "x"), "x.3");
        assert_eq!(free_refused(dir.path(), "x.error"), "x.error.2");
    }

    /// `entrada`, `en-paso` and `procesados`.
    fn three(dir: &Path) -> [PathBuf; 3] {
        let all = ["entrada", "en-paso", "procesados"].map(|name| dir.join(name));
        all.iter().for_each(|path| fs::create_dir(path).unwrap());
        all
    }

    fn many(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_sale_that_was_written_over_another_goes_back_and_a_new_date_makes_it_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let [sales, by, done] = three(dir.path());
        let (from, first) = (sales.join("v.json"), sha256(b"{1}"));
        // Written over while the first was issued; then there is a third of its name as well.
        fs::write(&from, "{2}").unwrap();
        assert!(!move_as_read(&from, &by, &done.join("v.1.json"), &first).unwrap());
        assert_eq!(fs::read_to_string(&from).unwrap(), "{2}");
        assert_eq!(many(&done), 0, "it was not issued");
        fs::write(&from, "{1}").unwrap();
        File::options().write(true).open(&from).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        assert!(move_as_read(&from, &by, &done.join("v.1.json"), &first).unwrap());
        assert_eq!(fs::read_to_string(done.join("v.1.json")).unwrap(), "{1}");
        // The line end that a till wrote late makes it no other one either.
        fs::write(&from, "{1}\r\n").unwrap();
        assert!(move_as_read(&from, &by, &done.join("v.3.json"), &first).unwrap());
        // What is far larger than a sale is none that was read.
        File::create(&from).unwrap().set_len(LARGEST + 1).unwrap();
        assert!(!move_as_read(&from, &by, &done.join("v.2.json"), &first).unwrap());
        assert!(from.exists() && !done.join("v.2.json").exists());
        assert_eq!(many(&by), 0, "nothing stays on its way");
    }

    #[test]
    fn a_sale_is_aside_only_where_it_was_read_again_on_its_way() {
        let dir = tempfile::tempdir().unwrap();
        let [sales, by, done] = three(dir.path());
        let (from, by, to) = (sales.join("v.json"), by.join("x.v.json"), done.join("v.1.json"));
        fs::write(&from, "{1}").unwrap();
        let broken = || io::Error::from(io::ErrorKind::PermissionDenied);
        assert!(move_while(&from, &by, &to, |_| Err(broken())).is_err());
        assert!(from.exists() && !by.exists(), "it is not moved before it is known");
        // Written over between the two looks; meanwhile somebody has its name, too.
        assert!(!move_while(&from, &by, &to, |path| Ok(path == from)).unwrap());
        assert!(from.exists() && many(&done) == 0, "it went back");
        let named_again = |path: &Path| match path == from {
            true => Ok(true),
            false => fs::write(&from, "{2}").map(|()| false),
        };
        assert!(!move_while(&from, &by, &to, named_again).unwrap());
        assert_eq!(fs::read_to_string(sales.join("v.2.json")).unwrap(), "{1}");
        // What can't be read on its way is not aside, and nothing is moved over it.
        let unread = |path: &Path| if path == from { Ok(true) } else { Err(broken()) };
        assert!(move_while(&from, &by, &to, unread).is_err());
        fs::write(&from, "{3}").unwrap();
        assert_eq!(move_while(&from, &by, &to, unread).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        assert_eq!((read(&by), read(&from), many(&done)), ("{2}".into(), "{3}".into(), 0));
    }

    #[test]
    fn nothing_that_was_put_aside_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("v.json"), dir.path().join("aside"));
        fs::create_dir(&to).unwrap();
        for name in ["v.json", "v.2.json", "v.3.json"] {
            fs::write(&from, name).unwrap();
            put_aside(&from, &to, "v", "json").unwrap();
            assert_eq!(fs::read_to_string(to.join(name)).unwrap(), name);
        }
    }
}
