-- A position may be paid at once or by one of several plans of instalments: a due names its plan, 'single' or the plan's own name. The first that is paid closes the others.
alter table payments.due drop constraint due_plan_check, add constraint due_plan_check check (plan ~ '^[a-z][a-z0-9-]{0,19}$');
