/* A head that is taken has one reading: at most one length, never together with a coding, no bytes
 * that end lines; and its target can be taken apart within its bounds. */
#include "lib/wire/framing.h"

#include <stdlib.h>
#include <string.h>

#include "lib/wire/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

/* The part before the first `c`, from memory of its own so that nothing is read past it. */
static struct slice take(struct slice *rest, char c, char **owned)
{
    struct slice part = slice_cut(*rest, c, rest);
    *owned = malloc(part.len + 1);
    check(*owned != NULL);
    char *end = *owned + 1; /* the byte before the part is ours, the one behind it is not */
    if (part.len > 0)
        memcpy(end, part.ptr, part.len);
    return (struct slice){end, part.len};
}

static void check_target(struct slice target)
{
    struct target t;
    char *memory = malloc(target.len);
    check(memory != NULL && target.len > 0);
    if (target_decode(target, memory, &t) == ERR_OK) {
        check(t.path.len > 0 && memchr(t.path.ptr, '\0', t.path.len) == NULL);
        check(t.argument_count <= TARGET_ARGUMENTS_MAX);
        check(t.path.ptr[0] == '/' || target.ptr[0] == '/'); /* "/%2f" and the like stay paths */
        check(!target_is_plain(target) || slice_eq(t.path, target));
    }
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size};
    struct framing f;
    unsigned lengths = 0, codings = 0, hosts = 0;
    char *line[3];
    struct slice method = take(&rest, ' ', &line[0]);
    struct slice target = take(&rest, ' ', &line[1]);
    framing_begin(&f, method, target, take(&rest, '\n', &line[2]));
    if (f.status == 0)
        check_target(target);
    while (rest.len > 0) {
        char *name_memory, *value_memory;
        struct slice name = take(&rest, ':', &name_memory);
        struct slice value = take(&rest, '\n', &value_memory);
        framing_header(&f, name, value);
        lengths += slice_eq_nocase(name, SLICE("content-length"));
        codings += slice_eq_nocase(name, SLICE("transfer-encoding"));
        hosts += slice_eq_nocase(name, SLICE("host"));
        check(f.status != 0 || memchr(value.ptr, '\r', value.len) == NULL);
        free(name_memory);
        free(value_memory);
    }
    bool good = framing_end(&f);
    check(good == (f.status == 0) && (good || f.error != NULL));
    if (good) {
        check(lengths + codings <= 1 && f.has_length == (lengths == 1));
        check(f.chunked == (codings == 1) && hosts <= 1 && (hosts == 1 || f.http_1_0));
    }
    for (size_t i = 0; i < 3; i++)
        free(line[i]);
    return 0;
}
