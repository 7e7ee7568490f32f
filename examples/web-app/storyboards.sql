create table public.storyboards (id text primary key, owner uuid not null);
alter table public.storyboards enable row level security;
grant select on public.storyboards to service_role;
