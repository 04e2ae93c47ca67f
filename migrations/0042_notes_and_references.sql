-- What the retailer's people write down about accounts. A pinned note stays on top until unpin_at.

create table account_notes (
    id bigint generated always as identity (start with 71001) primary key,
    account_id bigint not null references accounts (id),
    body text not null check (body <> ''),
    unpin_at timestamptz,
    by_kind text not null,
    by_id bigint not null,
    created_at timestamptz not null
);

create index account_notes_account on account_notes (account_id);

create trigger account_notes_append_only before update or delete or truncate on account_notes
    for each statement execute function refuse_change();

-- What other systems call an account. Each has a namespace, in which an account has one reference and a reference is
-- one account's.
create table account_reference_namespaces (
    code text primary key check (code ~ '^[A-Z][A-Z0-9_]*$')
);

insert into account_reference_namespaces (code) values
    ('CRM'), ('CREDIT_BUREAU'), ('DATA_WAREHOUSE'), ('DEBT_COLLECTION'), ('LEGACY_BILLING'), ('SALES_PARTNER');

create table account_references (
    account_id bigint not null references accounts (id),
    namespace text not null,
    value text not null check (value <> ''),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (account_id, namespace),
    constraint account_references_value_key unique (value, namespace),
    constraint account_references_namespace_fkey foreign key (namespace)
        references account_reference_namespaces (code)
);

create index account_references_search on account_references using gin (value gin_trgm_ops);
