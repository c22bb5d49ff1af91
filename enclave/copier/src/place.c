/* Standbys' folders: making, opening, locking. */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"
#include "wire/event.h"

#define SEAT_FIRST "shuyu-standby@v1\n"

enum { FILE_MAX = 1 << 20, MASTER_BYTES = 32, SEAT_BYTES = 32, OPEN_TRIES = 40 };

/* --- making -------------------------------------------------------------------------------------------- */

static const struct {
    const char *path;
    mode_t mode;
} FOLDERS[] = {{"keys", 0700},       {"keys/store", 0700},    {"data", 0700},
               {"data/units", 0700}, {"answers", 0700},       {"payloads", 0700},
               {"ledger", 0755},     {"ledger/public", 0755}, {"run", 0750}};

static sy_status make_folders(int dir, struct sy_error *err)
{
    for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); i++) {
        if (mkdirat(dir, FOLDERS[i].path, FOLDERS[i].mode) != 0 && errno != EEXIST) {
            return sy_fail_errno(err, errno, "make folder");
        }
    }
    return fsync(dir) == 0 ? SY_OK : sy_fail_errno(err, errno, "sync folder");
}

static sy_status copy_master(int dir, const char *path, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(MASTER_BYTES);
    b.wipe = true;
    if (path == NULL) {
        return SY_OK;
    }
    if (!sy_ok(sy_read_file_at(AT_FDCWD, path, &b)) || b.n != MASTER_BYTES) {
        return sy_fail(err, SY_E_FIELD, "master-key", "not the file of a master key: 32 bytes");
    }
    SY_FD_CLEANUP int keys = openat(dir, "keys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    sy_status s = keys < 0 ? sy_status_of(SY_E_IO)
                           : sy_replace_file_at(keys, "master.key", sy_buf_view(&b), 0600);
    return sy_ok(s) ? s : sy_fail(err, s.code, "keys/master.key", "it could not be written");
}

/* The founding request: its bytes, and genesis as they hold it. */
static sy_status read_genesis(int at, const char *path, struct sy_buf *b, struct sy_arena *arena,
                              struct sy_logged_request *ret, struct sy_genesis *ret_genesis,
                              struct sy_error *err)
{
    if (!sy_ok(sy_read_file_at(at, path, b))) {
        return sy_fail(err, SY_E_NOT_FOUND, "genesis", "%s cannot be read", path);
    }
    SY_TRY(
        sy_record_decode(&sy_logged_request_desc, sy_buf_view(b), &SY_MP_REQUEST, arena, ret, err));
    return sy_record_decode(&sy_genesis_desc, ret->args, &SY_MP_REQUEST, arena, ret_genesis, err);
}

static sy_status copy_genesis(int dir, const char *path, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FILE_MAX);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_logged_request r;
    struct sy_genesis g;
    struct proof_vkey key;
    SY_TRY(read_genesis(AT_FDCWD, path, &b, &arena, &r, &g, err));
    SY_TRY(proof_vkey_parse(g.log, &key, err));
    sy_status s = sy_replace_file_at(dir, "genesis.req", sy_buf_view(&b), 0644);
    return sy_ok(s) ? s : sy_fail(err, s.code, "genesis.req", "it could not be written");
}

static sy_status make_seat(int dir)
{
    char hex[2 * SEAT_BYTES + 1];
    uint8_t seat[SEAT_BYTES];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(256);
    randombytes_buf(seat, sizeof(seat));
    sodium_bin2hex(hex, sizeof(hex), seat, sizeof(seat));
    SY_TRY(sy_buf_printf(&b, SEAT_FIRST "%s\n", hex));
    return sy_replace_file_at(dir, "standby", sy_buf_view(&b), 0644);
}

static bool is_there(int dir, const char *name)
{
    return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

sy_status place_init(const char *path, const char *genesis, const char *master,
                     struct sy_error *reterr)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return sy_fail_errno(reterr, errno, "make the standby's folder");
    }
    SY_FD_CLEANUP int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return sy_fail_errno(reterr, errno, "open the standby's folder");
    }
    if (is_there(dir, "genesis.req") || is_there(dir, "keys")) {
        return sy_fail(reterr, SY_E_EXISTS, "standby", "the folder holds a domain or a standby");
    }
    SY_TRY(make_folders(dir, reterr));
    SY_TRY(make_seat(dir));
    SY_TRY(copy_genesis(dir, genesis, reterr));
    return copy_master(dir, master, reterr);
}

