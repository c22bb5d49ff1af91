/* Memory made ready by other threads: nobody gets a piece twice, none is lost, and there are never too many. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stock.h"

enum { ALIGN = 64 << 10, BYTES = ALIGN - 64, READY = 16, TURNS = 3000, FILLERS = 3 };

static atomic_bool enough;

static void *fill_on(void *arg)
{
    while (!enough) {
        stock_fill(arg);
    }
    return NULL;
}

static void test_full(void **state)
{
    struct stock *s = stock_new(ALIGN, BYTES);
    void *p[READY];
    (void)state;
    assert_null(stock_take(s));
    stock_fill(s);
    stock_fill(s);
    for (size_t i = 0; i < READY; i++) {
        p[i] = stock_take(s);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % ALIGN, 0);
        memset(p[i], (int)i, BYTES);
    }
    assert_null(stock_take(s));
    for (size_t i = 0; i < READY; i++) {
        assert_int_equal(((uint8_t *)p[i])[BYTES - 1], i);
        free(p[i]);
    }
    stock_fill(s);
    stock_free(s); /* with what nobody took */
    stock_free(NULL);
}

/* While others fill it: each piece that comes is nobody else's. */
static void test_threads(void **state)
{
    struct stock *s = stock_new(ALIGN, BYTES);
    pthread_t fillers[FILLERS];
    void *held[READY] = {NULL};
    size_t n = 0;
    (void)state;
    for (size_t i = 0; i < FILLERS; i++) {
        assert_int_equal(pthread_create(&fillers[i], NULL, fill_on, s), 0);
    }
    while (n < TURNS) {
        uint64_t *p = stock_take(s);
        if (p == NULL) {
            continue;
        }
        uint64_t **at = (uint64_t **)&held[n % READY];
        assert_true(*at == NULL || **at == n - READY); /* nobody wrote there meanwhile */
        free(*at);
        *p = n++;
        *at = p;
    }
    enough = true;
    for (size_t i = 0; i < FILLERS; i++) {
        (void)pthread_join(fillers[i], NULL);
    }
    for (size_t i = 0; i < READY; i++) {
        free(held[i]);
    }
    stock_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_full), cmocka_unit_test(test_threads)};
    return cmocka_run_group_tests_name("audit_stock", tests, NULL, NULL);
}
