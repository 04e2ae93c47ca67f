-- The files that bills were rendered to. A file never changes: what is rendered anew is another version.

create table billing_files (
    document_id bigint not null references billing_documents (id),
    code text not null check (code in ('PDF')),
    version integer not null check (version > 0),
    key text not null,
    filename text not null,
    media_type text not null,
    bytes bigint not null check (bytes > 0),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    created_at timestamptz not null,
    primary key (document_id, code, version),
    constraint billing_files_key_key unique (key)
);

create trigger billing_files_append_only before update or delete or truncate on billing_files
    for each statement execute function refuse_change();

-- What links to files are signed with.
create table link_secrets (
    only_row boolean primary key default true check (only_row),
    secret bytea not null check (octet_length(secret) = 64)
);
