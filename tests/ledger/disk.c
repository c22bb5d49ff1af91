/*
 * A disk that forgets. The folder itself plays the page cache: calls are carried out in it. Beside it
 * stands a node for each file and folder, with what is durable of it and what has changed since.
 * Nodes outlive their names, since a name that was taken away may come back with the power.
 */
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/buf.h"
#include "disk_private.h"

enum { SECTOR = DISK_SECTOR, NODES_MAX = 1 << 16 };

/* A write that was not synced; its bytes lie in the node's `data`. */
struct patch {
    size_t at;
    size_t n;
    size_t data;
};

/* A name in a folder, or a change of it. */
struct entry {
    char name[DISK_NAME_MAX + 1];
    int node; /* DISK_NONE = it went */
};

struct node {
    bool folder;
    bool live; /* the inode number below is this node's */
    ino_t ino;
    struct sy_buf durable; /* bytes, or struct entry each */
    struct sy_buf changes; /* struct patch each, or struct entry each */
    struct sy_buf data;
};

/* How chance is dealt out in one cut. */
enum style { NOTHING, EVERYTHING, ANYTHING, NEARLY_ALL, STYLES_N };

static struct {
    bool attached;
    bool inside; /* in our own code: nothing is watched */
    bool dead;
    bool failed;
    unsigned die_after;
    unsigned fail_sync;
    unsigned fill;
    bool full; /* at the next write */
    unsigned long calls;
    enum disk_lie lie;
    uint64_t (*chance)(void);
    void (*before)(void);
    struct node *nodes[NODES_MAX]; /* 0 = the watched folder */
    int n_nodes;
} D;

/* --- nodes -------------------------------------------------------------------------------------- */

static void must(sy_status s)
{
    if (!sy_ok(s)) {
        abort();
    }
}

static int new_node(ino_t ino, bool folder)
{
    struct node *f = calloc(1, sizeof(*f));
    assert(f != NULL && D.n_nodes < NODES_MAX);
    *f = (struct node){.folder = folder,
                       .live = true,
                       .ino = ino,
                       .durable = sy_buf(SIZE_MAX / 4),
                       .changes = sy_buf(SIZE_MAX / 4),
                       .data = sy_buf(SIZE_MAX / 4)};
    D.nodes[D.n_nodes] = f;
    return D.n_nodes++;
}

int disk_find(ino_t ino)
{
    for (int i = D.n_nodes - 1; D.attached && !D.inside && i >= 0; i--) {
        if (D.nodes[i]->live && D.nodes[i]->ino == ino) {
            return i;
        }
    }
    return DISK_NONE;
}

static void set_entry(struct sy_buf *b, const char *name, int node)
{
    struct entry e = {.node = node};
    (void)snprintf(e.name, sizeof(e.name), "%.*s", DISK_NAME_MAX, name);
    must(sy_buf_add(b, &e, sizeof(e)));
}

static struct entry *entry_at(const struct sy_buf *b, size_t i)
{
    return (struct entry *)(void *)(b->p + i * sizeof(struct entry));
}

static struct patch *patch_at(const struct node *f, size_t i)
{
    return (struct patch *)(void *)(f->changes.p + i * sizeof(struct patch));
}

/* --- what survives ------------------------------------------------------------------------------ */

/* Of `n` versions of something, written one after the other, how many have reached the disk. */
static size_t survivors(enum style style, size_t n)
{
    switch (style) {
    case NOTHING:
        return 0;
    case EVERYTHING:
        return n;
    case NEARLY_ALL:
        return n > 0 && D.chance() % 8 == 0 ? n - 1 : n;
    case ANYTHING:
    case STYLES_N:
        break;
    }
    return (size_t)(D.chance() % (n + 1));
}

static enum style any_style(void)
{
    return (enum style)(D.chance() % STYLES_N);
}

