#include "corpus.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "check.h"
#include "cli/compile.h"

enum { MODELS_MAX = 2048 };

static struct sy_view read_file(struct sy_arena *a, const char *path)
{
    FILE *f = fopen(path, "rbe");
    if (f == NULL) {
        return (struct sy_view){0};
    }
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    size_t n = (size_t)ftell(f);
    rewind(f);
    char *p = sy_arena_alloc(a, n + 1, 1);
    assert_non_null(p);
    assert_int_equal(fread(p, 1, n, f), n);
    fclose(f);
    return sy_view(p, n);
}

/* Where a line that is exactly `line` begins at or after `from`; v.n when there is none. */
static size_t find_line(struct sy_view v, size_t from, const char *line)
{
    size_t n = strlen(line);
    for (size_t i = from; i + n <= v.n; i++) {
        bool begins = i == 0 || v.p[i - 1] == '\n';
        bool ends = i + n == v.n || v.p[i + n] == '\n';
        if (begins && ends && memcmp(v.p + i, line, n) == 0) {
            return i;
        }
    }
    return v.n;
}

static struct honest *add_model(struct corpus *c, const char *source, const char *path,
                                struct sy_view plain)
{
    struct sy_error e = {0};
    struct honest *h = &c->models[c->n++];
    assert_true(c->n < MODELS_MAX);
    *h = (struct honest){.source = source, .plain = plain};
    if (!sy_ok(cli_compile_model(path, &c->arena, &h->model, &e))) {
        fail_msg("%s: %s", source, e.reason);
    }
    return h;
}

/* "CODE: why" */
static void set_refused(struct corpus *c, struct honest *h, struct sy_view text)
{
    char *line = sy_arena_printf(&c->arena, "%.*s", SY_PV(text));
    line += strspn(line, "\n");
    line[strcspn(line, "\n")] = '\0';
    char *colon = strchr(line, ':');
    assert_non_null(colon);
    *colon = '\0';
    h->refused = line;
    h->why = colon + 1;
    h->plain = (struct sy_view){0};
}

/* A document's model as a file of its own, for the compiler. */
static void add_document(struct corpus *c, const char *source, struct sy_view doc)
{
    char path[] = "/tmp/shuyu-dialect-XXXXXX";
    int fd = mkstemp(path);
    size_t at = find_line(doc, 0, "=== plain");
    bool refused = at == doc.n;
    at = refused ? find_line(doc, 0, "=== refused") : at;
    assert_true(fd >= 0 && at < doc.n);
    check_ok(sy_write_all(fd, doc.p, at));
    close(fd);
    size_t from = at + strlen(refused ? "=== refused" : "=== plain");
    struct sy_view rest = sy_view(doc.p + from, doc.n - from);
    struct honest *h = add_model(c, source, path, rest);
    unlink(path);
    if (refused) {
        set_refused(c, h, rest);
    }
}

static void add_documents(struct corpus *c, const char *path)
{
    struct sy_view text = read_file(&c->arena, path);
    const char *base = strrchr(path, '/') + 1;
    for (size_t at = 0, i = 1; at < text.n; i++) {
        size_t end = find_line(text, at, "---");
        add_document(c, sy_arena_printf(&c->arena, "%s#%zu", base, i),
                     sy_view(text.p + at, end - at));
        at = end + 4;
    }
}

typedef void add_fn(struct corpus *c, const char *folder, const char *name);

static void add_health(struct corpus *c, const char *folder, const char *name)
{
    char model[512], plain[512];
    size_t n = strlen(name) - strlen(".yaml");
    snprintf(model, sizeof model, "%s/%s", folder, name);
    snprintf(plain, sizeof plain, "%s/../reference/%.*s.sql", folder, (int)n, name);
    (void)add_model(c, sy_arena_printf(&c->arena, "%.*s", (int)n, name), model,
                    read_file(&c->arena, plain));
}

static void add_corpus(struct corpus *c, const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    add_documents(c, path);
}

static void each_file(struct corpus *c, const char *root, const char *folder, const char *suffix,
                      add_fn *add)
{
    struct dirent **list = NULL;
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, folder);
    int n = scandir(path, &list, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        size_t len = strlen(list[i]->d_name), s = strlen(suffix);
        if (len > s && strcmp(list[i]->d_name + len - s, suffix) == 0) {
            add(c, path, list[i]->d_name);
        }
        free(list[i]);
    }
    free(list);
}

void corpus_read(struct corpus *c, const char *root)
{
    *c = (struct corpus){.arena = {.ceiling = (size_t)1 << 30}};
    c->models = sy_arena_alloc(&c->arena, MODELS_MAX, sizeof *c->models);
    assert_non_null(c->models);
    each_file(c, root, "policies/packs/health/models", ".yaml", add_health);
    each_file(c, root, "tests/dialect/honest", ".corpus", add_corpus);
}

void corpus_free(struct corpus *c)
{
    sy_arena_deinit(&c->arena);
}

struct sy_view corpus_plain(const struct honest *h, struct sy_view block)
{
    char line[256];
    snprintf(line, sizeof line, "-- block: %.*s", SY_PV(block));
    size_t at = find_line(h->plain, 0, line);
    if (at == h->plain.n) {
        return h->model.n_blocks == 1 ? h->plain : (struct sy_view){0};
    }
    size_t from = at + strlen(line), end = from;
    while (end < h->plain.n && !(h->plain.p[end] == '\n' &&
                                 sy_view_starts(sy_view(h->plain.p + end + 1, h->plain.n - end - 1),
                                                sy_view_str("-- block: ")))) {
        end++;
    }
    return sy_view(h->plain.p + from, end - from);
}
