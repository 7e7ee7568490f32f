-- The buckets, public when they are created. One that an operator has made private stays private. Without Supabase
-- Storage there is nothing to do.

do $$
begin
  if to_regclass('storage.buckets') is not null then
    insert into storage.buckets (id, name, public)
    values
      ('storyboard-images', 'storyboard-images', true),
      ('storyboard-videos', 'storyboard-videos', true)
    on conflict (id) do nothing;
  end if;
end
$$;
