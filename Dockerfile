# privacydesk as an image of one static binary, certificates and time zones. It holds no redis-server: the configuration
# names a Redis (redis.url). The base image is pinned by its exact version; whoever builds for production adds the digest
# that their registry vouches for (FROM golang:…@sha256:…).
FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=devel
ARG TARGETOS
ARG TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false \
    -ldflags "-s -w -X main.version=$VERSION" -o /out/usr/local/bin/privacydesk ./cmd/privacydesk
# An image made from scratch has no mkdir. The state folder is the service's own; /tmp is anybody's.
RUN install -d -m 0700 -o 65532 -g 65532 /state && install -d -m 1777 /out/tmp

FROM scratch
COPY --from=build /out/ /
# What `privacydesk licences` prints, too: ours, and those of all that is in here.
COPY --from=build /src/LICENSE /src/cmd/privacydesk/notices.txt /usr/share/doc/privacydesk/
COPY --from=build --chown=65532:65532 /state /var/lib/privacydesk
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# Go's own time zone data: where ZONEINFO points, time.LoadLocation looks first.
COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /usr/share/zoneinfo.zip
ENV ZONEINFO=/usr/share/zoneinfo.zip
# A number, so that Kubernetes can tell that it isn't root.
USER 65532:65532
WORKDIR /var/lib/privacydesk
VOLUME /var/lib/privacydesk
EXPOSE 8080
# As web.listen is when it is left out. With another port, or web.tls, give the container a check of its own.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/privacydesk", "health", "--url", "http://127.0.0.1:8080/healthz"]
ENTRYPOINT ["/usr/local/bin/privacydesk"]
CMD ["serve", "--config", "/etc/privacydesk/privacydesk.yml"]
