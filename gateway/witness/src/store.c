/*
 * The folder. Invariants: nothing is read or written before the lock is held; a checkpoint is believed
 * only with our own cosignature under it; the key is read once, from a file of its owner alone.
 */
#include "witness/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "store_key.h"

#define KEY_FILE "key"
#define EVIDENCE "evidence"

enum { KEY_FILE_MAX = 1024, FOLDER_MODE = 0700, PUBLIC_MODE = 0644, NAME_MAX_BYTES = 160 };

/* ---- opening ---- */

static sy_status open_folder(const char *folder, int *ret, struct sy_error *reterr)
{
    *ret = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*ret < 0) {
        return errno == ENOENT
                   ? sy_fail(reterr, SY_E_NOT_FOUND, "state", "the folder is not there; see --init")
                   : sy_fail_errno(reterr, errno, "open the state folder");
    }
    return SY_OK;
}

static sy_status take_lock(int dirfd, int *ret, struct sy_error *reterr)
{
    *ret = openat(dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*ret < 0) {
        return sy_fail_errno(reterr, errno, "open the lock");
    }
    if (flock(*ret, LOCK_EX | LOCK_NB) != 0) {
        return sy_fail(reterr, SY_E_BUSY, "state", "another witness is using this folder");
    }
    return SY_OK;
}

static sy_status read_key(struct witness_store *store, struct sy_error *reterr)
{
    struct stat st;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(KEY_FILE_MAX);
    text.wipe = true;
    SY_FD_CLEANUP int fd = openat(store->dirfd, KEY_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0) {
        return sy_fail(reterr, SY_E_NOT_FOUND, "key", "the folder has no key; see --init");
    }
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return sy_fail(reterr, SY_E_DENIED, "key", "others may use the key file: chmod 600");
    }
    SY_TRY(sy_read_to_end(fd, &text));
    sy_status s = store_key_parse(sy_buf_view(&text), store->secret, &store->key);
    return sy_ok(s) ? s : sy_fail(reterr, s.code, "key", "the key file is damaged");
}

static sy_status open_all(const char *folder, struct witness_store *store, struct sy_error *reterr)
{
    SY_TRY(open_folder(folder, &store->dirfd, reterr));
    SY_TRY(take_lock(store->dirfd, &store->lockfd, reterr));
    store->secret = sodium_malloc(PROOF_SECRET_BYTES);
    if (store->secret == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, "key", NULL);
    }
    return read_key(store, reterr);
}

sy_status witness_store_open(const char *folder, struct witness_store *ret, struct sy_error *reterr)
{
    *ret = (struct witness_store){.dirfd = -1, .lockfd = -1};
    sy_status s = open_all(folder, ret, reterr);
    if (!sy_ok(s)) {
        witness_store_close(ret);
    }
    return s;
}

void witness_store_close(struct witness_store *store)
{
    if (store != NULL) {
        sodium_free(store->secret);
        store->secret = NULL;
        sy_fd_close(&store->lockfd);
        sy_fd_close(&store->dirfd);
    }
}

/* ---- making ---- */

