/*
 * The C functions of libduckdb.so (1.4.4) that the worker uses, declared here because the package that
 * ships the library has no header. Names, argument orders and enumerators are DuckDB's stable C API;
 * source: its documentation, "C API". Handles are opaque. Nothing else of DuckDB may be called.
 */
#ifndef WORKER_DUCKDB_API_H
#define WORKER_DUCKDB_API_H

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t idx_t;
typedef enum { DuckDBSuccess = 0, DuckDBError = 1 } duckdb_state;

/* Ids of column types. */
typedef enum {
    DUCKDB_TYPE_INVALID = 0,
    DUCKDB_TYPE_BOOLEAN = 1,
    DUCKDB_TYPE_INTEGER = 4,
    DUCKDB_TYPE_BIGINT = 5,
    DUCKDB_TYPE_UTINYINT = 6,
    DUCKDB_TYPE_USMALLINT = 7,
    DUCKDB_TYPE_UINTEGER = 8,
    DUCKDB_TYPE_UBIGINT = 9
} duckdb_type;

typedef struct duckdb_handle_database *duckdb_database;
typedef struct duckdb_handle_connection *duckdb_connection;
typedef struct duckdb_handle_config *duckdb_config;
typedef struct duckdb_handle_prepared *duckdb_prepared_statement;
typedef struct duckdb_handle_chunk *duckdb_data_chunk;
typedef struct duckdb_handle_vector *duckdb_vector;
typedef struct duckdb_handle_type *duckdb_logical_type;
typedef struct duckdb_handle_value *duckdb_value;
typedef struct duckdb_handle_table_function *duckdb_table_function;
typedef struct duckdb_handle_scalar_function *duckdb_scalar_function;
typedef struct duckdb_handle_bind_info *duckdb_bind_info;
typedef struct duckdb_handle_init_info *duckdb_init_info;
typedef struct duckdb_handle_function_info *duckdb_function_info;

/* Passed by value; only the last member is read, and only by DuckDB. */
typedef struct {
    idx_t unused_column_count;
    idx_t unused_row_count;
    idx_t unused_rows_changed;
    void *unused_columns;
    char *unused_error_message;
    void *internal_data;
} duckdb_result;

typedef struct {
    uint64_t lower;
    int64_t upper;
} duckdb_hugeint;

/* A string in a vector: up to 12 bytes inline, longer ones by pointer. */
typedef struct {
    union {
        struct {
            uint32_t length;
            char prefix[4];
            char *ptr;
        } pointer;
        struct {
            uint32_t length;
            char inlined[12];
        } inlined;
    } value;
} duckdb_string_t;

typedef void (*duckdb_delete_callback_t)(void *data);
typedef void (*duckdb_table_function_bind_t)(duckdb_bind_info info);
typedef void (*duckdb_table_function_init_t)(duckdb_init_info info);
typedef void (*duckdb_table_function_t)(duckdb_function_info info, duckdb_data_chunk output);
typedef void (*duckdb_scalar_function_t)(duckdb_function_info info, duckdb_data_chunk input,
                                         duckdb_vector output);

/* Databases and connections. */
duckdb_state duckdb_create_config(duckdb_config *out_config);
duckdb_state duckdb_set_config(duckdb_config config, const char *name, const char *option);
void duckdb_destroy_config(duckdb_config *config);
duckdb_state duckdb_open_ext(const char *path, duckdb_database *out_database, duckdb_config config,
                             char **out_error);
void duckdb_close(duckdb_database *database);
duckdb_state duckdb_connect(duckdb_database database, duckdb_connection *out_connection);
void duckdb_disconnect(duckdb_connection *connection);
void duckdb_free(void *ptr);

/* Statements and results. */
duckdb_state duckdb_query(duckdb_connection connection, const char *query,
                          duckdb_result *out_result);
duckdb_state duckdb_prepare(duckdb_connection connection, const char *query,
                            duckdb_prepared_statement *out_prepared_statement);
duckdb_state duckdb_bind_varchar_length(duckdb_prepared_statement prepared_statement,
                                        idx_t param_idx, const char *val, idx_t length);
duckdb_state duckdb_execute_prepared(duckdb_prepared_statement prepared_statement,
                                     duckdb_result *out_result);
void duckdb_destroy_prepare(duckdb_prepared_statement *prepared_statement);
duckdb_data_chunk duckdb_fetch_chunk(duckdb_result result);
const char *duckdb_result_error(duckdb_result *result);
void duckdb_destroy_result(duckdb_result *result);

