// A filter in C++ with libc++, wasi-libc and the raw ABI, because the C++ SDK is in no registry: the host must run a
// reactor with static constructors that exports its `malloc`.

#include <cctype>
#include <map>

#include "host.h"

enum Action : uint32_t { GoOn = 0, Stop = 1 };

static std::string greeting;
// What became of the callout or of the wait of each request, for the client to see.
static std::map<uint32_t, std::string> came_of_it;
// The request that each callout is made for, by token.
static std::map<uint32_t, uint32_t> asking;
// The requests that wait for the next tick.
static std::vector<uint32_t> waiting;

CALLBACK(proxy_abi_version_0_2_1) void abi_version() {}

CALLBACK(proxy_on_configure) uint32_t on_configure(uint32_t, size_t size) {
  greeting = buffer(Configuration, size);
  proxy_set_tick_period_milliseconds(20);
  return 1;
}

static void resume(uint32_t context) {
  proxy_set_effective_context(context);
  proxy_continue_stream(0);
}

CALLBACK(proxy_on_tick) void on_tick(uint32_t) {
  for (uint32_t context : std::exchange(waiting, {})) resume(context);
}

// Asks a cluster, and holds the request until the answer is there.
static Action ask(uint32_t context, std::string_view cluster) {
  const Headers headers = {{":method", "POST"}, {":path", "/asked"}, {":authority", "elsewhere"}};
  uint32_t token = 0;
  if (uint32_t status = call(cluster, "question", headers, &token)) {
    came_of_it[context] = "status " + std::to_string(status);
    return GoOn;
  }
  asking[token] = context;
  return Stop;
}

CALLBACK(proxy_on_http_call_response)
void on_http_call_response(uint32_t, uint32_t token, uint32_t, size_t size, uint32_t) {
  const uint32_t context = asking[token];
  asking.erase(token);
  came_of_it[context] = header(AnswerHeaders, ":status") + " " + buffer(AnswerBody, size);
  resume(context);
}

CALLBACK(proxy_on_request_headers) uint32_t on_request_headers(uint32_t context, uint32_t, uint32_t end) {
  log("greets with " + greeting);
  const std::string path = header(RequestHeaders, ":path");
  if (path == "/denied") {
    reply(403, "denied", {{"x-denied-by", "cpp"}});
    return Stop;
  }
  add_header(RequestHeaders, "x-greeting", greeting);
  if (!end) remove_header(RequestHeaders, "content-length");
  if (path == "/called") return ask(context, "cpp");
  if (path == "/miscalled") return ask(context, "nowhere");
  if (path == "/ticked") {
    came_of_it[context] = "a tick";
    waiting.push_back(context);
    return Stop;
  }
  return GoOn;
}

CALLBACK(proxy_on_request_body) uint32_t on_request_body(uint32_t, size_t size, uint32_t end) {
  if (!end) return Stop;
  std::string body = buffer(RequestBody, size);
  for (char &letter : body) letter = std::toupper(static_cast<unsigned char>(letter));
  proxy_set_buffer_bytes(RequestBody, 0, size, body.data(), body.size());
  return GoOn;
}

CALLBACK(proxy_on_response_headers) uint32_t on_response_headers(uint32_t context, uint32_t, uint32_t) {
  add_header(ResponseHeaders, "x-kept", append_shared("seen", "x") ? "yes" : "no");
  add_header(ResponseHeaders, "x-protocol", property(std::string_view("request\0protocol", 16)));
  const auto found = came_of_it.find(context);
  if (found != came_of_it.end()) add_header(ResponseHeaders, "x-came-of-it", found->second);
  return GoOn;
}

CALLBACK(proxy_on_delete) void on_delete(uint32_t context) { came_of_it.erase(context); }
