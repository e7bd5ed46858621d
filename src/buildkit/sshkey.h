/*
 * Private keys of SSH users, out of the text of a key file: OpenSSH's own form
 * (openssh-key-v1) and PEM with PKCS#1, SEC 1 or PKCS#8; RSA, ECDSA on the three
 * NIST curves, Ed25519. Pure. Keys under a passphrase are refused.
 */
#ifndef BUILDKIT_SSHKEY_H
#define BUILDKIT_SSHKEY_H

#include "base/buf.h"
#include "base/secret.h"
#include "net/privkey.h"
#include "net/privsign.h"

struct err;
struct sshkey_kind;

enum {
	SSHKEY_FILE_MAX = 100 * 1024, /* bytes; the reference's figure */
	SSHKEY_COMMENT_MAX = 1024,    /* bytes that are kept */
	SSHKEY_RSA_BITS_MIN = 1024,
};

struct sshkey {
	const struct sshkey_kind *kind;
	struct privkey parts;     /* views into the next two */
	struct secret bytes, crt; /* what the armour held; what it leaves to be worked out */
	struct buf public;        /* the public half, as SSH writes it */
	char *comment;            /* out of the file, or empty */
};

/* What SSH calls the algorithms of keys (RFC 4253, 5656, 8709). */
struct sshkey_kind {
	const char *name;
	enum cert_key_type type;
	enum cert_curve curve;
	const char *curve_name;
	enum privsign_hash hash; /* that an EC key signs with */
};

/*
 * The first private key of the text. Its parts are checked to belong together.
 * ERR_CONFIG, as a sentence part behind the file's name. Release in any case.
 */
int sshkey_parse(struct str text, struct sshkey *out, struct err *err);
/* Wipes it. */
void sshkey_release(struct sshkey *k);

#endif
