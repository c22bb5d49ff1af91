/* Lists of names. */
#include "list.h"

#include <stdlib.h>

/* Names and numbers of a domain with millions of files. */
static const size_t NAMES_MAX = (size_t)1 << 30;

struct list list_new(void)
{
    return (struct list){.names = {.ceiling = NAMES_MAX}, .items = sy_buf(NAMES_MAX)};
}

void list_deinit(struct list *l)
{
    sy_arena_deinit(&l->names);
    sy_buf_deinit(&l->items);
}

sy_status list_add(struct list *l, const char *name, uint64_t size)
{
    struct sy_view copy = sy_arena_copy(&l->names, sy_view_str(name));
    if (copy.p == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    struct list_item item = {(const char *)copy.p, size};
    return sy_buf_add(&l->items, &item, sizeof(item));
}

/* The buffer comes from the allocator, which aligns for any type. */
static struct list_item *items(const struct list *l)
{
    return (struct list_item *)(void *)l->items.p;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct list_item *)a)->name, ((const struct list_item *)b)->name);
}

size_t list_count(const struct list *l)
{
    return l->items.n / sizeof(struct list_item);
}

const struct list_item *list_at(const struct list *l, size_t i)
{
    return &items(l)[i];
}

void list_cut(struct list *l, size_t n)
{
    l->items.n = n < list_count(l) ? n * sizeof(struct list_item) : l->items.n;
}

void list_sort(struct list *l)
{
    if (list_count(l) > 1) {
        qsort(items(l), list_count(l), sizeof(struct list_item), by_name);
    }
}

const struct list_item *list_find(const struct list *l, const char *name)
{
    struct list_item key = {name, 0};
    return list_count(l) == 0 ? NULL : bsearch(&key, items(l), list_count(l), sizeof(key), by_name);
}
