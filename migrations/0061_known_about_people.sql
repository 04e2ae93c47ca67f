-- What operations staff know about people beside their details: a label, other numbers that they have called from, what
-- to take care of because of violence in the family, and anything else by kind.

alter table account_users
    add column label text check (label <> ''),
    add column alternative_phones text[] not null default '{}',
    add column has_family_issues boolean not null default false,
    add column keeps_policy_back boolean not null default false,
    add column keeps_move_in_back boolean not null default false,
    add constraint account_users_family_issues check (
        has_family_issues or not (keeps_policy_back or keeps_move_in_back));

create table account_user_details (
    account_user_id bigint not null references account_users (id),
    namespace text not null check (namespace <> ''),
    value text not null check (value <> ''),
    is_sensitive boolean not null,
    created_at timestamptz not null,
    primary key (account_user_id, namespace)
);
