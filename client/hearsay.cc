// The C side of the library: checks arguments, keeps exceptions in, and is otherwise thin.
#include "client/hearsay.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "client/handle.h"
#include "client/json_scan.h"
#include "config/version.h"

using hearsay::client::append_json_text;
using hearsay::client::deadline_in;
using hearsay::client::json_member;
using hearsay::client::json_number;
using hearsay::client::json_text;

namespace {

constexpr std::size_t kTopicSizeMax = 255;
constexpr std::size_t kMessagesPerRequest = 1024;
constexpr std::size_t kBytesPerRequest = std::size_t{4} << 20;

// Only memory can run out.
template <typename Work>
hearsay_code guarded(hearsay_client* handle, Work work) noexcept {
    if (handle == nullptr) return HEARSAY_BAD_ARGUMENT;
    try {
        return work();
    } catch (const std::bad_alloc&) {
        handle->connection.close();
        handle->error_text.clear();  // "": there is no memory for a sentence either
        return HEARSAY_SYSTEM;
    }
}

std::string publish_head(const char* topic, const hearsay_publish_options* options) {
    std::string head = R"("op":"publish","topic":)";
    append_json_text(head, topic);
    if (options != nullptr && options->lifetime_ms > 0) {
        const std::string ms = std::to_string(options->lifetime_ms % 1000);
        head += R"(,"lifetime":)" + std::to_string(options->lifetime_ms / 1000);
        if (ms != "0") head += "." + std::string(3 - ms.size(), '0') + ms;
    }
    if (options != nullptr && options->no_wait != 0) head += R"(,"wait":false)";
    return head;
}

std::string topics_request(const char* op, const char* const* topics, std::size_t count) {
    std::string request = std::string(R"("op":")") + op + R"(","topics":[)";
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) request += ',';
        append_json_text(request, topics[i]);
    }
    return request + "]";
}

std::string_view view_of(const hearsay_bytes& bytes) {
    return {static_cast<const char*>(bytes.data), bytes.size};
}

// The daemon checks topics. Here only what could make it lose its place in what is sent: then it
// would read payloads as requests.
bool is_safe_topic(const char* topic) {
    return topic != nullptr && std::strlen(topic) <= kTopicSizeMax &&
           hearsay::client::is_utf8(topic);
}

hearsay_code refuse_topic(hearsay_client* handle) {
    return handle->fail(HEARSAY_BAD_ARGUMENT,
                        "a topic has 1 to 255 bytes of UTF-8 without control characters");
}

// How many of the payloads go into one request.
std::size_t request_size(const hearsay_bytes* payloads, std::size_t count) {
    std::size_t bytes = 0;
    std::size_t taken = 0;
    while (taken < count && taken < kMessagesPerRequest) {
        bytes += payloads[taken].size;
        if (taken > 0 && bytes > kBytesPerRequest) break;
        ++taken;
    }
    return taken;
}

hearsay_code publish_some(hearsay_client* handle, const std::string& head,
                          const hearsay_bytes* payloads, std::size_t count) {
    std::string members = head + R"(,"sizes":[)";
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) members += ',';
        members += std::to_string(payloads[i].size);
        bytes += view_of(payloads[i]);
    }
    return handle->ask(members + "]", bytes);
}

}  // namespace

const char* hearsay_library_version(void) { return hearsay::config::kVersion; }

hearsay_client* hearsay_new(void) { return new (std::nothrow) hearsay_client; }
void hearsay_free(hearsay_client* handle) { delete handle; }

void hearsay_set_timeout(hearsay_client* handle, int timeout_ms) {
    handle->timeout_ms = timeout_ms;
}

hearsay_code hearsay_connect(hearsay_client* handle, const char* path) {
    return guarded(handle, [&] {
        if (path == nullptr) path = std::getenv("HEARSAY_SOCKET");
        handle->path = path == nullptr || *path == '\0' ? HEARSAY_DEFAULT_SOCKET : path;
        handle->forget();
        auto failure = handle->connection.open(handle->path, deadline_in(handle->timeout_ms));
        return failure.code == HEARSAY_OK ? HEARSAY_OK : handle->fail(std::move(failure));
    });
}

void hearsay_close(hearsay_client* handle) {
    handle->connection.close();
    handle->forget();
}

const char* hearsay_socket_path(const hearsay_client* handle) { return handle->path.c_str(); }
int hearsay_fd(const hearsay_client* handle) { return handle->connection.fd(); }
const char* hearsay_error_text(const hearsay_client* handle) { return handle->error_text.c_str(); }
const char* hearsay_error_code(const hearsay_client* handle) { return handle->error_code.c_str(); }

