/* SPDX-License-Identifier: MIT */
#include "gate/front/certificates.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"

#define LOOK_NS   (NS_PER_S / 4)
#define FILE_MAX  ((size_t)1 << 20)

/* What tells one state of a file from another. */
struct sight {
	struct timespec changed;
	off_t size;
	ino_t inode;
};

/* A certificate with its key as it was read. */
struct loaded {
	const struct gate_certificate *from;
	size_t listen;
	struct buf text, key_text;
	struct sight seen[2];   /* of what was read, or could not be used */
	struct sight last[2];   /* at the last look */
};

struct certificates {
	const struct gate_config *config;
	struct loaded *all; size_t n;
	unsigned char ticket_key[TLS_TICKET_KEY_BYTES];
	int64_t looked_ns;
	pthread_mutex_t lock;          /* of the texts, against who makes contexts of them */
	atomic_uint_least64_t version;
};

/* ---- files ----------------------------------------------------------------------------------- */

static void
wipe(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->size);
	buf_done(b);
}

static struct sight
look_at(const char *path)
{
	struct stat s;

	if (!path || stat(path, &s) < 0)
		return (struct sight){ 0 };
	return (struct sight){ .changed = s.st_mtim, .size = s.st_size, .inode = s.st_ino };
}

static bool
is_same(const struct sight *a, const struct sight *b)
{
	return a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec &&
	    a->size == b->size && a->inode == b->inode;
}

static int
read_one(const struct gate_config *c, const char *path, struct node_place at, struct buf *out, struct err *e)
{
	struct err why = { 0 };
	int code = file_read(path, FILE_MAX, out, &why);

	return code < 0 ? err_usage(e, "%s:%d:%d: %s", c->file, at.line, at.column, why.text) : 0;
}

static struct tls_certificate
pem_of(const struct loaded *k)
{
	return (struct tls_certificate){
		.file = k->from->file, .key_file = k->from->key_file, .text = buf_text(&k->text),
		.key_text = buf_text(&k->key_text), .size = k->text.size, .key_size = k->key_text.size,
	};
}

/* Into `k`, when all is well with it. */
static int
load(const struct gate_config *c, struct loaded *k, struct err *e)
{
	const struct gate_certificate *from = k->from;
	struct loaded read = { .from = from };
	struct err why = { 0 };

	int code = read_one(c, from->file, from->place, &read.text, e);
	if (code == 0 && from->key_file)
		code = read_one(c, from->key_file, from->key_place, &read.key_text, e);
	if (code == 0) {
		struct tls_certificate pem = pem_of(&read);
		if (tls_certificate_check(&pem, &why) < 0)
			code = err_usage(e, "%s:%d:%d: %s", c->file, from->place.line, from->place.column, why.text);
	}
	if (code < 0 && why.hint[0])
		err_hint(e, "%s", why.hint);
	if (code == 0) {
		struct buf text = k->text, key_text = k->key_text;
		k->text = read.text;
		k->key_text = read.key_text;
		read.text = text;
		read.key_text = key_text;
	}
	wipe(&read.text);
	wipe(&read.key_text);
	return code;
}

/* ---- changes --------------------------------------------------------------------------------- */

static void
see(struct loaded *k, struct sight *out)
{
	out[0] = look_at(k->from->file);
	out[1] = look_at(k->from->key_file);
}

/* Something has changed since it was read, and has stayed as it is for a look: who writes two files is not
 * caught between them. */
static bool
is_due(struct loaded *k)
{
	struct sight now[2];

	see(k, now);
	bool rests = is_same(&now[0], &k->last[0]) && is_same(&now[1], &k->last[1]);
	bool known = is_same(&now[0], &k->seen[0]) && is_same(&now[1], &k->seen[1]);
	memcpy(k->last, now, sizeof(now));
	return rests && !known;
}

