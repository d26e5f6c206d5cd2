# Switchyard in a container: Node 24, the packages it needs and nothing else, an account without rights, all state in /data.
# README, «Container», says how to use it; compose.yaml is an example.

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The optional packages are Node itself, which is here already, and a picture library nothing here calls. No package has to run
# anything to be installed.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24-slim
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json LICENSE README.md ./
COPY channels channels
COPY commands commands
COPY src src
RUN ln -s /app/src/cli/launch.mjs /usr/local/bin/switchyard && install -d -o node -g node -m 700 /data

# Code belongs to root and is only read. Everything that is written lies in /data: the config, .env, the state, what agents make.
ENV SWITCHYARD_CONFIG=/data/switchyard.json5 SWITCHYARD_HOME=/data/.switchyard
VOLUME /data
WORKDIR /data
USER node

# Degraded (1) and not running (2) are both unhealthy; 2 has no meaning of its own there.
HEALTHCHECK --interval=60s --timeout=15s --start-period=60s CMD switchyard status || exit 1
# Without a shell in between, so that SIGTERM arrives and what runs may finish: stop with a timeout above gateway.drainSeconds.
ENTRYPOINT ["node", "/app/src/cli/launch.mjs"]
CMD ["start"]
