/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cell.h - how people read a column's value: with its unit, three digits, '-' for what is missing.
 * May not know about: where it is shown, any one collector.
 * To extend: how a unit looks is decided in kw_cell_format().
 */
#ifndef KW_CELL_H
#define KW_CELL_H

#include "schema.h"

/* Text is as it came, and not yet safe to print (kw_printable). Returns dst. */
char *kw_cell_format(const struct kw_column *column, const struct kw_value *value, char *dst,
		     size_t size);

/* Is it a column of text, by a cell that has something? A word that is computed is text. */
bool kw_cell_is_text(const struct kw_column *column, const struct kw_value *value);

#endif
