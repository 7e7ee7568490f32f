-- Until it is delivered, later and later, for about a day.
begin;
select plan(15);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
update public.generation_webhook_settings set hosts = array['hooks.example.com'];
select vault.create_secret('whsec_' || encode(sha256(random()::text::bytea), 'base64'), 'webhook_secret');
select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p", "webhookUrl": "https://hooks.example.com/"}');
select public.cancel_generation_job(id) from public.generation_jobs;

create function pg_temp.look() returns text language plpgsql as $$
begin
  perform public.deliver_generation_webhooks();
  return (select concat_ws(' ', w.status, w.attempts, w.response_status, w.error) from public.generation_webhooks as w);
end
$$;
create function pg_temp.answer(status integer, message text default null) returns text language plpgsql as $$
begin
  insert into net._http_response (id, status_code, error_msg) select request_id, answer.status, answer.message from public.generation_webhooks;
  return pg_temp.look();
end
$$;
create function pg_temp.later() returns text language plpgsql as $$
begin
  update public.generation_webhooks set next_attempt_at = clock_timestamp() where status = 'waiting';
  return pg_temp.look();
end
$$;

select is(pg_temp.look(), 'sent 1', 'as long as no answer has come it waits for one');
select is(pg_temp.answer(503), 'waiting 1 503 the receiver answered 503', 'an answer that is none');
select is(pg_temp.look(), 'waiting 1 503 the receiver answered 503', 'the next attempt has its time');
select is(pg_temp.later(), 'sent 2', 'then it is made');
select is(pg_temp.answer(null, 'Timeout of 5000 ms reached'), 'waiting 2 Timeout of 5000 ms reached', 'no answer in time');
select is(pg_temp.later(), 'sent 3', 'again');
update public.generation_webhooks set sent_at = clock_timestamp() - interval '4 minutes';
select is(pg_temp.look(), 'sent 3', 'the answer may take a while to be there');
update public.generation_webhooks set sent_at = clock_timestamp() - interval '6 minutes';
select is(pg_temp.look(), 'waiting 3 no answer came', 'but not for ever');
select is(pg_temp.later(), 'sent 4', 'then it was lost');
update public.generation_webhooks set sent_at = clock_timestamp() + interval '2 minutes';
select is(pg_temp.answer(200), 'sent 4', 'an answer from before is that to another request of the same number');
update public.generation_webhooks set sent_at = clock_timestamp();
select is(pg_temp.answer(200), 'delivered 4 200', 'in the end it is delivered');
select is(pg_temp.later(), 'delivered 4 200', 'and that was that');

select is(
  array(select generation_private.webhook_delay(attempts) is null from generate_series(1, 10) as attempts),
  array_fill(false, array[9]) || true, 'there are ten attempts'
);
select is(
  array(
    select count(distinct delay)
    from unnest(array[10, 40, 160, 640, 2560, 10240, 21600, 21600, 21600]) with ordinality as e (seconds, attempts),
      lateral (select generation_private.webhook_delay(attempts::integer) as delay from generate_series(1, 50 + 0 * seconds)) as d
    where delay between make_interval(secs => 0.8 * seconds) and make_interval(secs => 1.2 * seconds)
    group by attempts
  ),
  array_fill(50::bigint, array[9]), 'each later than the one before, give or take a fifth'
);
update public.generation_webhooks set status = 'sent', attempts = 10, sent_at = clock_timestamp();
delete from net._http_response;
select is(pg_temp.answer(500), 'failed 10 500 the receiver answered 500', 'after the tenth it has failed');

select * from finish();
rollback;
