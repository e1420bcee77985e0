# The image that takes the place of coredns/coredns: the built form and Node, nothing else, not even a shell. docs/image.md describes it.
#
#   docker build -t meridian .
#   docker run --rm --read-only --cap-drop ALL --cap-add NET_BIND_SERVICE -v "$PWD/Corefile:/etc/coredns/Corefile:ro" meridian -conf /etc/coredns/Corefile

FROM node:22-bookworm-slim AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libatomic1 libcap2-bin \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# npm brings the Node 26 that everything runs on; no package needs to run a script to be installed.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build
# Port 53 is below 1024, and whoever is not root has only those capabilities that the program's file gives. The libraries are those that Node needs and the base lacks.
RUN set -eu; \
    triple="$(uname -m)-linux-gnu"; \
    install -D --mode=755 "$(readlink -f node_modules/.bin/node)" /image/usr/local/bin/node; \
    for library in libatomic.so.1 libgcc_s.so.1 libstdc++.so.6; do \
        install -D --mode=644 "$(readlink -f "/usr/lib/$triple/$library")" "/image/usr/lib/$triple/$library"; \
    done; \
    install -D --mode=644 --target-directory=/image/meridian/bin bin/preload.cjs; \
    install -D --mode=644 --target-directory=/image/meridian LICENSE; \
    cp --recursive dist /image/meridian/dist; \
    chmod --recursive a+rX /image/meridian; \
    setcap cap_net_bind_service=+ep /image/usr/local/bin/node

FROM gcr.io/distroless/base-nossl-debian12
COPY --from=build /image/ /
# The command line is CoreDNS's: `-conf FILE` without a subcommand.
ENV MERIDIAN_INVOKED_AS=coredns
USER 1000:1000
WORKDIR /
EXPOSE 53/udp 53/tcp 8080/tcp 8181/tcp 9153/tcp
STOPSIGNAL SIGTERM
# As in bin/meridian, which needs a shell.
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=1", "--require", "/meridian/bin/preload.cjs", "/meridian/dist/meridian.js"]