static sy_status write_key(int dirfd, struct sy_view name, uint8_t *secret,
                           struct proof_vkey *ret_key, struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(KEY_FILE_MAX);
    text.wipe = true;
    if (faccessat(dirfd, KEY_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return sy_fail(reterr, SY_E_EXISTS, "key", "the folder has a key already");
    }
    sy_status s = store_key_make(name, secret, ret_key, &text);
    if (!sy_ok(s)) {
        return sy_fail(reterr, s.code, "name", "the name of a key has no space and no '+'");
    }
    s = sy_replace_file_at(dirfd, KEY_FILE, sy_buf_view(&text), 0600);
    return sy_ok(s) ? s : sy_fail(reterr, s.code, "key", "the key could not be written");
}

sy_status witness_store_init(const char *folder, struct sy_view name, struct proof_vkey *ret_key,
                             struct sy_error *reterr)
{
    SY_FD_CLEANUP int dirfd = -1;
    SY_FD_CLEANUP int lockfd = -1;
    uint8_t secret[PROOF_SECRET_BYTES];
    if (mkdir(folder, FOLDER_MODE) != 0 && errno != EEXIST) {
        return sy_fail_errno(reterr, errno, "make the state folder");
    }
    SY_TRY(open_folder(folder, &dirfd, reterr));
    SY_TRY(take_lock(dirfd, &lockfd, reterr));
    sy_status s = write_key(dirfd, name, secret, ret_key, reterr);
    sodium_memzero(secret, sizeof(secret));
    return s;
}

/* ---- checkpoints ---- */

void witness_hex(struct sy_view origin, char ret[WITNESS_HEX_BYTES + 1])
{
    uint8_t hash[PROOF_HASH_BYTES];
    proof_sha256_one(hash, origin);
    (void)sodium_bin2hex(ret, WITNESS_HEX_BYTES + 1, hash, sizeof(hash));
}

static void file_of(const char *origin, char ret[NAME_MAX_BYTES])
{
    char hex[WITNESS_HEX_BYTES + 1];
    witness_hex(sy_view_str(origin), hex);
    (void)snprintf(ret, NAME_MAX_BYTES, "%s.checkpoint", hex);
}

/* The statement of a note that we cosigned. */
static sy_status read_note(const struct witness_store *store, const char *origin,
                           struct sy_view bytes, struct witness_known *ret)
{
    struct proof_note note;
    struct proof_note_match match;
    struct proof_checkpoint c = {0};
    SY_TRY(proof_note_verify(bytes, &store->key, 1, &note, &match, NULL));
    SY_TRY(proof_checkpoint_parse(note.text, &c, NULL));
    if (!sy_view_is(c.origin, origin)) {
        return sy_status_of(SY_E_TAMPERED);
    }
    ret->tree.size = c.size;
    memcpy(ret->tree.root, c.root, sizeof(c.root));
    ret->time_s = match.time_s;
    return SY_OK;
}

sy_status witness_store_load(const struct witness_store *store, const char *origin,
                             struct sy_buf *note, struct witness_known *ret,
                             struct sy_error *reterr)
{
    char name[NAME_MAX_BYTES];
    file_of(origin, name);
    witness_known_nothing(ret);
    sy_status s = sy_read_file_at(store->dirfd, name, note);
    if (s.code == SY_E_NOT_FOUND) {
        return SY_OK;
    }
    if (sy_ok(s) && !sy_ok(read_note(store, origin, sy_buf_view(note), ret))) {
        s = sy_status_of(SY_E_TAMPERED);
    }
    return sy_ok(s) ? s
                    : sy_fail(reterr, s.code, "checkpoint",
                              "the stored checkpoint of %.150s is not one that this key cosigned",
                              origin);
}

sy_status witness_store_save(const struct witness_store *store, const char *origin,
                             struct sy_view note)
{
    char name[NAME_MAX_BYTES];
    file_of(origin, name);
    return sy_replace_file_at(store->dirfd, name, note, PUBLIC_MODE);
}

/* ---- evidence ---- */

/* How many files of this folder begin so; SY_E_IO. */
static sy_status count_files(int dirfd, const char *prefix, size_t *ret)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        sy_fd_close(&fd);
        return sy_status_of(SY_E_IO);
    }
    *ret = 0;
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        *ret += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
    }
    (void)closedir(dir);
    return SY_OK;
}

static sy_status open_evidence(int dirfd, int *ret)
{
    if (mkdirat(dirfd, EVIDENCE, FOLDER_MODE) == 0) {
        (void)fsync(dirfd);
    }
    *ret = openat(dirfd, EVIDENCE, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return *ret < 0 ? sy_status_of(SY_E_IO) : SY_OK;
}

/* One file for each checkpoint that contradicts what is known, whoever brings it and how often. */
static void evidence_name(const char *hex, uint64_t size, struct sy_view statement,
                          char ret[NAME_MAX_BYTES])
{
    uint8_t hash[PROOF_HASH_BYTES];
    char digest[17];
    proof_sha256_one(hash, statement);
    (void)sodium_bin2hex(digest, sizeof(digest), hash, 8);
    (void)snprintf(ret, NAME_MAX_BYTES, "%s-%llu-%s.fork", hex, (unsigned long long)size, digest);
}

sy_status witness_store_evidence(const struct witness_store *store, const char *origin,
                                 uint64_t size, const struct proof_fork *fork)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(PROOF_FORK_MAX);
    SY_FD_CLEANUP int dirfd = -1;
    char hex[WITNESS_HEX_BYTES + 1];
    char name[NAME_MAX_BYTES];
    struct proof_note note;
    size_t n = 0;
    SY_TRY(proof_fork_format(fork, &text));
    SY_TRY(open_evidence(store->dirfd, &dirfd));
    SY_TRY(proof_note_parse(fork->second, &note, NULL));
    witness_hex(sy_view_str(origin), hex);
    evidence_name(hex, size, note.text, name);
    if (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return sy_status_of(SY_E_EXISTS);
    }
    SY_TRY(count_files(dirfd, hex, &n));
    if (n >= WITNESS_EVIDENCE_MAX) {
        return sy_status_of(SY_E_LIMIT);
    }
    return sy_replace_file_at(dirfd, name, sy_buf_view(&text), PUBLIC_MODE);
}
