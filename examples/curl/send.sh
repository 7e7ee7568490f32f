curl --silent --show-error --fail-with-body "$SUPABASE_URL/rest/v1/rpc/enqueue_generation_job" \
  --header "apikey: $SUPABASE_SECRET_KEY" --header "Content-Type: application/json" \
  --data '{
    "queue_name": "image_generation_queue",
    "message": {
      "storyboardId": "storyboard-001", "sceneId": "scene-001", "prompt": "A hero on a cliff"
    },
    "idempotency_key": "order-4711/hero"
  }'
