use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::failure::{Next, Standing};

fn of(status: u16, body: &str) -> Failure {
    after(status, body, None)
}

fn after(status: u16, body: &str, retry_after: Option<u64>) -> Failure {
    let status = StatusCode::from_u16(status).unwrap();
    let retry_after = retry_after.map(Duration::from_secs);
    failure(
        "a-model",
        &Reply { status, retry_after, body: body.as_bytes().to_vec(), ..Reply::default() },
    )
}

fn error(status: u16, name: &str, message: &str, details: Value) -> String {
    json!({"error": {"code": status, "status": name, "message": message, "details": details}})
        .to_string()
}

fn quota(id: &str, delay: Option<&str>) -> String {
    let mut details = vec![json!({
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaId": id, "quotaMetric": "requests"}],
    })];
    details.extend(delay.map(
        |delay| json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}),
    ));
    error(429, "RESOURCE_EXHAUSTED", "Too many requests.", details.into())
}

fn waits(failure: &Failure) -> Option<u64> {
    assert_eq!(failure.code, Code::QuotaExhausted);
    match failure.next {
        Next::Rest { standing: Standing::Resting, after } => after.map(|delay| delay.as_secs()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_refused_request_is_final_and_in_the_providers_words() {
    let body = error(400, "INVALID_ARGUMENT", "`durationSeconds` has to be 4 to 8.", json!([]));
    let failure = of(400, &body);
    assert_eq!((failure.code, failure.next), (Code::ModelRejectedRequest, Next::GiveUp));
    assert_eq!(failure.message, "a-model answered 400: `durationSeconds` has to be 4 to 8.");
    for status in [409, 413, 422] {
        assert_eq!(of(status, "").next, Next::GiveUp, "{status}");
    }
}

fn refuses(code: Code, status: u16, body: &str) {
    let failure = of(status, body);
    let refused = Next::Rest { standing: Standing::Refused, after: None };
    assert_eq!((failure.code, failure.next), (code, refused), "{status} {body}");
    assert!(failure.message.ends_with(advice(code)), "{}", failure.message);
}

#[test]
fn what_refuses_the_account_is_known_by_its_reason_whatever_the_status() {
    for (reason, code) in [
        ("API_KEY_INVALID", Code::ApiKeyInvalid),
        ("API_KEY_SERVICE_BLOCKED", Code::ApiKeyInvalid),
        ("ACCESS_TOKEN_EXPIRED", Code::ApiKeyInvalid),
        ("CREDENTIALS_MISSING", Code::ApiKeyInvalid),
        ("BILLING_DISABLED", Code::BillingRefused),
        ("UREQ_PROJECT_BILLING_NOT_FOUND", Code::BillingRefused),
        ("LOCATION_POLICY_VIOLATED", Code::LocationRefused),
        ("CONSUMER_SUSPENDED", Code::AccountRefused),
        ("CONSUMER_INVALID", Code::AccountRefused),
        ("SERVICE_DISABLED", Code::AccountRefused),
        ("IAM_PERMISSION_DENIED", Code::AccountRefused),
    ] {
        let details = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason, "domain": "googleapis.com"}]);
        for status in [200, 400, 403, 429, 500, 503] {
            refuses(code, status, &error(status, "", "No.", details.clone()));
        }
    }
    let quota = error(429, "RESOURCE_EXHAUSTED", "No.", json!([{"reason": "RATE_LIMIT_EXCEEDED"}]));
    assert_eq!(waits(&of(429, &quota)), None);
}

#[test]
fn what_refuses_the_account_is_known_by_its_words() {
    for (status, message, code) in [
        (400, "API key not valid. Please pass a valid API key.", Code::ApiKeyInvalid),
        (400, "API key expired. Please renew the API key.", Code::ApiKeyInvalid),
        (400, "API Key not found. Please pass a valid API key.", Code::ApiKeyInvalid),
        (400, "[400 Bad Request] Error: API key not valid.", Code::ApiKeyInvalid),
        (400, "INVALID_ARGUMENT: API key not valid.", Code::ApiKeyInvalid),
        (500, "API key not valid. Please pass a valid API key.", Code::ApiKeyInvalid),
        (403, "Your API key was reported as leaked. Please use another one.", Code::ApiKeyInvalid),
        (403, "Method doesn't allow unregistered callers.", Code::ApiKeyInvalid),
        (403, "Permission denied: Consumer 'api_key:…' has been suspended.", Code::AccountRefused),
        (
            403,
            "Generative Language API has not been used in project 1 before or it is disabled.",
            Code::AccountRefused,
        ),
        (
            403,
            "Permission 'aiplatform.endpoints.predict' denied on resource.",
            Code::AccountRefused,
        ),
        (403, "The caller does not have permission", Code::AccountRefused),
        (
            403,
            "This API method requires billing to be enabled. Please enable billing on project #1.",
            Code::BillingRefused,
        ),
        (403, "Project x (#1) has billing disabled. Please enable it.", Code::BillingRefused),
        (400, "Imagen API is only accessible to billed users at this time.", Code::BillingRefused),
        (
            429,
            "Your prepayment credits are depleted. Please go to AI Studio.",
            Code::BillingRefused,
        ),
        (429, "Your project has exceeded its monthly spending cap.", Code::BillingRefused),
        (400, "User location is not supported for the API use.", Code::LocationRefused),
        (
            400,
            "Gemini API free tier is not available in your country. Please enable billing.",
            Code::LocationRefused,
        ),
    ] {
        refuses(code, status, &error(status, "", message, json!(null)));
        refuses(code, status, &json!({"error": message}).to_string());
    }
    let inner = error(400, "INVALID_ARGUMENT", "API key expired.", json!([]));
    refuses(Code::ApiKeyInvalid, 400, &error(400, "Bad Request", &inner, json!(null)));
}

