#include <stdlib.h>
#include <string.h>

#include "cmd/lbd/lbd.h"
#include "common/mem.h"
#include "proto/route.h"
#include "proto/version.h"

/* The page asks /api/routes itself and fills its table, so that it can be
 * filtered and kept up to date without a word to the server in between. */
static const char page_head[] =
    "<!doctype html>\n"
    "<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<title>lbd: routing table</title>\n"
    "<style>\n"
    "body{font:15px/1.5 system-ui,sans-serif;margin:0;color:#222}\n"
    "header{background:#2e7d32;color:#fff;padding:.6em 1.5em}\n"
    "main{padding:1em 1.5em}\n"
    "input{font:inherit;width:24em;padding:.3em;margin:.5em 0}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "th,td{text-align:left;padding:.35em .8em;"
    "border-bottom:1px solid #ddd}\n"
    "th{border-bottom:2px solid #888}\n"
    "td.n{text-align:right}\n"
    "p.none{color:#777}\n"
    "</style></head><body>\n"
    "<header><strong>lbd</strong></header>\n"
    "<main><h1>Routing Table</h1>\n"
    "<input id=\"filter\" placeholder=\"type words to filter routes\">\n"
    "<table><thead><tr><th>#</th><th>Service</th><th>Source</th>"
    "<th>Dest</th><th>Options</th><th>Weight</th></tr></thead>\n"
    "<tbody id=\"rows\">\n";

static const char page_tail[] =
    "</tbody></table>\n"
    "</main>\n"
    "<script>\n"
    "const box=document.getElementById('filter'),"
    "body=document.getElementById('rows');\n"
    "box.value=new URLSearchParams(location.search).get('filter')||'';\n"
    "function show(routes){\n"
    " const words=box.value.toLowerCase().split(/\\s+/).filter(w=>w);\n"
    " body.textContent='';\n"
    " routes.forEach((r,i)=>{\n"
    "  const cells=[i+1,r.service,r.src,r.dst,r.opts,"
    "(r.weight*100).toFixed(2)+'%'];\n"
    "  const text=cells.join(' ').toLowerCase();\n"
    "  if(!words.every(w=>text.includes(w)))return;\n"
    "  const tr=body.insertRow();\n"
    "  for(const c of cells)tr.insertCell().textContent=c;\n"
    " });\n"
    "}\n"
    "let last=[];\n"
    "async function load(){try{last=await(await "
    "fetch('/api/routes')).json()||[];show(last);}catch(e){}}\n"
    "box.oninput=()=>{const u=new URL(location);"
    "u.searchParams.set('filter',box.value);"
    "history.replaceState(null,'',u);show(last);};\n"
    "load();setInterval(load,2000);\n"
    "</script></body></html>\n";

struct ui {
	struct lbd *lbd;
	struct http_server *server;
};

static void
add_escaped(struct buf *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		switch (*p) {
		case '<':
			buf_adds(out, "&lt;");
			break;
		case '>':
			buf_adds(out, "&gt;");
			break;
		case '&':
			buf_adds(out, "&amp;");
			break;
		case '"':
			buf_adds(out, "&quot;");
			break;
		default:
			buf_addc(out, *p);
		}
	}
}

static void
add_cell(struct buf *out, const char *text)
{
	buf_adds(out, "<td>");
	add_escaped(out, text);
	buf_adds(out, "</td>");
}

static void
on_page(struct ui *u, struct http_req *r)
{
	struct route_rows rows = { 0 };
	struct buf out = { 0 };

	rtable_rows(u->lbd->table, &rows);
	buf_adds(&out, page_head);
	for (size_t i = 0; i < rows.nrows; i++) {
		const struct route_row *row = &rows.rows[i];

		buf_addf(&out, "<tr><td>%zu</td>", i + 1);
		add_cell(&out, row->service);
		add_cell(&out, row->src);
		add_cell(&out, row->dst);
		add_cell(&out, row->opts);
		buf_addf(&out, "<td>%.2f%%</td></tr>\n", row->weight * 100);
	}
	buf_adds(&out, page_tail);
	http_reply(r, 200, "text/html; charset=utf-8", out.data, out.len);
	buf_release(&out);
	rec_clear(&route_rows_type, &rows);
}

static int
json_flags(struct http_req *r)
{
	return http_has_param(r, "pretty") ? REC_JSON_PRETTY : 0;
}

/* As Fabio's: an empty table is null. */
static void
on_api_routes(struct ui *u, struct http_req *r)
{
	struct route_rows rows = { 0 };
	struct buf out = { 0 };

	if (http_has_param(r, "raw")) {
		rtable_format(u->lbd->table, false, &out);
		http_reply(r, 200, "text/plain; charset=utf-8", buf_str(&out),
		    out.len);
		buf_release(&out);
		return;
	}
	rtable_rows(u->lbd->table, &rows);
	if (rows.nrows == 0)
		buf_adds(&out, "null\n");
	else
		rec_list_to_json(&route_row_type, rows.rows, rows.nrows, &out,
		    json_flags(r));
	http_reply(r, 200, "application/json", out.data, out.len);
	buf_release(&out);
	rec_clear(&route_rows_type, &rows);
}

static void
on_api_config(struct ui *u, struct http_req *r)
{
	struct buf out = { 0 };

	rec_to_json(&lbd_config_type, u->lbd->config, &out, json_flags(r));
	http_reply(r, 200, "application/json", out.data, out.len);
	buf_release(&out);
}

static void
on_api_version(struct ui *u, struct http_req *r)
{
	(void)u;
	http_reply(r, 200, "text/plain", ROVE_VERSION, strlen(ROVE_VERSION));
}

static void
on_health(struct ui *u, struct http_req *r)
{
	(void)u;
	http_reply(r, 200, "text/plain", "OK\n", 3);
}

static const struct {
	const char *path;
	void (*fn)(struct ui *u, struct http_req *r);
} pages[] = {
	{ "/", on_page },
	{ "/routes", on_page },
	{ "/api/routes", on_api_routes },
	{ "/api/config", on_api_config },
	{ "/api/version", on_api_version },
	{ "/health", on_health },
};

static void
on_request(void *ctx, struct http_req *r)
{
	const char *method = http_method(r);

	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		http_add(r, "Allow", "GET, HEAD");
		http_fail(r, 405, "not allowed\n");
		return;
	}
	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
		if (strcmp(http_path(r), pages[i].path) == 0) {
			pages[i].fn(ctx, r);
			return;
		}
	}
	http_add(r, "Location", "/routes");
	http_reply(r, 303, NULL, NULL, 0);
}

struct ui *
ui_new(struct lbd *l, const char *addr, struct err *err)
{
	static const struct http_ops ops = { .on_request = on_request };
	struct ui *u = xcalloc(1, sizeof *u);

	u->lbd = l;
	u->server = http_server_new(l->daemon->loop, addr, NULL, &ops, u, err);
	if (u->server == NULL) {
		free(u);
		return NULL;
	}
	return u;
}

void
ui_free(struct ui *u)
{
	if (u == NULL)
		return;
	http_server_free(u->server);
	free(u);
}

const char *
ui_addr(const struct ui *u)
{
	return http_server_addr(u->server);
}
