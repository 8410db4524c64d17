// SPDX-License-Identifier: Apache-2.0
/*
 * recording.c - see recording.h.
 * May not know about: the command line, sinks, any one collector.
 * To extend: see recording.h.
 */
#include "recording.h"

#include "../core/log.h"
#include "../util/cleanup.h"
#include "../util/grow.h"
#include "format.h"

#include <errno.h>
#include <string.h>

#define LONGEST	 (16 << 20) /* bytes of a text or of a statement */
#define MOST_VMS (1 << 20)

int kw_recording_damaged(const struct kw_recording *r, const char *what)
{
	int err = sqlite3_errcode(r->db);
	bool failed = err && err != SQLITE_ROW && err != SQLITE_DONE;

	kw_say("recording '%s' is damaged: %s%s%s", r->path, what, failed ? ": " : "",
	       failed ? sqlite3_errmsg(r->db) : "");
	return -EIO;
}

static int refuse(const struct kw_recording *r, const char *why)
{
	kw_say("'%s' %s", r->path, why);
	return -EINVAL;
}

/* ---- texts and numbers ---- */

static void copy_text(sqlite3_stmt *stmt, int i, char *dst, size_t size)
{
	const void *text = sqlite3_column_blob(stmt, i);
	int n = sqlite3_column_bytes(stmt, i);

	snprintf(dst, size, "%.*s", text ? n : 0, text ? (const char *)text : "");
}

static sqlite3_stmt *query(const struct kw_recording *r, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	return sqlite3_prepare_v2(r->db, sql, -1, &stmt, NULL) ? NULL : stmt;
}

/* Ends a query whose last step gave err. */
static int finish(const struct kw_recording *r, sqlite3_stmt *stmt, int err, const char *what)
{
	err = err == SQLITE_DONE ? 0 : kw_recording_damaged(r, what);
	sqlite3_finalize(stmt);
	return err;
}

/* ---- what it is ---- */

static int check_version(const struct kw_recording *r)
{
	sqlite3_stmt *stmt = query(r, "PRAGMA application_id");
	bool ours = stmt && sqlite3_step(stmt) == SQLITE_ROW &&
		    sqlite3_column_int64(stmt, 0) == KW_RECORDING_ID;

	sqlite3_finalize(stmt);
	if (!ours)
		return refuse(r, "is no recording of kvm_watcher");
	stmt = query(r, "PRAGMA user_version");
	if (stmt && sqlite3_step(stmt) == SQLITE_ROW &&
	    sqlite3_column_int64(stmt, 0) > KW_RECORDING_VERSION) {
		sqlite3_finalize(stmt);
		return refuse(r, "was recorded by a newer kvm_watcher: this one cannot read it");
	}
	sqlite3_finalize(stmt);
	return 0;
}

bool kw_recording_has(const struct kw_recording *r, const char *table)
{
	sqlite3_stmt *stmt = query(r, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND"
				      " name = ? AND sql LIKE 'CREATE TABLE%'");
	bool has = stmt && !sqlite3_bind_text(stmt, 1, table, -1, NULL) &&
		   sqlite3_step(stmt) == SQLITE_ROW;

	sqlite3_finalize(stmt);
	return has;
}

static int check_tables(const struct kw_recording *r)
{
	static const char *const needed[] = { "meta",	"vm",	  "collector", "table",
					      "column", "losses", "reading",   "state" };

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!kw_recording_has(r, needed[i]))
			return kw_recording_damaged(r, needed[i]);
	return 0;
}

static void take_meta(struct kw_recording *r, const char *key, sqlite3_stmt *stmt)
{
	const struct {
		const char *key;
		char *text;
		size_t size;
	} texts[] = {
		{ "tool", r->about.tool, sizeof(r->about.tool) },
		{ "host", r->about.host, sizeof(r->about.host) },
		{ "kernel", r->about.kernel, sizeof(r->about.kernel) },
		{ "arch", r->about.arch, sizeof(r->about.arch) },
		{ "boot_id", r->about.boot_id, sizeof(r->about.boot_id) },
		{ "command", r->about.command, sizeof(r->about.command) },
	};
	int64_t n = sqlite3_column_int64(stmt, 1);

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(key, texts[i].key))
			copy_text(stmt, 1, texts[i].text, texts[i].size);
	if (!strcmp(key, "cpus"))
		r->about.cpus = n;
	else if (!strcmp(key, "mono_ns"))
		r->about.mono_ns = n;
	else if (!strcmp(key, "real_ns"))
		r->about.real_ns = n;
	else if (!strcmp(key, "interval_ns") && n > 0)
		r->interval_ns = n;
	else if (!strcmp(key, "timing") && n >= KW_TIMED_ALL && n <= KW_TIMED_AT_ENTRY)
		r->timing = n;
	else if (!strcmp(key, "filtered"))
		r->filtered = n;
	else if (!strcmp(key, "one_in"))
		r->one_in = n;
}

static int read_meta(struct kw_recording *r)
{
	sqlite3_stmt *stmt = query(r, "SELECT key, value FROM meta");
	int err = SQLITE_ERROR;

	r->interval_ns = 1000000000;
	while (stmt && (err = sqlite3_step(stmt)) == SQLITE_ROW)
		take_meta(r, (const char *)sqlite3_column_text(stmt, 0) ?: "", stmt);
	return finish(r, stmt, err, "what it is of");
}

bool kw_recording_lists(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (; *list; list += strcspn(list, ","), list += *list == ',')
		if (strcspn(list, ",") == n && !strncmp(list, name, n))
			return true;
	return false;
}

