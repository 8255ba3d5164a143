// The hostcalls, as the ABI has them.

#pragma once

#include <cstddef>
#include <cstdint>

#define HOSTCALL(name) extern "C" __attribute__((import_module("env"), import_name(#name))) uint32_t name
#define CALLBACK(name) extern "C" __attribute__((export_name(#name)))

HOSTCALL(proxy_log)(uint32_t level, const char *text, size_t size);
HOSTCALL(proxy_set_tick_period_milliseconds)(uint32_t milliseconds);
HOSTCALL(proxy_set_effective_context)(uint32_t context);
HOSTCALL(proxy_continue_stream)(uint32_t stream);
HOSTCALL(proxy_get_buffer_bytes)(uint32_t buffer, size_t start, size_t length, char **data, size_t *size);
HOSTCALL(proxy_set_buffer_bytes)(uint32_t buffer, size_t start, size_t length, const char *data, size_t size);
HOSTCALL(proxy_get_header_map_value)(uint32_t map, const char *name, size_t name_size, char **value, size_t *size);
HOSTCALL(proxy_add_header_map_value)(uint32_t map, const char *name, size_t name_size, const char *value, size_t size);
HOSTCALL(proxy_remove_header_map_value)(uint32_t map, const char *name, size_t name_size);
HOSTCALL(proxy_get_property)(const char *path, size_t path_size, char **value, size_t *size);
HOSTCALL(proxy_get_shared_data)(const char *key, size_t key_size, char **value, size_t *size, uint32_t *cas);
HOSTCALL(proxy_set_shared_data)(const char *key, size_t key_size, const char *value, size_t size, uint32_t cas);
HOSTCALL(proxy_send_local_response)(uint32_t status, const char *details, size_t details_size, const char *body,
                                    size_t body_size, const char *headers, size_t headers_size, int32_t grpc_status);
HOSTCALL(proxy_http_call)(const char *cluster, size_t cluster_size, const char *headers, size_t headers_size,
                          const char *body, size_t body_size, const char *trailers, size_t trailers_size,
                          uint32_t timeout, uint32_t *token);
