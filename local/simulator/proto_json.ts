/**
 * The API's requests are protocol buffers in JSON: unknown names and wrong types are rejected before
 * any model sees them. Names may be camelCase or
 * snake_case (https://protobuf.dev/programming-guides/json/); the messages are those of the
 * Gemini API, which writes paths in snake_case.
 */
import { invalidArgument } from "./google_errors.ts";

/** What a field may hold. */
export type FieldType =
  | { kind: "string" | "integer" | "number" | "bytes" | "any" }
  | { kind: "enum"; name: string; values: string[] }
  | { kind: "message"; fields: MessageType }
  | { kind: "list"; of: FieldType };

/** Fields by camelCase name. */
export type MessageType = Record<string, FieldType>;

export const STRING: FieldType = { kind: "string" };
export const INTEGER: FieldType = { kind: "integer" };
export const NUMBER: FieldType = { kind: "number" };
export const BYTES: FieldType = { kind: "bytes" };
export const ANY: FieldType = { kind: "any" };
export const list = (of: FieldType): FieldType => ({ kind: "list", of });
export const message = (fields: MessageType): FieldType => ({ kind: "message", fields });
export const oneOf = (name: string, values: string[]): FieldType => ({
  kind: "enum",
  name,
  values,
});

/** Parses a request body. An empty body is an empty message, as with the API. */
export function parseJson(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalidArgument(`Invalid JSON payload received. ${reason}`);
  }
}

/**
 * Checks a message and returns it with camelCase names. Throws one 400 that lists everything
 * wrong, as the API does.
 */
export function readMessage(value: unknown, fields: MessageType): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalidArgument(
      'Invalid JSON payload received. Unknown name "": Root element must be a message.',
    );
  }
  const violations: Violation[] = [];
  const result = readFields(value, fields, "", violations);
  if (violations.length > 0) {
    throw invalidArgument(violations.map((v) => v.description).join("\n"), [
      { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: violations },
    ]);
  }
  return result;
}

interface Violation {
  field: string;
  description: string;
}

function readFields(value: object, fields: MessageType, path: string, violations: Violation[]) {
  const result: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    if (field === null) continue;
    const known = camelCase(name);
    const type = Object.hasOwn(fields, known) ? fields[known] : undefined;
    if (type === undefined) {
      const where = path === "" ? "" : ` at '${path}'`;
      const unknown = `Unknown name "${name}"${where}: Cannot find field.`;
      violations.push({
        field: path,
        description: `Invalid JSON payload received. ${unknown}`,
      });
    } else {
      const inner = path === "" ? snakeCase(known) : `${path}.${snakeCase(known)}`;
      result[known] = readField(field, type, inner, violations);
    }
  }
  return result;
}

function readField(
  value: unknown,
  type: FieldType,
  path: string,
  violations: Violation[],
): unknown {
  const check = (valid: boolean, expected: string) => {
    if (valid) return;
    const found = shorten(JSON.stringify(value));
    violations.push({
      field: path,
      description: `Invalid value at '${path}' (${expected}), ${found}`,
    });
  };
  switch (type.kind) {
    case "any":
      return value;
    case "list":
      // A single message where a list belongs is accepted: the API reads it as a list of one.
      return (Array.isArray(value) ? value : [value]).map((item, index) =>
        readField(item, type.of, `${path}[${index}]`, violations)
      );
    case "message":
      if (typeof value === "object" && value !== null && !Array.isArray(value)) {
        return readFields(value, type.fields, path, violations);
      }
      check(false, "MESSAGE");
      return undefined;
    case "enum":
      check(
        typeof value === "string" && type.values.includes(value),
        `type.googleapis.com/google.ai.generativelanguage.v1beta.${type.name}`,
      );
      return value;
    case "bytes":
      check(typeof value === "string" && BASE64.test(value), "TYPE_BYTES");
      return value;
    case "string":
      check(typeof value === "string", "TYPE_STRING");
      return value;
    case "number":
      check(typeof value === "number", "TYPE_FLOAT");
      return value;
    case "integer":
      // Protocol buffer JSON also takes numbers that are written as strings.
      check(
        ["number", "string"].includes(typeof value) && Number.isInteger(Number(value)),
        "TYPE_INT32",
      );
      return value;
  }
}

/** Both base64 alphabets are legal in protocol buffer JSON. */
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
