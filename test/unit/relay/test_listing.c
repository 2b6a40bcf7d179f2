/* Goal: a photo is found in a receiver's list when it is surely there, and never mistaken for
 * another one: a wrong "yes" loses a photo, a wrong "no" only sends it twice. */
#include "test/unit/unit.h"

#include <string.h>

#include "relay/logic/listing.h"

static const struct photo PHOTO = {
    .name = "door_20260114_081502.jpg", .size_bytes = 1000, .sha256 = {9}};

static bool matches(const char *ours, const char *theirs, uint64_t size)
{
    struct photo p = PHOTO;
    struct json_listed e = {.has_size = true, .size_bytes = size};
    strcpy(p.name, ours);
    strcpy(e.filename, theirs);
    return listing_is(&e, &p);
}

static void names_that_are_ours(void **state)
{
    (void)state;
    static const struct {
        const char *ours, *theirs;
    } ROWS[] = {
        {"door_20260114_081502.jpg", "door_20260114_081502.jpg"},
        {"door_20260114_081502.jpg", "door_20260114_081502_20260114_081600.jpg"},
        {"door_20260114_081502.jpg", "door_20260114_081502_20260114_081600.JPG"},
        {"door_20260114_081502_2.jpg", "door_20260114_081502_2_20260114_081600.jpg"},
        {"d.oor_20260114_081502.jpg", "d.oor_20260114_081502_20260114_081600.jpg"},
        {"holiday.jpg", "holiday.jpg"},
        {"noextension_20260114_081502", "noextension_20260114_081502_20260114_081600"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        if (!matches(ROWS[i].ours, ROWS[i].theirs, 1000))
            fail_msg("%s is %s", ROWS[i].theirs, ROWS[i].ours);
}

static void names_that_may_be_another_photos(void **state)
{
    (void)state;
    static const struct {
        const char *ours, *theirs;
    } ROWS[] = {
        {"door_20260114_081502.jpg", "door_20260114_081503.jpg"},
        {"door_20260114_081502.jpg", "door_20260114_081502_2.jpg"}, /* another one of ours */
        {"door_20260114_081502.jpg", "door_20260114_081502_2_20260114_081600.jpg"},
        {"door_20260114_081502.jpg", "door_20260114_081502_20260114_081600.png"},
        {"door_20260114_081502.jpg", "door_20260114_081502_20260114_08160.jpg"},
        {"door_20260114_081502.jpg", "door_20260114_081502_20260114_0816000.jpg"},
        {"door_20260114_081502.jpg", "door_20260114_081502_20260114x081600.jpg"},
        {"door_20260114_081502.jpg", "door_20260114_081502x20260114_081600.jpg"},
        {"door_20260114_081502.jpg", "xdoor_20260114_081502.jpg"},
        {"door_20260114_081502.jpg", "door_20260114_081502"},
        {"door_20260114_081502.jpg", "Door_20260114_081502.jpg"},
        {"door.jpg", "door_20260114_081600.jpg"}, /* a camera's stem, not a photo's */
        {"door_1.jpg", "door_1_20260114_081600.jpg"},
        {".jpg", "_20260114_081600.jpg"},
        {"door_20260114_081502.jpg", ""},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++)
        if (matches(ROWS[i].ours, ROWS[i].theirs, 1000))
            fail_msg("%s is not %s", ROWS[i].theirs, ROWS[i].ours);
}

static void the_size_must_be_ours(void **state)
{
    (void)state;
    assert_false(matches(PHOTO.name, PHOTO.name, 999));
    assert_false(matches(PHOTO.name, PHOTO.name, 1001));
    struct json_listed e = {.has_size = false};
    strcpy(e.filename, PHOTO.name);
    assert_false(listing_is(&e, &PHOTO));
}

static void a_listed_hash_must_be_ours_too(void **state)
{
    (void)state;
    struct json_listed e = {.has_size = true, .size_bytes = 1000, .has_sha256 = true};
    strcpy(e.filename, PHOTO.name);
    memcpy(e.sha256, PHOTO.sha256, sizeof e.sha256);
    assert_true(listing_is(&e, &PHOTO));
    e.sha256[31] ^= 1;
    assert_false(listing_is(&e, &PHOTO));
    memcpy(e.sha256, PHOTO.sha256, sizeof e.sha256);
    strcpy(e.filename, "other_20260114_081502.jpg"); /* equal bytes, another photo */
    assert_false(listing_is(&e, &PHOTO));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_are_ours),
        cmocka_unit_test(names_that_may_be_another_photos),
        cmocka_unit_test(the_size_must_be_ours),
        cmocka_unit_test(a_listed_hash_must_be_ours_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
