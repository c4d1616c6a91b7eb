#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/hcl/glob.h"
#include "tests/lib/hclvalue.h"

#define VALUE(expr, json) ck_assert_str_eq(hclvalue(expr), json)
#define FAILS(expr, why)  ck_assert_ptr_nonnull(strstr(hclvalue(expr), why))

static void
check_join(const char *dir, const char *path, const char *want)
{
	char *got = hcl_path_join(dir, path);

	ck_assert_str_eq(got, want);
	free(got);
}

START_TEST(paths_are_joined_as_text)
{
	check_join("", "", ".");
	check_join("a/b", "../c", "a/c");
	check_join("a", "../../c", "../c");
	check_join("/a", "../../c//d/", "/c/d");
	check_join("", "/", "/");
	VALUE("dirname(\"a/b/../c.txt\")", "\"a\"");
	VALUE("dirname(\"/a\")", "\"/\"");
	VALUE("basename(\"/a/b/\")", "\"b\"");
	VALUE("abspath(\"/a/./b\")", "\"/a/b\"");
	FAILS("pathexpand(\"~nobody/x\")", "cannot expand user-specific home");
}
END_TEST

static void
touch(const char *path)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fclose(f);
}

START_TEST(a_fileset_is_what_its_pattern_names)
{
	char dir[256];

	snprintf(dir, sizeof dir, "%s/glob-XXXXXX", unit_tmp());
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	mkdir("a", 0755);
	mkdir("a/b", 0755);
	touch("x.txt");
	touch("a/y.txt");
	touch("a/b/z.txt");
	touch("a/b/.hidden");
	ck_assert_int_eq(symlink("..", "a/b/up"), 0);
	VALUE("fileset(\".\", \"*.txt\")", "[\"x.txt\"]");
	VALUE("fileset(\".\", \"**/*.txt\")",
	    "[\"a/b/z.txt\",\"a/y.txt\",\"x.txt\"]");
	VALUE(
	    "fileset(\"a\", \"**\")", "[\"b/.hidden\",\"b/z.txt\",\"y.txt\"]");
	VALUE("fileset(\"a\", \"{b/[!.]*,../x.t?t}\")",
	    "[\"../x.txt\",\"b/z.txt\"]");
	VALUE("fileset(\"a/b\", \"../../{x,{y,z}}.txt\")", "[\"../../x.txt\"]");
	VALUE("fileset(\"none\", \"*\")", "[]");
	FAILS("fileset(\".\", \"{a\")", "syntax error in pattern");
	FAILS("fileexists(\"a\")", "a is not a regular file, but \"d");
	VALUE("[for f in fileset(\"a\", \"**\") : fileexists(\"a/${f}\")]",
	    "[true,true,true]");
}
END_TEST

START_TEST(networks_are_cut_into_networks)
{
	VALUE("cidrhost(\"10.1.2.240/28\", 1)", "\"10.1.2.241\"");
	VALUE("cidrhost(\"fd00:fd12:3456:7890::/56\", 34)",
	    "\"fd00:fd12:3456:7800::22\"");
	VALUE("cidrhost(\"::/0\", -1)",
	    "\"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\"");
	VALUE("cidrhost(\"::/96\", 65537)", "\"::1:1\"");
	VALUE("cidrhost(\"1:0:0:2:0:0:0:3/128\", 0)", "\"1:0:0:2::3\"");
	FAILS("cidrhost(\"10.0.0.0/24\", 256)",
	    "prefix of 24 does not accommodate a host numbered 256.");
	FAILS("cidrhost(\"10.0.0.0/24\", -257)", "a host numbered -1.");
	FAILS("cidrhost(\"10.0.0.0/33\", 0)", "invalid CIDR address: 10.0");
	FAILS("cidrhost(\"10.0.0.0/8\", 0.5)", "value must be a whole number");
	VALUE("cidrnetmask(\"172.16.0.0/12\")", "\"255.240.0.0\"");
	VALUE("cidrsubnet(\"fd00::/48\", 16, 162)", "\"fd00:0:0:a2::/64\"");
	VALUE("cidrsubnet(\"10.0.0.0/32\", 0, 0)", "\"10.0.0.0/32\"");
	FAILS("cidrsubnet(\"10.0.0.0/8\", 2, 4)",
	    "prefix extension of 2 does not accommodate a subnet numbered 4");
	FAILS("cidrsubnet(\"fd00::/8\", 33, 0)", "more than 32 bits");
	VALUE("cidrsubnets(\"10.0.0.0/8\")", "[]");
	VALUE("cidrsubnets(\"fd00::/16\", 1, 2, 2)",
	    "[\"fd00::/17\",\"fd00:8000::/18\",\"fd00:c000::/18\"]");
	FAILS("cidrsubnets(\"255.255.255.254/31\", 1, 1, 1)",
	    "not enough remaining address space for a subnet with a prefix "
	    "of 32 bits after 255.255.255.255/32");
	FAILS("cidrsubnets(\"10.0.0.0/30\", 3)",
	    "extend prefix to 33 bits, which is too long for an IPv4 address");
}
END_TEST

