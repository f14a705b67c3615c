import type { Route } from '../routes/route-reader.js';

/** What `@nestjs/swagger` reads from a controller and from a handler, one after the other, for `security`. */
const SECURITY_METADATA = 'swagger/apiSecurity';

const PREFIX = 'wristband:';

type Requirement = Readonly<Record<string, unknown>>;

/** Where an operation of a document comes from. */
export interface Trace {
  readonly route: Route | undefined;
  /** What the application itself asks for there. */
  readonly security: Requirement[];
}

/** A document whose operations can be traced back to their routes. */
export interface TracedDocument<T> {
  readonly document: T;
  /** @param security of an operation, as it is in the document */
  readonly trace: (security: readonly Requirement[]) => Trace;
}

/**
 * Has a document made while every route carries two marks among its security requirements: one of its controller, one of its
 * handler, which several controllers may have inherited. Paths and operation IDs would not do: prefixes, versions and the
 * options of the document change them. Afterwards all metadata is as it was before.
 */
export function traceRoutes<T>(routes: readonly Route[], createDocument: () => T): TracedDocument<T> {
  const targets = [...new Set(routes.flatMap(({ controller, handler }) => [controller, handler]))];
  const marks = new Map<object, string>(targets.map((target, index) => [target, `${PREFIX}${index}`]));
  const unmark = markAll(marks);
  try {
    return { document: createDocument(), trace: (security) => traceOf(security, routes, marks) };
  } finally {
    unmark();
  }
}

function markAll(marks: ReadonlyMap<object, string>): () => void {
  // All are read before the first is written: a controller inherits the metadata of another one.
  const before = [...marks].map(([target, mark]) => ({
    target,
    mark,
    own: Reflect.getOwnMetadata(SECURITY_METADATA, target) as Requirement[] | undefined,
    known: (Reflect.getMetadata(SECURITY_METADATA, target) as Requirement[] | undefined) ?? [],
  }));
  for (const { target, mark, known } of before) {
    Reflect.defineMetadata(SECURITY_METADATA, [...known, { [mark]: [] }], target);
  }
  return () => {
    for (const { target, own } of before) {
      if (own) Reflect.defineMetadata(SECURITY_METADATA, own, target);
      else Reflect.deleteMetadata(SECURITY_METADATA, target);
    }
  };
}

function traceOf(
  security: readonly Requirement[],
  routes: readonly Route[],
  marks: ReadonlyMap<object, string>,
): Trace {
  const isMark = (name: string) => name.startsWith(PREFIX);
  const found = new Set(security.flatMap((requirement) => Object.keys(requirement)).filter(isMark));
  const has = (target: object) => found.has(marks.get(target) ?? '');
  return {
    route: routes.find(({ controller, handler }) => has(controller) && has(handler)),
    security: security.filter((requirement) => !Object.keys(requirement).some(isMark)),
  };
}
