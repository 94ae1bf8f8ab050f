/* Preloaded into the agent by the harness: calls on files below one folder fail, or only pretend.
 * In the environment:
 *   TIMBRE_FAIL_BELOW  the folder: all that begins like it, so that what stands beside it under its name and an ending
 *                      (db.in-use, db.damaged-1) is of it
 *   TIMBRE_FAIL_ERRNO  what is answered: 5 (EIO), 28 (ENOSPC), 30 (EROFS); 0: syncs say yes and do nothing
 *   TIMBRE_FAIL_FROM   the first call that fails, counted from 1
 *   TIMBRE_FAIL_ONCE   set: that call alone
 *   TIMBRE_FAIL_WHILE  set: calls fail, uncounted, while this file exists
 *   TIMBRE_FAIL_KIND   set: calls of this kind alone, as they are told
 *   TIMBRE_FAIL_TOLD   the kinds of the calls that failed are appended to this file
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

static void tell(const char *what) {
    const char *told = getenv("TIMBRE_FAIL_TOLD");
    if (!told) return;
    int fd = syscall(SYS_openat, AT_FDCWD, told, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return;
    char line[64];
    int length = snprintf(line, sizeof line, "%s\n", what);
    (void)!syscall(SYS_write, fd, line, length);
    syscall(SYS_close, fd);
}

/* What this call is to answer: 0 lets it through. */
static int fails(const char *what, const char *path) {
    const char *below = getenv("TIMBRE_FAIL_BELOW");
    const char *error = getenv("TIMBRE_FAIL_ERRNO");
    if (!below || !error || strncmp(path, below, strlen(below)) != 0) return 0;
    const char *kind = getenv("TIMBRE_FAIL_KIND");
    if (kind && strcmp(kind, what) != 0) return 0;
    const char *here = getenv("TIMBRE_FAIL_WHILE");
    if (here) {
        if (syscall(SYS_faccessat, AT_FDCWD, here, F_OK) != 0) return 0;
    } else {
        const char *said = getenv("TIMBRE_FAIL_FROM");
        long from = said ? atol(said) : 1, n = atomic_fetch_add(&calls, 1) + 1;
        if (getenv("TIMBRE_FAIL_ONCE") ? n != from : n < from) return 0;
    }
    tell(what);
    return atoi(error);
}

static int fails_fd(const char *what, int fd) {
    char name[64], path[PATH_MAX];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return fails(what, path);
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

/* A refusal: ENOSPC and EROFS are answered to what would write alone. */
#define REFUSE(what, fd) do { int no = fails_fd(what, fd); if (no) { errno = no; return -1; } } while (0)
#define REFUSE_PATH(what, path) do { int no = fails(what, path); if (no) { errno = no; return -1; } } while (0)

static int lies(void) {
    const char *error = getenv("TIMBRE_FAIL_ERRNO");
    return error && atoi(error) == 0;
}

static int under(int fd) {
    char name[64], path[PATH_MAX];
    const char *below = getenv("TIMBRE_FAIL_BELOW");
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, path, sizeof path - 1);
    if (length <= 0 || !below) return 0;
    path[length] = 0;
    return strncmp(path, below, strlen(below)) == 0;
}

#define SYNC(call) \
    int call(int fd) { \
        REAL(int, #call, int); \
        if (lies()) return under(fd) ? 0 : real(fd); \
        REFUSE(#call, fd); \
        return real(fd); \
    }
SYNC(fsync)
SYNC(fdatasync)

int sync_file_range(int fd, off64_t offset, off64_t count, unsigned flags) {
    REAL(int, "sync_file_range", int, off64_t, off64_t, unsigned);
    if (!lies()) REFUSE("sync_file_range", fd);
    return real(fd, offset, count, flags);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t);
    REFUSE("write", fd);
    return real(fd, bytes, count);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    REFUSE("write", fd);
    return real(fd, parts, count);
}

#define PWRITE(call) \
    ssize_t call(int fd, const void *bytes, size_t count, off64_t offset) { \
        REAL(ssize_t, #call, int, const void *, size_t, off64_t); \
        REFUSE("pwrite", fd); \
        return real(fd, bytes, count, offset); \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define TRUNCATE(call) \
    int call(int fd, off64_t length) { \
        REAL(int, #call, int, off64_t); \
        REFUSE("ftruncate", fd); \
        return real(fd, length); \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

/* A read-only or full disk still opens to read. */
static int opens(const char *path, int flags) {
    const char *error = getenv("TIMBRE_FAIL_ERRNO");
    int only_writes = error && (atoi(error) == ENOSPC || atoi(error) == EROFS);
    if (only_writes && (flags & O_ACCMODE) == O_RDONLY && !(flags & O_CREAT)) return 0;
    return fails("open", path);
}

#define OPEN(call) \
    int call(const char *path, int flags, ...) { \
        REAL(int, #call, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        int no = opens(path, flags); \
        if (no) { errno = no; return -1; } \
        return real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    REFUSE_PATH("rename", from);
    return real(from, to);
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    REFUSE_PATH("mkdir", path);
    return real(path, mode);
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    REFUSE_PATH("unlink", path);
    return real(path);
}