/* The part of a patch within [from, from + SECTOR), put into the bytes. */
static void apply(const struct node *f, const struct patch *p, size_t from, struct sy_buf *bytes)
{
    static const uint8_t zeros[SECTOR];
    size_t begin = sy_max_u64(p->at, from);
    size_t end = sy_min_u64(p->at + p->n, from + SECTOR);
    while (bytes->n < end) {
        must(sy_buf_add(bytes, zeros, sy_min_u64(SECTOR, end - bytes->n)));
    }
    memcpy(bytes->p + begin, f->data.p + p->data + (begin - p->at), end - begin);
}

static void settle_sector(const struct node *f, enum style style, size_t from, struct sy_buf *bytes)
{
    size_t n = f->changes.n / sizeof(struct patch);
    size_t n_here = 0;
    for (size_t i = 0; i < n; i++) {
        struct patch *p = patch_at(f, i);
        n_here += p->at < from + SECTOR && from < p->at + p->n;
    }
    size_t left = survivors(style, n_here);
    for (size_t i = 0; left > 0; i++) {
        struct patch *p = patch_at(f, i);
        if (p->at < from + SECTOR && from < p->at + p->n) {
            apply(f, p, from, bytes);
            left--;
        }
    }
}

/* The bytes of a file after its changes have fared as the style says. */
static void file_after(const struct node *f, enum style style, struct sy_buf *bytes)
{
    size_t end = 0;
    for (size_t i = 0; i < f->changes.n / sizeof(struct patch); i++) {
        end = sy_max_u64(end, patch_at(f, i)->at + patch_at(f, i)->n);
    }
    must(sy_buf_add(bytes, f->durable.p, f->durable.n));
    for (size_t from = 0; from < end; from += SECTOR) {
        settle_sector(f, style, from, bytes);
    }
}

static void put_entry(struct sy_buf *entries, const struct entry *change)
{
    size_t n = entries->n / sizeof(struct entry);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(entry_at(entries, i)->name, change->name) == 0) {
            *entry_at(entries, i) = *entry_at(entries, n - 1);
            entries->n -= sizeof(struct entry);
            break;
        }
    }
    if (change->node != DISK_NONE) {
        must(sy_buf_add(entries, change, sizeof(*change)));
    }
}

static void folder_after(const struct node *f, enum style style, struct sy_buf *entries)
{
    size_t n = survivors(style, f->changes.n / sizeof(struct entry));
    must(sy_buf_add(entries, f->durable.p, f->durable.n));
    for (size_t i = 0; i < n; i++) {
        put_entry(entries, entry_at(&f->changes, i));
    }
}

/* The changes fare as the style says, and are none any more. */
static void settle(struct node *f, enum style style)
{
    struct sy_buf after = sy_buf(SIZE_MAX / 4);
    if (f->folder) {
        folder_after(f, style, &after);
    } else {
        file_after(f, style, &after);
    }
    sy_buf_deinit(&f->durable);
    f->durable = after;
    sy_buf_clear(&f->changes);
    sy_buf_clear(&f->data);
}

static void lay(const struct node *f, int at, const char *name, enum style style)
{
    struct sy_buf after = sy_buf(SIZE_MAX / 4);
    if (!f->folder) {
        int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        file_after(f, style, &after);
        if (fd < 0 || write(fd, after.p, after.n) != (ssize_t)after.n || close(fd) != 0) {
            abort();
        }
        sy_buf_deinit(&after);
        return;
    }
    if (mkdirat(at, name, 0700) != 0) {
        abort();
    }
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    folder_after(f, style, &after);
    for (size_t i = 0; i < after.n / sizeof(struct entry); i++) {
        lay(D.nodes[entry_at(&after, i)->node], fd, entry_at(&after, i)->name, style);
    }
    (void)close(fd);
    sy_buf_deinit(&after);
}

void disk_cut(const char *folder)
{
    bool inside = D.inside;
    D.inside = true;
    lay(D.nodes[0], AT_FDCWD, folder, any_style());
    D.inside = inside;
}

/* --- attaching ---------------------------------------------------------------------------------- */

static int scan(int at, const char *name);

static void scan_folder(struct node *f, int fd)
{
    DIR *d = fdopendir(fd);
    assert(d != NULL);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            set_entry(&f->durable, e->d_name, scan(fd, e->d_name));
        }
    }
    (void)closedir(d);
}

