-- Cancels a job that has not ended. JOB-ID is its id.
select cancel_generation_job('JOB-ID');
