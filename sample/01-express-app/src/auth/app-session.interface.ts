/** What this application keeps in the session, beside the fields of `SessionData`. */
export interface AppSession {
  email: string;
  fullName: string;
}
