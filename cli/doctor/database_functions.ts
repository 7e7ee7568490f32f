/**
 * What this version calls and reads over the Data API. A test holds it against the migrations.
 */

export interface DatabaseFunction {
  /** The names of its arguments, by which PostgREST finds it. */
  arguments: string[];
  /**
   * Arguments other than null of a call that does nothing: it is refused for them, or only looks.
   * `false`: there is no such call.
   */
  harmless?: Record<string, unknown> | false;
}

export const DATABASE_FUNCTIONS: Record<string, DatabaseFunction> = {
  begin_generation_submission: { arguments: ["queue_name", "msg_id", "lease_token", "model"] },
  cancel_generation_job: { arguments: ["job_id"] },
  cancelled_generation_operations: { arguments: ["queue_name", "quantity", "told"] },
  claim_generation_jobs: { arguments: ["queue_name", "lease_seconds", "quantity", "models"] },
  complete_generation_job: {
    arguments: [
      ...["queue_name", "msg_id", "lease_token", "object_path", "asset_url", "content_type"],
      ...["model", "usage", "cost_usd"],
    ],
  },
  confirm_generation_publication: { arguments: ["job_id", "publications"] },
  defer_generation_job: {
    arguments: [
      ...["queue_name", "msg_id", "lease_token", "delay_seconds", "counted", "error_code"],
      ...["error_message", "reset_submission"],
    ],
  },
  deliver_generation_webhooks: { arguments: [], harmless: false },
  enqueue_generation_job: {
    arguments: ["queue_name", "message", "delay_seconds", "idempotency_key", "priority"],
  },
  extend_generation_lease: { arguments: ["queue_name", "msg_id", "lease_token", "lease_seconds"] },
  fail_generation_job: {
    arguments: [
      ...["queue_name", "msg_id", "lease_token", "error_code", "error_message", "reset_submission"],
    ],
  },
  generation_job: { arguments: ["job_id"] },
  generation_metrics: { arguments: [] },
  generation_schedule: { arguments: [] },
  generation_schema_version: { arguments: [] },
  generation_webhook_status: { arguments: [] },
  install_generation_schedule: {
    arguments: ["project_url", "worker_key"],
    harmless: { project_url: "" },
  },
  // A project may have replaced it, so nobody knows what a call does.
  link_generated_asset: {
    arguments: ["entity_key", "asset_kind", "asset_url", "generated_at"],
    harmless: false,
  },
  prune_generation_jobs: { arguments: ["older_than", "include_failed", "quantity"] },
  record_generation_operation: { arguments: ["queue_name", "msg_id", "lease_token", "operation"] },
  redeliver_generation_webhook: { arguments: ["webhook_id"] },
  redrive_generation_jobs: {
    arguments: ["job_ids", "error_code", "queue_name", "forget_operation"],
    harmless: { queue_name: "none" },
  },
  remove_generation_schedule: { arguments: [], harmless: false },
  unpublished_generation_jobs: { arguments: ["queue_name", "quantity"] },
};

/** Tables and views of the schema public. */
export const RELATIONS = [
  "generation_assets",
  "generation_costs",
  "generation_entities",
  "generation_failures",
  "generation_jobs",
  "generation_jobs_in_flight",
  "generation_latency",
  "generation_limits",
  "generation_limits_in_use",
  "generation_oldest_waiting",
  "generation_pending_jobs",
  "generation_throughput",
  "generation_webhook_settings",
  "generation_webhooks",
  "generation_worker_settings",
  "kv_store_7ee7668a",
];
