/* No secret gets out, and nothing else is touched. In what goes in, each secret is called HUSH. */
#include "xml/redact-private.h"
#include "xml/xml-private.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite (secrets, .timeout = 120); /* what takes longer took more than bounded time */

/* Of a document, and of a text: what goes in, and what is left. */
static const struct
{
  const char *in, *out;
} documents[] = {
  /* screens */
  { "<graphics type='vnc' port='5900' passwd='HUSH' passwdValidTo='2026-01-01T00:00:00'/>",
    "<graphics type=\"vnc\" port=\"5900\" passwdValidTo=\"2026-01-01T00:00:00\"/>" },
  { "<graphics type='rdp' username='u' password='HUSH'/>",
    "<graphics type=\"rdp\" username=\"u\"/>" },
  /* disks */
  { "<source protocol='https' name='a'><cookies><cookie name='x'>HUSH</cookie></cookies></source>",
    "<source protocol=\"https\" name=\"a\"><cookies><cookie name=\"x\">…</cookie></cookies>"
    "</source>" },
  { "<source file='http://u:HUSH@h/i.img?a=1'/>", "<source file=\"http://u:…@h/i.img?a=1\"/>" },
  { "<source query='n=1&amp;X-Amz-Signature=HUSH&amp;m=2&amp;sig=HUSH'/>",
    "<source query=\"n=1&amp;X-Amz-Signature=…&amp;m=2&amp;sig=…\"/>" },
  /* encrypted guests */
  { "<launchSecurity type='sev'><policy>1</policy><dhCert>HUSH</dhCert><session>HUSH</session>"
    "</launchSecurity>",
    "<launchSecurity type=\"sev\"><policy>1</policy><dhCert>…</dhCert><session>…</session>"
    "</launchSecurity>" },
  /* what firmware gives the guest */
  { "<sysinfo type='fwcfg'><entry name='opt/com.coreos/config'>{HUSH}</entry>"
    "<entry name='opt/x' file='/a'/></sysinfo>",
    "<sysinfo type=\"fwcfg\"><entry name=\"opt/com.coreos/config\">…</entry>"
    "<entry name=\"opt/x\" file=\"/a\"/></sysinfo>" },
  { "<sysinfo type='smbios'><system><entry name='serial'>ds=nocloud;s=http://u:HUSH@h/</entry>"
    "</system><oemStrings><entry>io.systemd.credential:pw=HUSH, HUSH</entry><entry>a=b</entry>"
    "</oemStrings></sysinfo>",
    "<sysinfo type=\"smbios\"><system><entry name=\"serial\">ds=nocloud;s=http://u:…@h/</entry>"
    "</system><oemStrings><entry>io.systemd.credential:pw=…</entry><entry>a=b</entry>"
    "</oemStrings></sysinfo>" },
  { "<os><cmdline>quiet rootpasswd=HUSH root=/dev/vda</cmdline></os>",
    "<os><cmdline>quiet rootpasswd=… root=/dev/vda</cmdline></os>" },
  /* what others leave in a document */
  { "<metadata><x:u xmlns:x='urn:x' api_key='HUSH'><x:user-data>#cloud-config HUSH<x:b>HUSH</x:b>"
    "</x:user-data><x:token>HUSH</x:token></x:u></metadata>",
    "<metadata><x:u xmlns:x=\"urn:x\"><x:user-data>…<x:b>…</x:b></x:user-data>"
    "<x:token>…</x:token></x:u></metadata>" },
  { "<metadata><a>users:\n  - name: u\n    passwd: HUSH, HUSH\n  - name: v</a></metadata>",
    "<metadata><a>users:\n  - name: u\n    passwd: …\n  - name: v</a></metadata>" },
  { "<a><!-- password=HUSH --><![CDATA[{\"token\": \"HU\\\"SH\", \"n\": 1}]]></a>",
    "<a><!-- password=… --><![CDATA[{\"token\": \"…\", \"n\": 1}]]></a>" },
};

