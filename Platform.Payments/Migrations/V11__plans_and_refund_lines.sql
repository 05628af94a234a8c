-- A position may be paid at once or by one of several plans of instalments: a due names its plan, 'single' or the plan's own name. The first that is paid closes the others.
alter table payments.due drop constraint due_plan_check, add constraint due_plan_check check (plan ~ '^[a-z][a-z0-9-]{0,19}$');

-- A refund that the gateway deducts from what it hands over: its line bears the refund's number.
alter table payments.settlement_line drop constraint settlement_line_kind_check, add constraint settlement_line_kind_check check (kind in ('payment', 'reversal', 'refund'));
