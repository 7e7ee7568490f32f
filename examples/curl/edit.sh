# The picture goes to Storage first: the worker fetches it from there.
object=storyboard-images/storyboard-001/sources/$(basename "$PICTURE")
curl --silent --show-error --fail-with-body "$SUPABASE_URL/storage/v1/object/$object" \
  --header "apikey: $SUPABASE_SECRET_KEY" --header "Content-Type: image/png" \
  --header "x-upsert: true" --data-binary "@$PICTURE" --output /dev/null

curl --silent --show-error --fail-with-body "$SUPABASE_URL/rest/v1/rpc/enqueue_generation_job" \
  --header "apikey: $SUPABASE_SECRET_KEY" --header "Content-Type: application/json" \
  --data "{
    \"queue_name\": \"image_generation_queue\",
    \"message\": {
      \"storyboardId\": \"storyboard-001\", \"sceneId\": \"scene-001\",
      \"prompt\": \"Add dramatic sunset\", \"editMode\": true,
      \"sourceImageUrl\": \"$SUPABASE_URL/storage/v1/object/public/$object\"
    }
  }"
