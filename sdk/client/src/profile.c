/*
 * What: a profile's life: make, open, pin, close. Invariants: the folder is 0700 and its keys 0600,
 * checked each time; the text file is replaced as a whole, so that a crash leaves the old pins or
 * the new; a failed creation leaves nothing behind.
 */
#include "client/profile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/fdio.h"
#include "client/rotate.h"
#include "client/witnesses.h"

enum { TEXT_MAX = 16384 };

static const char *const FILES[] = {"profile", "sign.key", "box.key",     "tls.key",
                                    "tls.pem", "seen",     "custody.keys"};
enum { N_FILES = sizeof(FILES) / sizeof(FILES[0]) };

/* --- opening ---------------------------------------------------------------------------------- */

static struct shuyu_profile *profile_new(const char *dir)
{
    struct shuyu_profile *p = calloc(1, sizeof(*p));
    if (p == NULL || (p->dir = strdup(dir)) == NULL || pthread_mutex_init(&p->lock, NULL) != 0) {
        free(p == NULL ? NULL : p->dir);
        free(p);
        return NULL;
    }
    p->dirfd = -1;
    p->seen_fd = -1;
    return p;
}

void shuyu_profile_close(shuyu_profile *p)
{
    if (p == NULL) {
        return;
    }
    client_keys_free(p);
    client_witnesses_free(p);
    sy_fd_close(&p->seen_fd);
    sy_fd_close(&p->dirfd);
    pthread_mutex_destroy(&p->lock);
    free(p->dir);
    free(p);
}

static sy_status open_dir(const char *dir, int *ret, struct sy_error *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat st;
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR
                   ? sy_fail(err, SY_E_NOT_FOUND, "profile", "there is no profile in this folder")
                   : sy_fail_errno(err, errno, "open the profile's folder");
    }
    if (fstat(fd, &st) != 0 || (st.st_mode & 077) != 0) {
        sy_fd_close(&fd);
        return sy_fail(err, SY_E_DENIED, "profile", "the folder is open to others: chmod 700");
    }
    *ret = fd;
    return SY_OK;
}

static sy_status read_text(struct shuyu_profile *p, struct client_pins *ret, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(TEXT_MAX);
    sy_status s = sy_read_file_at(p->dirfd, "profile", &b);
    if (!sy_ok(s)) {
        return sy_fail(err, s.code, "profile", "there is no readable profile in this folder");
    }
    return client_pins_parse(sy_buf_view(&b), ret, err);
}

/* Profiles of earlier versions have one memory, of the pinned log. */
static sy_status take_memory(const struct shuyu_profile *p, const struct client_pins *pins,
                             const char *kind, struct sy_error *err)
{
    char name[CLIENT_MEMORY_NAME_MAX];
    client_memory_name(pins, kind, client_log_name(pins), name);
    if (pins->log[0] == '\0' || faccessat(p->dirfd, name, F_OK, 0) == 0 ||
        renameat(p->dirfd, kind, p->dirfd, name) == 0 || errno == ENOENT) {
        return SY_OK;
    }
    return sy_fail_errno(err, errno, "taking over what the profile remembers");
}

static sy_status load(struct shuyu_profile *p, struct sy_error *err)
{
    struct client_pins pins = {0};
    SY_TRY(open_dir(p->dir, &p->dirfd, err));
    SY_TRY(client_next_finish(p->dirfd, err));
    SY_TRY(read_text(p, &pins, err));
    SY_TRY(client_keys_load(p, err));
    SY_TRY(take_memory(p, &pins, "seen", err));
    SY_TRY(take_memory(p, &pins, "checked", err));
    SY_TRY(client_witnesses_load(p, err));
    return client_profile_set(p, &pins, false, err);
}

