/** The role that the sample asks for; the emulator gives it to Ada in the tenant acme. */
export const ADMIN_ROLE = 'app:emulator:admin';
