#!/bin/sh
# Makes the keys of the SSH tests in a folder, with OpenSSH's ssh-keygen and the openssl program.
#
#   tests/unit/sshkeys.sh FOLDER
#
# Of each key that can be used: NAME, NAME.pub as OpenSSH writes it, NAME.pem with the public half for openssl.
set -eu
cd "$1"
exec >keys.log 2>&1

# public NAME: from the public half in OpenSSH's form to one for openssl, which knows no Ed25519 in that form
public() {
	if grep -q '^ssh-ed25519 ' "$1.pub"; then
		{ printf '0*0\005\006\003+ep\003!\000'; cut -d ' ' -f 2 "$1.pub" | openssl base64 -d -A | tail -c 32; } |
			openssl pkey -pubin -inform DER -out "$1.pem"
	else
		ssh-keygen -e -m PKCS8 -f "$1.pub" >"$1.pem"
	fi
}
openssh() { # NAME OPTION...
	name=$1
	shift
	ssh-keygen -q -N '' -C "of $name" -f "$name" "$@"
}
# other NAME: the public half of a key of openssl's
other() {
	openssl pkey -in "$1" -pubout -out "$1.pem"
	if openssl pkey -in "$1" -noout -text | grep -q '^ED25519'; then
		{ printf '\000\000\000\013ssh-ed25519\000\000\000 '; openssl pkey -in "$1" -pubout -outform DER | tail -c 32; } |
			openssl base64 -A | sed 's/^/ssh-ed25519 /' >"$1.pub"
	else
		chmod 600 "$1"
		ssh-keygen -y -f "$1" >"$1.pub"
	fi
}

openssh rsa -t rsa -b 2048
openssh p256 -t ecdsa -b 256
openssh p384 -t ecdsa -b 384
openssh p521 -t ecdsa -b 521
openssh ed25519 -t ed25519
for name in rsa p256 p384 p521 ed25519; do
	public "$name"
done

openssl genrsa -traditional -out rsa-pkcs1 1024
openssl genrsa -out rsa-pkcs8 1536
openssl ecparam -name prime256v1 -genkey -noout -out p256-sec1
openssl ecparam -name secp384r1 -genkey -out p384-parameters
openssl ecparam -name secp521r1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out p521-pkcs8
openssl ecparam -name prime256v1 -genkey -noout | openssl ec -no_public -out p256-alone
openssl genpkey -algorithm ed25519 -out ed25519-pkcs8
for name in rsa-pkcs1 rsa-pkcs8 p256-sec1 p384-parameters p521-pkcs8 p256-alone ed25519-pkcs8; do
	other "$name"
done

# what is refused
ssh-keygen -q -t ed25519 -N secret -f encrypted
openssl pkcs8 -topk8 -v2 aes128 -passout pass:secret -in p256-sec1 -out encrypted-pkcs8
openssl rsa -in rsa-pkcs1 -traditional -aes128 -passout pass:secret -out encrypted-pkcs1
ssh-keygen -q -t dsa -N '' -f dsa
ssh-keygen -q -t dsa -m PEM -N '' -f dsa-pem
openssl ecparam -name secp256k1 -genkey -noout -out koblitz
openssl genrsa -out small 512
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:1024 -pkeyopt rsa_keygen_pubexp:1208925819614629174706189 -out long-exponent
sed 2,3d rsa-pkcs8 >shortened