static void
renew(struct certificates *k, struct loaded *one, const struct gate_talk *talk)
{
	CLEANUP(buf_done) struct buf said = { 0 };
	struct err e = { 0 };

	memcpy(one->seen, one->last, sizeof(one->seen));
	pthread_mutex_lock(&k->lock);
	int code = load(k->config, one, &e);
	pthread_mutex_unlock(&k->lock);
	if (code < 0)
		buf_printf(&said, "the certificate stays as it was: %s", e.text);
	else
		buf_printf(&said, "'%s' was read again", one->from->file);
	talk->say(talk->ctx, buf_text(&said));
	if (code == 0)
		atomic_fetch_add(&k->version, 1);
}

void
certificates_look(struct certificates *k, int64_t now, const struct gate_talk *talk)
{
	if (!k || now - k->looked_ns < LOOK_NS)
		return;
	k->looked_ns = now;
	for (size_t i = 0; i < k->n; i++)
		if (is_due(&k->all[i]))
			renew(k, &k->all[i], talk);
}

/* ---- contexts -------------------------------------------------------------------------------- */

static int
update_one(struct certificates *k, size_t listen, struct tls_context **context, struct err *e)
{
	static const char *const alpn[] = { "h2", "http/1.1", NULL };
	struct tls_certificate pems[GATE_CERTIFICATES_MAX];
	struct tls_server_config config = { .certificates = pems, .alpn = alpn, .ticket_key = k->ticket_key };

	for (size_t i = 0; i < k->n; i++)
		if (k->all[i].listen == listen)
			pems[config.n++] = pem_of(&k->all[i]);
	if (!config.n)
		return 0;
	return *context ? tls_server_renew(*context, &config, e) : tls_server_open(&config, context, e);
}

int
certificates_update(struct certificates *k, struct worker_tls *t)
{
	uint64_t version = atomic_load_explicit(&k->version, memory_order_acquire);
	struct err e = { 0 };
	int code = 0;

	if (version == t->version)
		return 0;
	pthread_mutex_lock(&k->lock);
	for (size_t i = 0; i < k->config->n_listens && code == 0; i++)
		code = update_one(k, i, &t->contexts[i], &e);
	pthread_mutex_unlock(&k->lock);
	t->version = version;
	return code;
}

void
certificates_drop(struct worker_tls *t)
{
	for (size_t i = 0; i < GATE_LISTENS_MAX; i++)
		tls_context_close(t->contexts[i]);
	*t = (struct worker_tls){ 0 };
}

/* ---- beginning and end ----------------------------------------------------------------------- */

static size_t
count(const struct gate_config *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_listens; i++)
		n += c->listens[i].n_certificates;
	return n;
}

static int
load_all(struct certificates *k, struct err *e)
{
	const struct gate_config *c = k->config;
	int code = 0;

	for (size_t i = 0; i < c->n_listens && code == 0; i++)
		for (size_t m = 0; m < c->listens[i].n_certificates && code == 0; m++) {
			struct loaded *one = &k->all[k->n++];
			one->listen = i;
			one->from = &c->listens[i].certificates[m];
			see(one, one->seen);
			see(one, one->last);
			code = load(c, one, e);
		}
	return code;
}

int
certificates_open(const struct gate_config *c, struct certificates **ret, struct err *e)
{
	size_t n = count(c);

	*ret = NULL;
	if (!n)
		return 0;
	struct certificates *k = calloc(1, sizeof(*k));
	if (!k || !(k->all = calloc(n, sizeof(*k->all)))) {
		free(k);
		return err_set(e, ENOMEM, "out of memory");
	}
	k->config = c;
	k->looked_ns = now_ns();
	pthread_mutex_init(&k->lock, NULL);
	atomic_store(&k->version, 1);
	int code = getrandom(k->ticket_key, sizeof(k->ticket_key), 0) == sizeof(k->ticket_key) ? load_all(k, e)
	    : err_set(e, errno, "no random numbers: %s", strerror(errno));
	if (code < 0) {
		certificates_close(k);
		return code;
	}
	*ret = k;
	return 0;
}

void
certificates_close(struct certificates *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->n; i++) {
		wipe(&k->all[i].text);
		wipe(&k->all[i].key_text);
	}
	explicit_bzero(k->ticket_key, sizeof(k->ticket_key));
	pthread_mutex_destroy(&k->lock);
	free(k->all);
	free(k);
}
