-- What a person can be to a portfolio, and who at the retailer looks after one.

create table portfolio_roles (
    code text primary key
);

insert into portfolio_roles (code) values
    ('PORTFOLIO_OWNER'), ('MEMBER'), ('ADMIN'), ('CARER'), ('LOYALTY_POINT_USER'), ('TRACED');

-- Roles that were given before they were listed are kept.
insert into portfolio_roles (code) select distinct role from portfolio_user_roles on conflict do nothing;

alter table portfolio_user_roles
    add constraint portfolio_user_roles_role_fkey foreign key (role) references portfolio_roles (code);

create table operations_teams (
    id bigint generated always as identity (start with 801) primary key,
    name text not null,
    constraint operations_teams_name_key unique (name)
);

insert into operations_teams (name) values ('Domestic service'), ('Business service'), ('Specialist support');

alter table portfolios
    add column operations_team_id bigint,
    add constraint portfolios_operations_team_fkey foreign key (operations_team_id) references operations_teams (id);

update support_roles set permissions = permissions || '{manage-portfolios}' where code = 'admin';
