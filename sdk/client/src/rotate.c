/*
 * What: changing a profile's keys (party.rotate, staff.rotate). Invariants: an old key is replaced only when the domain
 * has said, verified, that the new one counts; the old box key stays among the keys of custody; whatever a crash or a
 * lost reply leaves, the same command goes on from there with the same new keys.
 * Source: docs/scheme/staff.md, "Other keys".
 */
#include "client/rotate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"
#include "client/custody.h"
#include "client/reply.h"
#include "client/session.h"
#include "shuyu/staff.h"
#include "wire/staff.h"

#define NEXT     "next"
#define MAKING   "next.new"
#define ACCEPTED "accepted"

enum { ARGS_MAX = 1024, PATH_MAX_BYTES = 4096 };

static const char *const KEYS[] = {"sign.key", "box.key", "tls.key", "tls.pem"};
enum { N_KEYS = sizeof(KEYS) / sizeof(KEYS[0]) };

static int open_folder(int dirfd, const char *name)
{
    return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* Everything in it, whatever the profile there has come to remember; the mark goes last. */
static void remove_folder(int dirfd, const char *name)
{
    int fd = open_folder(dirfd, name);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (d == NULL) {
        sy_fd_close(&fd);
        return;
    }
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (strcmp(e->d_name, ACCEPTED) != 0) {
            (void)unlinkat(fd, e->d_name, 0); /* fails for "." and ".." */
        }
    }
    (void)unlinkat(fd, ACCEPTED, 0);
    (void)closedir(d);
    (void)unlinkat(dirfd, name, AT_REMOVEDIR);
}

sy_status client_next_finish(int dirfd, struct sy_error *err)
{
    SY_FD_CLEANUP int next = open_folder(dirfd, NEXT);
    if (next < 0 || faccessat(next, ACCEPTED, F_OK, 0) != 0) {
        return SY_OK;
    }
    for (size_t i = 0; i < N_KEYS; i++) {
        if (renameat(next, KEYS[i], dirfd, KEYS[i]) != 0 && errno != ENOENT) {
            return sy_fail_errno(err, errno, "put the new keys in place");
        }
    }
    if (fsync(dirfd) != 0) {
        return sy_fail_errno(err, errno, "put the new keys in place");
    }
    remove_folder(dirfd, NEXT);
    return SY_OK;
}

/* --- making them ------------------------------------------------------------------------------ */

static sy_status make_next(const struct shuyu_profile *p, struct sy_error *err)
{
    struct stat st;
    if (fstatat(p->dirfd, NEXT, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        return SY_OK; /* an earlier attempt: the domain may know them already */
    }
    remove_folder(p->dirfd, MAKING);
    if (mkdirat(p->dirfd, MAKING, 0700) != 0) {
        return sy_fail_errno(err, errno, "make a folder for the new keys");
    }
    SY_FD_CLEANUP int fd = open_folder(p->dirfd, MAKING);
    if (fd < 0) {
        return sy_fail_errno(err, errno, "open the folder of the new keys");
    }
    SY_TRY(client_keys_make(fd, p->pins.party, err));
    SY_TRY(client_pins_save(fd, &p->pins, err));
    if (renameat(p->dirfd, MAKING, p->dirfd, NEXT) != 0 || fsync(p->dirfd) != 0) {
        return sy_fail_errno(err, errno, "keep the new keys");
    }
    return SY_OK;
}

/* --- telling the domain ----------------------------------------------------------------------- */

/* A request of the profile `by`, signed by `sender` before, over a connection of `line`. */
static sy_status ask(struct shuyu_profile *line, struct shuyu_profile *by, const uint8_t *sender,
                     const shuyu_request *request, const struct client_address *a,
                     struct sy_error *err)
{
    shuyu_session *s = NULL;
    shuyu_reply *reply = NULL;
    struct client_call *c = NULL;
    SY_TRY(client_session_open(line, a, NULL, &s, err));
    sy_status st = client_call_new_by(by, request, sender, sy_now_s(), &c, err);
    if (sy_ok(st)) {
        st = client_call_through(s, c, -1, &reply, err);
    }
    shuyu_reply_free(reply);
    client_call_free(c);
    shuyu_close(s);
    return st;
}

/* Does the domain know the new keys, from an attempt whose reply was lost? */
static bool is_known(struct shuyu_profile *next, const struct client_address *a)
{
    const shuyu_request request = {.method = "status.domain"};
    return sy_ok(ask(next, next, NULL, &request, a, NULL));
}

static sy_status tell(struct shuyu_profile *p, struct shuyu_profile *next,
                      const struct client_address *a, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(ARGS_MAX);
    struct sy_new_keys keys;
    memcpy(keys.box, next->box_public, 32);
    memcpy(keys.sign, next->sign_public, 32);
    memcpy(keys.tls, next->tls_fingerprint, 32);
    SY_TRY(sy_record_encode(&sy_new_keys_desc, &keys, &args));
    const shuyu_request request = {.method =
                                       p->pins.staff[0] != '\0' ? "staff.rotate" : "party.rotate",
                                   .args = client_bytes(sy_buf_view(&args))};
    sy_status s = ask(p, next, p->sign_secret, &request, a, err);
    bool lost = s.code == SY_E_PARTY || s.code == SY_E_UNSIGNED || s.code == SY_E_SEAL;
    return lost && is_known(next, a) ? SY_OK : s;
}

/* --- taking them into use ----------------------------------------------------------------------- */

static sy_status take_next(struct shuyu_profile *p, struct sy_error *err)
{
    SY_FD_CLEANUP int fd = open_folder(p->dirfd, NEXT);
    if (fd < 0) {
        return sy_fail_errno(err, errno, "open the folder of the new keys");
    }
    SY_TRY(client_custody_add(p, p->box_secret, 1, err));
    sy_status s = sy_replace_file_at(fd, ACCEPTED, sy_view_str("yes\n"), 0600);
    if (!sy_ok(s)) {
        return sy_fail(err, s.code, NEXT, "the new keys cannot be marked as accepted");
    }
    SY_TRY(client_next_finish(p->dirfd, err));
    client_keys_free(p);
    return client_keys_load(p, err);
}

static sy_status rotate(struct shuyu_profile *p, const char *address, struct sy_error *err)
{
    struct client_address a;
    struct shuyu_profile *next = NULL;
    char dir[PATH_MAX_BYTES];
    SY_TRY(client_address_parse(address != NULL ? address : p->pins.address, &a, err));
    SY_TRY(make_next(p, err));
    if (snprintf(dir, sizeof(dir), "%s/%s", p->dir, NEXT) >= (int)sizeof(dir)) {
        return sy_fail(err, SY_E_LIMIT, "dir", "the profile's path is too long");
    }
    SY_TRY(client_profile_open(dir, &next, err));
    sy_status s = tell(p, next, &a, err);
    shuyu_profile_close(next);
    return sy_ok(s) ? take_next(p, err) : s;
}

shuyu_status shuyu_rotate(shuyu_profile *p, const char *address, shuyu_error *reterr)
{
    struct sy_error err = {0};
    if (p == NULL) {
        return client_misuse(reterr, SY_E_USAGE, "profile", NULL);
    }
    return client_give(rotate(p, address, &err), &err, reterr);
}
