/* Between the table of rules, what a rule does, and the walk that finds where. */
#pragma once

#include "xml/place-private.h"
#include "xml/rewrite-private.h"

typedef struct _MigrateRule MigrateRule;
typedef struct _MigrateRewriter MigrateRewriter;

/* At an element that stands in the rule's place. */
typedef void (*MigrateRuleApply) (MigrateRewriter *rewriter, const MigrateRule *rule,
                                  xmlNode *node);

#define MIGRATE_N_RULE_KINDS 5

struct _MigrateRule
{
  const char *name;
  const char *place;
  const char *attributes; /* "file|dev"; NULL: the element's text, or what apply knows */
  MigrateRuleApply apply;
  MigrateMapKind kinds[MIGRATE_N_RULE_KINDS]; /* that it looks up, MIGRATE_N_MAP_KINDS ends them */
  const char *meaning;
};

extern const MigrateRule _migrate_rules[];
extern const guint _migrate_n_rules;

struct _MigrateRewriter
{
  MigrateMapping *layers[MIGRATE_N_ORIGINS]; /* nullable */
  gboolean has[MIGRATE_N_MAP_KINDS];         /* in any of them */
  GPtrArray *changes;
  GHashTable *used;  /* MigrateMapEntry: those that met something */
  GHashTable *holes; /* names */
};

GPtrArray *_migrate_changes_new (void);

/* ---- looking up: rewriter.c ---- */

/* A thing may be named in several ways; the first way wins, within one layer. */
typedef struct
{
  MigrateMapKind kind;
  const char *from; /* as the document has it; NULL: it is not named this way */
} MigrateCandidate;

typedef struct
{
  const MigrateMapEntry *entry; /* NULL: nothing is said of it, or it is not known yet */
  MigrateOrigin origin;
} MigrateFound;

/* The first entry that has one of fields (NULL: any), or takes the thing away. One that will be
 * answered later is noted as a hole and ends the search; with fields beside, these count. */
MigrateFound _migrate_rewriter_find (MigrateRewriter *self, const MigrateCandidate *candidates,
                                     guint n, const char *const *fields);
/* The value of the first entry that has the field; no hole ends it. NULL: none has. */
const char *_migrate_rewriter_find_field (MigrateRewriter *self, const MigrateCandidate *candidates,
                                          guint n, const char *field, MigrateOrigin *origin);
/* Where a path is there, by an entry of kind PATH or one that is the very path. */
char *_migrate_rewriter_to_path (const MigrateMapEntry *entry, const char *path);

/* ---- changing, each noted: rewriter.c ---- */

/* value: NULL takes it away. */
void _migrate_rewriter_set (MigrateRewriter *self, const MigrateRule *rule, MigrateOrigin origin,
                            xmlNode *node, const char *attribute, const char *value);
void _migrate_rewriter_set_text (MigrateRewriter *self, const MigrateRule *rule,
                                 MigrateOrigin origin, xmlNode *node, const char *value);
/* node is freed. what: what it said, for people. */
void _migrate_rewriter_remove (MigrateRewriter *self, const MigrateRule *rule, MigrateOrigin origin,
                               xmlNode *node, const char *what);
/* A change that is more than one value. from and to: nullable. */
void _migrate_rewriter_note (MigrateRewriter *self, const MigrateRule *rule, MigrateOrigin origin,
                             const xmlNode *node, const char *from, const char *to);
/* The child of that name, made when there is none. */
xmlNode *_migrate_rewriter_ensure (xmlNode *parent, const char *name);
/* No later rule is to look at it. */
void _migrate_rewriter_settle (xmlNode *node);
gboolean _migrate_rewriter_is_settled (const xmlNode *node);

/* ---- what rules do ---- */

/* Any kind: the attributes, or the text, is a name, looked up as it is. rules-value.c */
void _migrate_rule_value (MigrateRewriter *, const MigrateRule *, xmlNode *);
/* rules-storage.c */
void _migrate_rule_disk (MigrateRewriter *, const MigrateRule *, xmlNode *);
void _migrate_rule_image (MigrateRewriter *, const MigrateRule *, xmlNode *);
void _migrate_rule_storage_host (MigrateRewriter *, const MigrateRule *, xmlNode *);
void _migrate_rule_secret (MigrateRewriter *, const MigrateRule *, xmlNode *);
/* rules-network.c */
void _migrate_rule_interface (MigrateRewriter *, const MigrateRule *, xmlNode *);
void _migrate_rule_filter (MigrateRewriter *, const MigrateRule *, xmlNode *);
/* rules-devices.c */
void _migrate_rule_pci (MigrateRewriter *, const MigrateRule *, xmlNode *);
void _migrate_rule_usb (MigrateRewriter *, const MigrateRule *, xmlNode *);
void _migrate_rule_graphics (MigrateRewriter *, const MigrateRule *, xmlNode *);
void _migrate_rule_endpoint (MigrateRewriter *, const MigrateRule *, xmlNode *);
/* rules-placement.c */
void _migrate_rule_pin (MigrateRewriter *, const MigrateRule *, xmlNode *);
void _migrate_rule_nodes (MigrateRewriter *, const MigrateRule *, xmlNode *);
void _migrate_rule_pages (MigrateRewriter *, const MigrateRule *, xmlNode *);
void _migrate_rule_memory (MigrateRewriter *, const MigrateRule *, xmlNode *);
void _migrate_rule_perf (MigrateRewriter *, const MigrateRule *, xmlNode *);
void _migrate_rule_label (MigrateRewriter *, const MigrateRule *, xmlNode *);
void _migrate_rule_metadata (MigrateRewriter *, const MigrateRule *, xmlNode *);
void _migrate_rule_partition (MigrateRewriter *, const MigrateRule *, xmlNode *);
