# For deployments against a given Postgres. Not built or run by the project's own checks.
FROM node:20-bookworm-slim AS web
WORKDIR /web
COPY web/ ./
RUN npm ci --no-audit --no-fund && npm run build

FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
COPY --from=web /web/dist web/dist
RUN cargo build --release --locked --bin kraken-api

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* && useradd --system --home-dir /var/lib/kraken kraken \
    && install -d -o kraken /var/lib/kraken
COPY --from=build /src/target/release/kraken-api /usr/local/bin/kraken-api
USER kraken
ENV KRAKEN_HOME=/var/lib/kraken KRAKEN_LISTEN=0.0.0.0
EXPOSE 8000
ENTRYPOINT ["kraken-api"]
CMD ["serve"]
