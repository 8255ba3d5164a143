// A filter as the README of `@solo-io/proxy-runtime` has it, with what that SDK leaves to its raw imports.

export * from "@solo-io/proxy-runtime/proxy";
import {
  BaseContext, Context, FilterDataStatusValues, FilterHeadersStatusValues, GrpcStatusValues, HeaderPair, Headers,
  LogLevelValues, RootContext, WasmResultValues, log, registerRootContext, send_local_response, stream_context,
} from "@solo-io/proxy-runtime";
import {
  BufferTypeValues, get_buffer_bytes, get_property, set_tick_period_milliseconds,
} from "@solo-io/proxy-runtime/runtime";
import { append_shared_data, replace_buffer } from "./raw";

function header(name: string, value: string): HeaderPair {
  return new HeaderPair(String.UTF8.encode(name), String.UTF8.encode(value));
}

class Root extends RootContext {
  // The requests that wait for the next tick.
  waiting: Array<Filter> = [];

  onConfigure(size: u32): bool {
    set_tick_period_milliseconds(20);
    return super.onConfigure(size);
  }

  onTick(): void {
    while (this.waiting.length > 0) {
      const filter = this.waiting.pop();
      filter.setEffectiveContext();
      filter.continueRequest();
    }
  }

  createContext(id: u32): Context {
    return new Filter(id, this);
  }
}

class Filter extends Context {
  root: Root;
  // What became of the callout or of the wait, for the client to see.
  came_of_it: string = "";

  constructor(id: u32, root: Root) {
    super(id, root);
    this.root = root;
  }

  onRequestHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    log(LogLevelValues.info, "greets with " + this.root.getConfiguration());
    const path = stream_context.headers.request.get(":path");
    if (path == "/denied") {
      const headers: Headers = [header("x-denied-by", "assembly-script")];
      send_local_response(403, "", String.UTF8.encode("denied"), headers, GrpcStatusValues.InvalidCode);
      return FilterHeadersStatusValues.StopIteration;
    }
    stream_context.headers.request.add("x-greeting", this.root.getConfiguration());
    if (!end) stream_context.headers.request.remove("content-length");
    if (path == "/called") return this.call("assembly-script");
    if (path == "/miscalled") return this.call("nowhere");
    if (path == "/ticked") return this.wait();
    return FilterHeadersStatusValues.Continue;
  }

  // Asks a cluster, and holds the request until the answer is there.
  call(cluster: string): FilterHeadersStatusValues {
    const headers: Headers = [header(":method", "POST"), header(":path", "/asked"), header(":authority", "elsewhere")];
    const body = String.UTF8.encode("question");
    const result = this.root.httpCall(cluster, headers, body, [], 1000, this, (origin, headers, size, trailers) => {
      const filter = origin as Filter;
      const status = stream_context.headers.http_callback.get(":status");
      const body = get_buffer_bytes(BufferTypeValues.HttpCallResponseBody, 0, size as u32);
      filter.came_of_it = status + " " + String.UTF8.decode(body);
      filter.continueRequest();
    });
    if (result == WasmResultValues.Ok) return FilterHeadersStatusValues.StopIteration;
    this.came_of_it = "status " + result.toString();
    return FilterHeadersStatusValues.Continue;
  }

  wait(): FilterHeadersStatusValues {
    this.came_of_it = "a tick";
    this.root.waiting.push(this);
    return FilterHeadersStatusValues.StopIteration;
  }

  onRequestBody(size: usize, end: bool): FilterDataStatusValues {
    if (!end) return FilterDataStatusValues.StopIterationAndBuffer;
    const body = String.UTF8.decode(get_buffer_bytes(BufferTypeValues.HttpRequestBody, 0, size as u32));
    replace_buffer(BufferTypeValues.HttpRequestBody, size as u32, String.UTF8.encode(body.toUpperCase()));
    return FilterDataStatusValues.Continue;
  }

  onResponseHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    const headers = stream_context.headers.response;
    headers.add("x-kept", append_shared_data("seen", "x") ? "yes" : "no");
    headers.add("x-protocol", String.UTF8.decode(get_property("request\0protocol")));
    if (this.came_of_it != "") headers.add("x-came-of-it", this.came_of_it);
    return FilterHeadersStatusValues.Continue;
  }
}

// The SDK looks up a root id, which is the plugin's name: with the folder, where a whole tree of scenarios is run.
registerRootContext((id: u32) => new Root(id), "assembly-script/assembly-script");
registerRootContext((id: u32) => new Root(id), "tests-scenarios-sdks-assembly-script/assembly-script");