/// The ways in which proxies pass on a sentence of Google's.
fn passed_on(message: &str) -> Vec<String> {
    let inner = error(400, "FAILED_PRECONDITION", message, json!([]));
    let litellm = format!("litellm.BadRequestError: VertexAIException - {inner}");
    // A text with an apostrophe in it is quoted otherwise there.
    let plain = message.replace('\'', "");
    let python = format!("400 INVALID. {{'error': {{'code': 400, 'message': '{plain}'}}}}");
    let client = format!(
        "[GoogleGenerativeAI Error]: Error fetching from \
         https://api.test/v1beta/models/m:generateContent: [400 Bad Request] {message}"
    );
    vec![
        json!({"error": {"message": message}}).to_string(),
        json!({"error": message}).to_string(),
        json!({"errors": [{"message": message}]}).to_string(),
        json!({"message": message}).to_string(),
        json!({"detail": message}).to_string(),
        json!({"detail": [{"msg": message}]}).to_string(),
        json!({"detail": {"error": {"message": message}}}).to_string(),
        json!({"error": {"message": format!("Google Gen AI: {message}")}}).to_string(),
        json!({"error": {"message": client}}).to_string(),
        json!({"error": {"message": litellm, "type": null, "code": "400"}}).to_string(),
        json!({"error": {"message": format!("VertexAIException - b'{inner}'")}}).to_string(),
        json!({"error": {"message": python}}).to_string(),
        json!({"error": inner}).to_string(),
        litellm,
        message.into(),
        format!("[400 Bad Request] {message}"),
        format!("{{x}} [y]: {message}"),
        format!("<html><style>p{{text-align:center}}</style><p>{message}</p></html>"),
    ]
}

#[test]
fn the_account_is_refused_in_whatever_words_and_wrapping() {
    for (message, code) in [
        ("Consumer 'api_key:AQ_x' has been suspended.", Code::AccountRefused),
        ("Permission denied: Consumer 'api_key:x' has been suspended.", Code::AccountRefused),
        ("Your project has been deactivated", Code::AccountRefused),
        ("User location is not supported for the API use.", Code::LocationRefused),
        ("Country, region, or territory not supported", Code::LocationRefused),
        ("Unsupported region.", Code::LocationRefused),
        ("Gemini is not available in your territory", Code::LocationRefused),
        ("Invalid API key", Code::ApiKeyInvalid),
        ("Incorrect API key provided.", Code::ApiKeyInvalid),
        ("API Key has been disabled.", Code::ApiKeyInvalid),
        ("This API key has expired.", Code::ApiKeyInvalid),
        ("The API key was revoked", Code::ApiKeyInvalid),
        ("API key leaked. Please use another one.", Code::ApiKeyInvalid),
        ("The billing account for the owning project is disabled", Code::BillingRefused),
        ("Billing account 01-A is closed.", Code::BillingRefused),
        ("Insufficient credits", Code::BillingRefused),
        ("Insufficient account balance", Code::BillingRefused),
        ("You have run out of prepaid credits.", Code::BillingRefused),
        ("The project has reached its monthly spend cap", Code::BillingRefused),
        ("Spending limit reached.", Code::BillingRefused),
        ("insufficient_quota", Code::BillingRefused),
    ] {
        for body in passed_on(message) {
            for status in [200, 400, 404, 409, 429, 500, 503] {
                refuses(code, status, &body);
            }
        }
    }
    for (field, word, code) in [
        ("code", "invalid_api_key", Code::ApiKeyInvalid),
        ("type", "authentication_error", Code::ApiKeyInvalid),
        ("code", "insufficient_quota", Code::BillingRefused),
        ("type", "insufficient_quota", Code::BillingRefused),
        ("code", "billing_not_active", Code::BillingRefused),
        ("type", "permission_error", Code::AccountRefused),
    ] {
        let mut error = json!({"message": "m", "type": "invalid_request_error"});
        error[field] = json!(word);
        refuses(code, 400, &json!({"error": error}).to_string());
    }
}