static void add_name(char *list, size_t size, const char *name)
{
	size_t n = strlen(list);

	if (n + strlen(name) + 2 < size)
		snprintf(list + n, size - n, "%s%s", n ? "," : "", name);
}

/* Those that this tool has; of the others it is only told. */
static int read_collectors(struct kw_recording *r)
{
	sqlite3_stmt *stmt = query(r, "SELECT name, events FROM collector ORDER BY position");
	int err = SQLITE_ERROR;

	while (stmt && (err = sqlite3_step(stmt)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0) ?: "";
		const struct kw_collector *c = kw_collector_find(name);

		if (!c) {
			kw_debug("'%s' has a collector that this kvm_watcher does not have",
				 r->path);
			continue;
		}
		add_name(r->collectors, sizeof(r->collectors), c->name);
		if (sqlite3_column_int64(stmt, 1) && c->event)
			add_name(r->tracing, sizeof(r->tracing), c->name);
	}
	return finish(r, stmt, err, "collectors");
}

static int read_readings(struct kw_recording *r)
{
	sqlite3_stmt *stmt = query(r, "SELECT reading, mono_ns, real_ns FROM reading ORDER BY"
				      " reading");
	int err = SQLITE_ERROR;

	while (stmt && (err = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct kw_reading now = { sqlite3_column_int64(stmt, 0),
					  sqlite3_column_int64(stmt, 1),
					  sqlite3_column_int64(stmt, 2) };
		const struct kw_reading *last = r->n ? &r->reading[r->n - 1] : NULL;

		if ((int64_t)now.mono_ns < 0 || (int64_t)now.real_ns < 0 ||
		    (last && (now.id <= last->id || now.mono_ns <= last->mono_ns)))
			break;
		if (!kw_grow(&r->reading, r->n, &r->room, sizeof(*r->reading))) {
			sqlite3_finalize(stmt);
			return -ENOMEM;
		}
		r->reading[r->n++] = now;
	}
	r->damaged = finish(r, stmt, err, "the readings, from here on") != 0;
	if (!r->n)
		return r->damaged ? -EIO : refuse(r, "has no reading yet");
	return 0;
}

/* ---- opening ---- */

static int check_file(const struct kw_recording *r)
{
	_cleanup_fclose_ FILE *file = fopen(r->path, "re");
	char head[16] = "";

	if (!file) {
		kw_say("cannot read '%s': %s", r->path, strerror(errno));
		return -EINVAL;
	}
	if (fread(head, sizeof(head), 1, file) != 1 || memcmp(head, "SQLite format 3", 16))
		return refuse(r, "is no recording of kvm_watcher");
	return 0;
}

static int open_database(struct kw_recording *r)
{
	sqlite3_stmt *stmt;
	int err = sqlite3_open_v2(r->path, &r->db, SQLITE_OPEN_READONLY, NULL);

	if (err || !r->db)
		return kw_recording_damaged(r, "it cannot be opened");
	sqlite3_busy_timeout(r->db, 5000);
	sqlite3_limit(r->db, SQLITE_LIMIT_LENGTH, LONGEST);
	sqlite3_limit(r->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_db_config(r->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(r->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(r->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_exec(r->db, "PRAGMA cell_size_check=ON", NULL, NULL, NULL);
	stmt = query(r, "SELECT count(*) FROM sqlite_schema");
	err = stmt && sqlite3_step(stmt) == SQLITE_ROW ? 0 : kw_recording_damaged(r, "its schema");
	sqlite3_finalize(stmt);
	return err;
}

int kw_recording_open(const char *path, struct kw_recording *ret)
{
	int err;

	memset(ret, 0, sizeof(*ret));
	ret->path = path;
	err = check_file(ret) ?: open_database(ret) ?: check_version(ret) ?: check_tables(ret);
	/* all that is read is of one moment, though it may be recorded further */
	if (!err && sqlite3_exec(ret->db, "BEGIN", NULL, NULL, NULL))
		err = kw_recording_damaged(ret, "it cannot be read");
	err = err ?: read_meta(ret) ?: read_collectors(ret) ?: read_readings(ret);
	if (err)
		kw_recording_close(ret);
	return err;
}

void kw_recording_close(struct kw_recording *r)
{
	free(r->reading);
	sqlite3_close(r->db);
	memset(r, 0, sizeof(*r));
}

/* ---- VMs ---- */

int kw_recording_vms(const struct kw_recording *r, struct kw_vms *vms, int64_t **ret_ids)
{
	sqlite3_stmt *stmt = query(r, "SELECT vm, pid, start_ns, number, vmm, uuid, name FROM vm"
				      " ORDER BY vm");
	_cleanup_free_ int64_t *ids = NULL;
	size_t room = 0;
	int err = SQLITE_ERROR;

	while (stmt && vms->n < MOST_VMS && (err = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct kw_vm vm = { .pid = sqlite3_column_int64(stmt, 1),
				    .start_ns = sqlite3_column_int64(stmt, 2),
				    .number = sqlite3_column_int64(stmt, 3) };

		copy_text(stmt, 4, vm.vmm, sizeof(vm.vmm));
		copy_text(stmt, 5, vm.uuid, sizeof(vm.uuid));
		copy_text(stmt, 6, vm.name, sizeof(vm.name));
		if (!kw_grow(&ids, vms->n, &room, sizeof(*ids))) {
			sqlite3_finalize(stmt);
			return -ENOMEM;
		}
		ids[vms->n] = sqlite3_column_int64(stmt, 0);
		if (kw_vms_add(vms, &vm) < 0) {
			sqlite3_finalize(stmt);
			return -ENOMEM;
		}
	}
	err = finish(r, stmt, err, "VMs");
	if (!err) {
		*ret_ids = ids;
		ids = NULL;
	}
	return err;
}
