-- is_wish: the supply is ended only once the register of the market has confirmed that somebody leaves.
alter table supply_processes add column is_wish boolean not null default false;
alter table supply_processes add constraint supply_processes_wish_check check (not is_wish or kind = 'leave');

-- Whom the next supplier takes over by itself cannot be signed off here.
alter table closed_operations drop constraint closed_operations_operation_check;
alter table closed_operations add constraint closed_operations_operation_check
    check (operation in ('initializeUser', 'initializeAccount', 'prepareAccount', 'leaveSupplier'));
insert into closed_operations (brand, operation) values ('ORIGIN', 'leaveSupplier');
