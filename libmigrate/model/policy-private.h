/* The policy's keys, as its table has them. */
#pragma once

#include "model/model-private.h"

#define MIGRATE_N_POLICY_KEYS 48

typedef enum
{
  MIGRATE_POLICY_UINT,
  MIGRATE_POLICY_BOOL,
  MIGRATE_POLICY_ENUM,
  MIGRATE_POLICY_FLAGS,
  MIGRATE_POLICY_LIST
} MigratePolicyType;

typedef struct
{
  const char *name;
  MigratePolicyType type;
  guint initial, least, most;
  GType (*get_type) (void); /* of an enumeration, of flags */
  const char *unit;
  gboolean in_flight; /* it may be changed while the move runs */
  const char *meaning;
  const char *const *words; /* nullable: what may be in a list */
} MigratePolicyKey;

extern const MigratePolicyKey _migrate_policy_keys[];

typedef struct
{
  const char *preset, *key, *value;
} MigratePolicySetting;

typedef struct
{
  const char *name, *meaning;
} MigratePolicyPreset;

const MigratePolicyPreset *_migrate_policy_presets (gsize *n);
/* Of all of them, by name. */
const MigratePolicySetting *_migrate_policy_preset_settings (gsize *n);

/* -1: there is no such key. */
gssize _migrate_policy_key_find (const char *name);
gssize _migrate_policy_key_find_or_error (const char *name, GError **error);
GParamSpec *_migrate_policy_key_to_pspec (const MigratePolicyKey *key);
/* One of number and list (to be freed) is set, by the key's type. */
gboolean _migrate_policy_key_parse (const MigratePolicyKey *key, const char *text, guint *number,
                                    char ***list, GError **error);
char *_migrate_policy_key_format (const MigratePolicyKey *key, guint number, char **list);
char *_migrate_policy_key_describe (const MigratePolicyKey *key);
