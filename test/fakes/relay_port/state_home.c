#include "test/fakes/relay_port/state_home.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/unit/unit.h"

struct state_home home_db;
unsigned char home_bytes[HOME_COPY_MAX];

/* A folder with a database in it. */

void home_make_folder(void)
{
    (void)snprintf(home_db.folder, sizeof home_db.folder, "/tmp/camrelay-state-XXXXXX");
    assert_non_null(mkdtemp(home_db.folder));
    (void)snprintf(home_db.path, sizeof home_db.path, "%s/state.db", home_db.folder);
}

void home_remove_folder(const char *folder)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *entry = readdir(d); entry != NULL; entry = readdir(d))
        (void)unlinkat(dirfd(d), entry->d_name, 0);
    (void)closedir(d);
    assert_int_equal(rmdir(folder), 0);
}

size_t home_files_like(const char *part)
{
    DIR *d = opendir(home_db.folder);
    assert_non_null(d);
    size_t count = 0;
    for (struct dirent *entry = readdir(d); entry != NULL; entry = readdir(d))
        count += strstr(entry->d_name, part) != NULL ? 1 : 0;
    (void)closedir(d);
    return count;
}

const char *home_beside(const char *path, const char *suffix)
{
    static char out[HOME_PATH_MAX + 32];
    (void)snprintf(out, sizeof out, "%s%s", path, suffix);
    return out;
}

void home_write_file(const char *path, const void *data, size_t len)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    assert_int_equal(close(fd), 0);
}

size_t home_read_file(const char *path)
{
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return 0;
    ssize_t len = read(fd, home_bytes, sizeof home_bytes);
    assert_true(len >= 0 && (size_t)len < sizeof home_bytes);
    (void)close(fd);
    return (size_t)len;
}

void home_close_views(void)
{
    if (home_db.viewed)
        home_db.view.close(home_db.view.ctx);
    home_db.viewed = false;
}

/* Harness of the contract. */

void home_fresh(void)
{
    memset(&home_db, 0, sizeof home_db);
    home_make_folder();
}

void home_clean(void)
{
    home_close_views();
    if (home_db.open)
        assert_int_equal(home_db.state.close(home_db.state.ctx, 0, (struct wall){0}), ERR_OK);
    home_db.open = false;
    home_remove_folder(home_db.folder);
}

void home_open_state(struct state *out)
{
    assert_int_equal(state_sqlite_open(home_db.path, false, &home_db.state), ERR_OK);
    home_db.open = true;
    *out = home_db.state;
}

void home_open_view(struct state_view *out)
{
    assert_int_equal(state_sqlite_view_open(home_db.path, &home_db.view), ERR_OK);
    home_db.viewed = true;
    *out = home_db.view;
}

void home_kill_it(void)
{
    char old_folder[sizeof home_db.folder], old_path[HOME_PATH_MAX];
    memcpy(old_folder, home_db.folder, sizeof old_folder);
    memcpy(old_path, home_db.path, sizeof old_path);
    home_make_folder();
    size_t len = home_read_file(old_path);
    home_write_file(home_db.path, home_bytes, len);
    len = home_read_file(home_beside(old_path, "-wal"));
    if (len > 0)
        home_write_file(home_beside(home_db.path, "-wal"), home_bytes, len);
    home_close_views();
    assert_int_equal(home_db.state.close(home_db.state.ctx, 0, (struct wall){0}), ERR_OK);
    home_remove_folder(old_folder);
}

int home_begin(void **state)
{
    (void)state;
    home_fresh();
    return 0;
}

int home_end(void **state)
{
    (void)state;
    home_clean();
    return 0;
}

enum err home_put(int64_t id, const char *key)
{
    struct photo p = {.id = id, .size_bytes = 10, .received = {id}};
    (void)snprintf(p.name, sizeof p.name, "%lld.jpg", (long long)id);
    (void)snprintf(p.camera, sizeof p.camera, "door");
    (void)snprintf(p.key, sizeof p.key, "%s", key);
    memcpy(p.sha256, &id, sizeof id);
    struct state_batch batch = {id, id - 1, &p, 1};
    return home_db.state.commit(home_db.state.ctx, &batch);
}

void home_close_clean(int64_t flushed)
{
    home_close_views();
    assert_int_equal(home_db.state.close(home_db.state.ctx, flushed, (struct wall){1}), ERR_OK);
    home_db.open = false;
}

struct state_mark home_reopen(void)
{
    struct state_mark m = {0};
    struct state st;
    home_open_state(&st);
    assert_int_equal(st.mark(st.ctx, &m), ERR_OK);
    return m;
}

void home_make_stored(void)
{
    struct state st;
    home_open_state(&st);
    assert_int_equal(st.rebuild_done(st.ctx), ERR_OK);
    for (int64_t i = 1; i <= 40; i++)
        assert_int_equal(home_put(i, "k"), ERR_OK);
    home_close_clean(40);
}

uint64_t home_stored(void)
{
    struct state_view v;
    struct state_counts c;
    home_open_view(&v);
    assert_int_equal(v.counts(v.ctx, INT64_MAX, &c), ERR_OK);
    home_close_views();
    return c.stored;
}