static void scan_file(struct node *f, int fd, size_t n)
{
    uint8_t *p = sy_buf_reserve(&f->durable, n + 1);
    if (p == NULL || pread(fd, p, n, 0) != (ssize_t)n) {
        abort();
    }
    f->durable.n = n;
    (void)close(fd);
}

static int scan(int at, const char *name)
{
    struct stat st;
    int fd = openat(at, name, O_RDONLY | O_CLOEXEC);
    assert(fd >= 0);
    if (fstat(fd, &st) != 0) {
        abort();
    }
    int i = new_node(st.st_ino, S_ISDIR(st.st_mode));
    if (S_ISDIR(st.st_mode)) {
        scan_folder(D.nodes[i], fd);
    } else {
        scan_file(D.nodes[i], fd, (size_t)st.st_size);
    }
    return i;
}

void disk_lie(enum disk_lie lie)
{
    D.lie = lie;
}

void disk_attach(const char *folder, uint64_t (*chance)(void), void (*before)(void))
{
    assert(!D.attached);
    D.chance = chance;
    D.before = before;
    (void)scan(AT_FDCWD, folder);
    D.attached = true;
}

void disk_detach(void)
{
    for (int i = 0; i < D.n_nodes; i++) {
        sy_buf_deinit(&D.nodes[i]->durable);
        sy_buf_deinit(&D.nodes[i]->changes);
        sy_buf_deinit(&D.nodes[i]->data);
        free(D.nodes[i]);
    }
    memset(&D, 0, sizeof(D));
}

void disk_die_after(unsigned n)
{
    D.die_after = n;
    D.dead = false;
    D.failed = false;
}

void disk_fail_sync(unsigned n)
{
    D.fail_sync = n;
    D.failed = false;
}

void disk_fill(unsigned n)
{
    D.fill = n;
    D.full = false;
}

bool disk_has_failed(void)
{
    return D.failed || D.dead;
}

unsigned long disk_calls(void)
{
    return D.calls;
}

/* --- what is told ------------------------------------------------------------------------------- */

enum disk_fate disk_enter(int node)
{
    if (!D.attached || D.inside || node == DISK_NONE) {
        return DISK_PASS;
    }
    D.calls++;
    D.inside = true;
    D.before();
    D.inside = false;
    if (D.die_after > 0 && --D.die_after == 0) {
        D.dead = true;
    }
    return D.dead ? DISK_REFUSE : DISK_DO;
}

void disk_made(int folder, const char *name, ino_t ino, bool is_folder)
{
    set_entry(&D.nodes[folder]->changes, name, new_node(ino, is_folder));
}

void disk_named(int folder, const char *name, int node)
{
    set_entry(&D.nodes[folder]->changes, name, node);
}

void disk_unnamed(int folder, const char *name)
{
    set_entry(&D.nodes[folder]->changes, name, DISK_NONE);
}

void disk_orphaned(int node)
{
    if (node != DISK_NONE) {
        D.nodes[node]->live = false;
    }
}

void disk_emptied(int node)
{
    settle(D.nodes[node], NOTHING);
    sy_buf_clear(&D.nodes[node]->durable);
}

void disk_wrote(int node, const void *p, size_t n, size_t at)
{
    struct node *f = D.nodes[node];
    struct patch patch = {at, n, f->data.n};
    must(sy_buf_add(&f->data, p, n));
    must(sy_buf_add(&f->changes, &patch, sizeof(patch)));
}

size_t disk_room(size_t n)
{
    if (D.full) {
        D.full = false;
        return 0;
    }
    D.full = D.fill > 0 && --D.fill == 0;
    return D.full ? (n + 1) / 2 : n;
}

bool disk_sync(int node)
{
    struct node *f = D.nodes[node];
    if (D.fail_sync > 0 && --D.fail_sync == 0) {
        D.failed = true;
        settle(f, any_style());
        return false;
    }
    if (D.lie != (f->folder ? DISK_LIES_FOLDERS : DISK_LIES_DATA)) {
        settle(f, EVERYTHING);
    }
    return true;
}
