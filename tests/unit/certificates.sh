#!/bin/sh
# Makes the certificates of the TLS tests in a folder, with the openssl program.
#
#   tests/unit/certificates.sh FOLDER
#
# Two authorities (ca, other-ca), one below the first (middle), servers' and clients' certificates as NAME.pem with
# NAME.key, and keys in every form.
set -eu
cd "$1"
exec 2>openssl.log
export OPENSSL_CONF="$PWD/openssl.cnf"
mkdir -p issued
: >index.txt

cat >openssl.cnf <<'END'
[req]
distinguished_name = none
prompt = no
[none]
[ca]
default_ca = any
[any]
new_certs_dir = issued
database = index.txt
rand_serial = yes
default_md = sha256
policy = whatever
unique_subject = no
x509_extensions = server
[whatever]
commonName = supplied
organizationName = optional
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[leaf]
basicConstraints = CA:FALSE
[server]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, DNS:*.wild.test, IP:127.0.0.1, IP:::1
[elsewhere]
basicConstraints = CA:FALSE
subjectAltName = DNS:a.example, DNS:b.example
[many]
basicConstraints = CA:FALSE
subjectAltName = DNS:a.test, DNS:b.test, DNS:c.test, DNS:d.test, DNS:e.test, DNS:f.test, IP:10.0.0.1
[client]
basicConstraints = CA:FALSE
extendedKeyUsage = clientAuth
subjectAltName = DNS:localhost
END

key() { openssl ecparam -name "${2:-prime256v1}" -genkey -noout -out "$1.key"; }
root() { # NAME SUBJECT
	key "$1"
	openssl req -x509 -new -key "$1.key" -subj "$2" -days 30 -extensions authority -out "$1.pem"
}
issue() { # NAME SUBJECT EXTENSIONS CA [FROM TO]
	openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
	openssl ca -batch -notext -in "$1.csr" -cert "$4.pem" -keyfile "$4.key" -extensions "$3" -out "$1.pem" \
		-startdate "${5:-20200101000000Z}" -enddate "${6:-20491231235959Z}"
}

root ca '/O=Test/CN=Test Root'
root other-ca '/CN=Other Root'
root same-name '/O=Test/CN=Test Root'
key expired-ca
openssl req -new -key expired-ca.key -subj '/CN=Old Root' -out expired-ca.csr
openssl ca -batch -notext -selfsign -in expired-ca.csr -keyfile expired-ca.key -extensions authority \
	-out expired-ca.pem -startdate 20200101000000Z -enddate 20210101000000Z
key middle secp384r1
issue middle '/CN=Test Middle' authority ca
key old-middle
issue old-middle '/CN=Old Middle' authority ca 20200101000000Z 20220101000000Z

key good
issue good '/CN=good' server ca
key big secp521r1
issue big '/CN=big' server ca
openssl genrsa -out rsa.key 2048
issue rsa '/CN=rsa' server ca
key expired
issue expired '/CN=expired' server ca 20230101000000Z 20240102000000Z
key future
issue future '/CN=future' server ca 20480101000000Z 20491231000000Z
key elsewhere
issue elsewhere '/CN=elsewhere' elsewhere ca
key many
issue many '/CN=many' many ca
key nameless
issue nameless '/CN=localhost' leaf ca
key client-only
issue client-only '/CN=client-only' client ca
key stranger
issue stranger '/CN=stranger' server other-ca
key of-old-root
issue of-old-root '/CN=of-old-root' server expired-ca
key below
issue below '/CN=below' server middle
key below-old
issue below-old '/CN=below-old' server old-middle
key below-leaf
issue below-leaf '/CN=below-leaf' server good
cat below.pem middle.pem >below-chain.pem
cat below.pem other-ca.pem ca.pem middle.pem >below-shuffled.pem
cat below-old.pem old-middle.pem >below-old-chain.pem
cat below-leaf.pem good.pem >below-leaf-chain.pem
key self
openssl req -x509 -new -key self.key -subj '/CN=self' -days 30 -extensions server -out self.pem

key client
issue client '/CN=client' client ca
openssl genrsa -out client-rsa.key 2048
issue client-rsa '/CN=client-rsa' client ca
key client-stranger
issue client-stranger '/CN=client-stranger' client other-ca

# the same keys in other forms
openssl pkcs8 -topk8 -nocrypt -in client.key -out client.pkcs8
openssl ec -in client.key -param_enc named_curve -no_public -out client.nopub
openssl rsa -in client-rsa.key -traditional -out client-rsa.pkcs1
openssl pkcs8 -topk8 -v2 aes128 -passout pass:x -in client.key -out client.encrypted
openssl rsa -in client-rsa.key -traditional -aes128 -passout pass:x -out client-rsa.encrypted
openssl genpkey -algorithm ed25519 -out ed25519.key
cat client.pem client.key >client-both.pem
{ echo "some text"; cat other-ca.pem; echo "-----BEGIN CERTIFICATE-----"; echo "bm9uZQ=="; echo "-----END CERTIFICATE-----"; cat ca.pem; } >bundle.pem