START_TEST(moments_are_written_as_the_format_says)
{
	VALUE("formatdate(\"D/M/YY H:mm aa, 'o''clock' EEE MMMM ZZZZ\", "
	      "\"2024-02-09T00:04:05.5-03:30\")",
	    "\"9/2/24 12:04 am, o'clock Fri February -0330\"");
	VALUE("formatdate(\"hh h AA ZZZZZ ZZZ Z\", "
	      "\"0001-01-01T13:00:00+00:00\")",
	    "\"13 13 PM +00:00 UTC Z\"");
	FAILS("formatdate(\"YYY\", \"2024-02-09T00:04:05Z\")",
	    "verb \"YYY\": year must either be");
	FAILS("formatdate(\"'x\", \"2024-02-09T00:04:05Z\")",
	    "unterminated literal '");
	FAILS("formatdate(\"\", \"2023-02-29T00:04:05Z\")",
	    "not a valid RFC3339 timestamp: day out of range");
	FAILS("formatdate(\"\", \"2023-02\")", "end of string where \"-\"");
	FAILS("formatdate(\"\", \"2023-02-01 00\")",
	    "missing required time introducer 'T'");
	FAILS("formatdate(\"\", \"2023-02-01T00:04:05\")",
	    "end of string before UTC offset");
	VALUE("timeadd(\"2023-12-31T23:59:59.9Z\", \"100ms\")",
	    "\"2024-01-01T00:00:00Z\"");
	VALUE("timeadd(\"1970-01-01T00:00:00+01:00\", \"-1ns\")",
	    "\"1969-12-31T23:59:59+01:00\"");
	FAILS("timeadd(\"1970-01-01T00:00:00Z\", \"1d\")",
	    "time: unknown unit \"d\" in duration \"1d\"");
}
END_TEST

START_TEST(tables_are_lists_of_objects)
{
	VALUE("csvdecode(\"a,b\\r\\n\\n1,\\\"x\\\"\\\"\\r\\n,y\\\"\\r\\n,\")",
	    "[{\"a\":\"1\",\"b\":\"x\\\"\\n,y\"},{\"a\":\"\",\"b\":\"\"}]");
	VALUE("csvdecode(\"a\")", "[]");
	FAILS("csvdecode(\"\\n\")", "missing header line");
	FAILS("csvdecode(\"a,a\")", "duplicate column name \"a\"");
	FAILS("csvdecode(\"a,b\\n\\n1\")",
	    "CSV parse error on line 3: wrong number of fields");
	FAILS("csvdecode(\"a\\nb\\\"\")",
	    "CSV parse error on line 2: bare \" in non-quoted field");
	FAILS("csvdecode(\"a\\n\\\"b\\\"c\")",
	    "extraneous or missing \" in quoted-field");
	FAILS("csvdecode(\"a\\n\\\"b\\n\")", "on line 3: extraneous");
}
END_TEST

