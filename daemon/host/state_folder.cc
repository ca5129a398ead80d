#include "daemon/host/state_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "config/endpoint_text.h"
#include "crypto/identity.h"
#include "daemon/host/startup_error.h"

namespace hearsay::host {
namespace {

constexpr std::size_t kTokenFileMax = 4096;
constexpr std::size_t kSmallFileMax = 64 << 10;
// 2^18 uids of 16 bytes, 65,536 members of some hundred bytes, streams: well below.
constexpr std::size_t kSavedMax = 256 << 20;

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string_view explain(crypto::TokenError error) {
    switch (error) {
        case crypto::TokenError::not_a_token:
            return "holds no network token";
        case crypto::TokenError::truncated:
            return "holds a token of which the end is missing";
        case crypto::TokenError::bad_checksum:
            return "holds a token with a wrong character";
        case crypto::TokenError::bad_version:
            return "holds a token of a newer version";
    }
    return "";
}

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

}  // namespace

StateFolder::StateFolder(const config::Config& config, Log& log)
    : folder_(config.node.state_dir),
      network_file_(config.network.file.empty() ? path("network") : config.network.file),
      log_(log) {
    if (mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST)
        throw StartupError(kExitCannotCreate, "cannot make the state folder " + folder_ + ": " +
                                                  std::strerror(errno) +
                                                  "; make it, or set node.state_dir");
    lock();
}

void StateFolder::lock() {
    lock_ = FileDescriptor(open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock_.is_open() || access(folder_.c_str(), R_OK | W_OK | X_OK) != 0) {
        const int error = errno;
        throw StartupError(error == EACCES ? kExitNoPermission : kExitCannotCreate,
                           "cannot use the state folder " + folder_ + ": " + std::strerror(error) +
                               "; correct its owner and mode (0700)");
    }
    if (flock(lock_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        throw StartupError(kExitUnavailable, "another hearsayd uses the state folder " + folder_ +
                                                 "; stop it, or set node.state_dir");
}

crypto::Secret StateFolder::identity() { return crypto::load_or_create_identity(path("identity")); }

std::optional<crypto::Network> StateFolder::network() {
    auto content = read_file(network_file_, kTokenFileMax);
    if (!content) {
        if (content.error() == StateFileError::not_there) return std::nullopt;
        const bool is_large = content.error() == StateFileError::too_large;
        throw StartupError(is_large ? kExitConfig : kExitNoPermission,
                           "cannot read the network file " + network_file_ +
                               (is_large ? ": too large" : ": correct its owner and mode (0600)"));
    }
    auto network = crypto::decode_token(text_of(*content));
    crypto::wipe(*content);
    if (!network)
        throw StartupError(kExitConfig, "the network file " + network_file_ + " " +
                                            std::string(explain(network.error())) +
                                            "; put a whole token there, or delete it and run "
                                            "`hearsay network join`");
    return std::move(*network);
}

bool StateFolder::save_network(const crypto::Network& network) {
    std::string line = crypto::encode_token(network) + "\n";
    const std::string failure = replace_file(network_file_, bytes_of(line), Durability::synced);
    crypto::wipe({reinterpret_cast<std::uint8_t*>(line.data()), line.size()});
    return note(network_file_, failure);
}

bool StateFolder::forget_network() {
    for (const char* name : {"members", "settled", "seeds"}) unlink(path(name).c_str());
    if (unlink(network_file_.c_str()) == 0 || errno == ENOENT) return true;
    return note(network_file_, std::strerror(errno));
}

std::uint64_t StateFolder::next_epoch(WallTime wall) {
    std::uint64_t stored = 0;
    if (const auto content = read("epoch", kSmallFileMax))
        stored = parse_number(text_of(*content)).value_or(0);
    const std::uint64_t epoch = stored < UINT64_MAX ? std::max(stored + 1, wall.ms) : stored;
    const std::string text = std::to_string(epoch);
    if (note(path("epoch"),
             write_state(path("epoch"), "epoch", bytes_of(text), Durability::synced)))
        return epoch;
    log_.warning("",
                 "the epoch of this start could not be stored: messages may repeat after the "
                 "next one");
    return wall.ms;
}

StateFolder::Saved StateFolder::take_saved() {
    Saved saved;
    saved.is_first_start =
        !exists(path("epoch")) && !exists(path("members")) && !exists(path("settled"));
    if (auto settled = read("settled", kSavedMax)) saved.bytes = std::move(*settled);
    if (unlink(path("settled").c_str()) != 0 && errno != ENOENT) {
        // Read again after a crash it would claim too little.
        note(path("settled"), std::strerror(errno));
    }
    if (saved.bytes.empty())
        if (auto members = read("members", kSavedMax)) saved.bytes = std::move(*members);
    return saved;
}

bool StateFolder::save_settled(ByteView saved) {
    return note(path("settled"),
                write_state(path("settled"), "settled", saved, Durability::synced));
}

bool StateFolder::save_members(ByteView saved) {
    return note(path("members"), write_state(path("members"), "members", saved, Durability::lazy));
}

std::vector<config::HostPort> StateFolder::seeds() {
    std::vector<config::HostPort> result;
    const auto content = read("seeds", kSmallFileMax);
    std::string_view rest = content ? text_of(*content) : std::string_view();
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        if (auto seed = config::parse_host_port(rest.substr(0, end)))
            result.push_back(std::move(*seed));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return result;
}

bool StateFolder::save_seeds(const std::vector<config::HostPort>& seeds) {
    std::string text;
    for (const auto& seed : seeds) text += config::to_text(seed) + "\n";
    return note(path("seeds"),
                write_state(path("seeds"), "seeds", bytes_of(text), Durability::synced));
}

bool StateFolder::is_network_exposed() const {
    struct stat status {};
    return stat(network_file_.c_str(), &status) == 0 && (status.st_mode & 077) != 0;
}

std::optional<Bytes> StateFolder::read(std::string_view name, std::size_t size_max) {
    auto content = read_state(path(name), name, size_max);
    if (content) return std::move(*content);
    if (content.error() != StateFileError::not_there)
        log_.warning("", path(name) + " cannot be used and is ignored: " +
                             (content.error() == StateFileError::cannot_read ? "cannot be read"
                              : content.error() == StateFileError::too_large ? "too large"
                                                                             : "damaged"));
    return std::nullopt;
}

bool StateFolder::note(const std::string& file, const std::string& failure) {
    problem_ = failure.empty() ? "" : "cannot write " + file + ": " + failure;
    if (!failure.empty()) log_.warning("state", problem_);
    return failure.empty();
}

}  // namespace hearsay::host