#[test]
fn the_provider_has_trouble_in_whatever_words_and_wrapping() {
    let rests = |status, body: &str, code| {
        let failure = of(status, body);
        assert_eq!((failure.code, failure.next), (code, RESTS), "{status} {body}");
    };
    for (message, code) in [
        ("The model is overloaded. Please try again later.", Code::ProviderUnavailable),
        ("This model is currently experiencing high demand.", Code::ProviderUnavailable),
        ("The service is currently unavailable.", Code::ProviderUnavailable),
        ("The server is busy", Code::ProviderUnavailable),
        ("We are experiencing high traffic", Code::ProviderUnavailable),
        ("Insufficient capacity. The load balancer is out of targets.", Code::ProviderUnavailable),
        ("You have exceeded your quota", Code::QuotaExhausted),
        ("Resource has been exhausted (e.g. check quota).", Code::QuotaExhausted),
        ("Quota exceeded for metric: x", Code::QuotaExhausted),
        ("Rate limit reached", Code::QuotaExhausted),
        ("Too many requests", Code::QuotaExhausted),
    ] {
        for body in passed_on(message) {
            rests(400, &body, code);
            rests(200, &body, code);
        }
    }
    let unavailable = Code::ProviderUnavailable;
    for (field, value, code) in [
        ("type", json!("overloaded_error"), unavailable),
        ("code", json!("high_demand"), unavailable),
        ("status", json!("model_overloaded"), unavailable),
        ("code", json!("service_unavailable_error"), unavailable),
        ("code", json!(503.0), unavailable),
        ("code", json!(14.0), unavailable),
        ("code", json!("503"), unavailable),
        ("code", json!("14.0"), unavailable),
        ("code", json!("503 Service Unavailable"), unavailable),
        ("statusCode", json!(503), unavailable),
        ("status", json!("UNAVAILABLE"), unavailable),
        ("status", json!("RESOURCE_EXHAUSTED"), Code::QuotaExhausted),
        ("type", json!("rate_limit_error"), Code::QuotaExhausted),
    ] {
        for (status, beside) in [(200, 400), (400, 400), (400, 500), (403, 403), (500, 500)] {
            let mut error = json!({"code": beside, "message": "m", "status": "INVALID_ARGUMENT"});
            error[field] = value.clone();
            rests(status, &json!({"error": error}).to_string(), code);
            rests(status, &json!({"errors": [error]}).to_string(), code);
        }
    }
    for status in [425, 499] {
        rests(status, "", unavailable);
    }
    rests(409, &error(409, "ABORTED", "m", json!([])), unavailable);
}

#[test]
fn what_refuses_the_account_is_known_by_its_status() {
    for body in ["", "<html>Forbidden</html>", "{}", "{\"error\":{\"message\":\"m\"}}"] {
        refuses(Code::ApiKeyInvalid, 401, body);
        refuses(Code::BillingRefused, 402, body);
        refuses(Code::AccountRefused, 403, body);
        refuses(Code::AccountRefused, 407, body);
    }
}

#[test]
fn a_refusal_that_quotes_the_job_is_not_about_the_account() {
    for message in [
        "Invalid prompt: draw a sign that says API key not valid",
        "Unable to process \"API key not valid. Please pass a valid API key.\"",
        "The prompt 'User location is not supported' was refused.",
        "`prompt`: Your prepayment credits are depleted",
        "The text about an API key cannot be drawn.",
        "The prompt 'a wall with \"API key expired\" on it' was refused.",
        "Invalid prompt: {\"error\": {\"message\": \"API key expired.\"}}",
        "Invalid input: The model is overloaded. Insufficient credits. API key expired.",
        "Unable to process “the model has been shut down”",
        "Invalid value: \"a poster that says allowlisted feature\".",
    ] {
        for body in [error(400, "INVALID_ARGUMENT", message, json!([])), message.into()] {
            let failure = of(400, &body);
            let final_refusal = (Code::ModelRejectedRequest, Next::GiveUp);
            assert_eq!((failure.code, failure.next), final_refusal, "{body}");
        }
    }
    // What an ordinary limit says of billing.
    let message = "You exceeded your current quota, please check your plan and billing details.";
    assert_eq!(waits(&of(429, &error(429, "RESOURCE_EXHAUSTED", message, json!([])))), None);
}

/// An error of Cloudflare's AI Gateway.
fn of_gateway(code: u32) -> String {
    json!({"success": false, "result": [], "messages": [], "error": [{"code": code, "message": "m"}]})
        .to_string()
}

#[test]
fn what_every_request_is_refused_for_is_no_fault_of_a_job() {
    let nginx = "<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>";
    for (status, body) in [
        (405, "".into()),
        (405, "<html>Method Not Allowed</html>".into()),
        (405, error(405, "METHOD_NOT_ALLOWED", "m", json!([]))),
        (415, "".into()),
        (421, "Misdirected Request".into()),
        (426, "Upgrade Required".into()),
        (400, nginx.into()),
        (400, "Client sent an HTTP request to an HTTPS server.".into()),
        (400, "<html>400 No required SSL certificate was sent</html>".into()),
        (400, "Invalid Host header".into()),
        (400, "<h1>400 Bad Request</h1>Request Header Or Cookie Too Large".into()),
        (400, of_gateway(2001)),
        (400, of_gateway(2008)),
        (400, json!({"error": {"message": "Invalid provider"}}).to_string()),
    ] {
        let failure = of(status, &body);
        let refused = Next::Rest { standing: Standing::Refused, after: None };
        assert_eq!((failure.code, failure.next), (Code::ModelUnavailable, refused), "{body}");
    }
}

