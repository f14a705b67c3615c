/** What this application keeps in the session, beside the fields of `SessionData`. */
export interface AppSession {
  email: string;
  fullName: string;
  /** How often each process counted, by its number. */
  counts: Record<string, number>;
}
