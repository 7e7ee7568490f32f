# The health of a function. No key is needed.
curl --silent --show-error --fail-with-body "$SUPABASE_URL/functions/v1/process-image-generation"

# A run. It answers with a report when it ends.
curl --silent --show-error --fail-with-body "$SUPABASE_URL/functions/v1/process-image-generation" \
  --request POST --header "apikey: $SUPABASE_SECRET_KEY"