/* Chunks and vectors. A validity mask has bit = 1 for a value that is not NULL; NULL = all valid. */
idx_t duckdb_data_chunk_get_size(duckdb_data_chunk chunk);
void duckdb_data_chunk_set_size(duckdb_data_chunk chunk, idx_t size);
duckdb_vector duckdb_data_chunk_get_vector(duckdb_data_chunk chunk, idx_t col_idx);
void duckdb_destroy_data_chunk(duckdb_data_chunk *chunk);
void *duckdb_vector_get_data(duckdb_vector vector);
uint64_t *duckdb_vector_get_validity(duckdb_vector vector);
void duckdb_vector_ensure_validity_writable(duckdb_vector vector);
idx_t duckdb_vector_size(void);

/* Types and values. */
duckdb_logical_type duckdb_create_logical_type(duckdb_type type);
void duckdb_destroy_logical_type(duckdb_logical_type *type);
int64_t duckdb_get_int64(duckdb_value value);
void duckdb_destroy_value(duckdb_value *value);

/* Table functions. */
duckdb_table_function duckdb_create_table_function(void);
void duckdb_destroy_table_function(duckdb_table_function *table_function);
void duckdb_table_function_set_name(duckdb_table_function table_function, const char *name);
void duckdb_table_function_add_parameter(duckdb_table_function table_function,
                                         duckdb_logical_type type);
void duckdb_table_function_set_extra_info(duckdb_table_function table_function, void *extra_info,
                                          duckdb_delete_callback_t destroy);
void duckdb_table_function_set_bind(duckdb_table_function table_function,
                                    duckdb_table_function_bind_t bind);
void duckdb_table_function_set_init(duckdb_table_function table_function,
                                    duckdb_table_function_init_t init);
void duckdb_table_function_set_local_init(duckdb_table_function table_function,
                                          duckdb_table_function_init_t init);
void duckdb_table_function_set_function(duckdb_table_function table_function,
                                        duckdb_table_function_t function);
void duckdb_table_function_supports_projection_pushdown(duckdb_table_function table_function,
                                                        bool pushdown);
duckdb_state duckdb_register_table_function(duckdb_connection con, duckdb_table_function function);

void *duckdb_bind_get_extra_info(duckdb_bind_info info);
duckdb_value duckdb_bind_get_parameter(duckdb_bind_info info, idx_t index);
void duckdb_bind_add_result_column(duckdb_bind_info info, const char *name,
                                   duckdb_logical_type type);
void duckdb_bind_set_bind_data(duckdb_bind_info info, void *bind_data,
                               duckdb_delete_callback_t destroy);
void duckdb_bind_set_cardinality(duckdb_bind_info info, idx_t cardinality, bool is_exact);
void duckdb_bind_set_error(duckdb_bind_info info, const char *error);

void *duckdb_init_get_bind_data(duckdb_init_info info);
void duckdb_init_set_init_data(duckdb_init_info info, void *init_data,
                               duckdb_delete_callback_t destroy);
idx_t duckdb_init_get_column_count(duckdb_init_info info);
idx_t duckdb_init_get_column_index(duckdb_init_info info, idx_t column_index);
void duckdb_init_set_max_threads(duckdb_init_info info, idx_t max_threads);
void duckdb_init_set_error(duckdb_init_info info, const char *error);

void *duckdb_function_get_init_data(duckdb_function_info info);
void *duckdb_function_get_local_init_data(duckdb_function_info info);

/* Scalar functions. */
duckdb_scalar_function duckdb_create_scalar_function(void);
void duckdb_destroy_scalar_function(duckdb_scalar_function *scalar_function);
void duckdb_scalar_function_set_name(duckdb_scalar_function scalar_function, const char *name);
void duckdb_scalar_function_add_parameter(duckdb_scalar_function scalar_function,
                                          duckdb_logical_type type);
void duckdb_scalar_function_set_return_type(duckdb_scalar_function scalar_function,
                                            duckdb_logical_type type);
void duckdb_scalar_function_set_extra_info(duckdb_scalar_function scalar_function, void *extra_info,
                                           duckdb_delete_callback_t destroy);
void duckdb_scalar_function_set_function(duckdb_scalar_function scalar_function,
                                         duckdb_scalar_function_t function);
duckdb_state duckdb_register_scalar_function(duckdb_connection con,
                                             duckdb_scalar_function scalar_function);
void *duckdb_scalar_function_get_extra_info(duckdb_function_info info);

#endif