#[test]
fn the_statuses_of_proxies_alone_are_no_fault_of_a_job() {
    let page = "<html><head><title>Error</title></head><body><h1>Error</h1></body></html>";
    for status in [423, 424, 440, 444, 449, 460, 463, 494, 495, 496, 497, 498] {
        for body in ["", page, "upstream failed", "{\"error\": \"upstream failed\"}"] {
            let failure = of(status, body);
            let refused = Next::Rest { standing: Standing::Refused, after: None };
            assert_eq!((failure.code, failure.next), (Code::ModelUnavailable, refused), "{status}");
        }
    }
    assert_eq!(waits(&of(420, page)), None);
    // One of them passes on what the job did wrong.
    for (body, code) in [
        (r#"{"error": {"code": "invalid_argument", "message": "m"}}"#, Code::ModelRejectedRequest),
        (
            r#"{"error": {"message": "This aspect ratio is not supported"}}"#,
            Code::ModelRejectedRequest,
        ),
        (
            r#"{"error": {"message": "The prompt was flagged by our safety system"}}"#,
            Code::ContentBlocked,
        ),
    ] {
        let failure = of(424, body);
        assert_eq!((failure.code, failure.next), (code, Next::GiveUp), "{body}");
    }
}

#[test]
fn what_the_account_lacks_is_no_fault_of_a_job() {
    for (message, code) in [
        ("You must accept the terms of service before using this model.", Code::AccountRefused),
        ("Your project is not allowlisted to use this model.", Code::AccountRefused),
        ("Text-to-image is an allowlisted feature.", Code::AccountRefused),
        ("Your current plan does not include access to this model.", Code::AccountRefused),
        ("The project has no active subscription.", Code::BillingRefused),
        ("Your subscription has expired", Code::BillingRefused),
        ("Payment required", Code::BillingRefused),
        ("Key limit exceeded (monthly limit).", Code::BillingRefused),
        ("Wallet is empty", Code::BillingRefused),
    ] {
        for body in passed_on(message) {
            for status in [200, 400, 403] {
                refuses(code, status, &body);
            }
        }
    }
    let message = "Service agents are being provisioned. So please try again in a few minutes.";
    let failure = of(400, &error(400, "FAILED_PRECONDITION", message, json!([])));
    assert_eq!((failure.code, failure.next), (Code::ProviderUnavailable, RESTS));
    // The terms are also named to refuse a picture.
    let violates = of(400, "The image violates our terms of service.");
    assert_eq!((violates.code, violates.next), (Code::ContentBlocked, Next::GiveUp));
}

#[test]
fn what_the_account_is_refused_for_is_no_fault_of_a_job() {
    for (code, status, body) in [
        (Code::ApiKeyInvalid, 400, of_gateway(2009)),
        (
            Code::ApiKeyInvalid,
            500,
            json!({"name": "AiGatewayError", "internalCode": 2009, "message": "m"}).to_string(),
        ),
        (
            Code::ApiKeyInvalid,
            400,
            json!({"error": {"message": "m", "type": "auth_error", "code": "400"}}).to_string(),
        ),
        (
            Code::BillingRefused,
            400,
            json!({"error": {"message": "m", "type": "budget_exceeded", "code": "400"}})
                .to_string(),
        ),
        (
            Code::BillingRefused,
            400,
            json!({"error": {"message": "Budget has been exceeded! Current cost: 3"}}).to_string(),
        ),
        (
            Code::AccountRefused,
            400,
            error(
                400,
                "FAILED_PRECONDITION",
                "Request is disallowed by organization's constraints/vertexai.allowedModels.",
                json!([]),
            ),
        ),
        (
            Code::AccountRefused,
            403,
            "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: x"
                .into(),
        ),
        (
            Code::AccountRefused,
            400,
            error(400, "INVALID_ARGUMENT", "m", json!([{"reason": "RESOURCE_PROJECT_INVALID"}])),
        ),
        (
            Code::AccountRefused,
            400,
            error(400, "", "Project `p` is not allowed to use Publisher Model `m`", json!([])),
        ),
        (
            Code::BillingRefused,
            403,
            json!({"error": {"message": "m", "code": "insufficient_user_quota"}}).to_string(),
        ),
    ] {
        refuses(code, status, &body);
    }
}

#[test]
fn what_a_proxy_quotes_of_its_provider_counts() {
    let quoting = |raw: Value| {
        json!({"error": {"message": "Provider returned error", "code": 400,
            "metadata": {"raw": raw, "provider_name": "Google AI Studio"}}})
        .to_string()
    };
    let key = error(400, "INVALID_ARGUMENT", "API key expired.", json!([]));
    refuses(Code::ApiKeyInvalid, 400, &quoting(json!(key)));
    refuses(Code::ApiKeyInvalid, 400, &quoting(json!(format!("[{key}]"))));
    refuses(Code::ApiKeyInvalid, 400, &quoting(serde_json::from_str(&key).unwrap()));
    refuses(Code::LocationRefused, 400, &quoting(json!("User location is not supported.")));
    let failure = of(400, &quoting(json!("The model is overloaded.")));
    assert_eq!(failure.code, Code::ProviderUnavailable);
    assert_eq!(failure.message, "a-model answered 400: The model is overloaded.");
}

#[test]
fn what_a_single_job_asks_for_is_no_refusal_of_the_account() {
    let flagged = json!({"error": {"code": 403, "message": "Your chosen model requires moderation",
        "metadata": {"reasons": ["violence"], "flagged_input": "a duel", "model_slug": "m"}}});
    let failure = of(403, &flagged.to_string());
    assert_eq!((failure.code, failure.next), (Code::ContentBlocked, Next::GiveUp));
    assert_eq!(failure.message, "a-model refused the prompt: violence");
    let (blocked, rejected) = (Code::ContentBlocked, Code::ModelRejectedRequest);
    for (message, code) in [
        ("Your input was flagged for \"violence\". No credits were charged.", blocked),
        ("This prompt contains words that violate Vertex AI's usage guidelines.", blocked),
        ("Your request was rejected by our safety system.", blocked),
        ("The input image contains prohibited content.", blocked),
        ("Request blocked: prompt injection patterns detected", rejected),
        ("This prompt is not allowed.", rejected),
        ("Unsupported region: the mask has to lie in the image.", rejected),
        ("The mask region is not supported for this model.", rejected),
        ("personGeneration allow_all is not allowed in your region.", rejected),
        ("Images of people are not allowed in your region due to policy.", rejected),
        ("Not available in your country due to policy.", rejected),
    ] {
        for status in [400, 403, 451, 500] {
            for body in [error(status, "", message, json!([])), message.into()] {
                let failure = of(status, &body);
                assert_eq!((failure.code, failure.next), (code, Next::GiveUp), "{status} {body}");
            }
        }
    }
    for message in [
        "The image size exceeds the limit for this resource.",
        "Request payload size exceeds the limit: 20971520 bytes.",
        "Too many reference images for this resource: 3 at most.",
        "Invalid value: \"x\" API key expired.",
        "Unable to parse value: The model has been shut down.",
        "Invalid value at parameters: User location is not supported",
    ] {
        let failure = of(400, &error(400, "INVALID_ARGUMENT", message, json!([])));
        assert_eq!((failure.code, failure.next), (rejected, Next::GiveUp), "{message}");
    }
    // The same words of the account.
    let account = "Requests to this API method GenerativeService.GenerateContent are blocked.";
    refuses(Code::AccountRefused, 403, account);
}

/// What of a job is refused in words that are also said of the account, the place, the model and the provider.
const REFUSALS_OF_ONE_JOB: [(&str, Code); 35] = [
    ("Unable to decode image: Premature end of JPEG file.", Code::ModelRejectedRequest),
    ("Could not decode it. Premature end of data segment", Code::ModelRejectedRequest),
    ("The source file ends prematurely", Code::ModelRejectedRequest),
    ("Failed to prepare media: limit of 14 images exceeded.", Code::ModelRejectedRequest),
    ("Failed to prepare the frames: frame rate limit exceeded", Code::ModelRejectedRequest),
    ("Thinking budget is out of range: exceeds the limit of 24576.", Code::ModelRejectedRequest),
    (
        "The image depicts a terrorist organization, which violates our policies.",
        Code::ContentBlocked,
    ),
    ("Videos of extremist organizations are prohibited", Code::ModelRejectedRequest),
    (
        "The video promotes a criminal organisation, which our policies disallow.",
        Code::ModelRejectedRequest,
    ),
    ("The picture glorifies a banned organization", Code::ModelRejectedRequest),
    ("Image appears to show a suspended account page.", Code::ContentBlocked),
    ("The photo shows that a project has been suspended", Code::ContentBlocked),
    ("The image contains an expired API key", Code::ContentBlocked),
    (
        "Generating images of political candidates is not allowed in your country.",
        Code::ModelRejectedRequest,
    ),
    ("Election-related content is restricted in this country.", Code::ModelRejectedRequest),
    ("Videos of celebrities are not available in your region", Code::ModelRejectedRequest),
    ("Adult content is not permitted in this location ", Code::ModelRejectedRequest),
    ("Resolution 4k is not supported in location us-central1.", Code::ModelRejectedRequest),
    ("1080p is not available in region us-central1.", Code::ModelRejectedRequest),
    ("Last frame is not supported in region us-central1.", Code::ModelRejectedRequest),
    ("`referenceImages` is unsupported in this region", Code::ModelRejectedRequest),
    ("generateAudio isn't supported in location us-central1.", Code::ModelRejectedRequest),
    ("personGeneration allow_all is unavailable on this model.", Code::ModelRejectedRequest),
    ("The parameter seed is no longer supported by this model.", Code::ModelRejectedRequest),
    (
        "generationConfig.seed is deprecated for this model and has been removed",
        Code::ModelRejectedRequest,
    ),
    ("imageSize 512 has been deprecated for this model.", Code::ModelRejectedRequest),
    (
        "aspectRatio 1:8 has been removed from model gemini-2.5-flash-image.",
        Code::ModelRejectedRequest,
    ),
    ("negativePrompt has been discontinued for Veo", Code::ModelRejectedRequest),
    ("imageConfig.imageSize 4K is unavailable on this model.", Code::ModelRejectedRequest),
    (
        "Aspect ratio 8:1 is unavailable for model gemini-2.5-flash-image.",
        Code::ModelRejectedRequest,
    ),
    ("A duration of 5 seconds is unavailable for this model", Code::ModelRejectedRequest),
    ("Image-to-video is no longer supported by this model", Code::ModelRejectedRequest),
    ("MIME type image/heic is unavailable on this model", Code::ModelRejectedRequest),
    ("The request must not include account numbers.", Code::ModelRejectedRequest),
    ("Inline data of this service must not include more than 20 MB.", Code::ModelRejectedRequest),
];

#[test]
fn what_is_refused_of_one_job_is_neither_the_models_fault_nor_the_accounts() {
    for (message, code) in REFUSALS_OF_ONE_JOB {
        let own = error(400, "INVALID_ARGUMENT", message, json!([]));
        for body in passed_on(message).into_iter().chain([own]) {
            let failure = of(400, &body);
            assert_eq!((failure.code, failure.next), (code, Next::GiveUp), "{body}");
        }
    }
    // What is Google's own trouble it does not call an argument; a proxy may.
    for message in ["The request timed out", "Too many requests", "The server is overloaded"] {
        let own = of(400, &error(400, "INVALID_ARGUMENT", message, json!([])));
        assert_eq!((own.code, own.next), (Code::ModelRejectedRequest, Next::GiveUp), "{message}");
        assert!(of(400, &json!({"error": {"message": message}}).to_string()).is_rest());
    }
}

#[test]
fn what_is_said_of_all_jobs_is_not_taken_for_a_refusal_of_one() {
    for (message, code) in [
        ("Image generation is not available in your country.", Code::LocationRefused),
        ("Model veo-3.1 is not supported in location us-central1.", Code::LocationRefused),
        ("This content is not available in your region", Code::LocationRefused),
        ("The selected region is not supported", Code::LocationRefused),
        ("Access is restricted by your organization", Code::AccountRefused),
        ("Organization Policy constraint constraints/x was violated", Code::AccountRefused),
        ("Your organization has been suspended", Code::AccountRefused),
        ("The account was banned", Code::AccountRefused),
        ("Prepayment credits are depleted", Code::BillingRefused),
        (
            "The service is unavailable for the duration of the maintenance",
            Code::ProviderUnavailable,
        ),
        ("Response ended prematurely", Code::ProviderUnavailable),
        ("Premature close", Code::ProviderUnavailable),
        ("Premature end of chunk coded message body", Code::ProviderUnavailable),
        ("upstream prematurely closed connection to gemini-3-pro-image", Code::ProviderUnavailable),
        ("Model gemini-3-pro-image is currently unavailable", Code::ProviderUnavailable),
        ("gemini-3-pro-image has been deprecated", Code::ModelUnavailable),
        ("Unknown model: veo-9. See the reference for available models", Code::ModelUnavailable),
    ] {
        for body in passed_on(message) {
            let failure = of(400, &body);
            assert_eq!(failure.code, code, "{body}");
            assert!(failure.is_rest(), "{body}");
        }
    }
}

#[test]
fn a_model_that_is_gone_leads_to_the_next_one() {
    let gone = |status, message: &str| (status, error(status, "NOT_FOUND", message, json!([])));
    let unsupported = "models/x is not found for API version v1beta, or is not supported for \
                       predictLongRunning. Call ListModels to see the list of available models.";
    let by_code = json!({"error": {"code": "model_not_found", "message": "No such model."}});
    for (status, body) in [
        gone(404, "This model models/a-model is no longer available to new users."),
        gone(410, "models/a-model is no longer available."),
        gone(404, unsupported),
        (400, error(400, "INVALID_ARGUMENT", unsupported, json!([]))),
        (400, by_code.to_string()),
        gone(404, "m"),
        (404, error(404, "", "m", json!([]))),
        gone(404, "Model veo-3.1 has been shut down."),
        gone(400, "Model veo-3.1 has been shut down."),
        gone(400, "gemini-2.5-flash-image is no longer available."),
        gone(400, "The model x was deprecated and removed."),
        gone(400, "veo-3.0 has been deprecated. Please use veo-3.1 instead."),
        gone(400, "google/veo-9 is not a valid model ID"),
        gone(400, "Unsupported model: veo-9"),
        (
            404,
            json!({"status": "failure", "message": "vertex error: Publisher Model `x` was not \
            found or your project does not have access to it."})
            .to_string(),
        ),
        gone(400, "Invalid model name passed in model=veo-9"),
        (400, json!({"error": {"message": unsupported}}).to_string()),
    ] {
        let failure = of(status, &body);
        let retired = Next::Rest { standing: Standing::Retired, after: None };
        assert_eq!((failure.code, failure.next), (Code::ModelUnavailable, retired), "{body}");
    }
}

#[test]
fn a_proxys_not_found_is_soon_asked_again() {
    for (status, body) in [
        (404, "<html>Not Found</html>"),
        (404, ""),
        (410, ""),
        (404, "404 page not found"),
        (404, r#"{"message": "no Route matched with those values"}"#),
        (404, r#"{"detail": "Not Found"}"#),
        (404, r#"{"error": "Not Found", "status": 404, "path": "/x"}"#),
        (404, r#"{"error": {"message": "Unknown request URL", "code": "unknown_url"}}"#),
        (301, "<html>Moved</html>"),
        (302, ""),
        (308, ""),
    ] {
        let failure = of(status, body);
        let refused = Next::Rest { standing: Standing::Refused, after: None };
        assert_eq!((failure.code, failure.next), (Code::ModelUnavailable, refused));
        assert!(failure.message.contains("GOOGLE_GENERATIVE_AI_BASE_URL"));
    }
}

#[test]
fn a_not_found_names_the_address_of_the_service_that_was_asked() {
    let status = StatusCode::NOT_FOUND;
    for asked in ["vertex/veo-3", "projects/p/locations/l/operations/o"] {
        let failure = failure(asked, &Reply { status, ..Reply::default() });
        assert!(failure.message.contains("GOOGLE_VERTEX_BASE_URL"), "{}", failure.message);
    }
}

#[test]
fn the_longer_of_two_delays_counts() {
    let body = quota("RequestsPerMinute-FreeTier", Some("34.4s"));
    assert_eq!(waits(&of(429, &body)), Some(35));
    assert_eq!(waits(&after(429, &body, Some(60))), Some(60));
    assert_eq!(waits(&after(429, &body, Some(5))), Some(35));
    assert_eq!(waits(&after(429, "", Some(5))), Some(5));
    assert_eq!(waits(&of(429, "")), None);
}

#[test]
fn a_delay_that_makes_no_sense_is_clamped_or_ignored() {
    for (delay, seconds) in [
        ("0s", Some(0)),
        ("0.000000001s", Some(1)),
        ("12s", Some(12)),
        ("99999999999s", Some(3600)),
        ("99999999999999999999999s", None),
        ("-3s", None),
        ("12", None),
        ("soon", None),
        ("s", None),
    ] {
        assert_eq!(waits(&of(429, &quota("PerMinute", Some(delay)))), seconds, "{delay}");
    }
}

#[test]
fn a_quota_of_a_day_or_of_nothing_takes_an_hour() {
    assert_eq!(waits(&of(429, &quota("RequestsPerDayPerModel", Some("12s")))), Some(3600));
    let none = error(429, "RESOURCE_EXHAUSTED", "Exceeded: x, limit: 0, model: y", json!([]));
    assert_eq!(waits(&of(429, &none)), Some(3600));
    let some = error(429, "RESOURCE_EXHAUSTED", "Exceeded: x, limit: 05, model: y", json!([]));
    assert_eq!(waits(&of(429, &some)), None);
    let value = json!([{"violations": [{"quotaId": "PerMinute", "quotaValue": "0"}]}]);
    assert_eq!(waits(&of(429, &error(429, "", "Exceeded.", value))), Some(3600));
}

#[test]
fn trouble_on_their_side_is_waited_out() {
    for status in [408, 500, 502, 503, 504, 529] {
        let failure = after(status, "<html>sorry</html>", Some(7));
        assert_eq!(failure.code, Code::ProviderUnavailable);
        let after = Some(Duration::from_secs(7));
        assert_eq!(failure.next, Next::Rest { standing: Standing::Resting, after });
        assert_eq!(failure.message, format!("a-model answered {status}: sorry"));
    }
}

#[test]
fn an_error_is_found_in_every_wrapping() {
    let inner = json!({"code": 400, "message": "No."});
    for body in [json!({"error": inner}), json!([{"error": inner}]), inner, json!({"error": "No."})]
    {
        assert_eq!(of(400, &body.to_string()).message, "a-model answered 400: No.", "{body}");
    }
    for body in ["", "null", "[]", "[{}]", "{}", "\"\"", "{\"error\":{}}", "\u{0}", "<html></html>"]
    {
        assert_eq!(of(400, body).message, "a-model answered 400: no explanation", "{body}");
    }
}

#[test]
fn an_error_inside_of_a_success_is_an_error() {
    let failure = of(200, &error(503, "UNAVAILABLE", "Overloaded.", json!([])));
    assert_eq!(failure.code, Code::ProviderUnavailable);
    assert_eq!(of(200, "Good day").code, Code::ProviderReplyUnreadable);
}

#[test]
fn a_page_or_nothing_with_a_success_is_no_reply_of_the_api() {
    let refused = Next::Rest { standing: Standing::Refused, after: None };
    for status in [200, 202, 204] {
        for (body, words) in [
            ("", "no explanation"),
            (" \n", "no explanation"),
            ("<html><script>go()</script></html>", "no explanation"),
            (
                "<!DOCTYPE html><title>Sign in</title><h1>Cloudflare Access</h1>",
                "Sign in Cloudflare Access",
            ),
            ("<p>Down for scheduled maintenance</p>", "Down for scheduled maintenance"),
            ("<h1>502 Bad Gateway</h1>", "502 Bad Gateway"),
            ("<p>Your input was blocked</p>", "Your input was blocked"),
            (
                "<p>This video is not ready, and its content is unsafe</p>",
                "This video is not ready, and its content is unsafe",
            ),
        ] {
            let failure = of(status, body);
            assert_eq!((failure.code, failure.next), (Code::ModelUnavailable, refused), "{body}");
            let asks = "(is GOOGLE_GENERATIVE_AI_BASE_URL right?)";
            assert_eq!(failure.message, format!("a-model answered {status}: {words} {asks}"));
        }
    }
    // What it says of the provider counts.
    assert_eq!(of(200, "<p>Too many requests</p>").next, RESTS);
}

#[test]
fn no_key_gets_into_a_message() {
    let key = format!("AI{}{}", "za", "SyD3".repeat(9));
    let body = error(403, "PERMISSION_DENIED", &format!("Consumer 'api_key:{key}'."), json!([]));
    assert!(!of(403, &body).message.contains(&key));
    let lost = TransportError::NoReply(format!("GET https://x.test/?key={key}"));
    assert!(!unreachable("a-model", &lost).message.contains(&key));
}

#[test]
fn a_code_means_the_same_as_a_number_and_in_words_and_wherever_it_is_said() {
    for (twins, next) in [
        (json!([8, "8", 429, "429", "resource_exhausted", "RESOURCE_EXHAUSTED"]), RESTS),
        (json!(["rate_limit_exceeded", "too_many_requests", "quota_exceeded"]), RESTS),
        (json!([4, 504, "deadline_exceeded", 408, 13, 500, "internal", "INTERNAL"]), RESTS),
        (json!([14, 503, "unavailable", "overloaded", "service_unavailable", 502, 529]), RESTS),
        (json!([10, 409, "aborted"]), Next::Retry { after: None, attempts: None }),
        (json!([1, "cancelled", 2, "unknown", 15, "never_heard_of", 7000, -3]), FEW),
        (json!([3, 400, "INVALID_ARGUMENT", "invalid_request", 5, 404, 7, 403]), Next::GiveUp),
        (json!([9, 11, 12, 6, "unimplemented", "permission_denied"]), Next::GiveUp),
    ] {
        for code in twins.as_array().unwrap() {
            let by_code = ended(&json!({"code": code, "message": "m"}));
            assert_eq!(by_code.next, next, "{code}");
            let shown = code.to_string().replace('"', "");
            assert_eq!(by_code.message, format!("op failed with code {shown}: m"));
            if code.is_string() {
                assert_eq!(ended(&json!({"status": code})).next, next, "{code}");
            }
        }
    }
}

const RESTS: Next = Next::Rest { standing: Standing::Resting, after: None };
const FEW: Next = Next::Retry { after: None, attempts: Some(3) };

fn ended(error: &Value) -> Failure {
    operation_failure("op", &Json::read(error.to_string().as_bytes()).unwrap())
}

#[test]
fn an_operation_ends_in_the_providers_words() {
    for (error, message) in [
        (json!("Out of tea."), "op failed with code ?: Out of tea."),
        (
            json!({"code": "resource_exhausted"}),
            "op failed with code resource_exhausted: resource_exhausted",
        ),
        (json!({"status": "UNAVAILABLE"}), "op failed with code ?: UNAVAILABLE"),
        (json!({"code": 13}), "op failed with code 13: no explanation"),
        (json!({}), "op failed with code ?: no explanation"),
    ] {
        assert_eq!(ended(&error).message, message);
    }
    assert_eq!(ended(&json!("Out of tea.")).next, FEW);
    for refused in [
        json!({"code": 16, "message": "m"}),
        json!({"code": 9, "message": "User location is not supported for the API use."}),
        json!({"code": 7, "details": [{"reason": "BILLING_DISABLED"}]}),
    ] {
        let next = ended(&refused).next;
        assert_eq!(next, Next::Rest { standing: Standing::Refused, after: None }, "{refused}");
    }
    let named = json!({"code": 429, "details": [{"retryDelay": "7s"}]});
    let after = Some(Duration::from_secs(7));
    assert_eq!(ended(&named).next, Next::Rest { standing: Standing::Resting, after });
}

#[test]
fn what_asks_to_be_tried_again_gets_a_few_attempts() {
    for message in [
        "Unable to process input image. Please retry or report in https://ai.example/issues",
        "Something went wrong. Please try again later.",
        "PLEASE RETRY",
    ] {
        let refused = of(400, &error(400, "INVALID_ARGUMENT", message, json!([])));
        assert_eq!((refused.code, refused.next), (Code::ModelRejectedRequest, FEW), "{message}");
        assert_eq!(ended(&json!({"code": 3, "message": message})).next, FEW, "{message}");
    }
}

#[test]
fn an_error_that_says_nothing_is_none() {
    for error in [
        json!(null),
        json!({}),
        json!(false),
        json!(""),
        json!([]),
        json!(0),
        json!({"code": 0}),
        json!({"code": 0, "message": "OK"}),
        json!({"code": null, "message": ""}),
        json!({"details": []}),
        json!({"code": ""}),
    ] {
        let body = json!({"error": error, "message": null}).to_string();
        assert!(error_of(&Json::read(body.as_bytes()).unwrap()).is_null(), "{body}");
    }
}

#[test]
fn what_a_proxy_answers_400_or_500_to_counts_by_its_code() {
    let with = |status, code: Value| {
        of(status, &json!({"error": {"code": code, "message": "m"}}).to_string())
    };
    for status in [200, 400, 500] {
        assert_eq!(with(status, json!("resource_exhausted")).code, Code::QuotaExhausted);
        assert_eq!(with(status, json!(404)).code, Code::ModelUnavailable);
        assert_eq!(with(status, json!(14)).code, Code::ProviderUnavailable);
        assert_eq!(with(status, json!("invalid_request")).code, Code::ModelRejectedRequest);
    }
    assert_eq!(with(404, json!("invalid_request")).code, Code::ModelUnavailable);
}
