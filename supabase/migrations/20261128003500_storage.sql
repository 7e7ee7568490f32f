-- The public buckets. Without Supabase Storage there is nothing to do.

do $$
begin
  if to_regclass('storage.buckets') is not null then
    insert into storage.buckets (id, name, public)
    values
      ('storyboard-images', 'storyboard-images', true),
      ('storyboard-videos', 'storyboard-videos', true)
    on conflict (id) do update set public = true;
  end if;
end
$$;
