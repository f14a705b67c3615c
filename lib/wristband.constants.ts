/** Token of the validated options with all defaults, frozen. */
export const RESOLVED_OPTIONS = Symbol.for('wristband:resolved-options');
