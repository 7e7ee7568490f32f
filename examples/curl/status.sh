curl --silent --show-error --fail-with-body "$SUPABASE_URL/rest/v1/rpc/generation_job" \
  --header "apikey: $SUPABASE_SECRET_KEY" --header "Content-Type: application/json" \
  --data "{\"job_id\": \"$JOB_ID\"}"