/* A key of 1024 bits, which keeps no secret, and "hello" for it. */
#define RSA_KEY                                                              \
	"<<E\n-----BEGIN PRIVATE KEY-----\n"                                 \
	"MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAMgvgtQtqfMVj7fW\n" \
	"rFxdgn0kgXnRgIN68K0vHd3KG71yWN9xZQ1nFosaLHDxROURKryc8gRlPDeMlOsx\n" \
	"tUMXcNicibieIVh9W6PQvwaFqR/RA6O8AuolM6dnG0iZxpBMslK+TV7zljQAmBnq\n" \
	"e2RT83OqobHGujTcb22l1xdT4fILAgMBAAECgYB88vrMCPyNF6Yu7zWCKXOrPL/8\n" \
	"E0INzwyubDxOFTqfUuIaBaM3bGLrzBh1HoMMH1z3gVamW7HsUjkZXFtxVw49azeb\n" \
	"E4WBxAdZ6HFfiXhxFEYr90cfBTvs8Bb6A3bAxGxXRu6KC3dxIBo7Cm4G9GiOEmOL\n" \
	"33GLwt+2Hs89a3GpQQJBAOgPE9UbBtqhUdU4XQCDH9VaWN2iN/WXhRf+hFTWSPKY\n" \
	"L/73mcGyFREZ0tNAXs3hI9zRsAorA/OkJ9WPHIpP7ZsCQQDc1qAo3CFWXsMu3FZ3\n" \
	"xLfe+mkP2UDL+P4sfgTtQXWUn1AsoVnw4jO9pOJKjdWoa30iADsxkTYQQwlxeQFd\n" \
	"5YxRAkAHz6odPEGozlFQ2grXX5KMvfPL0hAMJkOGoTyXFndyIwlKjc8RJAttfe8I\n" \
	"yVvnljJ81loUnYoOg3IL0DtntHUNAkAWwxyA+aeKAnx1wQo8kA8vsXnQw2DVZVW1\n" \
	"ekvBtKSM7BrUbtEZbgdNPciBTLs//8xHC+UOB9ydsnsvsfw9FGLxAkEAhF920sQF\n" \
	"VZ1IhwPJurh/1YEDrN7We0zyZczOwdUwNpCH/CUMNVRHQoaMgepMdKP1w59MjdvN\n" \
	"3KOK45CPvtF1tw==\n"                                                 \
	"-----END PRIVATE KEY-----\nE\n"
#define RSA_HELLO                                                      \
	"\""                                                           \
	"L+JPX7lErn0e79/9XwripLmjPwIH3QgoBB4rHX10wjc6itk1FjEg1/+CNDz7" \
	"d5hpmHxSDmAfEQma0pbGzxSHYmxaM8ZgZggT2Ddsadi6YnIT3nFyd1706XB3" \
	"c6UmVT5KedKKcKNUit1MsshNFaKrXgUdS75kaBEqOMvGvD7AJxw="         \
	"\""

START_TEST(ids_and_secrets_come_as_they_should)
{
	VALUE("uuidv5(\"dns\", \"tada.com\")",
	    "\"09af6599-359a-51ee-a133-b541bda6b863\"");
	VALUE("uuidv5(\"{6BA7B812-9dad-11d1-80b4-00c04fd430c8}\", \"x\") == "
	      "uuidv5(\"oid\", \"x\")",
	    "true");
	FAILS("uuidv5(\"6ba7b812-9dad-11d1-80b4-00c04fd430cx\", \"x\")",
	    "(invalid UUID format)");
	VALUE("[strlen(uuidv4()), substr(uuidv4(), 14, 1)]", "[36,\"4\"]");
	VALUE("substr(bcrypt(\"x\", 4), 0, 7)", "\"$2a$04$\"");
	VALUE("strlen(bcrypt(\"x\", 4))", "60");
	FAILS("bcrypt(\"x\", 32)", "outside allowed inclusive range 4..31");
	FAILS("bcrypt(\"x\", 20)", "this takes too long for a job file");
	FAILS("[for i in range(1000) : try(bcrypt(\"x\", 12), \"\")][999] + 1",
	    "a number is required");
	VALUE("rsadecrypt(" RSA_HELLO ", " RSA_KEY ")", "\"hello\"");
	FAILS("rsadecrypt(\"!\", \"\")", "must be base64-encoded");
	FAILS("rsadecrypt(\"aGVsbG8=\", " RSA_KEY ")",
	    "failed to decrypt: crypto/rsa: decryption error");
}
END_TEST

START_TEST(patterns_are_replaced)
{
	VALUE("regex_replace(\"a1b22\", \"[0-9]+\", \"#\")", "\"a#b#\"");
	VALUE("regex_replace(\"x@y.z\", \"(\\\\w+)@(?P<host>[\\\\w.]+)\", "
	      "\"$${host} $2_$1 $$$9$\")",
	    "\"y.z x $$\"");
	VALUE("regex_replace(\"x@y\", \"(.)@(.)\", \"$${2}_$1\")", "\"y_x\"");
	VALUE("regex_replace(\"h\\u00e9\", \"\", \"-\")", "\"-h-\xc3\xa9-\"");
	VALUE("regex_replace(\"baaac\", \"a*\", \"x\")", "\"xbxcx\"");
	VALUE("regex_replace(\"ab ab\", \"^a|\\\\bab$\", \"x\")", "\"xb x\"");
	FAILS("regex_replace(\"a\", \"(\", \"x\")",
	    "error parsing regexp: missing closing ): `(`.");
	FAILS("regex_replace(join(\"\", [for i in range(900) : "
	      "join(\"\", [for k in range(100) : \"aaaa\"])]), "
	      "\"(a{0,200}){20}[bc]\", \"\")",
	    "this takes too long for a job file");
}
END_TEST

