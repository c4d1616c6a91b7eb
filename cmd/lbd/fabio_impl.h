/* Fabio's properties, as a table, and what each comes to. */
#ifndef LBD_FABIO_IMPL_H
#define LBD_FABIO_IMPL_H

#include "cmd/lbd/fabio.h"

enum fabio_value {
	FABIO_TEXT,
	FABIO_STRATEGY,
	FABIO_MATCHER,
	FABIO_BOOL, /* a flag of it needs no value */
	FABIO_NUMBER,
	FABIO_DURATION,
	FABIO_LISTENER, /* "addr;option=value;..." */
	FABIO_URL,      /* "host:port", with or without http:// */
	FABIO_BACKEND,
	FABIO_LEVEL,
	FABIO_STATUS, /* of HTTP */
	FABIO_AUTH,   /* "name=...;type=basic;file=...,..." */
};

enum fabio_effect {
	FABIO_SETS,    /* a member of the config */
	FABIO_FLAG,    /* on the command line only, where it is looked for */
	FABIO_NOTHING, /* means nothing here: what it steers is not there, or
			  is always so */
	FABIO_NOT_YET, /* would mean something: told when it is used */
};

struct fabio_row {
	const char *name; /* of the property */
	enum fabio_value value;
	enum fabio_effect effect;
	const char *member; /* of lbd's config, for FABIO_SETS */
	const char *usual;  /* Fabio's default */
};

extern const struct fabio_row fabio_rows[];
extern const size_t fabio_nrows;

const struct fabio_row *fabio_row_find(const char *name);

/* Checks one value and appends to f->sets what it comes to. */
int fabio_translate(struct fabio *f, const struct fabio_row *row,
    const char *value, struct err *err);

#endif