sy_status client_profile_open(const char *dir, shuyu_profile **ret, struct sy_error *err)
{
    if (dir == NULL || ret == NULL) {
        return sy_fail(err, SY_E_USAGE, "dir", NULL);
    }
    if (sodium_init() < 0) {
        return sy_fail(err, SY_E_INTERNAL, NULL, "libsodium does not start");
    }
    struct shuyu_profile *p = profile_new(dir);
    if (p == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    sy_status s = load(p, err);
    if (!sy_ok(s)) {
        shuyu_profile_close(p);
        return s;
    }
    *ret = p;
    return SY_OK;
}

shuyu_status shuyu_profile_open(const char *dir, shuyu_profile **ret, shuyu_error *reterr)
{
    struct sy_error err = {0};
    return client_give(client_profile_open(dir, ret, &err), &err, reterr);
}

/* --- making ----------------------------------------------------------------------------------- */

static bool is_empty(const char *dir)
{
    DIR *d = opendir(dir);
    if (d == NULL) {
        return false;
    }
    size_t n = 0;
    while (readdir(d) != NULL) {
        n++;
    }
    closedir(d);
    return n == 2; /* . and .. */
}

static sy_status make_dir(const char *dir, bool *ret_made, struct sy_error *err)
{
    *ret_made = mkdir(dir, 0700) == 0;
    if (*ret_made) {
        return SY_OK;
    }
    if (errno != EEXIST) {
        return sy_fail_errno(err, errno, "make the profile's folder");
    }
    if (!is_empty(dir)) {
        return sy_fail(err, SY_E_EXISTS, "profile", "the folder is not empty");
    }
    return chmod(dir, 0700) == 0 ? SY_OK : sy_fail_errno(err, errno, "chmod the profile's folder");
}

sy_status client_pins_save(int dirfd, const struct client_pins *pins, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(TEXT_MAX);
    SY_TRY(client_pins_format(pins, &b));
    sy_status s = sy_replace_file_at(dirfd, "profile", sy_buf_view(&b), 0600);
    return sy_ok(s) ? s : sy_fail(err, s.code, "profile", "the profile cannot be written");
}

static sy_status fill_dir(const char *dir, const char *party, struct sy_error *err)
{
    SY_FD_CLEANUP int dirfd = -1;
    struct client_pins pins = {0};
    SY_TRY(open_dir(dir, &dirfd, err));
    sy_view_to_cstr(sy_view_str(party), pins.party, sizeof(pins.party));
    SY_TRY(client_keys_make(dirfd, party, err));
    return client_pins_save(dirfd, &pins, err);
}

static void unmake(const char *dir, bool made)
{
    SY_FD_CLEANUP int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; dirfd >= 0 && i < N_FILES; i++) {
        (void)unlinkat(dirfd, FILES[i], 0);
    }
    if (made) {
        (void)rmdir(dir);
    }
}

static sy_status profile_create(const char *dir, const char *party, shuyu_profile **ret,
                                struct sy_error *err)
{
    bool made = false;
    if (dir == NULL || ret == NULL) {
        return sy_fail(err, SY_E_USAGE, "dir", NULL);
    }
    if (!client_is_id(party)) {
        return sy_fail(err, SY_E_FIELD, "party", "an identifier is 1..64 of a-z 0-9 . _ -");
    }
    if (sodium_init() < 0) {
        return sy_fail(err, SY_E_INTERNAL, NULL, "libsodium does not start");
    }
    SY_TRY(make_dir(dir, &made, err));
    sy_status s = fill_dir(dir, party, err);
    if (sy_ok(s)) {
        s = client_profile_open(dir, ret, err);
    }
    if (!sy_ok(s)) {
        unmake(dir, made);
    }
    return s;
}

shuyu_status shuyu_profile_create(const char *dir, const char *party, shuyu_profile **ret,
                                  shuyu_error *reterr)
{
    struct sy_error err = {0};
    return client_give(profile_create(dir, party, ret, &err), &err, reterr);
}

/* --- pins ------------------------------------------------------------------------------------- */

bool client_profile_pinned(const struct shuyu_profile *p)
{
    const struct client_pins *pins = &p->pins;
    return pins->has_domain && pins->has_box && pins->has_warden && pins->log[0] != '\0';
}

sy_status client_profile_set(struct shuyu_profile *p, const struct client_pins *pins, bool save,
                             struct sy_error *err)
{
    struct proof_vkey key = {0};
    if (pins->log[0] != '\0') {
        SY_TRY(proof_vkey_parse(sy_view_str(pins->log), &key, err));
    }
    SY_TRY(client_seen_open(p, pins, err));
    sy_status s = save ? client_pins_save(p->dirfd, pins, err) : SY_OK;
    if (!sy_ok(s)) {
        sy_status back = client_seen_open(p, &p->pins, NULL);
        (void)back; /* the error is told already */
        return s;
    }
    p->pins = *pins;
    p->log_key = key;
    return SY_OK;
}

