/* How structs go to a key file and come back: one description of each serves both ways. */
#pragma once

#include "sim-storage.h"

typedef struct
{
  GKeyFile *file;
  gboolean loading;
  char group[64];
  SimWorld *world;
} Archive;

#define NUMBER(struct_, field)                                                                     \
  G_STMT_START                                                                                     \
  {                                                                                                \
    if (ar->loading)                                                                               \
      (struct_)->field = (__typeof__ ((struct_)->field)) _sim_archive_get (ar, #field);            \
    else                                                                                           \
      _sim_archive_set (ar, #field, (guint64) (struct_)->field);                                   \
  }                                                                                                \
  G_STMT_END

#define TEXT(struct_, field) _sim_archive_text (ar, #field, (char **) &(struct_)->field)
#define TEXTS(struct_, field) _sim_archive_texts (ar, #field, &(struct_)->field)
#define REFERENCE(struct_, field, list)                                                            \
  _sim_archive_reference (ar, #field, list, (gpointer *) &(struct_)->field)

guint64 _sim_archive_get (Archive *ar, const char *key);
void _sim_archive_set (Archive *ar, const char *key, guint64 value);
void _sim_archive_text (Archive *ar, const char *key, char **text);
/* Of strings; made when loading. */
void _sim_archive_texts (Archive *ar, const char *key, GPtrArray **list);
void _sim_archive_open (Archive *ar, const char *format, ...) G_GNUC_PRINTF (2, 3);
void _sim_archive_reference (Archive *ar, const char *key, GPtrArray *list, gpointer *item);
/* Lists of new, empty structs when loading; what there is when saving. */
GPtrArray *_sim_archive_list (Archive *ar, const char *name, GPtrArray *list, gsize size);

/* ---- sim-save-storage.c ---- */

/* After hosts and guests, before domains. */
void _sim_archive_storage (Archive *ar);
void _sim_archive_mirrors (Archive *ar, SimTransfer *transfer, guint n);
