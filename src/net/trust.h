/*
 * A trust store: the certificate authorities whose word is taken. Where they
 * come from is the caller's choice: the system, files that are added to it, or
 * files alone.
 */
#ifndef NET_TRUST_H
#define NET_TRUST_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct env;
struct err;
struct trust;

/*
 * Empty. now: seconds since the Unix epoch; a certificate that has expired or is
 * not valid yet vouches for nothing.
 */
struct trust *trust_new(int64_t now);
/* Safe with NULL. */
void trust_free(struct trust *t);
void trust_freep(struct trust **t);
#define cleanup_trust CLEANUP(trust_freep)

/*
 * What the system trusts: its bundle of certificates, whose place SSL_CERT_FILE
 * takes, and those in the folders of SSL_CERT_DIR (a list with ':'). Where
 * neither is set and there is no bundle, the usual folders count, and when those
 * are empty, too, the certificates compiled in. ERR_CONFIG when SSL_CERT_FILE
 * leads to no certificate.
 */
int trust_add_system(struct trust *t, const struct env *env, struct err *err);
/*
 * The certificates of a PEM file; those that cannot be read are passed over.
 * ERR_CONFIG when there is none at all.
 */
int trust_add_file(struct trust *t, const char *path, struct err *err);
/*
 * The same for every file of a folder whose name ends in suffix (NULL: any). A
 * folder or files that cannot be read are passed over.
 */
void trust_add_dir(struct trust *t, const char *path, const char *suffix);
void trust_add_builtin(struct trust *t);

/* Certificates that are taken into account. */
size_t trust_count(const struct trust *t);

#endif
