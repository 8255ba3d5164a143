// Hostcalls that the SDK declares wrongly or not at all: its `get_shared_data` and `set_shared_data` are mixed up,
// and nothing in it changes a buffer.

import { Reference } from "@solo-io/proxy-runtime/runtime";
import { free } from "@solo-io/proxy-runtime/malloc";

// @ts-ignore: decorator
@external("env", "proxy_set_buffer_bytes")
declare function proxy_set_buffer_bytes(buffer: u32, start: u32, length: u32, data: usize, size: usize): u32;
// @ts-ignore: decorator
@external("env", "proxy_get_shared_data")
declare function proxy_get_shared_data(key: usize, key_size: usize, value: usize, size: usize, cas: usize): u32;
// @ts-ignore: decorator
@external("env", "proxy_set_shared_data")
declare function proxy_set_shared_data(key: usize, key_size: usize, value: usize, size: usize, cas: u32): u32;

export function replace_buffer(buffer: u32, length: u32, data: ArrayBuffer): void {
  proxy_set_buffer_bytes(buffer, 0, length, changetype<usize>(data), data.byteLength);
}

// Whether what is kept below `key` could be read and made longer.
export function append_shared_data(key: string, more: string): bool {
  const name = String.UTF8.encode(key);
  const value = new Reference<usize>();
  const size = new Reference<usize>();
  const cas = new Reference<u32>();
  const read = proxy_get_shared_data(changetype<usize>(name), name.byteLength, value.ptr(), size.ptr(), cas.ptr());
  let kept = "";
  if (read == 0 && size.data > 0) {
    kept = String.UTF8.decodeUnsafe(value.data, size.data);
    free(value.data);
  }
  const next = String.UTF8.encode(kept + more);
  return proxy_set_shared_data(changetype<usize>(name), name.byteLength, changetype<usize>(next), next.byteLength, cas.data) == 0;
}
