/* Whatever a browser or a phone sends to the portal: fields stay within their limits. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/wire/form.h"
#include "lib/wire/hijack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size};
    struct form_field f;
    while (form_next_field(&rest, &f) == FORM_FIELD)
        assert(strlen(f.name) <= FORM_NAME_MAX && strlen(f.value) <= FORM_VALUE_MAX);
    static const uint8_t here[4] = {192, 168, 4, 1};
    uint8_t out[HIJACK_MESSAGE_MAX];
    assert(hijack_answer(data, size, here, out) <= HIJACK_MESSAGE_MAX);
    return 0;
}
