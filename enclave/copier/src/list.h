/*
 * Lists of names with a number each (sizes, marks): what a folder holds, what the other end has. Names are copied. Sorted
 * once after filling, then searched. Threads: one at a time.
 */
#ifndef COPIER_LIST_H
#define COPIER_LIST_H

#include "base/arena.h"
#include "base/buf.h"

struct list_item {
    const char *name;
    uint64_t size;
};

struct list {
    struct sy_arena names;
    struct sy_buf items; /* struct list_item */
};

/* Empty. */
struct list list_new(void);
void list_deinit(struct list *l);
#define LIST_CLEANUP __attribute__((cleanup(list_deinit)))

SY_MUST sy_status list_add(struct list *l, const char *name, uint64_t size);
void list_cut(struct list *l, size_t n); /* keep the first n */
void list_sort(struct list *l);
size_t list_count(const struct list *l);
const struct list_item *list_at(const struct list *l, size_t i);

/* In a sorted list; NULL when it is not there. */
const struct list_item *list_find(const struct list *l, const char *name);

#endif
