/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer_schema.h - the SQL that makes a recording's tables and fills them, from collectors'
 * tables. May not know about: files, sources, any one collector. To extend: see format.h.
 */
#ifndef KW_RECORDING_WRITER_SCHEMA_H
#define KW_RECORDING_WRITER_SCHEMA_H

#include "../core/source.h"

/* All are to be freed; NULL: there is no memory. */
char *kw_sql_create(const struct kw_wants *wants);
char *kw_sql_add_row(const struct kw_schema *schema);
char *kw_sql_add_version(const struct kw_schema *schema);
char *kw_sql_add_event(const struct kw_schema *schema);

#endif
