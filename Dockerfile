# The image of this project: cross-compiled, nothing in it but the program.
#
#   tool (default)   /usr/local/bin/{buildtools,build,push}, CA bundle, /etc/passwd, /tmp
FROM --platform=$BUILDPLATFORM debian:bookworm AS compile
WORKDIR /src
COPY ci/packages ci/packages
RUN apt-get update \
 && awk '/^(build|cross) / {print $2}' ci/packages | xargs apt-get install -y --no-install-recommends ca-certificates git
COPY . .
ARG TARGETARCH
ARG TARGETVARIANT
RUN case $TARGETARCH$TARGETVARIANT in \
        amd64) arch=x86_64 ;; arm64*) arch=aarch64 ;; armv7) arch=armv7 ;; \
        *) echo "no build for $TARGETARCH$TARGETVARIANT" >&2; exit 1 ;; \
    esac \
 && make -j"$(nproc)" ARCH=$arch \
 && mkdir -p /image/usr/local/bin /image/etc/ssl/certs /image/tmp \
 && cp -a out/$arch/buildtools out/$arch/build out/$arch/push /image/usr/local/bin/ \
 && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
 && echo 'root:x:0:0:root:/:' > /image/etc/passwd \
 && chmod 1777 /image/tmp

FROM scratch AS tool
COPY --from=compile /image/ /
ENV PATH=/usr/local/bin
ENTRYPOINT ["/usr/local/bin/buildtools"]
