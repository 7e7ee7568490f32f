select status, asset_url, error_code, error_message from generation_jobs where id = 'JOB-ID';

-- With the position in the queue, the attempts and the history.
select jsonb_pretty(generation_job('JOB-ID'));

select cancel_generation_job('JOB-ID');
