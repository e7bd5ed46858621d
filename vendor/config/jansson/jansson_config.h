/* Fixed answers in place of jansson's configure. */
#ifndef JANSSON_CONFIG_H
#define JANSSON_CONFIG_H

#define JSON_INLINE inline
#define JSON_INTEGER_IS_LONG_LONG 1
/* We never call setlocale: the decimal point is always a dot. */
#define JSON_HAVE_LOCALECONV 0
#define JSON_HAVE_ATOMIC_BUILTINS 1
#define JSON_HAVE_SYNC_BUILTINS 1
/* Deeper than any document we read, and safe for the stack: the parser recurses on outside data. */
#define JSON_PARSER_MAX_DEPTH 256

#endif
