-- Partner users sell and serve on the retailer's behalf: people with a log-in and permissions of their own.
-- They see nothing of customers but what their permissions open.

create table partner_users (
    id bigint generated always as identity (start with 701) primary key,
    number text not null,
    name text not null,
    email text not null,
    permissions text[] not null default '{}',
    is_active boolean not null default true,
    tokens_valid_from bigint not null default 0,
    created_at timestamptz not null,
    constraint partner_users_number_key unique (number)
);

alter table logins
    add column partner_user_id bigint references partner_users (id),
    add constraint logins_partner_user_key unique (partner_user_id),
    drop constraint logins_check,
    add constraint logins_one_owner check (num_nonnulls(account_user_id, support_user_id, partner_user_id) = 1);

alter table refresh_tokens
    add column partner_user_id bigint references partner_users (id),
    drop constraint refresh_tokens_check1,
    add constraint refresh_tokens_one_owner
        check (num_nonnulls(account_user_id, support_user_id, organisation_id, partner_user_id) = 1);
create index refresh_tokens_partner_user on refresh_tokens (partner_user_id);
