-- What has a last day is found by it, over all creditors: most dues have none.
create index on payments.due (expires_on) where state = 'open' and expires_on is not null;
