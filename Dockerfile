# syntax=docker/dockerfile:1
# The fakes in a container: `docker build --target scanalytics .`, or inode, itron, slv; without a target all of them.
#
# What runs in it is the command: `docker run IMAGE` is `vendorlab up`, `docker run IMAGE up --seed 7` or
# `docker run IMAGE check all` say otherwise, and the environment may say it instead (`vendorlab up --help`).
#
# The base, named here and nowhere else; docs/containers.md tells how to pin it by its digest.
ARG PYTHON=docker.io/library/python:3.13.9-slim-bookworm

# ---- the wheel: the tree as a user's pip would get it --------------------------------------------------------------
FROM ${PYTHON} AS wheel
WORKDIR /source
COPY pyproject.toml README.md ./
COPY src src
COPY mocks mocks
COPY clients clients
COPY contracts contracts
COPY scenarios scenarios
RUN python3 -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

# ---- what runs: one layer for all targets, with which `check` can hold any target to its contract too ---------------
# The base's pip installs, so that the environment needs none of its own.
FROM ${PYTHON} AS installed
COPY --from=wheel /wheel /wheel
RUN python3 -m venv --without-pip /opt/vendorlab \
 && wheel="$(echo /wheel/vendorlab-*.whl)" \
 && python3 -m pip --python /opt/vendorlab/bin/python install --no-cache-dir "${wheel}[all]"

# ---- where it runs: nobody's account, a folder for state, and nothing else that it may write -----------------------
FROM ${PYTHON} AS place
RUN groupadd --gid 10001 vendorlab \
 && useradd --uid 10001 --gid vendorlab --no-create-home --home-dir /var/lib/vendorlab --shell /usr/sbin/nologin vendorlab \
 && install --directory --owner=vendorlab --group=vendorlab --mode=0755 /var/lib/vendorlab
# Beyond loopback only here, where nothing is reached but what is published. The first name that others know it by
# stands in the addresses that it tells; where none is given, that is 127.0.0.1, as `--publish` has it.
ENV PATH=/opt/vendorlab/bin:$PATH \
    HOME=/var/lib/vendorlab \
    PYTHONUNBUFFERED=1 \
    VENDORLAB_HOST=0.0.0.0 \
    VENDORLAB_STATE=/var/lib/vendorlab/state
COPY --from=installed /opt/vendorlab /opt/vendorlab
WORKDIR /var/lib/vendorlab
VOLUME /var/lib/vendorlab
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 \
  CMD ["vendorlab", "wait", "--timeout", "2"]
ENTRYPOINT ["vendorlab"]
CMD ["up"]

# ---- one vendor each -----------------------------------------------------------------------------------------------
FROM place AS scanalytics
ENV VENDORLAB_VENDORS=scanalytics
EXPOSE 7070 7071

FROM place AS inode
ENV VENDORLAB_VENDORS=inode
EXPOSE 7070 7072

FROM place AS itron
ENV VENDORLAB_VENDORS=itron
EXPOSE 7070 7073 5683/udp 8883

FROM place AS slv
ENV VENDORLAB_VENDORS=slv
EXPOSE 7070 7074

# ---- all of them in one world, with one clock: the last, so the one that is built when none is named ---------------
FROM place AS all
EXPOSE 7070 7071 7072 7073 7074 5683/udp 8883
