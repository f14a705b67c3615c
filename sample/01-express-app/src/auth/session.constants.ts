/** Seconds without a request after which a session ends. */
export const SESSION_MAX_AGE = 3600;