/* --- opening ------------------------------------------------------------------------------------------- */

static sy_status read_seat(struct place *p, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(256);
    size_t n = 0;
    const size_t first = sizeof(SEAT_FIRST) - 1;
    sy_status s = sy_read_file_at(p->dir, "standby", &b);
    bool good = sy_ok(s) && b.n == first + 2 * SEAT_BYTES + 1 &&
                sy_view_starts(sy_buf_view(&b), sy_view_str(SEAT_FIRST)) &&
                sodium_hex2bin(p->seat, SEAT_BYTES, (const char *)b.p + first, 2 * SEAT_BYTES, NULL,
                               &n, NULL) == 0;
    return good && n == SEAT_BYTES ? SY_OK
                                   : sy_fail(err, SY_E_NOT_FOUND, "standby",
                                             "no standby; make one with shuyu domain standby");
}

static sy_status lock(struct place *p, struct sy_error *err)
{
    p->lock = openat(p->dir, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->lock < 0) {
        return sy_fail_errno(err, errno, "open the run folder");
    }
    return flock(p->lock, LOCK_EX | LOCK_NB) == 0
               ? SY_OK
               : sy_fail(err, SY_E_BUSY, "standby", "a domain or a copier runs in this folder");
}

static sy_status open_mirror(struct place *p, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FILE_MAX);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_logged_request r;
    struct sy_genesis g;
    struct ledger_seen seen = place_seen(p);
    SY_TRY(read_genesis(p->dir, "genesis.req", &b, &arena, &r, &g, err));
    SY_TRY(sy_buf_add_view(&p->genesis, r.args));
    SY_TRY(proof_vkey_parse(g.log, &p->key, err));
    SY_FD_CLEANUP int ledger = openat(p->dir, "ledger", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ledger < 0) {
        return sy_fail_errno(err, errno, "open the ledger's folder");
    }
    SY_TRY(ledger_mirror_open(ledger, &p->key, 1, &seen, &p->mirror, err));
    return memcmp(p->leader, p->seat, sizeof(p->seat)) != 0
               ? SY_OK
               : sy_fail(err, SY_E_STATE, "standby", "this folder was promoted and leads");
}

static sy_status open_once(const char *path, struct place *ret, struct sy_error *reterr)
{
    *ret =
        (struct place){.dir = -1, .lock = -1, .genesis = sy_buf(FILE_MAX), .retired = list_new()};
    ret->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ret->dir < 0) {
        return sy_fail(reterr, SY_E_NOT_FOUND, "standby", "there is no such folder");
    }
    SY_TRY(read_seat(ret, reterr));
    SY_TRY(lock(ret, reterr));
    return open_mirror(ret, reterr);
}

/* A copier that was killed a moment ago may still be on its way out. */
sy_status place_open(const char *path, struct place *ret, struct sy_error *reterr)
{
    const struct timespec moment = {.tv_nsec = 50 * 1000 * 1000};
    sy_status s = open_once(path, ret, reterr);
    for (int i = 0; i < OPEN_TRIES && s.code == SY_E_BUSY; i++) {
        place_close(ret);
        (void)nanosleep(&moment, NULL);
        s = open_once(path, ret, reterr);
    }
    return s;
}

void place_close(struct place *p)
{
    ledger_mirror_close(p->mirror);
    list_deinit(&p->retired);
    sy_buf_deinit(&p->genesis);
    sy_fd_close(&p->lock);
    sy_fd_close(&p->dir);
}

sy_status place_note(const struct place *p, struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(256);
    SY_TRY(sy_buf_printf(&b, "size %" PRIu64 "\ntime %" PRId64 "\n",
                         ledger_mirror_tree(p->mirror).size, sy_now_s()));
    sy_status s = sy_replace_file_at(p->dir, "copied", sy_buf_view(&b), 0644);
    return sy_ok(s) ? s : sy_fail(reterr, s.code, "copied", "it could not be written");
}
