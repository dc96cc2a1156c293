// The shapes of docs/API.md that the pages use. Names and members are those of the wire.

/** RFC 9457 problem details. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  field?: string;
}

/** The body of a 404 `unknown_credential`. */
export interface UnknownCredential extends Problem {
  rpId: string;
  credentialId: string;
}

/** `POST /magic-link`. */
export interface AttemptStarted {
  attempt: string;
  /** Seconds. */
  expires_in: number;
  /** Two digits, shown on the starting screen alone. */
  match: string;
}

/** `GET /magic-link/attempt`. */
export type AttemptState =
  | { status: "pending" }
  | { status: "confirmed"; handoff: string }
  | { status: "expired"; handoff?: undefined };

/** A single-use proof, good for two minutes in this browser. */
export interface WithHandoff {
  handoff: string;
}

/** Why the risk is what it is. */
export interface Reason {
  code: string;
  weight: number;
  text: string;
}

/** What can answer a challenge. */
export type Factor = "passkey" | "totp" | "recovery_code" | (string & {});

/** `GET /step-up/factors`: what one has. */
export interface Factors {
  passkeys: number;
  /** `disabled` after too many wrong codes in a row. */
  totp: { created_at: string; last_used_at: string; disabled: boolean } | null;
  recovery_codes: { created_at: string; left: number; disabled: boolean } | null;
}

/** `POST /step-up/totp/verify`; with a handoff where the app was set up on the way in. */
export interface FactorsAndHandoff extends Factors {
  handoff?: string;
}

/** `POST /step-up/totp`. */
export interface TotpSecret {
  /** `otpauth:`, for a link on a telephone. */
  uri: string;
  /** Base 32, to be typed. */
  secret: string;
  /** The link as a picture. */
  qr_svg: string;
}

/** `POST /step-up/assess`. */
export interface Assessment {
  decision: "allow" | "challenge" | "block";
  level: "low" | "medium" | "high";
  score: number;
  reasons: Reason[];
  factors?: Factor[];
  /** The account has none of these yet; one may be made now, with `POST /passkey/register/options` or `POST /step-up/totp`. */
  enrol?: boolean;
  handoff?: string;
}

/** `POST /session`. */
export interface SessionBegun {
  account: { id: string; email: string; name?: string };
  tenant: { id: string; slug: string };
  acr: string;
  amr: string[];
  auth_time: number;
  expires_in: number;
  return_to?: string;
}

/** `GET /session`. */
export interface Session {
  id: string;
  account: { id: string; email: string; name?: string };
  tenant: { id: string; slug: string; name?: string };
  memberships: { tenant: { id: string; slug: string; name?: string }; roles: string[] }[];
  amr: string[];
  acr: string;
  auth_time: number;
}

/** An item of `GET /session/all`. */
export interface Device {
  id: string;
  current: boolean;
  /** The browser, such as `Firefox on Windows`. */
  device: string;
  began: string;
  seen: string;
  acr: string;
  amr: string[];
  auth_time: number;
  tenant?: { id: string; slug: string };
}

/** What the Signal API tells a passkey provider. */
export interface Signal {
  rpId: string;
  userId: string;
  allAcceptedCredentialIds: string[];
  name: string;
  displayName: string;
}

/** A passkey as its owner sees it. */
export interface Passkey {
  id: string;
  name: string;
  created_at: string;
  last_used_at?: string | null;
  backed_up: boolean;
  transports: string[];
  aaguid: string;
  provider?: string;
}

/** `GET /passkey/credentials`. */
export interface PasskeyList {
  items: Passkey[];
  next?: string;
  signal: Signal;
}

/** An answer that also carries what the provider should know. */
export interface WithSignal {
  signal: Signal;
}
