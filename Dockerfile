# One image, one program. Built in two stages, so that no compiler ships.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --locked --release --package crossfade && strip target/release/crossfade

FROM debian:bookworm-slim
# The client programs: the schema is copied with pg_dump and psql.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates postgresql-client \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --no-create-home crossfade
COPY --from=build /src/target/release/crossfade /usr/local/bin/crossfade
COPY rules /rules
USER crossfade
ENV CROSSFADE_LISTEN=0.0.0.0:8080 CROSSFADE_RULES=/rules
EXPOSE 8080
ENTRYPOINT ["crossfade"]
CMD ["serve"]
