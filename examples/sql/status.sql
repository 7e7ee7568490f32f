-- The newest jobs of a storyboard.
select id, status, asset_url, error_code, error_message
from generation_jobs where storyboard_id = 'storyboard-001' order by enqueued_at desc limit 20;

-- One job, with its position in the queue, its attempts and its history: by its key, or by its id.
select jsonb_pretty(generation_job(id)) from generation_jobs where idempotency_key = 'order-4711/cover';
