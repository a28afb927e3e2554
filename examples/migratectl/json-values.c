/* What the library tells as a{sv}, for the one JSON object and for lines. The library's keys have
 * dashes, as GLib's do; the object's members have underscores, all of them. */
#include "ctl.h"

char *
ctl_json_name (const char *key)
{
  return g_strdelimit (g_strdup (key), "-", '_');
}

/* Their keys are names of the user's own. */
static gboolean
is_by_name (const char *key)
{
  static const char *const keys[] = { "bindings", "mapping", "profile", NULL };

  return g_strv_contains (keys, key);
}

typedef struct
{
  JsonObject *object;
  gboolean ours; /* its keys are the library's words */
} Members;

static JsonNode *node_new (JsonNode *node, gboolean ours);

static void
add_member (JsonObject *object, const char *key, JsonNode *node, gpointer data)
{
  Members *self = data;
  g_autofree char *name = self->ours ? ctl_json_name (key) : g_strdup (key);

  json_object_set_member (self->object, name, node_new (node, self->ours && !is_by_name (key)));
}

static JsonNode *
node_of_object (JsonObject *object, gboolean ours)
{
  Members self = { json_object_new (), ours };
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_foreach_member (object, add_member, &self);
  json_node_take_object (node, self.object);
  return node;
}

static JsonNode *
node_of_array (JsonArray *array, gboolean ours)
{
  JsonArray *copy = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < json_array_get_length (array); i++)
    json_array_add_element (copy, node_new (json_array_get_element (array, i), ours));
  json_node_take_array (node, copy);
  return node;
}

static JsonNode *
node_new (JsonNode *node, gboolean ours)
{
  JsonNode *copy;

  if (JSON_NODE_HOLDS_OBJECT (node))
    return node_of_object (json_node_get_object (node), ours);
  if (JSON_NODE_HOLDS_ARRAY (node))
    return node_of_array (json_node_get_array (node), ours);
  copy = json_node_copy (node);
  if (json_node_get_value_type (copy) == G_TYPE_STRING)
    {
      g_autofree char *shown = ctl_redact (json_node_get_string (node));

      json_node_set_string (copy, shown);
    }
  return copy;
}

JsonNode *
ctl_json_from_variant (GVariant *value)
{
  g_autoptr (JsonNode) node = json_gvariant_serialize (value);

  return node_new (node, TRUE);
}

char *
ctl_json_text (GVariant *value)
{
  g_autoptr (JsonNode) node = json_gvariant_serialize (value);
  g_autoptr (JsonNode) shown = node_new (node, FALSE);

  return json_to_string (shown, FALSE /* on one line */);
}