hearsay_code hearsay_version(hearsay_client* handle, const char** version, int* api) {
    return guarded(handle, [&] {
        const hearsay_code code = handle->ask(R"("op":"version")");
        if (code != HEARSAY_OK) return code;
        handle->version = json_text(json_member(handle->reply, "version")).value_or("");
        if (version != nullptr) *version = handle->version.c_str();
        if (api != nullptr)
            *api = static_cast<int>(json_number(json_member(handle->reply, "api")).value_or(0));
        return HEARSAY_OK;
    });
}

hearsay_code hearsay_request(hearsay_client* handle, const char* request, const char** reply) {
    return guarded(handle, [&] {
        const std::string_view text = request == nullptr ? "" : request;
        const auto begin = text.find_first_not_of(" \t");
        const auto end = text.find_last_of('}');
        if (begin == std::string_view::npos || text[begin] != '{' ||
            end == std::string_view::npos || text.find('\n') != std::string_view::npos ||
            !json_member(text, "size").empty() || !json_member(text, "sizes").empty())
            return handle->fail(HEARSAY_BAD_ARGUMENT,
                                "a request is one JSON object on one line, without payload");
        const hearsay_code code = handle->ask(text.substr(begin + 1, end - begin - 1));
        if (reply != nullptr) *reply = handle->reply.c_str();
        return code;
    });
}

hearsay_code hearsay_publish(hearsay_client* handle, const char* topic, const void* payload,
                             std::size_t size, const hearsay_publish_options* options,
                             char* message_id) {
    return guarded(handle, [&] {
        if (!is_safe_topic(topic)) return refuse_topic(handle);
        if (payload == nullptr && size > 0)
            return handle->fail(HEARSAY_BAD_ARGUMENT, "a payload is needed");
        const hearsay_bytes bytes{payload, size};
        const hearsay_code code = handle->ask(
            publish_head(topic, options) + R"(,"size":)" + std::to_string(size), view_of(bytes));
        if (code != HEARSAY_OK || message_id == nullptr) return code;
        const std::string id = json_text(json_member(handle->reply, "message")).value_or("");
        if (id.size() >= HEARSAY_MESSAGE_ID_SIZE)
            return handle->fail(HEARSAY_PROTOCOL, "hearsayd gave a message id that is too long");
        std::memcpy(message_id, id.c_str(), id.size() + 1);
        return HEARSAY_OK;
    });
}

hearsay_code hearsay_publish_many(hearsay_client* handle, const char* topic,
                                  const hearsay_bytes* payloads, std::size_t count,
                                  const hearsay_publish_options* options, std::size_t* accepted) {
    return guarded(handle, [&] {
        if (accepted != nullptr) *accepted = 0;
        if (!is_safe_topic(topic)) return refuse_topic(handle);
        if (payloads == nullptr && count > 0)
            return handle->fail(HEARSAY_BAD_ARGUMENT, "payloads are needed");
        const std::string head = publish_head(topic, options);
        hearsay_code result = HEARSAY_OK;
        while (count > 0) {
            const std::size_t taken = request_size(payloads, count);
            const hearsay_code code = publish_some(handle, head, payloads, taken);
            if (code != HEARSAY_OK && code != HEARSAY_REFUSED) return code;
            if (code == HEARSAY_REFUSED) result = code;
            if (accepted != nullptr)
                *accepted += json_number(json_member(handle->reply, "accepted")).value_or(0);
            payloads += taken;
            count -= taken;
        }
        return result;
    });
}

hearsay_code hearsay_subscribe(hearsay_client* handle, const char* const* topics,
                               std::size_t count) {
    return guarded(handle, [&] {
        if (topics == nullptr || count == 0 || !std::all_of(topics, topics + count, is_safe_topic))
            return refuse_topic(handle);
        const std::string request = topics_request("subscribe", topics, count);
        const hearsay_code code = handle->ask(request + R"(,"runs":true)");
        // A daemon of version 0.1.0 knows no runs.
        if (code != HEARSAY_REFUSED || handle->error_code != "bad_request") return code;
        return handle->ask(request + R"(,"batch":true)");
    });
}

hearsay_code hearsay_unsubscribe(hearsay_client* handle, const char* const* topics,
                                 std::size_t count) {
    return guarded(handle, [&] {
        if (topics == nullptr) return handle->ask(R"("op":"unsubscribe")");
        if (!std::all_of(topics, topics + count, is_safe_topic)) return refuse_topic(handle);
        return handle->ask(topics_request("unsubscribe", topics, count));
    });
}

hearsay_code hearsay_events(hearsay_client* handle, int on) {
    return guarded(handle, [&] {
        return handle->ask(on != 0 ? R"("op":"events")" : R"("op":"events","on":false)");
    });
}

hearsay_code hearsay_next(hearsay_client* handle, hearsay_item* item, int wait_ms) {
    return guarded(handle, [&] {
        if (item == nullptr) return handle->fail(HEARSAY_BAD_ARGUMENT, "an item is needed");
        return handle->next(item, wait_ms);
    });
}
