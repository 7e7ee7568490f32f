-- Functions in public got their grants where they were created, and so did the tables and views.
-- What is left: the internals, which only the functions in public call (as their owner), and the
-- views' two functions, which keep their grant to service_role.

revoke all on all functions in schema generation_private from public;

-- PostgREST keeps the schema in memory: make it look again, so that the functions can be called at
-- once.
notify pgrst, 'reload schema';
