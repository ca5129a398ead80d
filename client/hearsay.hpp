#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hearsay.h"

// hearsay.h for C++: the handle closes itself, and what fails throws Error.
namespace hearsay::client {

class Error : public std::runtime_error {
public:
    Error(hearsay_code code, const char* text, std::string name)
        : std::runtime_error(text), code_(code), name_(std::move(name)) {}
    hearsay_code code() const { return code_; }
    // The code of docs/API.md after HEARSAY_REFUSED, else "".
    const std::string& name() const { return name_; }

private:
    hearsay_code code_;
    std::string name_;
};

class Client {
public:
    Client() : handle_(hearsay_new()) {
        if (!handle_) throw std::bad_alloc();
    }

    // Empty: $HEARSAY_SOCKET, or else HEARSAY_DEFAULT_SOCKET.
    void connect(const std::string& path = {}) {
        check(hearsay_connect(get(), path.empty() ? nullptr : path.c_str()));
    }
    void set_timeout(int timeout_ms) { hearsay_set_timeout(get(), timeout_ms); }
    std::string socket_path() const { return hearsay_socket_path(handle_.get()); }
    int fd() const { return hearsay_fd(handle_.get()); }

    std::string version() {
        const char* version = nullptr;
        check(hearsay_version(get(), &version, nullptr));
        return version;
    }
    // The reply line.
    std::string request(const std::string& request) {
        const char* reply = nullptr;
        check(hearsay_request(get(), request.c_str(), &reply));
        return reply;
    }
    // The id of the message.
    std::string publish(const std::string& topic, std::string_view payload,
                        const hearsay_publish_options& options = {}) {
        char id[HEARSAY_MESSAGE_ID_SIZE] = "";
        check(hearsay_publish(get(), topic.c_str(), payload.data(), payload.size(), &options, id));
        return id;
    }
    // How many were accepted. Throws only when the connection fails; if the number is less than
    // payloads.size(), last_error() says why.
    std::size_t publish_many(const std::string& topic, const std::vector<std::string>& payloads,
                             const hearsay_publish_options& options = {}) {
        std::vector<hearsay_bytes> views;
        for (const std::string& payload : payloads)
            views.push_back({payload.data(), payload.size()});
        std::size_t accepted = 0;
        const hearsay_code code = hearsay_publish_many(get(), topic.c_str(), views.data(),
                                                       views.size(), &options, &accepted);
        if (code != HEARSAY_REFUSED) check(code);
        return accepted;
    }
    std::string last_error() const { return hearsay_error_text(handle_.get()); }

    void subscribe(const std::vector<std::string>& topics) {
        std::vector<const char*> views;
        for (const std::string& topic : topics) views.push_back(topic.c_str());
        check(hearsay_subscribe(get(), views.data(), views.size()));
    }
    void events(bool on = true) { check(hearsay_events(get(), on ? 1 : 0)); }
    // nullopt: nothing came in time. What the item points to is good until the next call.
    std::optional<hearsay_item> next(int wait_ms = -1) {
        hearsay_item item{};
        const hearsay_code code = hearsay_next(get(), &item, wait_ms);
        if (code == HEARSAY_TIMEOUT) return std::nullopt;
        check(code);
        return item;
    }

    // For what has no member here.
    hearsay_client* get() { return handle_.get(); }

private:
    struct Free {
        void operator()(hearsay_client* handle) const { hearsay_free(handle); }
    };

    void check(hearsay_code code) const {
        if (code == HEARSAY_OK) return;
        throw Error(code, hearsay_error_text(handle_.get()), hearsay_error_code(handle_.get()));
    }

    std::unique_ptr<hearsay_client, Free> handle_;
};

}  // namespace hearsay::client
