/*
 * Replays a corpus folder through a fuzz target, where there is no libFuzzer: every file that ever
 * broke a parser stays a test. Each input lies in a block of exactly its size, so that the address
 * sanitizer sees a read past its end. An empty folder is a failure: it would test nothing.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One file through the target; false if it cannot be read. */
static bool replay(const char *path)
{
    struct stat st;
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return false;
    }
    bool ok = fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode);
    size_t size = ok ? (size_t)st.st_size : 0;
    uint8_t *data = ok ? malloc(size) : NULL;
    ok = ok && (data != NULL || size == 0) && fread(data, 1, size, file) == size;
    if (ok) {
        LLVMFuzzerTestOneInput(data, size);
    }
    free(data);
    fclose(file);
    return ok;
}

/* How many files of the folder were replayed; -1 if one could not be read. */
static int replay_folder(const char *folder)
{
    char path[4096];
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, NULL, alphasort);
    int replayed = 0;
    for (int i = 0; i < n; i++) {
        if (replayed >= 0 && entries[i]->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
            printf("# %s\n", path);
            fflush(stdout);
            replayed = replay(path) ? replayed + 1 : -1;
        }
        free(entries[i]);
    }
    free(entries);
    return replayed;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return 2;
    }
    int replayed = replay_folder(argv[1]);
    printf("%sok 1 - %d inputs of %s\n1..1\n", replayed > 0 ? "" : "not ", replayed, argv[1]);
    return replayed > 0 ? 0 : 1;
}
