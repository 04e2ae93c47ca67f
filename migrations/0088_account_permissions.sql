-- What people may do with the accounts that they have a role on, or on the portfolio around. A permission without a role comes
-- with every role.

create table account_permissions (
    role text,
    permission text not null,
    constraint account_permissions_key unique nulls not distinct (role, permission)
);

insert into account_permissions (role, permission) values
    (null, 'view-account'),
    (null, 'edit-account'),
    ('ACCOUNT_OWNER', 'dispose-of-money'),
    ('PORTFOLIO_OWNER', 'dispose-of-money');