static void
expect_stripped (const char *in, const char *out)
{
  g_autofree char *before = g_strdup_printf ("<domain>%s</domain>", in);
  g_autofree char *should = g_strdup_printf ("<domain>%s</domain>", out);
  g_autoptr (GError) error = NULL;
  g_autofree char *after = _migrate_xml_strip_secrets (before, &error);
  g_autofree char *again = NULL;

  cr_assert_not_null (after, "%s", error != NULL ? error->message : "");
  cr_expect_str_eq (g_strchomp (after), should, "%s\nbecame\n%s", in, after);
  cr_expect_null (strstr (after, "HUSH"));
  again = _migrate_xml_strip_secrets (after, &error);
  cr_expect_str_eq (again, after);
}

Test (secrets, are_taken_out_of_documents)
{
  for (gsize i = 0; i < G_N_ELEMENTS (documents); i++)
    expect_stripped (documents[i].in, documents[i].out);
}

static const struct
{
  const char *in, *out;
} arguments[] = {
  { "secret,id=sec0,data=HUSH,,HUSH,format=raw", "secret,id=sec0,data=…,format=raw" },
  { "secret,id=sec0,file=/k", "secret,id=sec0,file=/k" },
  { "{&quot;qom-type&quot;:&quot;secret&quot;,&quot;id&quot;:&quot;s&quot;,&quot;data&quot;:"
    "&quot;HUSH&quot;}",
    "{&quot;qom-type&quot;:&quot;secret&quot;,&quot;id&quot;:&quot;s&quot;,&quot;data&quot;:"
    "&quot;…&quot;}" },
  { "driver=luks,key-secret=sec0", "driver=luks,key-secret=sec0" },
  { "tls-creds-x509,id=t,passwordid=sec1", "tls-creds-x509,id=t,passwordid=sec1" },
  { "file=rbd:pool/img:id=admin:key=HUSH==:auth_supported=cephx",
    "file=rbd:pool/img:id=admin:key=…" },
  { "name=opt/a,string=HUSH HUSH", "name=opt/a,string=…" },
  { "name=opt/secret,string=HUSH", "name=opt/secret,string=…" },
  { "iscsi,url=iscsi://u:HUSH@h/1,password=HUSH", "iscsi,url=iscsi://u:…@h/1,password=…" },
  { "type=11,value=io.systemd.credential.binary:x=HUSH,HUSH",
    "type=11,value=io.systemd.credential.binary:x=…" },
  { "virtio-net-pci,netdev=n0,mac=52:54:00:00:00:01,bus=pci.0",
    "virtio-net-pci,netdev=n0,mac=52:54:00:00:00:01,bus=pci.0" },
};

Test (secrets, are_taken_out_of_qemus_arguments)
{
  for (gsize i = 0; i < G_N_ELEMENTS (arguments); i++)
    {
      static const char form[]
        = "<q:commandline xmlns:q=\"http://libvirt.org/schemas/domain/qemu/1.0\">"
          "<q:arg value=\"%s\"/></q:commandline>";
      g_autofree char *in = g_strdup_printf (form, arguments[i].in);
      g_autofree char *out = g_strdup_printf (form, arguments[i].out);

      expect_stripped (in, out);
    }
  expect_stripped ("<q:commandline xmlns:q='urn:q'><q:env name='AWS_SECRET_ACCESS_KEY' "
                   "value='HUSH'/><q:env name='LANG' value='C'/></q:commandline>",
                   "<q:commandline xmlns:q=\"urn:q\"><q:env name=\"AWS_SECRET_ACCESS_KEY\" "
                   "value=\"…\"/><q:env name=\"LANG\" value=\"C\"/></q:commandline>");
  expect_stripped ("<q:override xmlns:q='urn:q'><q:device alias='d'><q:frontend>"
                   "<q:property name='password' type='string' value='HUSH'/></q:frontend>"
                   "</q:device></q:override>",
                   "<q:override xmlns:q=\"urn:q\"><q:device alias=\"d\"><q:frontend>"
                   "<q:property name=\"password\" type=\"string\" value=\"…\"/></q:frontend>"
                   "</q:device></q:override>");
}

