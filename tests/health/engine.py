"""libduckdb through its C interface, for recounts of the synthetic district in plain SQL."""
import ctypes


class Result(ctypes.Structure):
    _fields_ = [("columns", ctypes.c_uint64), ("rows", ctypes.c_uint64), ("changed", ctypes.c_uint64),
                ("data", ctypes.c_void_p), ("error", ctypes.c_char_p), ("internal", ctypes.c_void_p)]


class Engine:
    def __init__(self, library):
        self.lib = lib = ctypes.CDLL(str(library))
        self.db, self.con = ctypes.c_void_p(), ctypes.c_void_p()
        for name in ("duckdb_row_count", "duckdb_column_count"):
            getattr(lib, name).restype = ctypes.c_uint64
        lib.duckdb_value_varchar.argtypes = [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64]
        lib.duckdb_value_varchar.restype = ctypes.c_void_p
        lib.duckdb_free.argtypes = [ctypes.c_void_p]
        lib.duckdb_result_error.restype = ctypes.c_char_p
        if lib.duckdb_open(None, ctypes.byref(self.db)) or lib.duckdb_connect(self.db, ctypes.byref(self.con)):
            raise RuntimeError("the engine does not open")

    def query(self, sql):
        """Rows of texts and Nones."""
        result = Result()
        at = ctypes.byref(result)
        try:
            if self.lib.duckdb_query(self.con, sql.encode(), at):
                raise RuntimeError(f"{self.lib.duckdb_result_error(at).decode()}\n{sql}")
            n = self.lib.duckdb_column_count(at)
            return [[self.cell(at, c, r) for c in range(n)] for r in range(self.lib.duckdb_row_count(at))]
        finally:
            self.lib.duckdb_destroy_result(at)

    def cell(self, result, column, row):
        text = self.lib.duckdb_value_varchar(result, column, row)
        if not text:
            return None
        value = ctypes.string_at(text).decode()
        self.lib.duckdb_free(text)
        return value

    def close(self):
        self.lib.duckdb_disconnect(ctypes.byref(self.con))
        self.lib.duckdb_close(ctypes.byref(self.db))
