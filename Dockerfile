# The images of this project, out of its sources: programs that need nothing beside them, cross-compiled on the machine that
# builds. Dockerfile.rootfs makes the same out of what make has compiled.
#
#   tool (default)   /usr/local/bin/{buildtools,build,push}, CA bundle, /etc/passwd, /tmp
#   job              the same, and a shell with the programs that CI runners start in a job's image
#
# The program says of itself what CI_COMMIT and SOURCE_DATE_EPOCH say; without them it is a development build.
FROM --platform=$BUILDPLATFORM debian:bookworm AS vendored
WORKDIR /buildtools
ARG BUILDARCH
ARG TARGETARCH
COPY ci/packages ci/apt-install ci/
RUN if [ "$TARGETARCH" = "$BUILDARCH" ]; then ci/apt-install build; else ci/apt-install build "cross-$TARGETARCH"; fi
COPY Makefile ./
COPY vendor vendor
ARG TARGETPLATFORM
RUN make -j"$(nproc)" PLATFORM=$TARGETPLATFORM vendored

# what is above stays in the cache while only the sources change
FROM vendored AS compile
COPY ci/rootfs ci/licences ci/
COPY LICENSE ./
COPY src src
ARG CI_COMMIT
ARG SOURCE_DATE_EPOCH
RUN make -j"$(nproc)" PLATFORM=$TARGETPLATFORM COMMIT="$CI_COMMIT" ROOTFS=/rootfs rootfs

FROM scratch AS job
COPY --from=compile /rootfs/job/ /
ENV PATH=/usr/local/bin:/usr/bin:/bin
ENTRYPOINT ["/usr/local/bin/buildtools"]

FROM scratch AS tool
COPY --from=compile /rootfs/tool/ /
ENV PATH=/usr/local/bin:/usr/bin:/bin
ENTRYPOINT ["/usr/local/bin/buildtools"]
