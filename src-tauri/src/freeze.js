// Freezes Object.prototype before the page's own scripts run, so that no script can give properties to all objects.
//
// A plain Object.freeze would do that too, and would also forbid every object a `constructor` or `toString` of its own
// by assignment, which d3 does. Here each inherited property is an accessor whose setter writes to the object itself.
(() => {
  const prototype = Object.prototype;
  for (const name of Reflect.ownKeys(prototype)) {
    const inherited = Object.getOwnPropertyDescriptor(prototype, name);
    if (!("value" in inherited)) continue;
    Object.defineProperty(prototype, name, {
      get: () => inherited.value,
      set(value) {
        if (this === prototype || Object(this) !== this) throw new TypeError("Object.prototype is frozen");
        Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
      },
      enumerable: false,
      configurable: false,
    });
  }
  Object.freeze(prototype);
})();
