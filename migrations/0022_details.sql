-- What is known about customers changes by their own hand or another's; every change leaves a row here, which is
-- only ever added. An attribute is called as it is on the wire. by_kind and by_id say whose hand it was: with a
-- masquerade the member of staff, with an application that acts for a customer the organisation.

create table detail_changes (
    id bigint generated always as identity primary key,
    account_user_id bigint references account_users (id),
    account_id bigint references accounts (id),
    field text not null,
    before jsonb not null,
    after jsonb not null,
    by_kind text not null,
    by_id bigint not null,
    at timestamptz not null,
    check (num_nonnulls(account_user_id, account_id) = 1),
    check (before <> after)
);

create index detail_changes_account_user on detail_changes (account_user_id) where account_user_id is not null;
create index detail_changes_account on detail_changes (account_id) where account_id is not null;

create trigger detail_changes_append_only before update or delete or truncate on detail_changes
    for each statement execute function refuse_change();

-- The billing address in its parts. The lines are made from it; addresses that were never given in parts have
-- lines alone. No choice of delivery means by e-mail, if there is an address.
alter table accounts
    add column billing_street_address text not null default '',
    add column billing_dependent_locality text not null default '',
    add column billing_locality text not null default '',
    add column billing_administrative_area text not null default '',
    add column billing_sorting_code text not null default '',
    add column comms_delivery_preference text
        check (comms_delivery_preference in ('EMAIL', 'POSTAL_MAIL')),
    add column document_accessibility text
        check (document_accessibility in ('LARGE_PRINT', 'BRAILLE', 'AUDIO')),
    add constraint accounts_email_to_be_delivered_to
        check (comms_delivery_preference is distinct from 'EMAIL' or billing_email <> '');

update support_roles set permissions = permissions || '{edit-customers}' where code in ('admin', 'billing');