static char *
read_data (const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("MIGRATE_SOURCE_DIR"), "tests", "unit",
                                            "data", "xml", name, NULL);
  char *text = NULL;

  cr_assert (g_file_get_contents (path, &text, NULL, NULL), "%s", path);
  return text;
}

Test (secrets, absent_leave_every_byte)
{
  static const char *const names[] = { "guest.xml", "capabilities.xml", "domcapabilities.xml" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *xml = read_data (names[i]);
      g_autofree char *stripped = _migrate_xml_strip_secrets (xml, NULL);

      cr_expect_str_eq (stripped, xml, "%s", names[i]);
    }
}

/* References to secrets are what the checks compare. */
Test (secrets, named_stay)
{
  static const char *const kept[] = {
    "<domain><encryption format='luks'><secret type='passphrase' uuid='u'/></encryption></domain>",
    "<domain><auth username='libvirt'><secret type='ceph' usage='client secret'/></auth></domain>",
    "<domain><tpm><backend><encryption secret='uuid'/></backend></tpm></domain>",
    "<domain><on_crash>destroy</on_crash><cputune/><keywrap><cipher "
    "name='aes'/></keywrap></domain>",
    "<volume><name>a</name><key>/srv/a</key></volume>",
    "<domain><devices><lease><key>a</key><target path='/l'/></lease></devices></domain>",
    "<?xml version='1.0'?>\n<domain xmlns:a='urn:a'><!-- a=b: c --></domain>\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    {
      g_autofree char *stripped = _migrate_xml_strip_secrets (kept[i], NULL);

      cr_expect_str_eq (stripped, kept[i]);
    }
}

Test (secrets, are_not_told_by_an_error)
{
  g_autoptr (GError) error = NULL;

  cr_assert_null (_migrate_xml_strip_secrets ("<graphics passwd='HUSH'", &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
  cr_assert_null (strstr (error->message, "HUSH"));
  cr_assert_null (_migrate_xml_strip_secrets ("<!DOCTYPE a [<!ENTITY p 'HUSH'>]><a>&p;</a>", NULL));
}

static const struct
{
  const char *in, *out; /* NULL: unchanged */
} texts[] = {
  { "http://host/a:b@c", NULL },
  { "http://u@host/", NULL },
  { "a://u:p@h b://v:q@i", "a://u:…@h b://v:…@i" },
  { "a://u:p@q@h/", "a://u:…@h/" },
  { "a://u:…@h", NULL },
  { "password=", NULL },
  { "password=x", "password=…" },
  { "password='x y' z", "password='…' z" },
  { "password = x", "password = …" },
  { "my.password:x", NULL },
  { "PassPhrase: x y", "PassPhrase: …" },
  { "pass: x", "pass: …" },
  { "compass: x", NULL },
  { "{\\\"password\\\":\\\"x\\\"}", "{\\\"password\\\":\\\"…\\\"}" },
  { "\"password\": \"x", "\"password\": \"…" },
  { "{\\\"token\\\":\\\"x\\\\\\\"y\\\",\\\"b\\\":1}", "{\\\"token\\\":\\\"…\\\",\\\"b\\\":1}" },
  { "monkey=1 key=2", "monkey=1 key=…" },
  { "token=a=b;c=d", "token=…;c=d" },
  { "=x :y == ::", NULL },
  { "a://u:password=x/y,z@h", "a://u:…@h" },
};

Test (secrets, are_found_in_text)
{
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *out = _migrate_redact (texts[i].in, MIGRATE_TEXT_ANY);

      cr_expect_eq (g_strcmp0 (out, texts[i].out), 0, "“%s” became “%s”", texts[i].in, out);
    }
}

Test (secrets, are_found_in_bounded_time)
{
  static const char *const pieces[]
    = { "=",        ":",      "password=", "password: ", "a://b:c@", "\"password\":\"\\\"",
        "token=x,", "data=x," };

  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      GString *text = g_string_new (NULL);
      g_autofree char *out = NULL;

      /* Twice what a document may hold in one value. */
      while (text->len < 256 << 10)
        g_string_append (text, pieces[i]);
      out = _migrate_redact (text->str, MIGRATE_TEXT_ARGUMENT);
      g_string_free (text, TRUE);
    }
}
