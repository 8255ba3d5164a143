// The hostcalls with C++'s strings. What the host allocated with `malloc` is freed here.

#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "abi.h"

enum Map : uint32_t { RequestHeaders = 0, ResponseHeaders = 2, AnswerHeaders = 6 };
enum Buffer : uint32_t { RequestBody = 0, AnswerBody = 4, Configuration = 7 };

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Given {
  char *data = nullptr;
  size_t size = 0;

  std::string take() {
    std::string text(data ? std::string_view(data, size) : std::string_view());
    std::free(data);
    return text;
  }
};

inline void log(const std::string &text) { proxy_log(2, text.data(), text.size()); }

inline std::string header(Map map, std::string_view name) {
  Given given;
  proxy_get_header_map_value(map, name.data(), name.size(), &given.data, &given.size);
  return given.take();
}

inline void add_header(Map map, std::string_view name, std::string_view value) {
  proxy_add_header_map_value(map, name.data(), name.size(), value.data(), value.size());
}

inline void remove_header(Map map, std::string_view name) {
  proxy_remove_header_map_value(map, name.data(), name.size());
}

inline std::string buffer(Buffer kind, size_t size) {
  Given given;
  proxy_get_buffer_bytes(kind, 0, size, &given.data, &given.size);
  return given.take();
}

inline std::string property(std::string_view path) {
  Given given;
  proxy_get_property(path.data(), path.size(), &given.data, &given.size);
  return given.take();
}

// Whether what is kept below the key could be made longer.
inline bool append_shared(std::string_view key, std::string_view more) {
  Given given;
  uint32_t cas = 0;
  proxy_get_shared_data(key.data(), key.size(), &given.data, &given.size, &cas);
  const std::string value = given.take().append(more);
  return proxy_set_shared_data(key.data(), key.size(), value.data(), value.size(), cas) == 0;
}

inline void append_number(std::string &out, uint32_t number) {
  out.append(reinterpret_cast<const char *>(&number), sizeof number);
}

// As the ABI has maps.
inline std::string serialized(const Headers &headers) {
  std::string out;
  append_number(out, headers.size());
  for (const auto &[name, value] : headers) {
    append_number(out, name.size());
    append_number(out, value.size());
  }
  for (const auto &[name, value] : headers) {
    out.append(name).push_back('\0');
    out.append(value).push_back('\0');
  }
  return out;
}

inline void reply(uint32_t status, std::string_view body, const Headers &headers) {
  const std::string pairs = serialized(headers);
  proxy_send_local_response(status, nullptr, 0, body.data(), body.size(), pairs.data(), pairs.size(), -1);
}

inline uint32_t call(std::string_view cluster, std::string_view body, const Headers &headers, uint32_t *token) {
  const std::string pairs = serialized(headers);
  return proxy_http_call(cluster.data(), cluster.size(), pairs.data(), pairs.size(), body.data(), body.size(), nullptr,
                         0, 1000, token);
}
