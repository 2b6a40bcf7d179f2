/* test/fakes/relay/fake_state_model.h - what the files of fake_state share.
 *
 * Records never change once made: a change makes a new one. So a copy of the lists is a copy of
 * everything, and what is not needed any more is freed at the end of the test. */
#pragma once

#include "test/fakes/relay/fake_state.h"

struct fake_list {
    void **items;
    size_t count;
    size_t cap;
    struct fake_list *records; /* where records are noted, to be freed at the end */
};

struct fake_key {
    char camera[PHOTO_CAMERA_MAX];
    char key[PHOTO_KEY_MAX];
    int64_t photo;     /* 0: gone */
    int64_t gone;      /* when it went: rising; 0 = not */
    struct photo last; /* if gone: name, size, sha256, received */
};

struct fake_base {
    char base[PHOTO_NAME_MAX];
    uint32_t last;
    bool kept; /* it went with a commit */
};

struct fake_destination {
    char name[DESTINATION_NAME_MAX];
    unsigned id;
    int place; /* -1 = inactive */
    int64_t left_at;
    uint64_t sent;
};

struct fake_delivery {
    unsigned id;
    int64_t photo;
    struct delivery_result result;
    bool dead;
};

struct fake_owed {
    unsigned id;
    int64_t first, last;
};

struct fake_import {
    char name[PHOTO_NAME_MAX];
    uint64_t destinations;
};

struct fake_boot {
    char camera[PHOTO_CAMERA_MAX];
    uint64_t boot, first, last, count;
};

struct fake_state_model {
    struct state_mark mark;
    struct fake_list photos;       /* struct photo, by id */
    struct fake_list keys;         /* struct fake_key */
    struct fake_list bases;        /* struct fake_base */
    struct fake_list destinations; /* struct fake_destination */
    struct fake_list deliveries;   /* struct fake_delivery, by photo */
    struct fake_list owed;         /* struct fake_owed */
    struct fake_list imported;     /* struct fake_import */
    struct fake_list cameras;      /* struct camera_row; bytes stored now */
    struct fake_list boots;        /* struct fake_boot */
    int64_t gone_last;
};

void fake_list_add(struct fake_list *l, const void *record, size_t size);
/* Puts a changed copy in the place of what is there. */
void fake_list_set(struct fake_list *l, size_t at, const void *record, size_t size);
void fake_list_remove(struct fake_list *l, size_t at);

struct fake_state_model *fake_model_new(struct fake_list *records);
struct fake_state_model *fake_model_copy(const struct fake_state_model *m);
void fake_model_free(struct fake_state_model *m);

/* NULL if there is none. */
const struct photo *fake_model_photo(const struct fake_state_model *m, int64_t id);
const struct photo *fake_model_named(const struct fake_state_model *m, const char *name);
const struct fake_destination *fake_model_at(const struct fake_state_model *m, size_t place);
size_t fake_model_active(const struct fake_state_model *m);
bool fake_model_imported(const struct fake_state_model *m, unsigned id, const char *name);
/* Index in deliveries, or SIZE_MAX. */
size_t fake_model_delivery(const struct fake_state_model *m, unsigned id, int64_t photo);
/* Owed, but not in the outbox yet. */
bool fake_model_owes(const struct fake_state_model *m, unsigned id, int64_t photo);

void fake_state_outbox_calls(struct state *s);
/* Inside a call: counts it; the model may be changed if this answers ERR_OK. */
enum err fake_state_enter(struct fake_state *f);
void fake_state_leave(struct fake_state *f);
/* The new photo is owed to whom it has to be. */
void fake_state_owe(struct fake_state_model *m, const struct photo *p);
