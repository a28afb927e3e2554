/* What tests of documents share. */
#pragma once

#include <glib.h>

/* folder/name+suffix, which must be there. */
char *xmltest_read (const char *folder, const char *name, const char *suffix);
/* Both in canonical form, with comments. NULL: not well-formed. */
char *xmltest_canonical (const char *xml);
void xmltest_assert_same (const char *first, const char *second);
/* What an XPath expression gives, as a string. */
void xmltest_assert_value (const char *xml, const char *path, const char *expected);