static sy_status merge_text(char *to, size_t cap, const char *from, const char *field,
                            struct sy_error *err)
{
    struct sy_view v = sy_view_str(from);
    if (from == NULL) {
        return SY_OK;
    }
    if (v.n >= cap || !sy_view_is_utf8(v) || strpbrk(from, "\r\n") != NULL) {
        return sy_fail(err, SY_E_FIELD, field, "too long, or not one line of text");
    }
    sy_view_to_cstr(v, to, cap);
    return SY_OK;
}

static void merge_32(uint8_t to[32], bool *known, const uint8_t *from)
{
    if (from != NULL) {
        memcpy(to, from, 32);
        *known = !sodium_is_zero(from, 32);
    }
}

sy_status client_pins_merge(const struct client_pins *old, const shuyu_pins *pins,
                            struct client_pins *ret, struct sy_error *err)
{
    struct client_pins p = *old;
    struct proof_vkey key;
    SY_TRY(merge_text(p.role, sizeof(p.role), pins->role, "role", err));
    SY_TRY(merge_text(p.address, sizeof(p.address), pins->address, "address", err));
    SY_TRY(merge_text(p.log, sizeof(p.log), pins->log, "log", err));
    if (pins->log != NULL && p.log[0] != '\0') {
        SY_TRY(proof_vkey_parse(sy_view_str(p.log), &key, err));
    }
    if (strcmp(p.log, old->log) != 0) {
        /* given, not followed: what was trusted before says nothing of it, nor which log of the domain it is */
        p.log_was[0] = p.log_closed[0] = '\0';
        sy_view_to_cstr(sy_view_str("?"), p.log_base, sizeof(p.log_base));
    }
    if (pins->address != NULL && strcmp(p.address, old->address) != 0) {
        p.has_gateway = false; /* another gateway, another certificate */
        memset(p.gateway, 0, sizeof(p.gateway));
    }
    merge_32(p.domain, &p.has_domain, pins->domain);
    merge_32(p.box, &p.has_box, pins->domain_box);
    merge_32(p.warden, &p.has_warden, pins->warden);
    merge_32(p.gateway, &p.has_gateway, pins->gateway);
    *ret = p;
    return SY_OK;
}

static sy_status pin(shuyu_profile *p, const shuyu_pins *pins, struct sy_error *err)
{
    struct client_pins next = {0};
    if (p == NULL || pins == NULL) {
        return sy_fail(err, SY_E_USAGE, "pins", NULL);
    }
    SY_TRY(client_pins_merge(&p->pins, pins, &next, err));
    return client_profile_set(p, &next, true, err);
}

shuyu_status shuyu_profile_pin(shuyu_profile *p, const shuyu_pins *pins, shuyu_error *reterr)
{
    struct sy_error err = {0};
    return client_give(pin(p, pins, &err), &err, reterr);
}

/* --- getters ---------------------------------------------------------------------------------- */

const char *shuyu_profile_dir(const shuyu_profile *p)
{
    return p->dir;
}

const char *shuyu_profile_party(const shuyu_profile *p)
{
    return p->pins.party;
}

const char *shuyu_profile_role(const shuyu_profile *p)
{
    return p->pins.role;
}

const char *shuyu_profile_address(const shuyu_profile *p)
{
    return p->pins.address;
}

const char *shuyu_profile_log(const shuyu_profile *p)
{
    return p->pins.log;
}

const char *shuyu_profile_log_was(const shuyu_profile *p)
{
    return p->pins.log_was;
}

const uint8_t *shuyu_profile_domain(const shuyu_profile *p)
{
    return p->pins.has_domain ? p->pins.domain : NULL;
}

const uint8_t *shuyu_profile_domain_box(const shuyu_profile *p)
{
    return p->pins.has_box ? p->pins.box : NULL;
}

const uint8_t *shuyu_profile_warden(const shuyu_profile *p)
{
    return p->pins.has_warden ? p->pins.warden : NULL;
}

const uint8_t *shuyu_profile_gateway(const shuyu_profile *p)
{
    return p->pins.has_gateway ? p->pins.gateway : NULL;
}

const uint8_t *shuyu_profile_sign_key(const shuyu_profile *p)
{
    return p->sign_public;
}

const uint8_t *shuyu_profile_box_key(const shuyu_profile *p)
{
    return p->box_public;
}

const uint8_t *shuyu_profile_tls(const shuyu_profile *p)
{
    return p->tls_fingerprint;
}