START_TEST(yaml_is_read_as_what_it_means)
{
	VALUE(
	    "yamldecode(\"[1, -0x1, 0b101, 1_000.5e1, .5, +3, yes, ~, '1']\")",
	    "[1,\"-0x1\",5,10005,0.5,3,\"yes\",null,\"1\"]");
	VALUE("yamldecode(\"- 2024-1-2\\n- 2024-01-02t3:4:5.6+01:00\\n"
	      "- 2024-01-02 03:04:05\\n- 2024-01-02 03:04\\n- 2024-02-30\")",
	    "[\"2024-01-02T00:00:00Z\",\"2024-01-02T03:04:05+01:00\","
	    "\"2024-01-02T03:04:05Z\",\"2024-01-02 03:04\",\"2024-02-30\"]");
	VALUE("yamldecode(\"[!!str 1, !!int '2', !!binary aGk=, ! 3]\")",
	    "[\"1\",2,\"aGk=\",\"3\"]");
	VALUE("yamldecode(\"a: &x {b: 1, c: 2}\\nd:\\n  <<: *x\\n  b: 3\\n"
	      "e: *x\\n1: <<\")",
	    "{\"1\":\"<<\",\"a\":{\"b\":1,\"c\":2},\"d\":{\"b\":3,\"c\":2},"
	    "\"e\":{\"b\":1,\"c\":2}}");
	VALUE(
	    "yamldecode(\"<<: [{a: 1}, {a: 2, b: 3}]\")", "{\"a\":1,\"b\":3}");
	VALUE("yamldecode(\"a: |\\n  x\\n  y\\nb: >-\\n  x\\n  y\\n\")",
	    "{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}");
	FAILS("yamldecode(\"\")", "missing start of document");
	FAILS("yamldecode(\"a\\n---\\nb\")",
	    "on line 2, column 1: unexpected extra content after value");
	FAILS("yamldecode(\"a: [\")", "on line 2, column 1: did not find");
	FAILS("yamldecode(\"{a: .nan}\")", "NaN or infinity");
	FAILS("yamldecode(\"- *x\")", "undefined anchor \"x\"");
	FAILS("yamldecode(\"&x [*x]\")", "inside its own definition");
	FAILS("yamldecode(\"{[]: 1}\")", "only strings are allowed as");
	FAILS("yamldecode(\"{~: 1}\")", "mapping keys cannot be null");
	FAILS("yamldecode(\"{<<: 1}\")", "only mappings can be merged");
	FAILS("yamldecode(\"!!int x\")", "cannot parse \"x\" as tag:yaml.org");
	FAILS("yamldecode(\"!x 1\")", "unsupported tag \"!x\"");
	FAILS("yamldecode(\"!!set {a}\")", "unsupported tag");
	FAILS("yamldecode(join(\"\", [for i in range(70) : \"[\"]))",
	    "nested too deeply");
}
END_TEST

