/** What one part of the work comes to: files by their path, or a sentence. */
export interface Step {
  readonly files?: Readonly<Record<string, string>>;
  readonly byHand?: string;
}
