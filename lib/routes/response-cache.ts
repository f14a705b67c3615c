/** What of Nest's `CacheInterceptor` decides which requests get the same response. */
const DECIDING = ['trackBy', 'isRequestCacheable'];

/**
 * Whether an interceptor is Nest's `CacheInterceptor`, which keeps responses by their URL and so gives one user the response
 * of another, or extends it without changing that.
 *
 * @param interceptor as `@UseInterceptors()` takes it: a class or an instance
 */
export function cachesByUrl(interceptor: unknown): boolean {
  let type: unknown = typeof interceptor === 'function' ? interceptor : Object(interceptor).constructor;
  while (typeof type === 'function' && type !== Function.prototype) {
    if (type.name === 'CacheInterceptor') return true;
    const { prototype } = type as { readonly prototype?: object };
    if (prototype && DECIDING.some((name) => Object.hasOwn(prototype, name))) return false;
    type = Object.getPrototypeOf(type);
  }
  return false;
}
