#include "hostile.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { CASES_MAX = 1 << 14, LINE_MAX_BYTES = 1 << 17 };

static char *copy(struct hostiles *h, const char *text)
{
    char *p = sy_arena_printf(&h->arena, "%s", text);
    assert_non_null(p);
    return p;
}

static void directive(struct hostiles *h, struct sy_model_block *b, char *line)
{
    char *value = strchr(line, ' ');
    assert_non_null(value);
    *value++ = '\0';
    const struct {
        const char *key;
        uint64_t *to;
    } numbers[] = {
        {"groups", &b->groups}, {"rows", &b->rows}, {"rho", &b->rho}, {"delta", &b->delta}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(line + 1, numbers[i].key) == 0) {
            *numbers[i].to = strtoull(value, NULL, 10);
            return;
        }
    }
    assert_string_equal(line + 1, "mechanism");
    b->mechanism = sy_view_str(copy(h, value));
}

static void add(struct hostiles *h, const char *file, size_t number,
                const struct sy_model_block *block, char *line)
{
    char *tags = strchr(line, '\t'), *sql = tags == NULL ? NULL : strchr(tags + 1, '\t');
    if (sql == NULL || h->n == CASES_MAX) {
        fail_msg("%s:%zu: CODE TAB TAGS TAB SQL", file, number);
    }
    *tags++ = '\0';
    *sql++ = '\0';
    struct sy_model_block *b = sy_arena_alloc(&h->arena, 1, sizeof *b);
    assert_non_null(b);
    *b = *block;
    b->sql = sy_view_str(copy(h, sql));
    h->cases[h->n++] = (struct hostile){
        .code = copy(h, line),
        .tags = copy(h, tags),
        .where = sy_arena_printf(&h->arena, "%s:%zu %s", file, number, tags),
        .model = {.blocks = b, .n_blocks = 1, .name = sy_view_str("m"), .title = sy_view_str("m")}};
}

static void read_file(struct hostiles *h, const char *folder, const char *name)
{
    static char line[LINE_MAX_BYTES];
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rbe");
    assert_non_null(f);
    struct sy_model_block block = {.name = sy_view_str("main"),
                                   .mechanism = sy_view_str("gauss"),
                                   .groups = 1,
                                   .rows = 1,
                                   .rho = 1000000};
    for (size_t i = 1; fgets(line, sizeof line, f) != NULL; i++) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '@') {
            directive(h, &block, line);
        } else if (line[0] != '\0' && line[0] != '#') {
            add(h, name, i, &block, line);
        }
    }
    fclose(f);
}

static int is_cases(const struct dirent *d)
{
    size_t n = strlen(d->d_name);
    return n > 4 && strcmp(d->d_name + n - 4, ".txt") == 0 &&
           strcmp(d->d_name, "mutations.txt") != 0;
}

void hostiles_read(struct hostiles *h, const char *root)
{
    char folder[512];
    struct dirent **list = NULL;
    *h = (struct hostiles){.arena = {.ceiling = (size_t)256 << 20}};
    h->cases = sy_arena_alloc(&h->arena, CASES_MAX, sizeof *h->cases);
    assert_non_null(h->cases);
    snprintf(folder, sizeof folder, "%s/tests/dialect/hostile", root);
    int n = scandir(folder, &list, is_cases, alphasort);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        read_file(h, folder, list[i]->d_name);
        free(list[i]);
    }
    free(list);
}

void hostiles_free(struct hostiles *h)
{
    sy_arena_deinit(&h->arena);
}

bool hostile_is(const struct hostile *h, const char *tag)
{
    size_t n = strlen(tag);
    for (const char *p = strstr(h->tags, tag); p != NULL; p = strstr(p + 1, tag)) {
        if (p[n] == '\0' || p[n] == ',') {
            return true;
        }
    }
    return false;
}