START_TEST(yaml_without_end_is_refused)
{
	static char text[2048];
	size_t n = 0;

	/* Each holds the one before ten times. */
	n += (size_t)snprintf(text, sizeof text, "yamldecode(<<E\na0: &a0 x\n");
	for (int i = 1; i < 12; i++) {
		n += (size_t)snprintf(
		    text + n, sizeof text - n, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			n += (size_t)snprintf(
			    text + n, sizeof text - n, "*a%d,", i - 1);
		n += (size_t)snprintf(text + n, sizeof text - n, "]\n");
	}
	snprintf(text + n, sizeof text - n, "E\n)");
	FAILS(text, "Evaluation too large");
}
END_TEST

START_TEST(yaml_is_written_in_blocks)
{
	VALUE("yamlencode({ b = [1, \"x\", [], {}], a = [{ c = 2.5, d = null "
	      "}] })",
	    "\"\\\"a\\\":\\n- \\\"c\\\": 2.5\\n  \\\"d\\\": null\\n"
	    "\\\"b\\\":\\n- 1\\n- \\\"x\\\"\\n- []\\n- {}\\n\"");
	VALUE("yamlencode(\"a\\nb\\n\")", "\"|\\n  a\\n  b\\n\"");
	VALUE("yamlencode(\"\\u00e9\\t\\\"\")",
	    "\"\\\"\xc3\xa9\\\\t\\\\\\\"\\\"\\n\"");
	VALUE("yamlencode([true])", "\"- true\\n\"");
	VALUE("yamlencode(1)", "\"1\\n\"");
	VALUE("yamldecode(yamlencode({ a = [1, null, \"1\", \"x\\n y\\n\"] }))",
	    "{\"a\":[1,null,\"1\",\"x\\n y\\n\"]}");
}
END_TEST

START_TEST(what_a_call_lacks_is_told)
{
	FAILS("try()", "at least one argument is required");
	FAILS("can()", "Missing value for \"expression\"");
	FAILS("can(1, 2)", "Function \"can\" expects only 1 argument(s).");
	FAILS("convert(1)", "Missing value for \"type\"");
	FAILS("format(\"%d\", \"x\")", "for \"%d\" at 0: a number is required");
	FAILS("format(\"%d\", 1.5)", "at 0: an integer is required");
	FAILS("format(\"a%s\", null)", "at 1: null value cannot be formatted");
	FAILS("format(\"%s\", [1])", "string required, but have tuple");
	FAILS("coalesce([], \"a\")", "all arguments must have the same type");
	VALUE("coalesce(null, 1, \"a\")", "\"1\"");
	VALUE("coalesce(null, 1, null)", "1");
	FAILS("jsondecode(\"[1\")", "Call to function \"jsondecode\" failed: ");
}
END_TEST

START_TEST(texts_and_lists_have_an_end)
{
	static const struct {
		const char *call, *why; /* x: 64,000 bytes */
	} cases[] = {
		{ "[for i in range(1000) : [x, x]]", "Evaluation too large" },
		{ "\"%{ for i in range(1000) }${x}%{ endfor }\"",
		    "Evaluation too large" },
		{ "join(\"\", [for i in range(60) : x], [for i in range(90) : "
		  "x])",
		    "text is too long" },
		{ "format(replace(x, \"0\", \"%[1]s\"), x)",
		    "text is too long" },
		{ "replace(x, \"0\", x)", "text is too long" },
		{ "regex_replace(x, \"(.*)\", replace(x, \"0\", \"$${1}\"))",
		    "text is too long" },
		{ "indent(1000, join(\"\\n\", split(\"\", substr(x, 0, "
		  "9000))))",
		    "text is too long" },
		{ "concat([for i in range(20) : split(\"\", x)]...)",
		    "too many values" },
		{ "split(\"\", join(\"\", [for i in range(17) : x]))",
		    "too many values" },
	};
	struct buf text = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_reset(&text);
		buf_addf(&text,
		    "[for x in [join(\"\", [for i in range(1000) : "
		    "\"0123456789012345678901234567890123456789012345678901234"
		    "567890123\"])] : %s]",
		    cases[i].call);
		FAILS(buf_str(&text), cases[i].why);
	}
	buf_release(&text);
	FAILS("[for x in [join(\"\", [for i in range(1000) : "
	      "replace(\"aaaaaaaaaaaaaaaaaaaaaaaa\", \"a\", \"- a\\n\")])] : "
	      "csvdecode(join(\"\", [for i in range(44) : x]))]",
	    "too many values");
	FAILS("[for x in [join(\"\", [for i in range(1000) : "
	      "replace(\"aaaaaaaaaaaaaaaaaaaaaaaa\", \"a\", \"- a\\n\")])] : "
	      "yamldecode(join(\"\", [for i in range(44) : x]))]",
	    "too many values");
}
END_TEST

UNIT_MAIN("hcl_func", paths_are_joined_as_text,
    a_fileset_is_what_its_pattern_names, networks_are_cut_into_networks,
    moments_are_written_as_the_format_says, tables_are_lists_of_objects,
    ids_and_secrets_come_as_they_should, patterns_are_replaced,
    yaml_is_read_as_what_it_means, yaml_without_end_is_refused,
    yaml_is_written_in_blocks, what_a_call_lacks_is_told,
    texts_and_lists_have_an_end)
