-- Files that are handed in for accounts: a place is asked for, the file is sent there, and is looked at before anybody gets it.

create table account_file_attachments (
    id bigint generated always as identity (start with 140001) primary key,
    account_id bigint not null references accounts (id),
    filename text not null,
    category text not null,
    -- Where it is kept.
    key text not null,
    uploaded_at timestamptz,
    bytes bigint,
    sha256 text,
    -- What it turned out to be, once it was looked at; whatever is of no known kind is given to nobody.
    checked_at timestamptz,
    media_type text,
    by_kind text not null,
    by_id bigint not null,
    created_at timestamptz not null,
    constraint account_file_attachments_key_key unique (key),
    check ((uploaded_at is null) = (bytes is null) and (uploaded_at is null) = (sha256 is null)),
    check (checked_at is null or uploaded_at is not null),
    check (media_type is null or checked_at is not null)
);
create index account_file_attachments_account on account_file_attachments (account_id, id);
